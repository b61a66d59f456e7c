"""Snapshots of the engine's state: files that spare a node most of the replay after a stop.

A file holds the engine's arrays in compressed chunks, each with a checksum, and ends with a footer that says what they
are and up to which event of which journal they reach. It is written beside its name and renamed when the disk has it;
a damaged one is noticed, named and passed over for an older one.
"""

import fcntl
import hashlib
import json
import os
import struct
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tidegate.engine.layout import LAYOUT_DIGEST
from tidegate.node.database import storage_errors
from tidegate.node.requests import StorageError

FOLDER = "snapshots"
CHUNK_BYTES = 8 << 20
MAGIC = b"TIDEGATE-SNAPSHOT-1\n"
_CODEC = pa.Codec("zstd", 1)
_TAIL = struct.Struct("<Q16s")
"""Bytes of the footer, and its checksum."""
THREADS = 2
LOCK_WAIT_S = 60.0
"""A process that makes a snapshot ends with its node, so whoever comes after it waits for a moment at most."""
LOCK_LOOK_S = 0.02


class SnapshotDamaged(Exception):  # noqa: N818 - it is about the snapshot
    """A snapshot cannot be used; the message names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Described:
    """A snapshot and what it says of itself."""

    path: Path
    sequence: int
    """Events observed."""
    journal_digest: str
    """Hexadecimal, of the journal's chain after that many events."""
    policy_mark: int
    parts: dict[str, dict[str, Any]]
    """By name: ``bytes``, and ``chunks`` as (offset, compressed bytes, bytes, checksum)."""


def _checksum(data: Any) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _flat(array: NDArray[Any]) -> memoryview:
    return memoryview(array.view(np.uint8).reshape(-1).data)


def write_snapshot(
    folder: Path, parts: Mapping[str, NDArray[Any]], *, sequence: int, journal_digest: bytes, policy_mark: int
) -> Path:
    """Write one; the arrays must not change meanwhile. Raises :class:`~tidegate.node.requests.StorageError`."""
    home = folder / FOLDER
    path = home / f"{sequence:016d}.snapshot"
    part_file = home / f".{path.name}.{os.getpid()}.part"
    footer: dict[str, Any] = {
        "layout": LAYOUT_DIGEST,
        "sequence": sequence,
        "journal": journal_digest.hex(),
        "policy": policy_mark,
        "parts": {},
    }
    with storage_errors(path):
        home.mkdir(mode=0o700, exist_ok=True)
        try:
            with part_file.open("wb") as out, ThreadPoolExecutor(THREADS) as pool:
                out.write(MAGIC)
                for name, array in parts.items():
                    footer["parts"][name] = {
                        "bytes": array.nbytes,
                        "chunks": list(_write_part(out, array, pool)),
                    }
                text = json.dumps(footer).encode()
                out.write(text)
                out.write(_TAIL.pack(len(text), hashlib.blake2b(text, digest_size=16).digest()))
                out.flush()
                os.fsync(out.fileno())
            part_file.replace(path)
            _sync_folder(home)
        finally:
            part_file.unlink(missing_ok=True)
    return path


def _write_part(
    out: Any, array: NDArray[Any], pool: ThreadPoolExecutor
) -> Iterator[tuple[int, int, int, str]]:
    """Compress chunks ahead in threads, write them in order."""
    flat = _flat(array)
    starts = range(0, len(flat), CHUNK_BYTES)

    def pack(start: int) -> tuple[bytes, int, str]:
        raw = flat[start : start + CHUNK_BYTES]
        packed: bytes = _CODEC.compress(pa.py_buffer(raw), asbytes=True)
        return packed, len(raw), _checksum(packed)

    waiting: list[Future[tuple[bytes, int, str]]] = []
    for start in starts:
        waiting.append(pool.submit(pack, start))
        if len(waiting) > 2 * THREADS:
            yield _written(out, waiting.pop(0).result())
    for ready in waiting:
        yield _written(out, ready.result())


def _written(out: Any, chunk: tuple[bytes, int, str]) -> tuple[int, int, int, str]:
    packed, raw_bytes, checksum = chunk
    at = out.tell()
    out.write(packed)
    return at, len(packed), raw_bytes, checksum


def snapshots_in(folder: Path) -> list[Path]:
    """The finished snapshots, newest first."""
    return sorted((folder / FOLDER).glob("*.snapshot"), reverse=True)


