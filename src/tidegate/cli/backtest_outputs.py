"""What ``tidegate backtest`` prints, and ``backtest.json``."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidegate.cli.comparison import Changed, Comparison, Difference, Side
from tidegate.cli.findings import LogShown
from tidegate.cli.outputs import replacing
from tidegate.cli.terminal import ROWS_AT_MOST, RUNG_STYLE, one_line
from tidegate.cli.wording import Dates, count, plural, shown_name
from tidegate.statements.decision import decision_record
from tidegate.statements.tally import MEASURES, DailyRate

_EPOCH = date(1970, 1, 1)


def print_comparison(console: Console, comparison: Comparison, log: LogShown) -> None:
    """The two differences with their accounts, then decisions a day."""
    dates = Dates.of(log)
    _print_side(console, "in force", comparison.in_force)
    _print_side(console, "proposed", comparison.proposed)
    if log.set_aside:
        words = f"{count(log.set_aside)} of {plural(log.lines, 'line')} could not be used and were set aside."
        console.print(Text(words, style="dim"))
    _print_difference(console, "Acted on under the proposed policy, not today", comparison.newly, dates)
    _print_difference(console, "Acted on today, not under the proposed policy", comparison.no_longer, dates)
    console.print()
    words = f"On a stronger rung than today: {count(comparison.stronger)}"
    console.print(Text(f"{words}; on a milder one: {count(comparison.milder)}."))
    console.print()
    console.print(_rates_table(comparison))


def _print_side(console: Console, what: str, side: Side) -> None:
    head = Text(f"{what}: ", style="bold").append(f"{side.policy}, model {side.model}", style="not bold")
    console.print(head.append(f": {plural(len(side.acted), 'account')} acted on"), soft_wrap=True)


def _print_difference(console: Console, title: str, difference: Difference, dates: Dates) -> None:
    console.print()
    console.print(Text(f"{title}: {plural(difference.accounts, 'account')}", style="bold"))
    if not difference.accounts:
        return
    rungs = ", ".join(f"{rung} {count(number)}" for rung, number in difference.per_rung.items())
    console.print(Text(f"{rungs}; most answered and most received first, as an honest account would be"))
    console.print(_accounts_table(difference.listed[:ROWS_AT_MOST], dates))
    more = difference.accounts - ROWS_AT_MOST
    if more > 0:
        console.print(Text(f"and {count(more)} more", style="italic"))


def _accounts_table(changed: list[Changed], dates: Dates) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("account", no_wrap=True, overflow="ellipsis", max_width=28)
    table.add_column("rung", no_wrap=True, min_width=9)
    table.add_column("when" if dates.origin is not None else "when (UTC)", no_wrap=True, min_width=13)
    for name in ("first contacts", "answered in all", "received in all"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for one in changed:
        decision = one.acted.strongest
        table.add_row(
            Text(shown_name(one.acted.account, 28)),
            Text(f" {decision.rung} ", style=RUNG_STYLE[decision.rung]),
            Text(dates.sortable(decision.time)),
            Text(count(decision.first_contacts)),
            Text(count(one.answered)),
            Text(count(one.received)),
            Text(one_line(decision.reasons[0].text) if decision.reasons else ""),
        )
    return table


def _rates_table(comparison: Comparison) -> Table:
    """What a circuit breaker is set by: decisions a day under either policy."""
    table = Table(
        title="decisions a day, on average and on the busiest day", box=box.SIMPLE_HEAD, show_edge=False
    )
    table.title_justify, table.title_style = "left", "bold"
    table.add_column("rung", no_wrap=True)
    for name in ("in force", "busiest", "proposed", "busiest"):
        table.add_column(name, justify="right", no_wrap=True)
    for rung in MEASURES:
        now, then = comparison.in_force.rate(rung), comparison.proposed.rate(rung)
        row = (f"{now.mean:,.1f}", count(now.most), f"{then.mean:,.1f}", count(then.most))
        table.add_row(Text(f" {rung} ", style=RUNG_STYLE[rung]), *row)
    return table


def write_backtest(path: Path, comparison: Comparison, log: LogShown, sources: list[str]) -> None:
    """Write ``backtest.json``. Raises OSError."""
    body = {
        "logs": sources,
        "events": log.accepted,
        "lines_set_aside": log.set_aside,
        "in_force": _side_record(comparison.in_force),
        "proposed": _side_record(comparison.proposed),
        "newly_acted_on": _difference_record(comparison.newly),
        "no_longer_acted_on": _difference_record(comparison.no_longer),
        "on_a_stronger_rung": comparison.stronger,
        "on_a_milder_rung": comparison.milder,
    }
    with replacing(path) as temporary:
        # ASCII only: an account's name may hold half a surrogate pair
        text = json.dumps(body, indent=1, ensure_ascii=True, allow_nan=False)
        Path(temporary).write_text(text + "\n", "ascii")


def _side_record(side: Side) -> dict[str, Any]:
    return {
        "policy": side.policy,
        "model": side.model,
        "accounts": len(side.acted),
        "accounts_per_rung": side.accounts_per_rung,
        "first_day": _day(side.first_day),
        "decisions_by_day": side.per_day,
        "decisions_a_day": {rung: _rate_record(side.rate(rung)) for rung in MEASURES},
    }


def _rate_record(rate: DailyRate) -> dict[str, Any]:
    return {
        "mean": rate.mean,
        "median": rate.median,
        "most": rate.most,
        "busiest_day": None if rate.busiest_day is None else _day(rate.busiest_day),
    }


def _day(since_1970: int) -> str:
    return (_EPOCH + timedelta(days=since_1970)).isoformat()


def _difference_record(difference: Difference) -> dict[str, Any]:
    return {
        "accounts": difference.accounts,
        "per_rung": difference.per_rung,
        "listed": [_changed_record(one) for one in difference.listed],
    }


def _changed_record(changed: Changed) -> dict[str, Any]:
    strongest = changed.acted.strongest
    return {
        "account": changed.acted.account,
        "first_contacts": changed.acted.totals["first contacts"],
        "answered": changed.answered,
        "received": changed.received,
        "first_contacts_before": strongest.first_contacts,
        "decision": decision_record(strongest),
    }
