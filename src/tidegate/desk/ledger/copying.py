"""Copying the node's decisions into the desk's tables: one piece, one transaction, each decision once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from django.db import transaction
from django.db.models import F

from tidegate.desk.ledger.models import Account, Basis, Cursor, Decision, Tally, stored
from tidegate.desk.node_link import NodeLink
from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node.enforcement import Withheld
from tidegate.node.ledger import Recorded

LEAST_COMPLAINT = 0.05
"""A complaint that weighs less than this is long past."""
Listener = Callable[[Sequence[Decision]], None]
listeners: list[Listener] = []
"""Who wants to know of decisions as they are copied, inside the same transaction. Apps add theirs when they are ready."""
COUNTED = ("decided", "acted", "raised", "automatic", "unreported")
"""Fields of a tally, as :func:`counted` counts them."""


class LedgerWentBack(Exception):  # noqa: N818 - a state
    """The node's ledger is not the one that was copied from: an older one was put back, or another."""


def copy_decisions(link: NodeLink, limit: int) -> int:
    """Copy up to ``limit`` decisions that are not here yet. Returns how many.

    Raises :class:`LedgerWentBack`, StorageError, or django.db.Error; then nothing was copied.
    """
    with transaction.atomic():
        cursor = Cursor.now()
        # With the one that was copied last, by which the ledger is known again.
        found = link.decisions_after(cursor.number - 1, limit + 1)
        check_same_ledger(link, cursor.number, found)
        found = [one for one in found if one.number > cursor.number][:limit]
        if not found:
            return 0
        made = put(found)
        for listener in listeners:
            listener(made)
        cursor.number = found[-1].number
        cursor.save()
    return len(found)


def check_same_ledger(link: NodeLink, copied: int, found: Sequence[Recorded]) -> None:
    """Raises :class:`LedgerWentBack` when the ledger is not the one of which decision ``copied`` was the last one copied.

    ``found``: its decisions from that one on.
    """
    words = ""
    last = max(link.last_number(), found[-1].number if found else 0)
    if last < copied:
        words = f"it ends at number {last:,}, and the desk has copied up to {copied:,}"
    elif found and found[0].number == copied:
        uid = Decision.objects.filter(number=copied).values_list("uid", flat=True).first()
        if uid is not None and uid != found[0].decision.id:
            words = f"its decision {copied:,} is another than the one that the desk has copied"
    if words:
        raise LedgerWentBack(
            f"the node's ledger is not the one that was followed: {words}. It was put back from an older backup, or "
            "it is another node's. Nothing is copied until they fit again: put back the desk's database from the same "
            "backup, or stop the node and run: tidegate desk follow-again"
        )


def put(found: Sequence[Recorded]) -> list[Decision]:
    """Write decisions down, oldest first, with the accounts they are about and their tallies. In a transaction."""
    keys = {stored(one.decision.pseudonym) for one in found}
    accounts: dict[int, Account] = {account.id: account for account in Account.objects.filter(id__in=keys)}
    known = set(accounts)
    bases: dict[tuple[str, str], Basis] = {}
    made, tally = [], dict[tuple[object, int, str], list[int]]()
    for one in found:
        decision = _decision(one, accounts, bases)
        made.append(decision)
        counts = tally.setdefault((decision.time.date(), decision.rung, decision.stage), [0] * len(COUNTED))
        for at, more in enumerate(counted(decision)):
            counts[at] += more
    changed = [account for key, account in accounts.items() if key in known]
    Account.objects.bulk_create([account for key, account in accounts.items() if key not in known])
    Account.objects.bulk_update(
        changed,
        [
            *("rung", "until", "acted", "decided", "decisions", "stage", "score"),
            *("first_contacts", "messages"),
        ],
    )
    Decision.objects.bulk_create(made)
    for (day, rung, stage), counts in tally.items():
        row, _ = Tally.objects.get_or_create(day=day, rung=rung, stage=stage)
        Tally.objects.filter(pk=row.pk).update(
            **{name: F(name) + count for name, count in zip(COUNTED, counts, strict=True)}
        )
    return made


def _decision(one: Recorded, accounts: dict[int, Account], bases: dict[tuple[str, str], Basis]) -> Decision:
    """One decision as a row; brings its account up to date, or makes it."""
    shown = one.decision
    mark = shown.policy, shown.model
    if mark not in bases:
        bases[mark] = Basis.objects.get_or_create(policy=shown.policy, model=shown.model)[0]
    key, rung = stored(shown.pseudonym), int(RUNGS[shown.rung])
    account = accounts.get(key)
    previous = account.rung if account is not None else int(Rung.ALLOW)
    time = moment(shown.time)
    if account is None:
        account = accounts[key] = Account(id=key, first_decided=time)
    account.rung, account.until, account.acted = rung, _end(shown.until), one.withheld is Withheld.NO
    account.decided, account.decisions = time, account.decisions + 1
    account.stage, account.score = shown.stage, shown.score
    account.first_contacts, account.messages = shown.first_contacts, shown.messages
    return Decision(
        number=one.number,
        uid=shown.id,
        account=account,
        time=time,
        committed=moment(one.committed_s),
        rung=rung,
        previous=previous,
        until=account.until,
        score=shown.score,
        stage=shown.stage,
        reasons=msgspec.to_builtins(shown.reasons),
        basis=bases[mark],
        first_contacts=shown.first_contacts,
        messages=shown.messages,
        withheld=str(one.withheld) or "no",
        complaints=shown.complaints,
    )


def counted(decision: Decision) -> tuple[int, ...]:
    """What a decision adds to each of :data:`COUNTED` in its tally."""
    acted = decision.acted
    raised = acted and decision.rung > decision.previous
    automatic = raised and not decision.by_person
    return 1, int(acted), int(raised), int(automatic), int(automatic and not _complained(decision))


def _complained(decision: Decision) -> bool:
    """Somebody had blocked or reported the account by then."""
    return decision.stage == "feedback" or decision.complaints >= LEAST_COMPLAINT


def moment(time_s: float) -> datetime:
    """Unix seconds as a time in UTC."""
    return datetime.fromtimestamp(time_s, UTC)


def _end(until_s: float | None) -> datetime | None:
    return None if until_s is None else moment(until_s)
