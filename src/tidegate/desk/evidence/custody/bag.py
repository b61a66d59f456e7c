"""The files of a case as a BagIt bag (RFC 8493), written into one zip file as they come."""

import hashlib
import os
import zipfile
from pathlib import Path

from tidegate.desk.evidence.custody.exhibits import Bytes, pieces
from tidegate.desk.evidence.custody.layout import TAG_MANIFEST

DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
SINCE = (1980, 1, 1, 0, 0, 0)
"""The same date for every file: a zip's own dates prove nothing, and the same case makes the same file."""
ORDINARY_FILE = 0o100644 << 16
PACKED = frozenset({".json", ".jsonl", ".txt", ".html", ".tsv", ".pem", ".csv"})


class BagWriter:
    """Adds files to one folder of a zip; keeps the digests for the manifests. Raises OSError."""

    def __init__(self, path: Path, folder: str) -> None:
        self.folder = folder
        self.payload: dict[str, str] = {}
        """SHA-256 of each file below ``data/``, by its path."""
        self.tags: dict[str, str] = {}
        self._size = 0
        self._zip = zipfile.ZipFile(path, "w", allowZip64=True)

    def add(self, name: str, content: Bytes) -> str:
        """Write a file; one that is there already is not written again. Returns its SHA-256."""
        listed = self.payload if name.startswith("data/") else self.tags
        if name in listed:
            return listed[name]
        info = zipfile.ZipInfo(f"{self.folder}/{name}", SINCE)
        info.external_attr = ORDINARY_FILE
        info.compress_type = zipfile.ZIP_DEFLATED if Path(name).suffix in PACKED else zipfile.ZIP_STORED
        made, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=isinstance(content, Path)) as file:
            for piece in pieces(content):
                made.update(piece)
                size += len(piece)
                file.write(piece)
        listed[name] = made.hexdigest()
        if listed is self.payload:
            self._size += size
        return listed[name]

    @property
    def manifest(self) -> bytes:
        """Of the payload, in order of the names; ``sha256sum --check`` reads it."""
        return _lines(self.payload)

    @property
    def oxum(self) -> str:
        """Bytes and files of the payload (RFC 8493, 2.2.2)."""
        return f"{self._size}.{len(self.payload)}"

    def close(self) -> None:
        """Write the manifest of the other files, and the end of the zip."""
        self.add(TAG_MANIFEST, _lines(self.tags))
        self._zip.close()

    def abandon(self) -> None:
        """Let go of a file that will not be finished."""
        self._zip.close()


def _lines(digests: dict[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode("ascii")


def durable(path: Path) -> None:
    """Wait until the file is on disk. Raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
