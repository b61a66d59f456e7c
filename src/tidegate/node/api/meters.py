"""What the API counts about itself, and the metrics page: its own counts beside the node's figures."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tidegate.node.api.admission import Admission
from tidegate.node.api.exposition import Histogram, Page

REQUEST_BOUNDS_S = (
    0.0002,
    0.0005,
    0.001,
    0.002,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    10.0,
    60.0,
)
TAKE_BOUNDS_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
BATCH_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096)
LINES_BOUNDS = (1, 10, 100, 1_000, 10_000, 65_536)
REJECTED = "events_rejected"
_STARTED_S = time.time()


@dataclass(frozen=True, slots=True)
class Named:
    """How a figure of the node is called on the page."""

    name: str
    kind: str
    meaning: str
    label: str = ""
    """What the rest of the figure's name says, when it counts one part of something: a rung, a state."""


def _counter(name: str, meaning: str, label: str = "") -> Named:
    return Named(f"tidegate_{name}_total", "counter", meaning, label)


def _gauge(name: str, meaning: str, label: str = "") -> Named:
    return Named(f"tidegate_{name}", "gauge", meaning, label)


FIGURES: dict[str, Named] = {
    "events_accepted": _counter("events_accepted", "Events taken and made durable."),
    "events_duplicates": _counter("events_duplicate", "Lines that had been taken before."),
    "events_rejected": _counter("events_rejected", "Lines that could not be used."),
    "events_batches": _counter("commits", "Batches made durable."),
    "journal_sequence": _gauge("journal_sequence", "Events in the journal."),
    "ledger_committed_through": _gauge(
        "ledger_committed_through", "Events whose decisions are in the ledger."
    ),
    "ledger_waiting_decisions": _gauge("ledger_waiting_decisions", "Decisions on their way to the ledger."),
    "engine_accounts": _gauge("engine_accounts", "Accounts that the engine remembers."),
    "engine_networks": _gauge("engine_networks", "Networks that the engine remembers."),
    "engine_devices": _gauge("engine_devices", "Devices that the engine remembers."),
    "engine_bytes": _gauge("engine_bytes", "Memory of the engine's tables."),
    "engine_late_events": _counter("engine_late_events", "Events older than the latest one seen."),
    "engine_judged": _counter("engine_judged", "Looks at an account by rules and model."),
    "snapshot_sequence": _gauge("snapshot_sequence", "Events that the newest snapshot covers."),
    "snapshot_age_seconds": _gauge("snapshot_age_seconds", "Age of the newest snapshot."),
    "clock_behind_seconds": _gauge(
        "clock_behind_seconds", "How far the machine's clock lies behind the latest time."
    ),
    "campaigns_searching": _gauge(
        "campaigns_searching", "1 while accounts that act together are looked for."
    ),
    "campaigns_found": _counter("campaigns_found", "Findings of campaigns, new or with new members."),
    "campaigns_told": _counter("campaigns_told", "Events put into the journal because of findings."),
    "campaigns_passed_at_seconds": _gauge(
        "campaigns_passed_at_seconds", "The log's time when campaigns were last looked for."
    ),
    "campaigns_pass_seconds": _gauge("campaigns_pass_seconds", "How long the last look took."),
    "campaigns_unread_events": _gauge(
        "campaigns_unread_events", "Events in the journal since the last look."
    ),
    "campaigns_search_bytes": _gauge("campaigns_search_bytes", "Memory of the search's tables."),
    "outbox_standing": _gauge("standing_accounts", "Accounts on which a measure is in effect."),
    "outbox_": _gauge("actions", "Actions that are due, held by a breaker, or were given up.", "state"),
    "decisions_": _counter("decisions", "Changes of rung.", "rung"),
    "breaker_open_": _gauge("breaker_open", "1 while a circuit breaker holds actions back.", "rung"),
    "breaker_last_day_": _gauge(
        "breaker_measures", "Measures of the last day, as the breaker counts.", "rung"
    ),
}
"""Every number of the node's figures. A name that ends with an underscore stands for all that begin so."""


