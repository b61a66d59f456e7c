"""Finding records: by who, what and about what, a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tidegate.desk.audit.models import ABOUT_LENGTH, DID_LENGTH, WHO_LENGTH, Record

PAGE = 50
"""Records on one page."""
EXPORT_PAGE = 2_000
RECENT = 500
"""Of so many of the last records the form suggests names and words."""
LARGEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; an empty one takes everything. Each has an index that begins with it."""

    who: str = ""
    did: str = ""
    about: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Filter":
        """From a form's fields."""
        return cls(
            who=_plain(asked.get("who", ""), WHO_LENGTH),
            did=_plain(asked.get("did", ""), DID_LENGTH),
            about=_plain(asked.get("about", ""), ABOUT_LENGTH),
        )

    @property
    def asked(self) -> dict[str, str]:
        """Only what was asked for, by field."""
        return {
            name: value
            for name, value in (("who", self.who), ("did", self.did), ("about", self.about))
            if value
        }


def _plain(text: str, most: int) -> str:
    return text.strip().replace("\0", "")[:most]


def number_of(text: str, otherwise: int) -> int:
    """A record's number from an address."""
    return min(int(text), LARGEST) if text.isascii() and text.isdecimal() and len(text) < 20 else otherwise


def page_of(wanted: Filter, before: int) -> tuple[list[Any], int]:
    """Records below number ``before``, newest first, and the number to go on from; 0: there are no more."""
    found = list(
        Record.objects.filter(number__lt=before, **wanted.asked).order_by("-number")[: PAGE + 1],
    )
    return found[:PAGE], found[PAGE - 1].number if len(found) > PAGE else 0


def everything(wanted: Filter, up_to: int) -> Iterator[Any]:
    """Records up to number ``up_to``, oldest first, in bounded memory."""
    after = 0
    while True:
        piece = list(
            Record.objects.filter(number__gt=after, number__lte=up_to, **wanted.asked).order_by("number")[
                :EXPORT_PAGE
            ]
        )
        if not piece:
            return
        yield from piece
        after = piece[-1].number


def suggestions() -> tuple[list[str], list[str]]:
    """Names and words that occur among the last records."""
    recent = list(Record.objects.order_by("-number").values_list("who", "did")[:RECENT])
    return sorted({who for who, _ in recent}), sorted({did for _, did in recent})
