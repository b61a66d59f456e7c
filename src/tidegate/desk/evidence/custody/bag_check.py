"""Whether the files of a case are those that its manifests list, byte for byte."""

import hashlib
import re
from collections.abc import Iterator, Mapping

from tidegate.desk.evidence.custody.bag import DECLARATION
from tidegate.desk.evidence.custody.layout import MANIFEST, TAG_MANIFEST
from tidegate.desk.evidence.custody.safe_zip import ChangedEntryError, RefusedFileError, SafeZip, shown
from tidegate.desk.evidence.custody.verdict import Verdict

MOST_MANIFEST_BYTES = 32 << 20
MOST_TAG_BYTES = 1 << 20
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_NAMED_BY_HASH = re.compile(r"data/(?:exhibits|decoded|warc|renderings|tokens|authorities)/([^/.]+)\.[^/]*")


class OpenedBag:
    """The bag within a zip, with the digest of every file in it."""

    def __init__(self, zipped: SafeZip, verdict: Verdict) -> None:
        """Raises RefusedFileError when there is no bag."""
        self._zip = zipped
        self._verdict = verdict
        tops = {name.partition("/")[0] for name in zipped.entries}
        if len(tops) != 1 or any("/" not in name for name in zipped.entries):
            raise RefusedFileError("a case file holds one folder and nothing beside it; this is none")
        (self.folder,) = tops
        self.names = {name.partition("/")[2] for name in zipped.entries}
        if "bagit.txt" not in self.names or MANIFEST not in self.names:
            raise RefusedFileError("there is no bagit.txt or no manifest in it: this is no case file")
        self.digests: dict[str, str] = {}
        self.unreadable: set[str] = set()
        for name in sorted(self.names):
            self._digest(name)

    def _digest(self, name: str) -> None:
        made = hashlib.sha256()
        try:
            for piece in self._zip.pieces(f"{self.folder}/{name}"):
                made.update(piece)
        except ChangedEntryError as error:
            self.unreadable.add(name)
            made.update(str(error).encode())
        self.digests[name] = made.hexdigest()

    def read(self, name: str, most: int) -> bytes | None:
        """A file's bytes; None when it is not there or cannot be read, which is told. Raises RefusedFileError."""
        if name not in self.names:
            self._verdict.find(f"{name} is missing")
            return None
        try:
            return self._zip.read(f"{self.folder}/{name}", most)
        except ChangedEntryError as error:
            self._verdict.find(f"{name}: {error}")
            return None

    def check(self, called: Mapping[str, str]) -> None:
        """Compare with both manifests. ``called``: what people call a file, by its path."""
        verdict = self._verdict
        verdict.files = len(self.names)
        if (self.read("bagit.txt", MOST_TAG_BYTES) or b"").decode("ascii", "replace") != DECLARATION:
            verdict.find("bagit.txt does not declare a bag of version 1.0 in UTF-8")
        listed = dict(self._lines(MANIFEST))
        tags = dict(self._lines(TAG_MANIFEST)) if TAG_MANIFEST in self.names else {}
        if not tags:
            verdict.find(f"{TAG_MANIFEST} is missing or empty")
        for manifest, digests in ((MANIFEST, listed), (TAG_MANIFEST, tags)):
            for name, digest in sorted(digests.items()):
                self._compare(name, digest, _called(name, called), manifest)
        for name in sorted(self.names - listed.keys() - tags.keys() - {TAG_MANIFEST}):
            verdict.find(f"{shown(name)} is in no manifest: it was put in after the case was sealed")
        for name in sorted(self.names):
            named = _NAMED_BY_HASH.fullmatch(name)
            if named and named[1] != self.digests[name] and name not in self.unreadable:
                verdict.find(
                    f"{_called(name, called)}: its bytes are not those that its name is the SHA-256 of"
                )

    def _compare(self, name: str, digest: str, called: str, manifest: str) -> None:
        if name not in self.names:
            self._verdict.find(f"{called} is missing, but {manifest} lists it")
        elif name in self.unreadable:
            self._verdict.find(f"{called} was changed: its bytes cannot be read as they were packed")
        elif self.digests[name] != digest:
            self._verdict.find(
                f"{called} was changed: its SHA-256 is {self.digests[name]}, {manifest} says {digest}"
            )

    def _lines(self, name: str) -> Iterator[tuple[str, str]]:
        text = (self.read(name, MOST_MANIFEST_BYTES) or b"").decode("utf-8", "replace")
        seen = set()
        for number, line in enumerate(text.splitlines(), 1):
            found = _LINE.fullmatch(line)
            if found is None or found[2] in seen:
                self._verdict.find(
                    f"{name}, line {number}: not `SHA-256  path`, or a path for the second time"
                )
                continue
            seen.add(found[2])
            yield found[2], found[1]


def _called(name: str, called: Mapping[str, str]) -> str:
    return f"{called[name]} ({name})" if name in called else shown(name).strip("'")