def named(figure: str) -> tuple[Named, Mapping[str, str]]:
    """How a figure is called, and its label."""
    exact = FIGURES.get(figure)
    if exact is not None:
        return exact, {}
    for beginning, family in FIGURES.items():
        if beginning.endswith("_") and figure.startswith(beginning):
            return family, {family.label: figure.removeprefix(beginning)}
    return _gauge(figure, "A figure of the node."), {}


class Meters:
    """Counts of one running API. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], int] = {}
        self._durations: dict[str, Histogram] = {}
        self._batch = Histogram(BATCH_BOUNDS)
        self._lines = Histogram(LINES_BOUNDS)
        self._take = Histogram(TAKE_BOUNDS_S)

    def request(self, route: str, status: int, took_s: float) -> None:
        """A request was answered."""
        key = (route, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        durations = self._durations.get(route)
        if durations is None:
            durations = self._durations[route] = Histogram(REQUEST_BOUNDS_S)
        durations.add(took_s)

    def batch(self, requests: int, lines: int, took_s: float) -> None:
        """The node has taken a batch."""
        self._batch.add(requests)
        self._lines.add(lines)
        self._take.add(took_s)

    def page(
        self,
        figures: Mapping[str, float],
        rejected: Mapping[str, int],
        admission: Admission,
        pollers: int,
    ) -> bytes:
        """The metrics page. ``figures``: of the node. ``rejected``: its rejected lines by reason."""
        page = Page()
        families: dict[str, tuple[Named, list[tuple[Mapping[str, str], float]]]] = {}
        for figure, value in figures.items():
            if figure != REJECTED:  # shown by reason
                family, labels = named(figure)
                families.setdefault(family.name, (family, []))[1].append((labels, value))
        by_reason: list[tuple[Mapping[str, str], float]] = [
            ({"reason": word}, float(count)) for word, count in rejected.items()
        ]
        families[FIGURES[REJECTED].name] = (FIGURES[REJECTED], by_reason)
        for family, samples in families.values():
            page.family(family.name, family.kind, family.meaning, samples)
        self._own(page, admission, pollers)
        _process(page)
        return page.text()

    def _own(self, page: Page, admission: Admission, pollers: int) -> None:
        page.family(
            "tidegate_requests_total",
            "counter",
            "Requests answered.",
            (({"route": route, "status": str(status)}, n) for (route, status), n in self._requests.items()),
        )
        page.histograms(
            "tidegate_request_seconds",
            "From a request's headers to its answer.",
            (({"route": route}, histogram) for route, histogram in self._durations.items()),
        )
        page.histograms("tidegate_batch_requests", "Requests made durable together.", [({}, self._batch)])
        page.histograms("tidegate_batch_lines", "Lines made durable together.", [({}, self._lines)])
        page.histograms(
            "tidegate_take_seconds", "To make a batch durable and observe it.", [({}, self._take)]
        )
        waiting = "Requests handed to the node and not answered yet."
        page.family("tidegate_queue_requests", "gauge", waiting, [({}, admission.waiting)])
        page.family(
            "tidegate_queue_bytes", "gauge", "Bodies of unanswered requests.", [({}, admission.held_bytes)]
        )
        page.family("tidegate_pollers", "gauge", "Requests that wait for actions.", [({}, pollers)])


def _process(page: Page) -> None:
    """What Prometheus' own clients tell of a process, by the same names."""
    times = os.times()
    page.family(
        "process_cpu_seconds_total",
        "counter",
        "CPU time, user and system.",
        [({}, times.user + times.system)],
    )
    page.family("process_start_time_seconds", "gauge", "When it began, Unix seconds.", [({}, _STARTED_S)])
    memory = Path("/proc/self/statm")
    if memory.exists():
        pages = int(memory.read_text("ascii").split()[1])
        resident = pages * os.sysconf("SC_PAGE_SIZE")
        page.family("process_resident_memory_bytes", "gauge", "Memory in use.", [({}, resident)])
    descriptors = Path("/proc/self/fd")
    if descriptors.exists():
        page.family(
            "process_open_fds",
            "gauge",
            "Open file descriptors.",
            [({}, sum(1 for _ in descriptors.iterdir()))],
        )
