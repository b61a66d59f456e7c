"""A sentence as words with their places in it, in every script; the messenger's name becomes one sign.

So what is learned with one name holds for any other.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

MESSENGER = "\ue000"
"""Stands for the messenger, whatever it is called (a private-use character: no text has it)."""
MONEY = "\ue001"
NUMBER = "\ue002"
"""Followed by its number of digits."""
LONGEST_NUMBER = 9
LONG_NAME = 6
"""Characters from which a name is also found at the beginning of a longer word: no common word begins with it."""

_ALONE = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts written without spaces: every character is a word."""
_ALONE_CHARACTER = re.compile(f"[{_ALONE}]")
_INDIC = "\u0900-\u0963\u0966-\u0d7f\u200c\u200d"
"""Vowel signs are no letters for ``re``, and would tear words apart. The danda between is left out: it ends sentences."""
_MARKS = "\u0300-\u036f\u064b-\u065f\u0670"
_TOKEN = re.compile(
    rf"(?P<number>\d[\d.,\u066b\u066c'’]*)|(?P<money>[$€£¥₹₽₺₴₫₩﷼])|(?P<alone>[{_ALONE}])"
    rf"|(?P<word>(?:[^\W\d_{_ALONE}]|[{_INDIC}{_MARKS}])+)"
)
_LETTER = rf"[^\W\d_{_ALONE}]"
_DROPPED = re.compile(rf"[{_MARKS}\u200c\u200d]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a sentence: how it is compared, and where it stands."""

    norm: str
    start: int
    end: int


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Compatible forms made one, no case, no accents (of Latin, Greek, Cyrillic and Arabic letters)."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold().replace("ı", "i"))
    return unicodedata.normalize("NFKC", _DROPPED.sub("", decomposed))


def stands_alone(norm: str) -> bool:
    """Whether it is a character of a script that is written without spaces."""
    return len(norm) == 1 and _ALONE_CHARACTER.match(norm) is not None


def names_pattern(names: Sequence[str]) -> re.Pattern[str]:
    """Finds the messenger's names as words and in names of products (``CourierBot``). Raises ValueError."""
    if not names or not all(name.strip() for name in names):
        raise ValueError("the messenger needs a name: give at least one, and none that is empty")
    longest_first = sorted({name.strip() for name in names}, key=lambda name: (-len(name), name))
    any_name = "|".join(_name(name) for name in longest_first)
    return re.compile(rf"(?<!{_LETTER})(?:{any_name})")


def _name(name: str) -> str:
    letters = r"\s+".join(map(re.escape, name.split()))
    return f"(?i:{letters})" + ("" if len(name) >= LONG_NAME else "(?![a-zà-ÿа-яё])")


def tokens_of(text: str, names: re.Pattern[str] | None = None) -> list[Token]:
    """The words of ``text`` in order, with the messenger's name as :data:`MESSENGER`."""
    if names is None:
        return list(_words(text, 0, len(text)))
    spans = [match.span() for match in names.finditer(text)]
    found: list[Token] = []
    for (_, before), (start, end) in pairwise([(0, 0), *spans, (len(text), len(text))]):
        found += _words(text, before, start)
        if end > start:
            found.append(Token(MESSENGER, start, end))
    return found


def _words(text: str, start: int, end: int) -> Iterator[Token]:
    for match in _TOKEN.finditer(text, start, end):
        kind = match.lastgroup
        if kind == "number":
            digits = min(sum(map(str.isdigit, match.group())), LONGEST_NUMBER)
            yield Token(f"{NUMBER}{digits}", *match.span())
        elif kind == "money":
            yield Token(MONEY, *match.span())
        else:
            norm = fold(match.group())
            if norm:
                yield Token(norm, *match.span())
