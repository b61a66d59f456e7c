"""Reading the next part of a log on a second core while the engine decides on this one."""

import queue
import threading
from collections.abc import Generator, Iterable

from tidegate.events.reorder import Chunk

CHUNKS_AHEAD = 2
_LOOK_AGAIN_S = 0.1
"""How often a reader that waits for room looks whether anybody still listens."""


class _Reader(threading.Thread):
    """Fills a short queue: chunks, then what ended the reading (an exception, or None at the end)."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        super().__init__(name="tidegate-reader", daemon=True)
        self._chunks = chunks
        self.ready: queue.Queue[Chunk | BaseException | None] = queue.Queue(CHUNKS_AHEAD)
        self.unwanted = threading.Event()

    def run(self) -> None:
        last: BaseException | None = None
        try:
            for chunk in self._chunks:
                if not self._hand_over(chunk):
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised again where the chunks are taken
            last = error
        self._hand_over(last)

    def _hand_over(self, item: Chunk | BaseException | None) -> bool:
        while not self.unwanted.is_set():
            try:
                self.ready.put(item, timeout=_LOOK_AGAIN_S)
            except queue.Full:
                continue
            return True
        return False


def read_ahead(chunks: Iterable[Chunk]) -> Generator[Chunk, None, None]:
    """The same chunks in the same order. What reading raises is raised here, after the chunks before it."""
    reader = _Reader(chunks)
    reader.start()
    try:
        while True:
            item = reader.ready.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        reader.unwanted.set()
        reader.join()
