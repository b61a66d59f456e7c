"""Two policies side by side, as pages show it: of a backtest, or of the shadow."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.urls import NoReverseMatch, reverse

from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node.compared import AccountCompared, Compared, Differing, ShadowShown

FIRST_SHOWN = 20
"""Accounts on each side that are listed at once; the others are a click away."""
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AccountShown:
    """One account that the policies treat differently."""

    pseudonym: str
    address: str
    """Of its page; empty when there is none."""
    now: int
    then: int
    reasons: tuple[str, ...]
    honesty: float
    time: datetime | None


@dataclass(frozen=True, slots=True)
class DifferingShown:
    """Accounts in one direction."""

    total: int
    first: tuple[AccountShown, ...]
    more: tuple[AccountShown, ...]

    @property
    def listed(self) -> int:
        return len(self.first) + len(self.more)


@dataclass(frozen=True, slots=True)
class RungShown:
    """One line of the table."""

    rung: int
    decisions_now: int
    decisions_then: int
    accounts_now: int
    accounts_then: int


@dataclass(frozen=True, slots=True)
class DayShown:
    """Decisions of one day, by rung above allow: under the policy in force, under the candidate."""

    day: datetime
    now: int
    then: int
    rungs: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class ComparisonShown:
    """Everything a page says of two policies."""

    in_force: str
    candidate: str
    events: int
    took_s: float
    first: datetime | None
    last: datetime | None
    rungs: tuple[RungShown, ...]
    days: tuple[DayShown, ...]
    newly: DifferingShown
    no_longer: DifferingShown
    stronger: int
    milder: int
    accounts_now: int
    accounts_then: int

    @property
    def chart(self) -> dict[str, Any]:
        """For the picture: decisions a day on both sides."""
        return {
            "x": [day.day.timestamp() for day in self.days],
            "series": [
                {"name": "in force", "values": [day.now for day in self.days], "colour": "quiet"},
                {"name": "candidate", "values": [day.then for day in self.days], "colour": "accent"},
            ],
            "unit": "decisions",
        }


def comparison_of(compared: Compared) -> ComparisonShown:
    """Everything in words and numbers."""
    now, then = compared.in_force, compared.candidate
    words = [word for word, rung in RUNGS.items() if rung is not Rung.ALLOW]
    rungs = tuple(
        RungShown(
            int(RUNGS[word]),
            sum(now.per_day.get(word, ())),
            sum(then.per_day.get(word, ())),
            now.accounts_per_rung.get(word, 0),
            then.accounts_per_rung.get(word, 0),
        )
        for word in words
    )
    count = max((len(days) for side in (now, then) for days in side.per_day.values()), default=0)
    return ComparisonShown(
        in_force=now.policy,
        candidate=then.policy,
        events=compared.events,
        took_s=compared.took_s,
        first=_moment(compared.first_s),
        last=_moment(compared.last_s),
        rungs=rungs,
        days=tuple(_day(compared, words, at) for at in range(count)),
        newly=_differing(compared.newly),
        no_longer=_differing(compared.no_longer),
        stronger=compared.stronger,
        milder=compared.milder,
        accounts_now=now.accounts,
        accounts_then=then.accounts,
    )


def backtest_of(said: str) -> ComparisonShown:
    """From what is kept with a version."""
    return comparison_of(msgspec.json.decode(said, type=Compared))


@dataclass(frozen=True, slots=True)
class ShadowComparison:
    """What runs in the shadow, and what came of it so far."""

    since: datetime
    differing_since: datetime
    written: datetime
    behind: int
    compared: ComparisonShown


def shadow_of(shown: ShadowShown) -> ShadowComparison:
    """As pages show it."""
    return ShadowComparison(
        since=_known_moment(shown.since_s),
        differing_since=_known_moment(shown.differing_since_s),
        written=_known_moment(shown.written_s),
        behind=shown.behind,
        compared=comparison_of(shown.compared),
    )


def account_address(pseudonym: str) -> str:
    """Of an account's page; empty when there is none."""
    try:
        return str(reverse("accounts:page", args=[int(pseudonym, 16)]))
    except (NoReverseMatch, ValueError):
        return ""


def _day(compared: Compared, words: list[str], at: int) -> DayShown:
    def of(days: dict[str, list[int]], word: str) -> int:
        counts = days.get(word, [])
        return counts[at] if at < len(counts) else 0

    pairs = tuple(
        (int(RUNGS[word]), of(compared.in_force.per_day, word), of(compared.candidate.per_day, word))
        for word in words
    )
    day = _ORIGIN + timedelta(days=compared.first_day + at)
    return DayShown(day, sum(now for _, now, _ in pairs), sum(then for _, _, then in pairs), pairs)


def _differing(found: Differing) -> DifferingShown:
    shown = tuple(map(_account, found.listed))
    return DifferingShown(found.total, shown[:FIRST_SHOWN], shown[FIRST_SHOWN:])


def _account(one: AccountCompared) -> AccountShown:
    return AccountShown(
        pseudonym=one.pseudonym,
        address=account_address(one.pseudonym),
        now=int(RUNGS[one.now]),
        then=int(RUNGS[one.then]),
        reasons=tuple(one.reasons),
        honesty=one.honesty,
        time=_moment(one.time),
    )


def _moment(time_s: float | None) -> datetime | None:
    return None if time_s is None else _known_moment(time_s)


def _known_moment(time_s: float) -> datetime:
    return _ORIGIN + timedelta(seconds=time_s)
