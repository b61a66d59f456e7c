"""The other half of a made-up desk: cases, rulings, draws and appeals about its made-up accounts. *Synthetic*, too."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from tidegate.desk.access.models import Person
from tidegate.desk.appeals.models import Appeal, Outcome, State
from tidegate.desk.ledger.models import Account, Decision
from tidegate.desk.review.models import Case, Ruled, Sample
from tidegate.engine.rungs import Rung

PIECE = 5_000
CASE_SHARE = 0.02
"""Of the decisions, with a case, a ruling and a draw each."""
APPEAL_SHARE = 0.002
OPEN_SHARE = 0.02
"""Of cases and appeals, still waiting."""
OVERTURNED = 0.05
TEXT = "I only wrote to the parents of our class (synthetic)."


def fill_people(seed: int, now: datetime) -> Iterator[tuple[str, int]]:
    """Write them; yields what was written and how many so far. Decisions must be there."""
    rng = random.Random(seed)
    person, _ = Person.objects.get_or_create(
        username="made-up", defaults={"role": "senior", "is_active": False}
    )
    for name, share, write in (("cases", CASE_SHARE, _cases), ("appeals", APPEAL_SHARE, _appeals)):
        done, opened = 0, set[int]()
        for piece in _drawn(rng, share):
            with transaction.atomic():
                write(rng, piece, person, now, opened)
            done += len(piece)
            yield name, done


def _drawn(rng: random.Random, share: float) -> Iterator[list[Decision]]:
    """Decisions that limit somebody, picked at random, some at a time."""
    last = Decision.objects.order_by("-number").values_list("number", flat=True).first() or 0
    numbers = sorted(rng.sample(range(1, last + 1), max(int(last * share), min(last, 1))))
    for start in range(0, len(numbers), PIECE):
        wanted = numbers[start : start + PIECE]
        yield list(Decision.objects.filter(number__in=wanted, rung__gt=int(Rung.ALLOW)).defer("reasons"))


def _cases(
    rng: random.Random, piece: list[Decision], person: Person, now: datetime, opened: set[int]
) -> None:
    cases, verdicts = [], []
    for one in piece:
        waits = rng.random() < OPEN_SHARE and one.account_id not in opened
        if waits:
            opened.add(one.account_id)
        settled = None if waits else one.time + timedelta(hours=rng.uniform(0.2, 20.0))
        cases.append(
            Case(
                account_id=one.account_id,
                decision=one,
                kind=rng.choices(("risk", "random", "blind"), (0.75, 0.15, 0.1))[0],
                opened=one.time,
                priority=rng.expovariate(0.05),
                state="open" if waits else "decided",
                settled=settled,
            )
        )
        verdicts.append("overturn" if rng.random() < OVERTURNED else "uphold")
    Case.objects.bulk_create(cases)
    Sample.objects.bulk_create(
        Sample(
            decision_number=one.number,
            account_id=one.account_id,
            time=one.time,
            rung=one.rung,
            kind="random",
            probability=0.02,
            case=case,
            wrong=None if case.state == "open" else verdict == "overturn",
        )
        for one, case, verdict in zip(piece, cases, verdicts, strict=True)
    )
    Ruled.objects.bulk_create(
        Ruled(
            account_id=one.account_id,
            case=case,
            person=person,
            time=case.settled,
            verdict=verdict,
            finding="legitimate" if verdict == "overturn" else "abusive",
            rung_before=one.rung,
            rung_after=0 if verdict == "overturn" else one.rung,
            note="made up",
        )
        for one, case, verdict in zip(piece, cases, verdicts, strict=True)
        if case.settled is not None
    )


def _appeals(
    rng: random.Random, piece: list[Decision], person: Person, now: datetime, opened: set[int]
) -> None:
    made = []
    for one in piece:
        waits = rng.random() < OPEN_SHARE and one.account_id not in opened
        if waits:
            opened.add(one.account_id)
        received = now - timedelta(hours=rng.uniform(0.0, 30.0)) if waits else one.time + timedelta(hours=1)
        decided = None if waits else received + timedelta(hours=rng.expovariate(0.1))
        made.append(
            Appeal(
                account_id=one.account_id,
                decision=one,
                language="en",
                text=TEXT,
                received=received,
                due=received + timedelta(hours=24),
                state=State.WAITING if waits else State.DECIDED,
                outcome="" if waits else rng.choices(list(Outcome), (0.2, 0.1, 0.7))[0],
                decided=decided,
                decided_by=None if waits else person,
            )
        )
    Appeal.objects.bulk_create(made)


def pages() -> dict[str, str]:
    """Pages to be asked for, by what they are: those of the busiest account, of the case and the appeal that wait."""
    named: dict[str, tuple[str, list[Any]]] = {
        "now": ("now:page", []),
        "queue": ("review:queue", []),
        "accounts": ("accounts:list", []),
        "campaigns": ("campaigns:list", []),
        "appeals": ("appeals:list", []),
        "policy": ("policies:page", []),
        "transparency report": ("transparency:report", []),
    }
    if busiest := Account.objects.order_by("-decisions").first():
        named["busiest account"] = ("accounts:page", [busiest.pseudonym])
    if ordinary := Account.objects.order_by("-decided").first():
        named["ordinary account"] = ("accounts:page", [ordinary.pseudonym])
    if case := Case.objects.filter(state="open").order_by("-priority").first():
        named["case"] = ("review:case", [case.pk])
    if appeal := Appeal.objects.filter(state=State.WAITING).first():
        named["appeal"] = ("appeals:page", [appeal.pk])
    found = {name: str(reverse(view, args=args)) for name, (view, args) in named.items()}
    accounts = found["accounts"]
    public = {
        "transparency report as CSV": str(reverse("transparency:csv")),
        "transparency report as JSON": str(reverse("transparency:json")),
        "public notice": "/notice/en/",
    }
    return (
        found
        | public
        | {
            "accounts on lock": f"{accounts}?rung={int(Rung.LOCK)}",
            "accounts after feedback": f"{accounts}?stage=feedback",
            "accounts on ban since a day": f"{accounts}?rung={int(Rung.BAN)}&since={timezone.now().date()}",
        }
    )
