"""Rulings that the node carried out and the desk could not write down: completed from the node's own notes.

The node is asked last in the transaction that writes a ruling down, so a refusal leaves nothing behind. The other way
round it can go wrong: the node has acted, and then the desk's database fails, or the process ends, before the commit.
"""

import time
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from tidegate.desk.access.models import Person
from tidegate.desk.accounts.queries import accounts_of
from tidegate.desk.audit.chain import DESK, record
from tidegate.desk.ledger.copying import moment
from tidegate.desk.ledger.models import Cursor
from tidegate.desk.node_link import NodeAbsent, NodeLink, node
from tidegate.desk.review.models import Ruled
from tidegate.desk.review.reference import Reference
from tidegate.desk.review.ruling import settle
from tidegate.node.ledger import RulingKept
from tidegate.statements.statement import pseudonym_shown

PIECE = 1_000
"""Notes looked at in one transaction."""
EVERY_S = 10.0
GRACE_S = 180.0
"""A note younger than this may be of a ruling that the desk is just writing down: three times as long as it waits for
the node."""
_last_s = -EVERY_S


def tend() -> None:
    """Called again and again by whoever follows the ledger; does something every :data:`EVERY_S`."""
    global _last_s
    if time.monotonic() - _last_s < EVERY_S:
        return
    _last_s = time.monotonic()
    try:
        finish(node())
    except NodeAbsent:
        return


def finish(link: NodeLink) -> int:
    """Write down what is missing. Returns how many rulings that were. Raises StorageError, or django.db.Error."""
    old_enough_s = link.now_s() - GRACE_S
    with transaction.atomic():
        cursor = Cursor.now(Cursor.RULINGS)
        noted = [one for one in link.rulings_after(cursor.number, PIECE) if one.said.time_s <= old_enough_s]
        if not noted:
            return 0
        missing = _missing(noted)
        for one, reference in missing:
            _write_down(link, one, reference)
        cursor.number = noted[-1].number
        cursor.save()
    return len(missing)


def _missing(noted: Iterable[RulingKept]) -> list[tuple[RulingKept, Reference]]:
    """Those that the desk asked for and has no row of."""
    ours: dict[UUID, tuple[RulingKept, Reference]] = {}
    for one in noted:
        if (reference := Reference.read(one.reference)) is not None:
            ours[reference.uid] = one, reference
    known = set(Ruled.objects.filter(uid__in=list(ours)).values_list("uid", flat=True))
    return [pair for uid, pair in ours.items() if uid not in known]


def _write_down(link: NodeLink, one: RulingKept, reference: Reference) -> None:
    said, when = one.said, moment(one.said.time_s)
    account = accounts_of([one.key], {one.key: link.standing(one.key)})[one.key]
    person = Person.objects.filter(username=said.by).first()
    if person is not None:
        Ruled.objects.create(
            uid=reference.uid,
            account=account,
            case=account.cases.filter(state="open", opened__lte=when).first(),
            person=person,
            time=when,
            verdict=reference.verdict,
            finding=str(said.finding),
            rung_before=reference.rung_before,
            rung_after=reference.rung_after,
            until=None if said.until_s is None else moment(said.until_s),
            note=said.note,
            undoes=Ruled.objects.filter(pk=reference.undoes).first(),
        )
        Ruled.objects.filter(pk=reference.undoes).update(undone=when)
    if reference.settles:
        settle([account.pk], said.finding, when, up_to=when)
    record(
        DESK,
        "ruling.completed",
        pseudonym_shown(one.key),
        by=said.by,
        verdict=reference.verdict,
        finding=str(said.finding),
        rung=reference.rung_after,
        why=said.note,
        carried_out=when.isoformat(),
    )
