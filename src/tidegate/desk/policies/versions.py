"""Writing drafts, and saying what is wrong with one."""

import difflib
from functools import lru_cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.policies.models import InForce, PolicyVersion
from tidegate.engine.policy import Policy, PolicyError, PolicyErrors, load_policy
from tidegate.engine.policy.rollout import Change, changes, touches_bans
from tidegate.engine.policy.writing import written

SOURCE = "policy"
DRAFTS_AT_MOST = 2_000
"""Versions that a desk keeps; far more than anybody writes."""
DIFFERING_LINES = 4_000
"""Longer policies are not compared line by line."""
_REMEMBERED = 16


class TooMany(Exception):  # noqa: N818 - a limit, not a fault
    """No further draft can be kept."""


@lru_cache(_REMEMBERED)
def loaded(text: str) -> Policy:
    """Raises PolicyErrors with every mistake."""
    return load_policy(text, SOURCE)


def mistakes(text: str) -> tuple[PolicyError, ...]:
    """Everything that is wrong, in the order of the text; nothing: it can be used."""
    try:
        loaded(text)
    except PolicyErrors as errors:
        return errors.errors
    return ()


def digest_of(text: str) -> str:
    """Of the content, as decisions carry it. Raises PolicyErrors."""
    return loaded(text).digest


def save(person: Any, text: str, note: str, based_on: PolicyVersion | None) -> PolicyVersion:
    """A draft. Raises PermissionDenied, PolicyErrors, or :class:`TooMany`."""
    if not person.may(Right.EDIT_POLICY):
        raise PermissionDenied("This takes the right to write policies.")
    policy = loaded(text)
    with transaction.atomic():
        InForce.locked()
        if PolicyVersion.objects.count() >= DRAFTS_AT_MOST:
            raise TooMany(f"The desk keeps {DRAFTS_AT_MOST:,} versions, and there are as many.")
        made = PolicyVersion.objects.create(
            text=text,
            digest=policy.digest,
            name=policy.name,
            version=policy.version,
            author=person,
            based_on=based_on,
            note=note,
        )
        record(
            person,
            "policy.drafted",
            str(made),
            digest=made.digest,
            based_on=based_on.digest if based_on is not None else "",
            note=note,
        )
    return made


def stable_version() -> PolicyVersion | None:
    """The version that decides for all accounts, or for those that a rollout has not reached; None: not known yet."""
    put = InForce.now()
    if put is None:
        return None
    stable: PolicyVersion | None = put.version if put.percent >= 100.0 else put.stable
    return stable


@lru_cache(_REMEMBERED)
def differences(stable: str, candidate: str) -> tuple[Change, ...]:
    """Rule by rule, section by section. Raises PolicyErrors."""
    return tuple(changes(stable, candidate))


@lru_cache(_REMEMBERED)
def changes_bans(stable: str, candidate: str) -> bool:
    """Whether it takes two people. Raises PolicyErrors."""
    return touches_bans(stable, candidate)


@lru_cache(_REMEMBERED)
def line_by_line(stable: str, candidate: str) -> tuple[str, ...]:
    """A unified diff of both as the program reads them: whole, in one order, without comments. Raises PolicyErrors."""
    before, after = (written(loaded(text)).splitlines() for text in (stable, candidate))
    if max(len(before), len(after)) > DIFFERING_LINES:
        return ()
    return tuple(difflib.unified_diff(before, after, "stable", "candidate", n=2, lineterm=""))
