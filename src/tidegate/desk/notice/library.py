"""Every version of the notice and the terms: those that come with Tidegate, or the operator's own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tidegate.desk.notice.documents import Document, Text, TextError, read_text
from tidegate.desk.settings import LANGUAGES

SHIPPED = Path(__file__).parent / "texts"
OWN = "desk-texts"
"""In the node's folder: the operator's own, ``DOCUMENT/DATE/LANGUAGE.toml``."""
CODES = tuple(code for code, _ in LANGUAGES)
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_MOST_VERSIONS = 200
_MOST_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one document, in all its languages."""

    document: Document
    valid_from: date
    texts: Mapping[str, Text]
    """By language, in the order of :data:`~tidegate.desk.settings.LANGUAGES`; at least one."""


class Library:
    """The versions of each document."""

    def __init__(self, versions: Mapping[Document, Sequence[Version]]) -> None:
        """``versions``: of every document at least one, any order."""
        self._versions = {
            document: sorted(found, key=lambda version: version.valid_from)
            for document, found in versions.items()
        }

    def versions(self, document: Document) -> list[Version]:
        """Earliest first."""
        return self._versions[document]

    def in_force(self, document: Document, today: date) -> Version:
        """The latest version that is valid by then; before any is, the first."""
        found = [one for one in self._versions[document] if one.valid_from <= today]
        return found[-1] if found else self._versions[document][0]

    def version(self, document: Document, valid_from: date) -> Version | None:
        """The one of that date."""
        return next((one for one in self._versions[document] if one.valid_from == valid_from), None)

    def follower(self, version: Version) -> Version | None:
        """The version that takes its place."""
        later = [one for one in self._versions[version.document] if one.valid_from > version.valid_from]
        return later[0] if later else None


def read_library(folder: Path) -> Library:
    """The operator's own versions of a document where ``folder``, the node's, has any; else those that come with
    Tidegate. Never both: an upgrade must not change what an operator has published. Raises :class:`TextError`."""
    own = folder / OWN
    if own.is_dir():
        for found in sorted(own.iterdir()):
            if found.name not in set(Document) and not found.name.startswith("."):
                raise TextError(f"{found}: expected folders called {' and '.join(Document)} here")
    return Library(
        {document: read_versions(own, document) or read_versions(SHIPPED, document) for document in Document}
    )


def read_versions(folder: Path, document: Document) -> list[Version]:
    """Of one document in ``folder/DOCUMENT``. Empty when there is no such folder. Raises :class:`TextError`."""
    place = folder / document
    if not place.is_dir():
        return []
    found = [one for one in sorted(place.iterdir()) if not one.name.startswith(".")]
    if not found or len(found) > _MOST_VERSIONS:
        raise TextError(f"{place}: expected 1 to {_MOST_VERSIONS} folders, one for each version")
    return [_version(one, document) for one in found]


def _version(place: Path, document: Document) -> Version:
    try:
        valid_from = date.fromisoformat(place.name) if _DATE.match(place.name) and place.is_dir() else None
    except ValueError:
        valid_from = None
    if valid_from is None:
        raise TextError(f"{place}: expected a folder named by the day from which it is valid, as 2026-11-20")
    files = {file.name: file for file in place.iterdir() if not file.name.startswith(".")}
    for name in sorted(files):
        if not name.endswith(".toml") or name.removesuffix(".toml") not in CODES:
            raise TextError(f"{place / name}: expected LANGUAGE.toml, with one of {', '.join(CODES)}")
    texts = {code: _text(files[f"{code}.toml"]) for code in CODES if f"{code}.toml" in files}
    if not texts:
        raise TextError(f"{place}: expected at least one text, as {place / 'en.toml'}")
    first, *others = texts
    for code in others:
        _same_shape(place, first, texts[first], code, texts[code])
    return Version(document, valid_from, texts)


def _text(file: Path) -> Text:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise TextError(f"{file}: larger than {_MOST_BYTES >> 10} KiB")
        return read_text(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise TextError(f"{file}: cannot be read: {error}; expected text in UTF-8") from None


def _same_shape(place: Path, code: str, text: Text, other_code: str, other: Text) -> None:
    """Readers of every language must be told the same."""
    ids, other_ids = ([section.id for section in one.sections] for one in (text, other))
    if ids != other_ids:
        raise TextError(
            f"{place / other_code}.toml: has the sections {', '.join(other_ids)}, but {code}.toml has {', '.join(ids)}; "
            "all languages of a version need the same sections in the same order"
        )
    for section, translated in zip(text.sections, other.sections, strict=True):
        if section.shape != translated.shape:
            raise TextError(
                f"{place / other_code}.toml, section {section.id}: another number of paragraphs or points, or another "
                f"leads, than in {code}.toml"
            )
