"""Opening cases as decisions arrive: those that carry risk, and a draw among all automatic actions.

Every automatic action is drawn for a blind second look with ``[desk] blind_share``, and for an ordinary look with a
probability that makes ``[desk] random_share`` of the cases random. Draws are keyed hashes of the decision's id, so nobody
can foresee or repeat them, and the probability is kept with each: that is what makes estimates of the rate of error
unbiased (:mod:`.estimates`).
"""

import hmac
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from tidegate.desk.ledger.models import Decision, Tally
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.review.models import Case, Sample
from tidegate.desk.review.priority import priority
from tidegate.engine.rungs import Rung

RISK_FROM = int(Rung.LOCK)
WINDOW_DAYS = 7
"""Over which the share of risky actions is looked at."""
LEAST, MOST = 0.001, 0.5
"""Of the probability of a random look."""
_UNIT = float(1 << 64)


def open_cases(decisions: Sequence[Decision]) -> None:
    """A listener of :mod:`tidegate.desk.ledger.copying`."""
    acted = [one for one in decisions if one.rung > one.previous and not one.by_person]
    if not acted:
        return
    ids = {one.account_id for one in acted}
    waiting = {case.account_id: case for case in Case.objects.filter(account_id__in=ids, state="open")}
    random_chance, blind_chance = random_probability(), settings.TIDEGATE.blind_share
    made: list[Case] = []
    samples: list[Sample] = []
    for one in acted:
        held_back = one.withheld == "breaker"
        kind = drawn(one.uid, random_chance, blind_chance) if one.acted else ""
        risky = one.rung >= RISK_FROM and (one.acted or held_back)
        if not kind and not risky:
            continue
        case = waiting.get(one.account_id)
        if case is None:
            case = waiting[one.account_id] = _case(one, kind, random_chance, blind_chance, risky)
            made.append(case)
        if kind:
            chance = either(random_chance, blind_chance)
            samples.append(
                Sample(
                    decision_number=one.number,
                    account_id=one.account_id,
                    time=one.time,
                    rung=one.rung,
                    kind=kind,
                    probability=chance,
                    case=case,
                )
            )
    Case.objects.bulk_create(made)
    Sample.objects.bulk_create(samples)


def _case(one: Decision, kind: str, random_chance: float, blind_chance: float, risky: bool) -> Case:
    blind = kind in ("blind", "both")
    named = "blind" if blind else "risk" if risky else "random"
    chance = {"blind": blind_chance, "random": random_chance, "risk": 1.0}[named]
    return Case(
        account_id=one.account_id,
        decision=one,
        kind=named,
        opened=timezone.now(),
        priority=priority(one, acting_together(one)),
        probability=chance,
        blind=blind,
    )


def acting_together(one: Decision) -> int:
    """How many accounts the campaign has in which this one was found last; 0: none. Raises StorageError."""
    try:
        found = node().campaigns.of_account(one.account.key)
    except NodeAbsent:
        return 0
    return found.campaign.members if found is not None else 0


def either(random_chance: float, blind_chance: float) -> float:
    """The probability of being drawn in at least one of two independent ways."""
    return 1.0 - (1.0 - random_chance) * (1.0 - blind_chance)


def drawn(uid: str, random_chance: float, blind_chance: float) -> str:
    """``random``, ``blind``, ``both``, or nothing; two independent draws, the same every time for a decision."""
    by_chance = _draw(uid, b"random") < random_chance
    blind = _draw(uid, b"blind") < blind_chance
    return "both" if by_chance and blind else "random" if by_chance else "blind" if blind else ""


def random_probability() -> float:
    """What makes the wished share of cases random, going by the last days' actions.

    Of n actions r are risky and all of those become cases; of the others, those that are drawn do: at random with p,
    blindly with b. So p·n random ones lie among r + (p + b - p·b)·(n - r) cases, and p follows from the share.
    """
    share = settings.TIDEGATE.random_share
    if share <= 0.0:
        return 0.0
    since = timezone.now().date() - timedelta(days=WINDOW_DAYS)
    rows = Tally.objects.filter(day__gte=since).values_list("rung").annotate(Sum("automatic"))
    automatic = dict(rows)
    total = sum(automatic.values())
    risky = sum(count for rung, count in automatic.items() if rung >= RISK_FROM)
    if not total or share >= 1.0:
        return MOST
    blind, others = settings.TIDEGATE.blind_share, total - risky
    chance = share * (risky + blind * others) / (total - share * (1.0 - blind) * others)
    return min(max(chance, LEAST), MOST)


def _draw(uid: str, purpose: bytes) -> float:
    """Uniform on [0, 1)."""
    key = settings.SECRET_KEY.encode()
    return int.from_bytes(hmac.digest(key, purpose + b" " + uid.encode(), "sha256")[:8]) / _UNIT
