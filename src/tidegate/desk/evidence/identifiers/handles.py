"""Names on other services: ``@name``, and Matrix ids."""

import re
from collections.abc import Iterator

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity

_MATRIX = re.compile(r"(?<![\w@/])@[a-z0-9._=/+\-]{1,100}:[A-Za-z0-9.\-]{3,100}(?::\d{1,5})?(?![\w])")
_HANDLE = re.compile(r"(?<![\w@.])@(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9_.]{1,38}[A-Za-z0-9_]))(?![\w@])")
_STYLE_SHEETS = frozenset(
    "media import charset font keyframes supports page namespace layer param return throws override".split()
)
"""What follows an ``@`` in the source of pages and programs."""


def handles(text: str, taken: Taken) -> Iterator[Candidate]:
    """Those of the folded text; their places are taken as they are found."""
    for scheme, pattern in (("matrix", _MATRIX), ("", _HANDLE)):
        for match in pattern.finditer(text):
            name = match.group().lower()
            if taken.any_in(*match.span()) or name.removeprefix("@") in _STYLE_SHEETS:
                continue
            taken.add(*match.span())
            yield Candidate(Type.HANDLE, scheme, *match.span(), name, Validity.PLAUSIBLE)
