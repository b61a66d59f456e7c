"""An exhibit: bytes that never change, known by their SHA-256, with all that is on record about how they were got."""

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegate.desk.evidence.custody.authorities_named import TokenRecord
from tidegate.desk.evidence.custody.clocks import Clocks

PIECE_BYTES = 1 << 20
MOST_TITLE = 300

Bytes = bytes | Path
"""Held in memory, or a file that is read piece by piece."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file that belongs to an exhibit."""

    content: Bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class ExhibitContent:
    """An exhibit with its bytes, ready for a case file."""

    title: str
    kind: str
    """``page``, ``file``, ``email``, ``screenshot``, ``listing``, ``warc`` …"""
    raw: Part
    """As received; what was transferred."""
    clocks: Clocks
    source: str = ""
    """Where it was found."""
    decoded: Part | None = None
    """After undoing the transfer's and the content's encoding, when that changes the bytes."""
    warc: Bytes | None = None
    renderings: tuple[Part, ...] = ()
    """Working copies: what it looked like."""
    tokens: tuple[TokenRecord, ...] = ()
    """Time stamps over the raw bytes."""
    operator: str = ""
    tool: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


def pieces(content: Bytes) -> Iterator[bytes]:
    """The bytes, up to :data:`PIECE_BYTES` at a time. Raises OSError."""
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def sha256_of(content: Bytes) -> str:
    """64 hexadecimal digits. Raises OSError."""
    made = hashlib.sha256()
    for piece in pieces(content):
        made.update(piece)
    return made.hexdigest()


def file_name(sha256: str, media_type: str) -> str:
    """A file is named by its hash: names from elsewhere may hold anything, and differ between systems."""
    known = {"text/html": ".html", "image/jpeg": ".jpg", "application/warc": ".warc.gz", "text/plain": ".txt"}
    plain = media_type.partition(";")[0].strip().lower()
    ending = known.get(plain) or mimetypes.guess_extension(plain) or ".bin"
    return sha256 + (ending if re.fullmatch(r"(\.[a-z0-9]{1,8}){1,2}", ending) else ".bin")