def describe(path: Path) -> Described:
    """Read a snapshot's footer. Raises :class:`SnapshotDamaged`."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise SnapshotDamaged(f"{path.name}: not a snapshot, or its beginning is damaged")
            size = file.seek(0, os.SEEK_END)
            if size < len(MAGIC) + _TAIL.size:
                raise SnapshotDamaged(f"{path.name}: the file is cut off")
            file.seek(size - _TAIL.size)
            length, checksum = _TAIL.unpack(file.read(_TAIL.size))
            if length > size - _TAIL.size - len(MAGIC):
                raise SnapshotDamaged(f"{path.name}: the file is cut off, or its end is damaged")
            file.seek(size - _TAIL.size - length)
            text = file.read(length)
    except OSError as error:
        raise SnapshotDamaged(f"{path.name}: it cannot be read: {error.strerror}") from None
    if hashlib.blake2b(text, digest_size=16).digest() != checksum:
        raise SnapshotDamaged(f"{path.name}: the footer's checksum does not match")
    footer = json.loads(text)
    if footer["layout"] != LAYOUT_DIGEST:
        raise SnapshotDamaged(
            f"{path.name}: written by another version of Tidegate, with another layout of its records"
        )
    return Described(path, footer["sequence"], footer["journal"], footer["policy"], footer["parts"])


def fill(described: Described, targets: Mapping[str, NDArray[Any]]) -> None:
    """Unpack a snapshot straight into the arrays of an engine. Raises :class:`SnapshotDamaged`."""
    if set(targets) != set(described.parts):
        raise SnapshotDamaged(
            f"{described.path.name}: it holds {sorted(described.parts)}, wanted {sorted(targets)}"
        )
    try:
        with described.path.open("rb") as file, ThreadPoolExecutor(THREADS) as pool:
            jobs = []
            for name, part in described.parts.items():
                flat, at = targets[name].view(np.uint8).reshape(-1), 0
                if len(flat) != part["bytes"]:
                    raise SnapshotDamaged(
                        f"{described.path.name}: {name} has {part['bytes']} bytes, not {len(flat)}"
                    )
                for offset, packed_bytes, raw_bytes, checksum in part["chunks"]:
                    into = flat[at : at + raw_bytes]
                    at += raw_bytes
                    jobs.append(
                        pool.submit(
                            _unpack, file.fileno(), offset, packed_bytes, checksum, into, described.path.name
                        )
                    )
            for job in jobs:
                job.result()
    except OSError as error:
        raise SnapshotDamaged(f"{described.path.name}: it cannot be read: {error.strerror}") from None


def _unpack(
    descriptor: int, offset: int, size: int, checksum: str, into: NDArray[np.uint8], name: str
) -> None:
    packed = os.pread(descriptor, size, offset)
    if len(packed) != size or _checksum(packed) != checksum:
        raise SnapshotDamaged(f"{name}: the checksum of the chunk at byte {offset} does not match")
    try:
        into[:] = np.frombuffer(_CODEC.decompress(packed, len(into)), np.uint8)
    except (OSError, ValueError) as error:
        raise SnapshotDamaged(f"{name}: the chunk at byte {offset} cannot be unpacked: {error}") from None


def set_aside(path: Path) -> Path:
    """Keep a damaged snapshot under another name, for a person to look at."""
    aside = path.with_suffix(".damaged")
    path.replace(aside)
    return aside


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of the snapshots: one process at a time makes and removes them, and none while a node recovers.

    Raises :class:`~tidegate.node.requests.StorageError` when another process does not let go of it in time.
    """
    path = folder / FOLDER / "lock"
    with storage_errors(path):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = path.open("w")
    with file:
        until_s = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > until_s:
                    raise StorageError(
                        f"{path}: a process that makes a snapshot has not ended for {LOCK_WAIT_S:.0f} s; end it first"
                    ) from None
            time.sleep(LOCK_LOOK_S)
        yield


def remove_halves(folder: Path) -> None:
    """Delete what killed processes left half-written. Under :func:`only_one`."""
    for path in (folder / FOLDER).glob(".*.part"):
        path.unlink(missing_ok=True)


def keep_newest(folder: Path, keep: int) -> list[Path]:
    """Delete all but the ``keep`` newest snapshots. Returns what is left. Under :func:`only_one`."""
    found = snapshots_in(folder)
    for path in found[keep:]:
        path.unlink(missing_ok=True)
    return found[:keep]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
