"""The concepts that rules look for, named in every language: bulk, automated, forbids, reports and so on.

All languages are looked for at once: a page often mixes them, and guessing the language of a short line fails.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tidegate.desk.evidence.claims.tokens import Token, fold, tokens_of

HEADING = "=="
WHOLE = "$"
KEY_LENGTH = 2
"""Terms are found by their first letters."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A concept in a sentence, from ``start`` to ``end`` in the text that the tokens are of."""

    concept: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Term:
    letters: str
    """Without spaces: scripts that write none need no rule of their own."""
    concept: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """What is looked for."""

    concepts: tuple[str, ...]
    by_key: Mapping[str, Sequence[_Term]]

    def hits(self, tokens: Sequence[Token]) -> Iterator[Hit]:
        """Every term that begins where a word begins; the tokens are in order."""
        letters = "".join(token.norm for token in tokens)
        starts: list[int] = []
        position = 0
        for token in tokens:
            starts.append(position)
            position += len(token.norm)
        ends = {
            start + len(token.norm): index
            for index, (start, token) in enumerate(zip(starts, tokens, strict=True))
        }
        for index, start in enumerate(starts):
            for term in self.by_key.get(letters[start : start + KEY_LENGTH], ()):
                if not letters.startswith(term.letters, start):
                    continue
                end = start + len(term.letters)
                if term.whole and end not in ends:
                    continue
                last = ends.get(end)
                while last is None:
                    end += 1
                    last = ends.get(end)
                yield Hit(term.concept, tokens[index].start, tokens[last].end)


@cache
def shipped_terms() -> Terms:
    """Those of ``terms.txt``. Raises ValueError when a line there cannot be read."""
    return read_terms(source())


def source() -> str:
    """The text of ``terms.txt``."""
    return resources.files(__package__).joinpath("terms.txt").read_text("utf-8")


def read_terms(text: str) -> Terms:
    """From the format that ``terms.txt`` explains. Raises ValueError naming the line."""
    concepts: list[str] = []
    by_key: dict[str, dict[_Term, None]] = defaultdict(dict)
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(HEADING):
            concepts.append(line.removeprefix(HEADING).strip())
            continue
        _, colon, words = line.partition(":")
        if not colon or not concepts:
            raise ValueError(f"terms, line {number}: expected 'language: term, term' below '== concept'")
        for word in words.split(","):
            term = _term(word.strip(), concepts[-1])
            if len(term.letters) < KEY_LENGTH and not term.whole:
                raise ValueError(f"terms, line {number}: {word.strip()!r} is too short to look for")
            by_key[term.letters[:KEY_LENGTH]][term] = None
    return Terms(tuple(concepts), {key: tuple(found) for key, found in by_key.items()})


def _term(word: str, concept: str) -> _Term:
    whole = word.endswith(WHOLE)
    letters = "".join(token.norm for token in tokens_of(fold(word.removesuffix(WHOLE))))
    return _Term(letters, concept, whole)
