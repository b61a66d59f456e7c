"""Reading a zip file that somebody else made: bounded, and never unpacked to disk by names it chose."""

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

MOST_FILES = 100_000
MOST_DIRECTORY_BYTES = 64 << 20
MOST_FILE_BYTES = 4 << 30
MOST_TOTAL_BYTES = 64 << 30
MOST_RATIO = 200
"""Of unpacked to packed bytes, beyond the first :data:`FREE_BYTES`: text reaches 20, nothing honest 200."""
FREE_BYTES = 1 << 20
MOST_NAME_BYTES = 240
PIECE_BYTES = 1 << 20
_END, _END_SIZE, _MOST_COMMENT = b"PK\x05\x06", 22, 65_535
_END64_PLACE, _END64_PLACE_SIZE, _END64 = b"PK\x06\x07", 20, b"PK\x06\x06"


class RefusedFileError(Exception):
    """The file is not opened; the message says why."""


class ChangedEntryError(Exception):
    """The bytes of an entry are not those that were packed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file within."""

    name: str
    size: int


class SafeZip:
    """A zip file that keeps the limits above, between ``with`` and its end. Raises RefusedFileError."""

    def __init__(self, path: Path) -> None:
        try:
            _limit_directory(path)
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise RefusedFileError(f"{path}: there is no such file") from None
        except (zipfile.BadZipFile, struct.error, OSError, ValueError, NotImplementedError) as error:
            raise RefusedFileError(f"{path}: no zip file that can be read: {error}") from None
        try:
            self.entries = {entry.name: entry for entry in self._checked(path.stat().st_size)}
        except RefusedFileError:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of an entry, piece by piece. Raises ChangedEntryError."""
        left = self.entries[name].size
        try:
            with self._zip.open(name) as file:
                while piece := file.read(PIECE_BYTES):
                    left -= len(piece)
                    if left < 0:
                        raise ChangedEntryError("it is longer than the zip file says")
                    yield piece
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise ChangedEntryError(f"its bytes cannot be read as they were packed: {error}") from None
        if left:
            raise ChangedEntryError("it is shorter than the zip file says")

    def read(self, name: str, most: int) -> bytes:
        """A whole entry of up to ``most`` bytes. Raises ChangedEntryError, RefusedFileError."""
        if self.entries[name].size > most:
            raise RefusedFileError(
                f"{name}: {self.entries[name].size:,} bytes, {most:,} are the most for this file"
            )
        return b"".join(self.pieces(name))

    def _checked(self, packed: int) -> Iterator[Entry]:
        infos = self._zip.infolist()
        if len(infos) > MOST_FILES:
            raise RefusedFileError(f"{len(infos):,} files in the zip, {MOST_FILES:,} are the most")
        if sum(info.compress_size for info in infos) > packed:
            raise RefusedFileError(
                "its entries together are longer than the file: they overlap, as in a zip bomb"
            )
        if sum(info.file_size for info in infos) > MOST_TOTAL_BYTES:
            raise RefusedFileError(f"unpacked it would have more than {MOST_TOTAL_BYTES:,} bytes")
        seen: dict[str, str] = {}
        for info in infos:
            _check_entry(info)
            folded = unicodedata.normalize("NFC", info.filename).casefold()
            if folded in seen:
                raise RefusedFileError(
                    f"{shown(info.filename)}: two files of this name, {shown(seen[folded])} is the other"
                )
            seen[folded] = info.filename
            if not info.is_dir():
                yield Entry(info.filename, info.file_size)


def _check_entry(info: zipfile.ZipInfo) -> None:
    name = info.filename
    if (
        name != info.orig_filename
        or "\x00" in info.orig_filename
        or len(name.encode(errors="replace")) > MOST_NAME_BYTES
    ):
        raise RefusedFileError(f"{shown(name)}: a name that is too long, or holds a null")
    parts = name.rstrip("/").split("/")
    if (
        name.startswith("/")
        or "\\" in name
        or ":" in parts[0]
        or {"", ".", ".."} & set(parts)
        or not name.isprintable()
    ):
        raise RefusedFileError(f"{shown(name)}: a name that leads out of the folder it would be unpacked to")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a symbolic link" if kind == stat.S_IFLNK else "no ordinary file"
        raise RefusedFileError(f"{shown(name)}: {what}; a case file holds files only")
    if info.flag_bits & 0x1:
        raise RefusedFileError(f"{shown(name)}: encrypted; a case file hides nothing")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RefusedFileError(
            f"{shown(name)}: packed by method {info.compress_type}, expected none or deflate"
        )
    if info.file_size > MOST_FILE_BYTES:
        raise RefusedFileError(
            f"{shown(name)}: {info.file_size:,} bytes unpacked, {MOST_FILE_BYTES:,} are the most"
        )
    if info.file_size > FREE_BYTES + MOST_RATIO * info.compress_size:
        raise RefusedFileError(
            f"{shown(name)}: {info.compress_size:,} bytes that unpack to {info.file_size:,}: a zip bomb"
        )


def shown(name: str) -> str:
    """A name from elsewhere, safe to print."""
    return ascii(name[:100])


def _limit_directory(path: Path) -> None:
    """Before the library reads it whole: how long the directory at the end of the file is."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = max(0, size - _END_SIZE - _MOST_COMMENT - _END64_PLACE_SIZE)
        file.seek(start)
        tail = file.read()
        place = tail.rfind(_END)
        if place < 0 or len(tail) - place < _END_SIZE:
            raise zipfile.BadZipFile("it has no directory at its end")
        count, length = struct.unpack_from("<HI", tail, place + 10)
        before = tail[place - _END64_PLACE_SIZE : place] if place >= _END64_PLACE_SIZE else b""
        if before.startswith(_END64_PLACE):
            (at,) = struct.unpack_from("<Q", before, 8)
            if at + 56 > size:
                raise zipfile.BadZipFile("the place of its directory lies beyond its end")
            file.seek(at)
            end64 = file.read(56)
            if not end64.startswith(_END64):
                raise zipfile.BadZipFile("its directory is not where it says")
            count, length = struct.unpack_from("<QQ", end64, 32)
    if length > MOST_DIRECTORY_BYTES or count > MOST_FILES:
        raise RefusedFileError(
            f"{path}: a directory of {count:,} files and {length:,} bytes; {MOST_FILES:,} files and "
            f"{MOST_DIRECTORY_BYTES:,} bytes are the most"
        )
