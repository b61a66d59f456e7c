"""The goals of the evaluation, each beside what was reached."""

from collections.abc import Iterator
from dataclasses import dataclass

from tidegate.learning import tables
from tidegate.learning.evaluation import FamilyResult, Tally, family_results, overall, wrongful_results

MOST_WRONGED = (("ban", 1), ("lock", 20), ("challenge", 200))
"""Honest accounts at this rung or a stronger one, per 100,000 account-months."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One line: what is measured, what it should be, what it is."""

    name: str
    target: str
    measured: str
    met: bool


def goals_table(tally: Tally) -> str:
    """All goals as a Markdown table; those of a family that never attacked are left out."""
    return tables.markdown(
        ("goal (simulated)", "target", "measured", "met"),
        (
            (goal.name, goal.target, goal.measured, "yes" if goal.met else "**no**")
            for goal in (*_reach(tally), *_promptness(tally), *_wronged(tally))
        ),
    )


def _reach(tally: Tally) -> Iterator[Goal]:
    results: dict[str, FamilyResult] = {result.family: result for result in family_results(tally)}
    blaster, drip = results.get("naive_blaster"), results.get("slow_drip")
    if blaster:
        yield _at_least("naive tools stopped", 99, blaster.stopped)
        yield Goal(
            "naive tools: strangers reached, median / p90",
            "≤ 5 / ≤ 15",
            f"{blaster.reached_median:.0f} / {blaster.reached_p90:.0f}",
            blaster.reached_median <= 5 and blaster.reached_p90 <= 15,
        )
    if drip:
        yield Goal(
            "slow drip: strangers reached, median",
            "≤ 25",
            f"{drip.reached_median:.0f}",
            drip.reached_median <= 25,
        )


def _promptness(tally: Tally) -> Iterator[Goal]:
    reached = overall(tally)
    yield _at_least("stops before any complaint", 85, reached.before_complaint)
    yield _at_least("limited before the first message", 35, reached.limited_first)


def _wronged(tally: Tally) -> Iterator[Goal]:
    wronged = {result.rung.word: result for result in wrongful_results(tally)}
    for word, limit in MOST_WRONGED:
        result = wronged[word]
        yield Goal(
            f"honest accounts at {word} or more, per 100,000 account-months",
            f"≤ {limit}",
            f"{result.rate:.1f} (upper bound {result.upper:.1f})",
            result.rate <= limit,
        )


def _at_least(name: str, percent: int, share: float) -> Goal:
    return Goal(name, f"≥ {percent} %", tables.percent(share), share >= percent / 100)
