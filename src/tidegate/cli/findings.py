"""What a scan found, in the form a person is shown: no engine types, no pseudonyms to look up.

``tidegate scan`` fills a :class:`Findings`; :mod:`tidegate.cli.terminal`, :mod:`tidegate.cli.report` and
:mod:`tidegate.cli.outputs` only read it. All times are Unix seconds, as in the log.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from tidegate.cli.campaign_findings import CampaignShown, Ended
from tidegate.events.columns import EARLIEST_S
from tidegate.events.summary import LogSummary
from tidegate.statements.decision import DecisionShown

RUNGS: tuple[str, ...] = ("allow", "warn", "challenge", "budget", "lock", "suspend", "ban")
"""The ladder, mildest first."""
SEVERITY: dict[str, int] = {rung: step for step, rung in enumerate(RUNGS)}

MOMENT_KINDS: tuple[str, ...] = (
    "sign_up",  # the account registered
    "first_contact",  # its first message to someone who had never written to it
    "message",  # any other one-to-one message it sent
    "group_message",  # a message it sent to a group
    "received",  # a message it received, other than a first answer
    "reply",  # the first answer of someone it had contacted: one for each first_contact at most
    "block",  # someone blocked it
    "report",  # someone reported it
    "group",  # it created a group
    "invite",  # it added or invited someone to a group
    "join",  # it joined a group
    "complaint",  # it blocked or reported someone; drawn of a ring of reporters only
)
MOMENTS_KEPT_AT_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to or by an account; ``kind`` is one of :data:`MOMENT_KINDS`."""

    time: float
    kind: str


@dataclass(slots=True)
class ActedOn:
    """One account with at least one decision above ``allow``."""

    account: str
    decisions: list[DecisionShown]
    """In order of time; at least one."""
    moments: list[Moment] = field(default_factory=list)
    """In order of time; see :func:`keep_moments`."""
    moments_left_out: int = 0
    totals: dict[str, int] = field(default_factory=dict)
    """Over the whole log: ``messages``, ``first contacts``, ``answered``, ``blocks``, ``reports`` …"""

    @property
    def strongest(self) -> DecisionShown:
        """The first decision at the highest rung this account ever reached."""
        return max(self.decisions, key=lambda decision: (SEVERITY[decision.rung], -decision.time))

    @property
    def first(self) -> DecisionShown:
        """The first decision above ``allow``."""
        return min(
            (decision for decision in self.decisions if decision.rung != "allow"),
            key=lambda decision: decision.time,
            default=self.decisions[0],
        )


@dataclass(slots=True)
class LogShown:
    """What was in the log, and what was wrong with it."""

    lines: int = 0
    accepted: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    """Lines set aside, by reason in words."""
    duplicates: int = 0
    late: int = 0
    """Events that came later than the stated sorting bound allows, used out of order."""
    first_time: float | None = None
    last_time: float | None = None
    notes: list[str] = field(default_factory=list)
    relative_time: bool = False
    """The log counts seconds from its own start; calendar dates would be invented."""
    relative_origin: float | None = None
    """The Unix second that stands for the log's second 0; None: midnight before ``first_time``."""

    @classmethod
    def of(cls, summary: LogSummary) -> "LogShown":
        """What the reader of the log counted."""
        return cls(
            lines=summary.rows,
            accepted=summary.events,
            rejected=dict(summary.rejected_by_reason),
            duplicates=summary.duplicates,
            late=summary.late,
            first_time=summary.first_time_s,
            last_time=summary.last_time_s,
            notes=list(summary.notes),
            relative_time=summary.relative_time,
            relative_origin=EARLIEST_S if summary.relative_time else None,
        )

    @property
    def set_aside(self) -> int:
        return sum(self.rejected.values())

    @property
    def span_s(self) -> float:
        if self.first_time is None or self.last_time is None:
            return 0.0
        return max(0.0, self.last_time - self.first_time)


