"""The bytes of one log file, plain or compressed, with how far reading has come."""

import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from tidegate.events.errors import LogError

GZIP_MAGIC = b"\x1f\x8b"
XZ_MAGIC = b"\xfd7zXZ\x00"


@dataclass(slots=True)
class Source:
    """One file. ``position`` counts bytes on disk, so that progress is honest for compressed files too."""

    path: Path
    size: int
    compression: str = ""
    position: int = field(default=0, compare=False)

    @classmethod
    def at(cls, path: Path) -> "Source":
        """The file at ``path``; raises :class:`LogError` when there is none that can be read."""
        if path.is_dir():
            raise LogError(path, "this is a directory", "Name the log files in it")
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                magic = file.read(len(XZ_MAGIC))
        except OSError as error:
            raise LogError(path, f"the file cannot be opened: {error.strerror}") from None
        if not magic:
            raise LogError(path, "the file is empty", "A log has one event a line")
        compression = "gzip" if magic.startswith(GZIP_MAGIC) else "xz" if magic == XZ_MAGIC else ""
        return cls(path, size, compression)

    @contextmanager
    def open(self) -> Iterator["Stream"]:
        """The decompressed bytes from the beginning."""
        self.position = 0
        with self.path.open("rb") as raw, closing(_unpacked(raw, self.compression)) as opened:
            yield Stream(self, raw, opened)


def _unpacked(raw: BinaryIO, compression: str) -> BinaryIO:
    if compression == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    return cast(BinaryIO, lzma.LZMAFile(raw)) if compression == "xz" else raw


@dataclass(frozen=True, slots=True)
class Stream:
    """Sequential reading of a source."""

    source: Source
    _raw: BinaryIO
    _opened: BinaryIO

    def read_into(self, space: memoryview) -> int:
        """Fill the beginning of ``space``; return how many bytes came, 0 at the end."""
        try:
            count = self._opened.readinto(space)  # type: ignore[attr-defined]
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            place = f"near byte {self._raw.tell()}"
            raise LogError(
                self.source.path, f"the compressed file is damaged ({error})", place=place
            ) from None
        except OSError as error:
            raise LogError(self.source.path, f"reading failed: {error.strerror}") from None
        self.source.position = min(self._raw.tell(), self.source.size)
        return int(count)

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes."""
        space = memoryview(bytearray(max(count, 1)))
        while count > 0:
            got = self.read_into(space[:count])
            if got == 0:
                return
            count -= got
