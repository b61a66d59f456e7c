"""The few words around the public texts, and dates, in the reader's language."""

import datetime
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

_FOLDER = Path(__file__).parent / "words"
_Word = Annotated[str, msgspec.Meta(min_length=1)]


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one language, from ``words/LANGUAGE.toml``."""

    this_service: _Word
    """When the messenger's name is not set."""
    notice: _Word
    terms: _Word
    transparency: _Word
    in_english: _Word
    """Said of a page that exists in English only."""
    contact: _Word
    language: _Word
    skip: _Word
    contents: _Word
    valid_from: _Word
    """With ``{date}``, as the following ones."""
    valid_until: _Word
    """The last day of a version."""
    valid_later: _Word
    to_the_valid: _Word
    """A link to the version in force."""
    versions: _Word
    in_force: _Word
    what_changed: _Word
    question: _Word
    yes: _Word
    no: _Word
    thanks: _Word
    answered_already: _Word
    date: _Word
    """With ``{day}``, ``{month}`` and ``{year}``."""
    first_day: str = "1"
    """How the first of a month is written."""
    months: Annotated[tuple[_Word, ...], msgspec.Meta(min_length=12, max_length=12)]

    def day(self, value: datetime.date) -> str:
        """A date as people write it."""
        day = self.first_day if value.day == 1 else str(value.day)
        return self.date.format(day=day, month=self.months[value.month - 1], year=value.year)


@cache
def words_in(language: str) -> Words:
    """Raises FileNotFoundError for a language that there is none of."""
    return msgspec.convert(tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8")), Words)
