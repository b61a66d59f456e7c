"""A stream of bytes in blocks of whole lines. A line without end is never held in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tidegate.events.contract import LINE_LIMIT_BYTES
from tidegate.events.fields import Bytes
from tidegate.events.source import Stream

BLOCK_BYTES = 4 * 1024 * 1024
"""Small enough to stay near the processor, large enough that the work around a block does not count."""
PADDING_BYTES = 16
"""Compiled code looks a few bytes ahead of a line's end."""
EXCERPT_BYTES = 800
"""Enough for the 200 characters that a rejected line is quoted with."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines: ``data[:end]`` ends with a newline. Valid until the next block is asked for."""

    data: Bytes
    end: int


@dataclass(frozen=True, slots=True)
class HugeLine:
    """A line beyond the limit, of which only the beginning was kept."""

    excerpt: bytes


def whole_lines(stream: Stream, block_bytes: int = BLOCK_BYTES) -> Iterator[Block | HugeLine]:
    """Blocks of whole lines, in order; a last line without a newline gets one."""
    room = block_bytes + LINE_LIMIT_BYTES
    buffer = bytearray(room + PADDING_BYTES)
    data = np.frombuffer(buffer, np.uint8)
    view = memoryview(buffer)
    filled = 0
    while True:
        end = buffer.rfind(b"\n", 0, filled) + 1
        if end:
            yield Block(data, end)
        held = filled - end
        view[:held] = bytes(view[end:filled])
        if held > LINE_LIMIT_BYTES:
            yield HugeLine(bytes(view[:EXCERPT_BYTES]))
            filled = _skip_line(stream, view[:block_bytes])
            continue
        got = stream.read_into(view[held : held + block_bytes])
        filled = held + got
        if got == 0:
            if held:
                buffer[held] = 10
                yield Block(data, held + 1)
            return


def _skip_line(stream: Stream, view: memoryview) -> int:
    """Read on to the end of a line; what follows it goes to the beginning of ``view``. Returns its length."""
    while True:
        got = stream.read_into(view)
        after = bytes(view[:got]).find(b"\n") + 1
        if got == 0 or after:
            view[: got - after] = bytes(view[after:got])
            return got - after
