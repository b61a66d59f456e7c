"""Policies that came into force without the desk: by the command, a settings file, another desk, or before it."""

from django.db import transaction

from tidegate.desk.audit.chain import DESK, record
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.policies.models import InForce, Kind, PolicyVersion, PutInForce, State
from tidegate.desk.policies.versions import loaded

FIRST = "In force when the desk was first opened."
OUTSIDE = "Put into force outside the desk."
_seen = ("", "")
"""A text of the node's, and the digest that was found to be its own: it need not be read again."""


def tend() -> None:
    """Take notice in the thread that follows the node."""
    try:
        notice()
    except NodeAbsent:
        return


def notice() -> bool:
    """Whether the node decides by another policy than the desk has put in force; then it is imported as a version.

    Raises NodeAbsent, StorageError or django.db.Error.
    """
    global _seen
    text = node().policy_text
    put = InForce.now()
    if not text or (put is not None and (text, put.digest) == _seen):
        return False
    policy = loaded(text)
    if put is not None and put.digest == policy.digest:
        _seen = text, put.digest
        return False
    with transaction.atomic():
        head = InForce.locked()
        if node().policy_text != text or (head.put is not None and head.put.digest == policy.digest):
            return False
        before = head.put
        version = PolicyVersion.objects.filter(digest=policy.digest).order_by("-pk").first()
        if version is None:
            version = PolicyVersion.objects.create(
                text=text,
                digest=policy.digest,
                name=policy.name,
                version=policy.version,
                note=OUTSIDE if before is not None else FIRST,
            )
        stable = None
        if before is not None:
            stable = before.version if before.percent >= 100.0 else before.stable
            PolicyVersion.objects.filter(pk__in=[before.version_id, before.stable_id]).exclude(
                state=State.DRAFT
            ).update(state=State.RETIRED, percent=0.0)
        PolicyVersion.objects.filter(pk=version.pk).update(state=State.LIVE, percent=100.0)
        head.put = PutInForce.objects.create(
            kind=Kind.OUTSIDE if before is not None else Kind.FIRST,
            version=version,
            percent=100.0,
            stable=stable,
            digest=policy.digest,
        )
        head.save()
        did = "policy.changed_outside" if before is not None else "policy.imported"
        record(
            DESK, did, str(version), digest=policy.digest, before=before.digest if before is not None else ""
        )
    return True
