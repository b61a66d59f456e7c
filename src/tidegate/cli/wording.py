"""How numbers, times and names are written for a person, in the terminal and in the report alike."""

import math
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from tidegate.cli.findings import Findings, LogShown

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
NAME_SHOWN_AT_MOST = 48

RUNG_DONE: dict[str, str] = {
    "allow": "allowed again",
    "warn": "warned",
    "challenge": "challenged",
    "budget": "put on a budget",
    "lock": "locked",
    "suspend": "suspended",
    "ban": "banned",
}
RUNG_MEANING: dict[str, str] = {
    "allow": "nothing in the way",
    "warn": "told that their sending looks unusual",
    "challenge": "asked to show that a person is there",
    "budget": "first messages to strangers rationed; a reply refunds",
    "lock": "existing chats go on, no new ones",
    "suspend": "no sending for a while",
    "ban": "account closed; open to appeal",
}


def count(number: int | float) -> str:
    """1350 → ``1,350``; halves keep their decimal."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def plural(number: int | float, one: str, many: str | None = None) -> str:
    return f"{count(number)} {one if number == 1 else (many or one + 's')}"


def rate(value: float) -> str:
    """A rate per 1,000: two significant digits when small, one decimal otherwise."""
    if value == 0:
        return "0"
    if value < 1:
        return f"{value:.2g}" if value >= 0.001 else "under 0.001"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def large(number: float) -> str:
    """1234567 → ``1.2 M``."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return (
                f"{number / limit:.3g} {unit}" if number < 1000 * limit else f"{number / limit:,.0f} {unit}"
            )
    return f"{number:,.0f}"


def size(size_bytes: int) -> str:
    """Bytes in binary units."""
    for limit, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size_bytes >= limit:
            return f"{size_bytes / limit:.3g} {unit}"
    return f"{size_bytes} bytes"


def duration(seconds: float) -> str:
    """Two units at most: ``3 h 20 min``, ``194 days``, ``45 s``."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 2 * MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    if seconds < 2 * DAY_S:
        hours, minutes = divmod(round(seconds / MINUTE_S), 60)
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{seconds / DAY_S:,.0f} days"


def shown_name(name: str, at_most: int = NAME_SHOWN_AT_MOST) -> str:
    """An account's name that cannot disturb what stands around it.

    Control, format (bidirectional overrides, zero width) and unassigned characters become escapes such as
    ``\\u202e``, and a very long name loses its middle.
    """
    safe = "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" else char
        for char in name
    )
    if len(safe) <= at_most:
        return safe or "(empty name)"
    head = (at_most - 1) * 2 // 3
    return f"{safe[:head]}…{safe[len(safe) - (at_most - 1 - head) :]}"


@dataclass(frozen=True, slots=True)
class Dates:
    """Writes times as UTC dates, or as ``day 3 04:12`` for a log that counts from its own start."""

    origin: float | None
    """Unix second of midnight of day 1; None: real dates."""

    @classmethod
    def of(cls, log: LogShown) -> "Dates":
        if not log.relative_time:
            return cls(None)
        if log.relative_origin is not None:
            return cls(log.relative_origin)
        return cls(math.floor((log.first_time or 0.0) / DAY_S) * DAY_S)

    @property
    def zone(self) -> str:
        return "UTC" if self.origin is None else "since the log began"

    def _utc(self, time: float) -> datetime:
        return datetime.fromtimestamp(time - (self.origin or 0.0), UTC)

    def day(self, time: float) -> str:
        """``15 Apr 2004`` or ``day 3``."""
        if self.origin is None:
            moment = self._utc(time)
            return f"{moment.day} {moment:%b} {moment.year}"
        return f"day {math.floor((time - self.origin) / DAY_S) + 1}"

    def short_day(self, time: float) -> str:
        """``15 Apr`` or ``day 3``."""
        if self.origin is None:
            moment = self._utc(time)
            return f"{moment.day} {moment:%b}"
        return self.day(time)

    def clock(self, time: float, seconds: bool = False) -> str:
        return f"{self._utc(time):%H:%M:%S}" if seconds else f"{self._utc(time):%H:%M}"

    def moment(self, time: float, seconds: bool = False) -> str:
        """``15 Apr 2004 13:05`` or ``day 3 04:12``."""
        return f"{self.day(time)} {self.clock(time, seconds)}"

    def sortable(self, time: float) -> str:
        """``2004-04-15 13:05`` or ``day 3 04:12``, for a column of a table."""
        if self.origin is None:
            return f"{self._utc(time):%Y-%m-%d %H:%M}"
        return self.moment(time)

    def month_of(self, time: float) -> tuple[int, int]:
        moment = self._utc(time)
        return moment.year, moment.month


def headline(findings: Findings) -> str:
    """The scan in one sentence."""
    acted = len(findings.acted_on)
    if not findings.senders and not acted:
        return "Nobody sent anything in this log"
    if not acted:
        return f"None of {plural(findings.senders, 'sender')} would be acted on"
    if acted > findings.senders:  # accounts stopped at sign-up never became senders
        return f"{plural(acted, 'account')} would be acted on, among {plural(findings.senders, 'sender')}"
    return f"{count(acted)} of {plural(findings.senders, 'sender')} would be acted on"


def alert_rate(findings: Findings) -> str:
    return f"{rate(findings.alerts_per_1000)} alerts per 1,000 senders"


def caution(findings: Findings) -> str:
    """What the rate must not be taken for."""
    if findings.simulated:
        return "Simulated events: the figures describe this simulated world, not real people."
    return "The log is not labelled: this is alerts per 1,000 senders, not a false-positive rate."


def campaigns_headline(findings: Findings) -> str:
    """How many campaigns, of how many accounts."""
    if not findings.campaigns:
        return "No accounts were found to act together."
    accounts = {member.account for campaign in findings.campaigns for member in campaign.members}
    acted = {
        member.account
        for campaign in findings.campaigns
        for member in campaign.members
        if member.strongest != "allow"
    }
    return (
        f"{plural(len(findings.campaigns), 'campaign')} of {plural(len(accounts), 'account')} in all; "
        f"{count(len(acted))} of them would be acted on."
    )


def search_words(findings: Findings) -> str:
    """How the search for campaigns went, when that is not plain from what it found."""
    match findings.search:
        case "missing":
            return (
                "Accounts that act together were not looked for: NetworKit is not installed "
                "(pip install 'tidegate[campaigns]')."
            )
        case "in-log":
            return (
                "The log carries findings of its own; they were taken as they are, and from the first one on "
                "nothing else was looked for."
            )
        case "done" if not findings.campaigns:
            return campaigns_headline(findings)
        case _:
            return ""
