"""A version in the shadow of the policy in force."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.policies.comparison import ShadowComparison, shadow_of
from tidegate.desk.policies.models import PolicyVersion
from tidegate.desk.policies.versions import digest_of
from tidegate.engine.policy import PolicyErrors


@dataclass(frozen=True, slots=True)
class InShadow:
    """What runs in the shadow at the moment."""

    digest: str
    version: PolicyVersion | None
    """None: none of the desk's versions; it was started elsewhere."""
    words: str
    """What becomes of its process."""
    found: ShadowComparison | None
    """None: nothing yet."""


def in_shadow() -> InShadow | None:
    """None: nothing, or no node runs."""
    try:
        shadow = node().shadow
    except NodeAbsent:
        return None
    text = shadow.text
    if text is None:
        return None
    try:
        digest = digest_of(text)
    except PolicyErrors:
        return InShadow("", None, "the shadowed policy's file cannot be read as a policy", None)
    shown = shadow.result()
    version = PolicyVersion.objects.filter(digest=digest).defer("text", "backtest").order_by("-pk").first()
    words = shadow.words
    return InShadow(digest, version, words, shadow_of(shown) if shown is not None else None)


def start(person: Any, version: PolicyVersion) -> None:
    """Shadow this version, instead of another if there is one. Raises PermissionDenied, NodeAbsent, StorageError."""
    _check(person)
    with transaction.atomic():
        record(person, "policy.shadowed", str(version), digest=version.digest)
        node().shadow.start(version.text)


def stop(person: Any) -> None:
    """Shadow nothing; what was found is forgotten. Raises PermissionDenied, NodeAbsent or StorageError."""
    _check(person)
    shadow = node().shadow
    text = shadow.text
    if text is None:
        return
    with transaction.atomic():
        try:
            digest = digest_of(text)
        except PolicyErrors:
            digest = ""
        record(person, "policy.shadow_stopped", digest=digest)
        shadow.stop()


def _check(person: Any) -> None:
    if not person.may(Right.EDIT_POLICY):
        raise PermissionDenied("This takes the right to test policies.")
