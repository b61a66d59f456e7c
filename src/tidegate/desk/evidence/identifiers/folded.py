"""A text in plain digits and plain signs, each of whose characters knows where it came from."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe63\uff0d")
_DROPPED = frozenset(
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_LONGEST_FORM = 4
"""Characters that a compatible form may have; longer ones are ornaments (U+FDFA is 18) and stay as they are."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What patterns are looked for in."""

    text: str
    origins: Sequence[int]
    """Offset in the original of each character."""
    original: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]`` stands in the original. ``end`` is greater than ``start``."""
        return self.origins[start], self.origins[end - 1] + 1


@lru_cache(maxsize=16_384)
def _plain(character: str) -> str:
    if character in _DROPPED:
        return ""
    if character in _DASHES:
        return "-"
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    form = unicodedata.normalize("NFKC", character)
    return form if len(form) <= _LONGEST_FORM else character


def fold(text: str) -> Folded:
    """Digits of all scripts as 0 to 9, full-width letters as plain ones, dashes as hyphens, invisible signs dropped."""
    if text.isascii():
        return Folded(text, range(len(text)), text)
    characters: list[str] = []
    origins: list[int] = []
    for offset, character in enumerate(text):
        plain = character if character < "\x80" else _plain(character)
        characters.append(plain)
        if len(plain) == 1:
            origins.append(offset)
        else:
            origins += [offset] * len(plain)
    return Folded("".join(characters), origins, text)
