"""What the live part of the demonstration prints: a timeline while it happens, tables in the end."""

import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidegate.cli.wording import RUNG_MEANING, count, duration, plural
from tidegate.messengers.matrix.bulk_senders import Attempt
from tidegate.messengers.matrix.clients import RefusedError

WHO_COLUMNS = 22
WHAT_COLUMNS = 22
FEATURES_SHOWN = 2
NOT_A_REASON = "two-key-rule"
"""Says why it is not a stronger rung."""
CODE_IN_WORDS = {
    "M_LIMIT_EXCEEDED": "rationed",
    "M_CONSENT_NOT_GIVEN": "challenge first",
    "M_FORBIDDEN": "no new chats",
    "M_USER_SUSPENDED": "suspended",
    "M_USER_LOCKED": "account closed",
    "M_UNKNOWN_TOKEN": "logged out",
}
RUNG_STYLE = {
    "allow": "black on green",
    "warn": "black on yellow",
    "challenge": "black on yellow",
    "budget": "black on yellow",
    "lock": "white on dark_orange3",
    "suspend": "white on red",
    "ban": "white on red",
}


@dataclass(frozen=True, slots=True)
class RungReached:
    """A rung that the sender was put on."""

    rung: str
    after_s: float
    """Seconds after its sign-up."""
    strangers: int
    """Whom it had written to by then."""
    why: str


@dataclass(slots=True)
class FriendsTold:
    """How the conversation of the friends went."""

    sent: int = 0
    expected: int = 0
    """Copies that somebody should be able to read."""
    decrypted: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    """From sending until everybody had decrypted."""


class Timeline:
    """One line for each thing that happens, with the time of day."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, who: Text | str, what: Text | str, outcome: Text | str = "") -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=8, style="dim", no_wrap=True)
        grid.add_column(width=WHO_COLUMNS, no_wrap=True)
        grid.add_column(width=WHAT_COLUMNS)
        grid.add_column(ratio=1)
        grid.add_row(time.strftime("%H:%M:%S"), who, what, outcome)
        self._console.print(grid)

    def friends(self, writer: str, readers: int, decrypted: int, size_bytes: int, took_s: float) -> None:
        whole = decrypted == readers
        outcome = Text(f"{decrypted} of {readers} decrypted, {took_s * 1000:.0f} ms")
        outcome.stylize("green" if whole else "bold red")
        self.line(Text(f"{writer} → {readers} friends"), f"encrypted, {count(size_bytes)} bytes", outcome)

    def attempt(self, sender: str, attempt: Attempt, nicknames: dict[str, str]) -> None:
        who = Text(f"{sender} → {', '.join(nicknames.get(one, one) for one in attempt.strangers)}")
        what = f"first message no. {attempt.number}"
        if attempt.refused is None:
            self.line(who, what, Text("accepted", style="yellow"))
        else:
            self.line(who, what, refusal(attempt.refused))

    def decision(self, account: str, decision: dict[str, Any]) -> None:
        """A change of rung, its meaning and its reasons."""
        rung = str(decision["rung"])
        head = Text.assemble(
            (f" {rung} ", RUNG_STYLE.get(rung, "bold")), (f" {account}", "bold"), f": {RUNG_MEANING[rung]}"
        )
        lines = [head, *(Text(line, style="italic") for line in because(decision))]
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=8, style="dim", no_wrap=True)
        grid.add_column(width=10, no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_row(time.strftime("%H:%M:%S"), Text(" tidegate ", style="bold white on blue"), lines[0])
        for reason in lines[1:]:
            grid.add_row("", Text("because", style="dim", justify="right"), reason)
        self._console.print(grid)


def because(decision: dict[str, Any]) -> list[str]:
    """The reasons of a decision: what rules say, each on a line, and in one line what moved the model's score."""
    rules = [
        str(reason["text"])
        for reason in decision["reasons"]
        if "rule" in reason and reason["rule"] != NOT_A_REASON
    ]
    moved = [str(reason["text"]) for reason in decision["reasons"] if "feature" in reason]
    if moved and decision["score"] is not None:
        rules.append(f"the model's score is {decision['score']:.2f}: {'; '.join(moved[:FEATURES_SHOWN])}")
    return rules


def refusal(refused: RefusedError) -> Text:
    """``429 rationed, wait 24 h``."""
    words = CODE_IN_WORDS.get(refused.code, refused.code)
    wait = "" if refused.retry_after_s is None else f", wait {duration(refused.retry_after_s)}"
    return Text(f"{refused.status} {words}{wait}", style="bold red")


def print_outcome(
    console: Console,
    friends: FriendsTold,
    sender: str,
    rungs: Sequence[RungReached],
    strangers: int,
    reached: int,
) -> None:
    """The two halves of the story: nobody disturbed, and the sender stopped."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for name in ("the five friends", "sent", "decrypted", "refused or limited", "slowest"):
        table.add_column(name, justify="left" if name == "the five friends" else "right", no_wrap=True)
    table.add_row(
        "end-to-end encrypted group",
        count(friends.sent),
        f"{count(friends.decrypted)} of {count(friends.expected)}",
        Text(count(friends.refused), style="bold green" if friends.refused == 0 else "bold red"),
        duration(friends.slowest_s),
    )
    console.print(table)
    console.print()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column(sender, no_wrap=True)
    table.add_column("after", justify="right", no_wrap=True)
    table.add_column("strangers", justify="right", no_wrap=True)
    table.add_column("why")
    for one in rungs:
        badge = Text(f" {one.rung} ", style=RUNG_STYLE.get(one.rung, ""))
        table.add_row(badge, duration(one.after_s), count(one.strangers), one.why)
    console.print(table)
    console.print()
    console.print(
        Text.assemble(
            (f"{sender} reached {reached} of {plural(strangers, 'stranger')} on the list.", "bold"),
            " Without Tidegate the same program reaches all of them.",
        )
    )


def print_seen(console: Console, event: dict[str, Any], said: str, searched: str) -> None:
    """One message as its reader sees it, as the server holds it, and what Tidegate was told."""
    content = event["content"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_header=False, show_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    cipher = textwrap.shorten(content["ciphertext"][:44] + " …", 60, placeholder=" …")
    size_bytes = len(content["ciphertext"]) * 3 // 4
    table.add_row("the friends read", Text(f"“{said}”", style="green"))
    table.add_row("the homeserver has", f"{event['type']}, {count(size_bytes)} bytes: {cipher}")
    table.add_row(
        "Tidegate was told",
        f"message, who, which chat, 5 members, {count(size_bytes)} bytes, network, device",
    )
    table.add_row("searched", searched)
    console.print(table)
