"""Deliveries of a messenger on their way into a batch: read, and rid of what is known already."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.events.duplicates import Duplicates
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.batch import Batch
from tidegate.node.intake import DeliveryReader, Read
from tidegate.node.requests import Answer, Delivery, Receipt
from tidegate.node.settings import Limits


class Receiving:
    """Remembers the ids of the latest events. One thread."""

    def __init__(self, pseudonyms: Pseudonyms, limits: Limits) -> None:
        self._reader = DeliveryReader(pseudonyms, line_limit=limits.lines)
        self._clock_skew_s = limits.clock_skew_s
        self._duplicates = Duplicates()
        self.counts = {"accepted": 0, "duplicates": 0, "rejected": 0}
        """Lines since the start."""

    @property
    def rejected_by_reason(self) -> dict[str, int]:
        """Rejected lines since the start."""
        return dict(self._reader.rejected)

    def remember_only(self, ids: Iterable[NDArray[np.uint64]]) -> None:
        """Know the ids that the journal holds: at a start, and after a write that failed."""
        self._duplicates = Duplicates()
        for some in ids:
            self._duplicates.first_times(some)
        self._duplicates.count = 0

    def receive(
        self, deliveries: Sequence[Delivery], batch: Batch, taken: Mapping[str, int], now_s: float
    ) -> None:
        """Read deliveries that follow one another, and leave out what is known already.

        ``taken``: the last line taken from each source before this batch.
        """
        at = len(batch.answers)
        taken = {**taken, **batch.sources}
        found, reads = self._reader.read(deliveries, taken, now_s + self._clock_skew_s)
        for i in (i for i, delivery in enumerate(deliveries) if delivery.verdict):
            rows = np.flatnonzero(found.owner == i).tolist()
            if rows:
                name = found.both(rows[:1])[0][0]
                batch.verdicts.append((at + i, int(found.events["actor"][rows[0]]), name))
        fresh = self._duplicates.first_times(found.events["id"])
        repeated = np.zeros(len(deliveries), np.int64)
        if fresh is not None:
            repeated += np.bincount(found.owner[~fresh], minlength=len(deliveries))
            found = found.only(fresh)
        accepted = np.bincount(found.owner, minlength=len(deliveries))
        batch.add(found.events, found.both)
        for i, (delivery, read) in enumerate(zip(deliveries, reads, strict=True)):
            batch.answers.append(self._receipt(read, int(accepted[i]), int(repeated[i])))
            if read.refused is None and delivery.source and delivery.first_number:
                last = delivery.first_number + read.lines + read.repeated_lines - 1
                batch.sources[delivery.source] = max(
                    taken.get(delivery.source, 0), last, batch.sources.get(delivery.source, 0)
                )

    def _receipt(self, read: Read, accepted: int, repeated: int) -> Answer:
        if read.refused is not None:
            return read.refused
        self.counts["accepted"] += accepted
        self.counts["duplicates"] += repeated + read.repeated_lines
        self.counts["rejected"] += read.rejected
        return Receipt(accepted, repeated + read.repeated_lines, read.rejected, tuple(read.rejections))
