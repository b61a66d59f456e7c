"""Putting a policy into force, for a share of accounts or for all, and taking it back.

Whoever calls, every rule about it is checked here, in the transaction in which it happens: the right, the backtest, the
second person, and that the node still decides by what the desk believes. The node is asked last.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from tidegate.desk.access.roles import Right
from tidegate.desk.access.two_people import why_not_two
from tidegate.desk.audit.chain import record
from tidegate.desk.node_link import node
from tidegate.desk.policies.models import InForce, Kind, PolicyVersion, PutInForce, State
from tidegate.desk.policies.versions import changes_bans, digest_of
from tidegate.engine.policy.rollout import merged
from tidegate.node.requests import PolicyChange

STEPS = (5.0, 25.0, 50.0, 100.0)
"""Shares that are suggested, in percent."""
LEAST_REASON = 10
"""Characters."""


class NotYet(Exception):  # noqa: N818 - a state, not a fault
    """Something has to be done before; the message says what. Nothing was changed."""


def approve(person: Any, version: PolicyVersion, against: str) -> None:
    """Say as the second person that this version may change who is banned.

    ``against``: digest of the policy in force that it was compared with. Raises PermissionDenied or :class:`NotYet`.
    """
    if not person.may(Right.APPROVE_POLICY):
        raise PermissionDenied("This takes the right to approve policies.")
    with transaction.atomic():
        head = InForce.locked()
        found = PolicyVersion.objects.select_for_update().get(pk=version.pk)
        if found.author_id == person.pk:
            raise PermissionDenied("You wrote this version, so somebody else has to approve it.")
        if found.author is not None and (why := why_not_two(found.author, person)):
            raise PermissionDenied(why)
        stable = _stable(head)
        if against != stable.digest:
            raise NotYet(
                "Another policy came into force since this page was shown. Look at the differences again."
            )
        found.approved_by, found.approved, found.approved_against = person, timezone.now(), stable.digest
        found.save(update_fields=["approved_by", "approved", "approved_against"])
        record(person, "policy.approved", str(found), digest=found.digest, against=stable.digest)


def put_in_force(
    person: Any, version: PolicyVersion, percent: float, without_backtest: str = ""
) -> PutInForce:
    """Have this share of accounts decided by the version from now on; at 100 it is the policy itself.

    ``without_backtest``: why, when there is none against the policy in force. Raises PermissionDenied, :class:`NotYet`,
    RolloutError, PolicyErrors, NodeAbsent or what the node raises; then nothing was changed.
    """
    if not person.may(Right.APPROVE_POLICY):
        raise PermissionDenied("This takes the right to put a policy into force.")
    if not 0.0 < percent <= 100.0:
        raise NotYet("The share is more than 0 and at most 100 percent; rolling back takes it to 0.")
    reason = without_backtest.strip()
    with transaction.atomic():
        head = InForce.locked()
        _check_nothing_came_between(head)
        found = PolicyVersion.objects.select_for_update().get(pk=version.pk)
        stable = _stable(head)
        _check_is_as_written(found)
        _check_only_one(head, found, stable)
        _check_backtest(found, stable, head.put, reason)
        second = _check_two_people(person, found, stable)
        text = found.text if percent >= 100.0 else merged(stable.text, found.text, percent)
        put = _put(head, person, Kind.STEP, found, percent, stable, text, reason)
        if percent >= 100.0:
            _become(stable, State.RETIRED, 0.0)
        _become(found, State.LIVE if percent >= 100.0 else State.PARTIAL, percent)
        record(
            person,
            "policy.put_in_force",
            str(found),
            percent=percent,
            digest=found.digest,
            stable=stable.digest,
            in_force=put.digest,
            approved_by=second,
            without_backtest=reason,
        )
        node().carry_out(PolicyChange(text))
    return put


def roll_back(person: Any, reason: str = "") -> PutInForce:
    """Put the last policy that was wholly in force back into force. It was there before, so one person may do it.

    Raises as :func:`put_in_force` does.
    """
    if not person.may(Right.APPROVE_POLICY):
        raise PermissionDenied("This takes the right to take a policy back.")
    with transaction.atomic():
        head = InForce.locked()
        _check_nothing_came_between(head)
        now = head.put
        target = goes_back_to(now)
        if now is None or target is None:
            raise NotYet(
                "No other policy has been wholly in force since the desk was opened, so there is none to go back to."
            )
        # What lay before the target, so that a second roll back goes further back and not forth again.
        earlier = (
            PutInForce.objects.filter(
                version=target, percent__gte=100.0, kind__in=[Kind.FIRST, Kind.STEP, Kind.OUTSIDE]
            )
            .order_by("-pk")
            .select_related("stable")
            .first()
        )
        left = now.version
        put = _put(
            head, person, Kind.BACK, target, 100.0, earlier.stable if earlier else None, target.text, reason
        )
        _become(left, State.RETIRED, 0.0)
        _become(target, State.LIVE, 100.0)
        record(
            person,
            "policy.rolled_back",
            str(target),
            digest=target.digest,
            left=left.digest,
            left_percent=now.percent,
            reason=reason,
        )
        node().carry_out(PolicyChange(target.text))
    return put


def goes_back_to(put: PutInForce | None) -> PolicyVersion | None:
    """What rolling back would put into force; None: nothing."""
    if put is None or put.stable_id == put.version_id:
        return None
    stable: PolicyVersion | None = put.stable
    return stable


def needs_second(version: PolicyVersion, stable: PolicyVersion) -> bool:
    """Whether it changes who is banned, so that two people have to agree. Raises PolicyErrors."""
    return changes_bans(stable.text, version.text)


def has_second(version: PolicyVersion, stable: PolicyVersion) -> bool:
    """Whether somebody other than the author has agreed to this very change."""
    return (
        version.approved_by_id is not None
        and version.approved_by_id != version.author_id
        and version.approved_against == stable.digest
    )


def has_backtest(version: PolicyVersion, stable: PolicyVersion, now: PutInForce | None) -> bool:
    """Whether a backtest has come to a result, against the stable policy or against what the rollout has made of both.

    ``now``: what is in force.
    """
    compared_with = {stable.digest}
    if now is not None and now.version_id == version.pk:
        compared_with.add(now.digest)
    return version.backtested_against in compared_with and version.found is not None


def _stable(head: InForce) -> PolicyVersion:
    put = head.put
    stable = None if put is None else put.version if put.percent >= 100.0 else put.stable
    if stable is None:
        raise NotYet("The desk does not know yet which policy is in force. Look again in a moment.")
    found: PolicyVersion = stable
    return found


def _check_nothing_came_between(head: InForce) -> None:
    if head.put is None or digest_of(node().policy_text) != head.put.digest:
        raise NotYet(
            "The policy was changed outside the desk just now. Look at what is in force, then decide again."
        )


def _check_is_as_written(version: PolicyVersion) -> None:
    if digest_of(version.text) != version.digest:
        raise NotYet("The text of this version is not what was saved. It is not used; write another draft.")


def _check_only_one(head: InForce, version: PolicyVersion, stable: PolicyVersion) -> None:
    put = head.put
    if put.percent < 100.0 and put.version_id != version.pk:
        raise NotYet(
            f"{str(put.version).capitalize()} is being rolled out. Finish that or roll it back first."
        )
    if version.pk == stable.pk:
        raise NotYet("This version is in force for all accounts already.")
    if version.digest == stable.digest:
        raise NotYet("This version says the same as the policy in force.")


def _check_backtest(
    version: PolicyVersion, stable: PolicyVersion, now: PutInForce | None, reason: str
) -> None:
    if has_backtest(version, stable, now) or len(reason) >= LEAST_REASON:
        return
    raise NotYet(
        "A backtest against the policy in force comes first. To do without, say why in at least "
        f"{LEAST_REASON} characters."
    )


def _check_two_people(person: Any, version: PolicyVersion, stable: PolicyVersion) -> str:
    """The second person's name; empty when none is needed."""
    if not needs_second(version, stable):
        return ""
    if not has_second(version, stable):
        raise NotYet(
            "This version changes who is banned. Somebody other than its author has to approve it first."
        )
    if version.author_id is None and version.approved_by_id == person.pk:
        raise NotYet(
            "Nobody at the desk wrote this version, so it takes two people here: one approves, another rolls out."
        )
    if version.author_id is None and (why := why_not_two(person, version.approved_by)):
        raise NotYet(why)
    return str(version.approved_by)


def _put(
    head: InForce,
    person: Any,
    kind: Any,
    version: PolicyVersion,
    percent: float,
    stable: PolicyVersion | None,
    text: str,
    reason: str,
) -> PutInForce:
    put: PutInForce = PutInForce.objects.create(
        person=person,
        kind=kind,
        version=version,
        percent=percent,
        stable=stable,
        digest=digest_of(text),
        reason=reason,
    )
    head.put = put
    head.save()
    return put


def _become(version: PolicyVersion, state: Any, percent: float) -> None:
    PolicyVersion.objects.filter(pk=version.pk).update(state=state, percent=percent)
