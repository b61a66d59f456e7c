"""A text cut into sentences whose places in it are kept."""

import re
from collections.abc import Iterator

from tidegate.desk.evidence.claims.settings import LONGEST_SENTENCE

_END = re.compile(
    r"[.!?]+[\"'»”’)\]]*(?=\s)"
    r"|[。！？｡]+[」』”’）]*"
    r"|[।॥؟۔…]+"
    r"|[ \t]*[\r\n\u2028\u2029\x0b\x0c][\s]*"
    r"|\s[•·▪●◦✓✔★|]+(?=\s)"
)
_NOT_AN_END = re.compile(
    r"(?:^|[\s(])(?:[^\W\d_]|[Nn]o|[Nn]r|[Nn]º|[Tt]el|[Dd]r|[Mm]rs?|[Ss]t|[Ll]td|[Ii]nc|[Cc]o|[Cc]orp|[Ss]\.r\.l|[Aa]rt|"
    r"[Ss]ra?|[Vv]s|[Uu]sw|[Zz]\.\s?B|[Ee]tc|[Uu]\.\s?a|[Pp]vt|руб|тел|ул|т\.\s?д)\.$"
)
_LOOK_BACK = 12
"""Characters before a full stop in which an abbreviation is looked for."""
_WRAPPED_FROM = 40
"""A line at least so long that goes on in small letters was wrapped, not ended."""


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, in order, without the white space around it and none of them empty."""
    start = 0
    for match in _END.finditer(text):
        if _goes_on(text, start, match):
            continue
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def _goes_on(text: str, start: int, match: re.Match[str]) -> bool:
    ended_by = match.group()
    following = text[match.end() : match.end() + 2].lstrip()[:1]
    if ended_by[0] in ".!?":
        before = text[max(start, match.end() - _LOOK_BACK) : match.end()]
        return following.islower() or (ended_by == "." and _NOT_AN_END.search(before) is not None)
    if ended_by.strip() == "":
        wrapped = match.start() - start >= _WRAPPED_FROM and ended_by.count("\n") <= 1
        return wrapped and following.islower() and text[match.start() - 1] not in ".!?:;"
    return False


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = end
        if end - start > LONGEST_SENTENCE:
            space = text.rfind(" ", start + LONGEST_SENTENCE // 2, start + LONGEST_SENTENCE)
            stop = space if space > 0 else start + LONGEST_SENTENCE
        piece = text[start:stop]
        left = len(piece) - len(piece.lstrip())
        right = len(piece.rstrip())
        if left < right:
            yield start + left, start + right
        start = stop
