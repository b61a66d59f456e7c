"""What people did about an account, and what its holder was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidegate.desk.appeals.models import Appeal
from tidegate.desk.appeals.texts import DEFAULT, NAMES, RIGHT_TO_LEFT, texts
from tidegate.desk.ledger.models import Account, Decision
from tidegate.desk.review.models import Ruled
from tidegate.engine.rungs import Rung
from tidegate.node.enforcement import Measure
from tidegate.node.notices import notice

SHOWN = 50
TOLD = 10


@dataclass(frozen=True, slots=True)
class Told:
    """What the account holder was told about one decision."""

    time: datetime
    words: str
    """The notice on the messenger, in English."""
    own: str
    """What the status page says of the measure, in the holder's language; empty: that is English, or not known."""
    language: str
    direction: str
    language_name: str


def rulings_of(account: Account) -> list[Any]:
    """What people decided, latest first."""
    return list(Ruled.objects.filter(account=account).select_related("person").order_by("-time")[:SHOWN])


def appeals_of(account: Account) -> list[Any]:
    """Its appeals, latest first."""
    found = Appeal.objects.filter(account=account).select_related("decided_by").order_by("-received")
    return list(found[:SHOWN])


def told(account: Account, decisions: Sequence[Decision]) -> list[Told]:
    """What was told, latest first. ``decisions``: of the account, latest first; those carried out were told."""
    found: list[Told] = []
    in_effect: Rung | None = None
    for decision in reversed(decisions):
        if not decision.acted:
            continue
        rung = Rung(decision.rung)
        until_s = decision.until.timestamp() if decision.until else None
        # What went before and was not carried out, the holder has never heard of.
        before = Rung(decision.previous) if decision is decisions[-1] else in_effect or Rung.ALLOW
        in_effect = rung
        if words := notice(Measure.of(rung, until_s), before):
            own = _in_language(account.language, rung)
            direction = "rtl" if account.language in RIGHT_TO_LEFT else "ltr"
            name = NAMES.get(account.language, "")
            found.append(Told(decision.time, words, own, account.language, direction, name))
    return found[: -TOLD - 1 : -1]


def _in_language(language: str, rung: Rung) -> str:
    if language not in NAMES or language == DEFAULT:
        return ""
    said = texts(language)
    return said.get("nothing" if rung is Rung.ALLOW else rung.word, "")
