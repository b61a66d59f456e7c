"""Every clock that says when: the page's own, the server's, this machine's, a time-stamp authority's.

They are kept apart: a page may claim any date, a server's clock may be wrong, only the authority's is a third party's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from tidegate.desk.evidence.custody.canonical_json import moment

SKEW = timedelta(minutes=5)
"""Clocks that agree up to this are taken to agree."""
STAMPED_WITHIN = timedelta(days=1)
"""A time stamp that came later says little about when the capture was made."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """When an exhibit was captured, by each clock; texts as :func:`~.canonical_json.moment` writes them."""

    system: str
    """This machine's, at the end of the capture."""
    http_date: str = ""
    """The server's, from its ``Date`` header; empty when there was none."""
    claimed: str = ""
    """What the page says of itself, verbatim; never relied on."""
    tsa: tuple[str, ...] = ()
    """One for each time stamp, in their order."""


def http_date(header: str) -> str:
    """A ``Date`` header as a moment; empty when it says none (RFC 9110, 5.6.7)."""
    try:
        return moment(parsedate_to_datetime(header))
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


@dataclass(frozen=True, slots=True)
class ClockRemark:
    """How two clocks of an exhibit stand to each other."""

    words: str
    wrong: bool
    """It cannot be; otherwise it is worth knowing."""


def remarks(
    clocks: Clocks, stamped: tuple[datetime, ...], taken_in: str, now: datetime
) -> Iterator[ClockRemark]:
    """Compare the recorded clocks with the time stamps' own, with custody's beginning, and with now."""
    try:
        system = datetime.fromisoformat(clocks.system)
        server = datetime.fromisoformat(clocks.http_date) if clocks.http_date else None
        recorded = tuple(datetime.fromisoformat(text) for text in clocks.tsa)
        taken = datetime.fromisoformat(taken_in) if taken_in else None
        for at in (system, *recorded, *(one for one in (server, taken) if one)):
            moment(at)
    except ValueError as error:
        yield ClockRemark(f"a recorded clock cannot be read: {error}", True)
        return
    if system > now + SKEW:
        yield ClockRemark(f"this machine's clock said {clocks.system}, which has not come yet", True)
    if taken is not None and system > taken + SKEW:
        yield ClockRemark(f"captured at {clocks.system} by its clock, but in custody since {taken_in}", True)
    if server is not None and abs(server - system) > SKEW:
        yield ClockRemark(
            f"the server's clock said {clocks.http_date}, this machine's {clocks.system}", False
        )
    for number, said in enumerate(recorded):
        if number < len(stamped) and said != stamped[number]:
            yield ClockRemark(
                f"time stamp {number + 1} is recorded as of {clocks.tsa[number]}, "
                f"but the token itself says {moment(stamped[number])}",
                True,
            )
    if len(recorded) != len(stamped):
        yield ClockRemark(f"{len(recorded)} time stamps are recorded, {len(stamped)} are there", True)
    for at in stamped:
        if at < system - SKEW:
            yield ClockRemark(
                f"captured at {clocks.system} by this machine's clock, but an authority had stamped it at {moment(at)}: "
                "the machine's clock was wrong, or the record of it was changed",
                True,
            )
        elif at > system + STAMPED_WITHIN:
            yield ClockRemark(f"captured at {clocks.system}, stamped only at {moment(at)}", False)
