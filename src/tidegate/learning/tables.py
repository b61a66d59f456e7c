"""Results as Markdown tables, and the page they stand on."""

import re
from collections.abc import Iterable, Sequence

from tidegate.engine.rungs import Rung
from tidegate.learning.evaluation import (
    FamilyResult,
    Tally,
    family_results,
    overall,
    wrongful_results,
)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; every cell is text."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def with_interval(share: float, interval: tuple[float, float]) -> str:
    """A share with its interval, all as percentages."""
    low, high = interval
    return f"{percent(share)} ({100 * low:.1f}-{100 * high:.1f})"


def _dollars(value: float) -> str:
    return "nobody reached" if value == float("inf") else f"{value:,.0f}"


def families_table(tally: Tally) -> str:
    """One row for each attacker family."""
    head = (
        "family",
        "accounts",
        "stopped (95 %)",
        "strangers reached before the stop: median / p90",
        "got through in all, median",
        "limited before the first message",
        "stopped before any complaint",
        "dollars per 1,000 strangers",
    )
    return markdown(head, (_family_row(result) for result in family_results(tally)))


def _family_row(result: FamilyResult) -> tuple[str, ...]:
    return (
        result.family,
        f"{result.accounts:,}",
        with_interval(result.stopped, result.stopped_interval),
        f"{result.reached_median:.0f} / {result.reached_p90:.0f}",
        f"{result.reached_in_all_median:.0f}",
        percent(result.limited_first),
        percent(result.before_complaint),
        _dollars(result.dollars_per_thousand),
    )


def wrongful_table(tally: Tally) -> str:
    """Honest accounts acted on, per rung."""
    head = (
        "rung or stronger",
        "honest accounts",
        "per 100,000 account-months",
        "95 % upper bound",
        "account-months",
    )
    return markdown(
        head,
        (
            (w.rung.word, f"{w.accounts:,}", f"{w.rate:.1f}", f"{w.upper:.1f}", f"{w.months:,.0f}")
            for w in wrongful_results(tally)
        ),
    )


def strata_table(tally: Tally) -> str:
    """Honest accounts acted on, per stratum."""
    head = ("stratum", "accounts", "challenged or more", "locked or more", "banned")
    rows = []
    for stratum, count in sorted(tally.strata.items(), key=lambda item: -item[1]):
        hits = [
            tally.wrongful_strata.get((stratum, rung), 0) for rung in (Rung.CHALLENGE, Rung.LOCK, Rung.BAN)
        ]
        rows.append((stratum, f"{count:,}", *(f"{hit:,}" for hit in hits)))
    return markdown(head, rows)


def comparison_table(tallies: Sequence[Tally]) -> str:
    """Several policies over the same worlds."""
    head = (
        "what decides",
        "stopped",
        "reached before the stop: median / p90",
        "stopped before any complaint",
        "limited before the first message",
        "honest locked per 100,000",
        "honest banned per 100,000",
    )
    rows = []
    for tally in tallies:
        o = overall(tally)
        wrong = {w.rung: w for w in wrongful_results(tally)}
        rows.append(
            (
                tally.name,
                percent(o.stopped),
                f"{o.reached_median:.0f} / {o.reached_p90:.0f}",
                percent(o.before_complaint),
                percent(o.limited_first),
                f"{wrong[Rung.LOCK].rate:.1f}",
                f"{wrong[Rung.BAN].rate:.1f}",
            )
        )
    return markdown(head, rows)


def with_section(page: str, name: str, body: str) -> str:
    """The page with what stands between its comments ``name:start`` and ``name:end`` replaced, or added."""
    section = f"<!-- {name}:start -->\n{body.strip()}\n<!-- {name}:end -->"
    pattern = re.compile(rf"<!-- {re.escape(name)}:start -->.*?<!-- {re.escape(name)}:end -->", re.S)
    if pattern.search(page):
        return pattern.sub(lambda _: section, page)
    return f"{page.rstrip()}\n\n{section}\n"
