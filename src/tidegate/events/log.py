"""Opening logs and reading them as one stream of events in the order of time."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tidegate.events.contract import Reading
from tidegate.events.detect import FORMATS, LogFile, open_file
from tidegate.events.duplicates import REMEMBERED_IDS, Duplicates
from tidegate.events.errors import LogError
from tidegate.events.intake import REJECTED_LINES_LIMIT, Intake
from tidegate.events.moment import TEN_YEARS_S, TimeBounds
from tidegate.events.pseudonym import Pseudonyms
from tidegate.events.reorder import HELD_ROWS, Chunk, Reorder
from tidegate.events.summary import LogSummary


class Log:
    """One or more files as one stream of :class:`~tidegate.events.reorder.Chunk`.

    Iterating reads from the beginning, each time with the same result. ``summary`` describes the last
    iteration and is complete when that reached its end.
    """

    def __init__(
        self, files: Sequence[LogFile], *, strict: bool, sort_window_s: float | None, rejected: Path | None
    ) -> None:
        self.files = files
        self.summary = LogSummary()
        self._strict = strict
        self._sort_window_s = sort_window_s
        self._rejected = rejected

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes read so far and bytes in all, as they lie on disk."""
        sources = [file.source for file in self.files]
        return sum(source.position for source in sources), sum(source.size for source in sources)

    def __iter__(self) -> Iterator[Chunk]:
        self.summary = summary = LogSummary()
        summary.relative_time = any(file.relative_time for file in self.files)
        for file in self.files:
            file.source.position = 0
        reorder = Reorder(self._sort_window_s)
        duplicates = Duplicates()
        intake = Intake(self._strict)
        with ExitStack() as stack:
            if self._rejected is not None:
                intake.rejected_file = stack.enter_context(self._rejected.open("w", encoding="utf-8"))
            for file in self.files:
                intake.path = file.source.path
                for batch in file.batches(intake):
                    fresh = duplicates.first_times(batch.events["id"])
                    kept = batch if fresh is None else batch.only(fresh)
                    self._count(intake, duplicates, reorder)
                    if kept.rows.size:
                        summary.note_events(kept.events)
                        yield from reorder.push(kept)
                file.source.position = file.source.size
            yield from reorder.flush()
        self._count(intake, duplicates, reorder)
        self._conclude(intake)

    def _count(self, intake: Intake, duplicates: Duplicates, reorder: Reorder) -> None:
        self.summary.rows = intake.rows
        self.summary.rejected = intake.rejected.total()
        self.summary.rejected_by_reason = dict(intake.rejected.most_common())
        self.summary.duplicates = duplicates.count
        self.summary.late = reorder.late

    def _conclude(self, intake: Intake) -> None:
        """Add the sentences; raises :class:`LogError` when there was nothing to read."""
        summary = self.summary
        path = self.files[-1].source.path
        if not summary.events and intake.first_rejection:
            raise LogError(path, f"no line could be used; in {intake.first_rejection}")
        if not summary.events:
            raise LogError(path, "there is no event in it", "A log has one event a line")
        relative = [file for file in self.files if file.relative_time]
        if relative and len(relative) < len(self.files):
            summary.notes.append(
                "Some files count time from their own start, others do not: they do not belong together."
            )
        for file in self.files:
            summary.notes += file.notes()
        summary.notes += self._sentences()

    def _sentences(self) -> Iterator[str]:
        summary = self.summary
        if summary.rejected:
            counted = ", ".join(f"{count:,} {reason}" for reason, count in summary.rejected_by_reason.items())
            yield f"{summary.rejected:,} of {summary.rows:,} lines were set aside: {counted}."
        if summary.rejected > REJECTED_LINES_LIMIT and self._rejected is not None:
            yield f"Only the first {REJECTED_LINES_LIMIT:,} of them are in {self._rejected.name}."
        if summary.duplicates:
            yield (
                f"{summary.duplicates:,} events repeated an id and counted once; "
                f"an id is remembered for at least the next {REMEMBERED_IDS:,}."
            )
        if summary.late:
            bound = f"{HELD_ROWS:,} buffered events"
            if self._sort_window_s is not None:
                bound = f"{self._sort_window_s:,.0f} s or {bound}"
            yield (
                f"The log is not sorted: {summary.late:,} events came farther out of order than {bound}, "
                "and were passed on as they came."
            )


def open_log(
    paths: Sequence[Path],
    *,
    format: str = "auto",
    pseudonyms: Pseudonyms,
    strict: bool = False,
    sort_window_s: float | None = None,
    rejected: Path | None = None,
    now_s: float | None = None,
) -> Log:
    """Open logs for reading, in the order given.

    ``format`` is ``auto``, ``jsonl``, ``csv``, ``parquet`` or ``snap``. Lines that cannot be used are written
    to ``rejected`` (JSON Lines) and counted; with ``strict`` the first one raises. Events are put into the
    order of time as far as a buffer of :data:`~tidegate.events.reorder.HELD_ROWS` reaches, so a log no longer
    than that is always sorted; with ``sort_window_s`` no farther than that many seconds back. Events beyond
    are passed on out of order and counted. ``now_s`` (Unix seconds, default the clock) only serves to reject
    times more than ten years ahead.

    Raises :class:`~tidegate.events.errors.LogError` for a file that is not a log, here or while reading.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}; choose one of {', '.join(FORMATS)}")
    if not paths:
        raise ValueError("no log was named")
    now = time.time() if now_s is None else now_s
    reading = Reading(pseudonyms, TimeBounds(now + TEN_YEARS_S))
    files = [open_file(Path(path), format, reading) for path in paths]
    return Log(files, strict=strict, sort_window_s=sort_window_s, rejected=rejected)
