"""What the terminal shows at the end of a scan, and while it runs."""

import dataclasses
import io
from pathlib import Path

import pytest
from rich.console import Console
from sample_findings import DAY, HOUR, NEVER_SUPPLIED, START, assemble, decision, made_up

from tidegate.cli.findings import ActedOn, Findings, LogShown
from tidegate.cli.terminal import print_findings, progress

NOWHERE = Path("nowhere")


def printed(findings: Findings, width: int = 80, out_dir: Path = NOWHERE, terminal: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        color_system="truecolor" if terminal else None,
    )
    print_findings(console, findings, out_dir)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def with_accounts(number: int, name: str = "account") -> Findings:
    accounts = [ActedOn(f"{name}-{i:03d}", [decision(f"{i}", "lock", START + i)]) for i in range(number)]
    log = LogShown(
        1_041, 1_000, {"not JSON": 38, "time before 2000": 3}, 2, 1, START, START + DAY, ["sorted"]
    )
    return assemble("a log", ["a.jsonl"], accounts, log, 1_350, 1_899, NEVER_SUPPLIED)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(width: int) -> None:
    for findings in (with_accounts(30, "a-rather-long-name-of-an-account"), made_up()):
        assert max(len(line) for line in printed(findings, width).splitlines()) <= width


def test_there_are_no_colour_codes_when_it_is_not_a_terminal() -> None:
    assert "\x1b" not in printed(with_accounts(3))
    assert "\x1b" in printed(with_accounts(3), terminal=True)


def test_twenty_five_rows_then_how_many_more() -> None:
    text = printed(with_accounts(32))
    assert text.count("account-") == 25
    assert "and 7 more in report.html" in text


def test_summary_missing_signals_and_rejected_lines_are_said() -> None:
    text = " ".join(printed(with_accounts(3)).split())
    assert "3 of 1,350 senders would be acted on: 2.2 alerts per 1,000 senders." in text
    assert "not a false-positive rate" in text
    assert "The log never carried: sign-ups, network addresses" in text
    assert "Set aside: 41 of 1,041 lines: not JSON (38), time before 2000 (3)." in text
    assert "2 events counted once" in text and "1 event used out of order" in text


def test_a_row_shows_rung_time_first_contacts_and_reason() -> None:
    text = " ".join(printed(with_accounts(1), 120).split())
    assert "account-000 lock 2023-11-14 22:13 12 wrote to 12 strangers within an hour" in text


def test_a_log_that_counts_from_its_own_start_shows_days() -> None:
    findings = with_accounts(0)
    time = 946_684_800.0 + 2 * DAY + 4 * HOUR + 720
    findings = dataclasses.replace(
        findings,
        acted_on=[ActedOn("u", [decision("u", "lock", time)])],
        log=dataclasses.replace(findings.log, first_time=946_684_800.0, relative_time=True),
    )
    text = printed(findings)
    assert "day 3 04:12" in text
    assert "2000-01" not in text and "UTC" not in text


def test_a_name_cannot_colour_or_move_the_terminal() -> None:
    findings = with_accounts(0)
    name = "[red]x[/red]\x1b[2J\r"
    findings = dataclasses.replace(findings, acted_on=[ActedOn(name, [decision(name, "lock", START)])])
    text = printed(findings, 120)
    assert "\x1b" not in text and "\r" not in text
    assert "[red]x[/red]\\u001b[2J" in text


def test_nobody_to_act_on_prints_no_table() -> None:
    text = printed(with_accounts(0))
    assert "None of 1,350 senders would be acted on" in text
    assert "account " not in text


def test_only_files_that_exist_are_named(tmp_path: Path) -> None:
    (tmp_path / "report.html").touch()
    text = printed(with_accounts(1), out_dir=tmp_path)
    assert str(tmp_path / "report.html") in text  # unbroken, whatever the width
    assert "rejected.jsonl" not in text


def test_progress_on_a_pipe_is_a_few_plain_lines() -> None:
    console = Console(file=io.StringIO(), width=80)
    with progress(console, 1_000) as shown:
        shown.source("log.jsonl")
        for _ in range(100):
            shown.advance(10, 50)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert lines[0] == "reading log.jsonl"
    assert lines[-1].startswith("read 5,000 events")
    assert len(lines) <= 4


def test_progress_on_a_terminal_is_a_bar_that_goes_away() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with progress(console, None) as shown:
        shown.source("[bold]log.jsonl")
        shown.advance(10, 50)
    assert isinstance(console.file, io.StringIO)
    assert "log.jsonl" in console.file.getvalue()