@dataclass(slots=True)
class Findings:
    """Everything the terminal table and the report show."""

    title: str
    sources: list[str]
    log: LogShown
    senders: int
    """Accounts that sent at least one message."""
    accounts: int
    """Accounts seen in any part."""
    acted_on: list[ActedOn] = field(default_factory=list)
    """Most severe first (:func:`most_severe_first`)."""
    decisions_total: int = 0
    per_rung: dict[str, int] = field(default_factory=dict)
    """Accounts that ever reached the rung."""
    rung_series: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """For each rung, (start of the bin, decisions to that rung in the bin); the same bins for each rung."""
    traffic: list[tuple[float, int]] = field(default_factory=list)
    """Optional: (start of the bin, events in the log), the backdrop of the picture."""
    campaigns: list[CampaignShown] = field(default_factory=list)
    """Accounts found to act together, largest first."""
    search: Ended = "off"
    """How the search for them went."""
    missing_signals: list[str] = field(default_factory=list)
    """Signals the log never carried, in words."""
    policy_name: str = ""
    policy_digest: str = ""
    model_name: str = ""
    model_digest: str = ""
    seconds: float = 0.0
    events_per_second: float = 0.0
    peak_memory_bytes: int = 0

    @property
    def simulated(self) -> bool:
        return "simulat" in self.title.lower()

    @property
    def alerts_per_1000(self) -> float:
        """Accounts acted on for each 1,000 senders; one stopped at sign-up counts, though it sent nothing."""
        return 1000.0 * len(self.acted_on) / self.senders if self.senders else 0.0

    @property
    def median_first_contacts(self) -> float | None:
        """Median over acted-on accounts: strangers written to before anything was done."""
        if not self.acted_on:
            return None
        return float(median(acted.first.first_contacts for acted in self.acted_on))


def most_severe_first(acted_on: Iterable[ActedOn]) -> list[ActedOn]:
    """Sort for the reader: strongest rung, then most strangers written to, then time, then name."""

    def key(acted: ActedOn) -> tuple[int, int, float, str]:
        strongest = acted.strongest
        reached = acted.totals.get("first contacts", strongest.first_contacts)
        return (-SEVERITY[strongest.rung], -reached, strongest.time, acted.account)

    return sorted(acted_on, key=key)


_SCARCE_KINDS = frozenset({"sign_up", "first_contact", "reply", "block", "report", "group"})


def keep_moments(moments: Sequence[Moment], limit: int = MOMENTS_KEPT_AT_MOST) -> tuple[list[Moment], int]:
    """Cut a long life down to ``limit`` moments, in order of time; returns (kept, how many were left out).

    The picture's counts rest on first contacts, answers and complaints, so those stay as long as they fit;
    what is thinned, evenly over the account's life, is ordinary traffic.
    """
    ordered = sorted(moments, key=lambda moment: moment.time)
    if len(ordered) <= limit:
        return ordered, 0
    scarce = [moment for moment in ordered if moment.kind in _SCARCE_KINDS]
    common = [moment for moment in ordered if moment.kind not in _SCARCE_KINDS]
    kept = _thinned(scarce, limit)
    kept += _thinned(common, limit - len(kept))
    return sorted(kept, key=lambda moment: moment.time), len(ordered) - len(kept)


def _thinned(moments: list[Moment], limit: int) -> list[Moment]:
    """``limit`` of the moments, evenly spaced by rank."""
    if len(moments) <= limit:
        return moments
    return [moments[i * len(moments) // limit] for i in range(limit)]


_BIN_WIDTHS_S = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
_DAY_S = 86_400


def series_bins(first: float, last: float, at_most: int = 90) -> list[float]:
    """Starts of equal bins of a round width that cover ``first`` to ``last`` (Unix seconds)."""
    span = max(last - first, 1.0)
    width = next((w for w in _BIN_WIDTHS_S if span / w < at_most - 1), None)
    if width is None:
        width = _DAY_S * max(1, math.ceil(span / _DAY_S / (at_most - 1)))
    start = math.floor(first / width) * width
    return [float(start + i * width) for i in range(math.floor((last - start) / width) + 1)]


def rung_series(
    decisions: Iterable[DecisionShown], first: float, last: float, at_most: int = 90
) -> dict[str, list[tuple[float, int]]]:
    """Decisions above ``allow`` for each rung and bin of time; bins as :func:`series_bins` makes them."""
    bins = series_bins(first, last, at_most)
    counts = {rung: [0] * len(bins) for rung in RUNGS if rung != "allow"}
    for decision in decisions:
        if decision.rung in counts:
            counts[decision.rung][max(0, bisect_right(bins, decision.time) - 1)] += 1
    return {rung: list(zip(bins, row, strict=True)) for rung, row in counts.items() if any(row)}
