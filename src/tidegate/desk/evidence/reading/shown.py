"""A claim as a page shows it: in its surroundings, with the words that carried it marked."""

from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString, mark_safe

from tidegate.desk.evidence.reading.models import Claim

AROUND = 160
"""Characters shown before and after."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One claim."""

    claim: Claim
    before: str
    quote: SafeString
    after: str


def shown(claim: Claim, text: str) -> Shown:
    """``text`` is the exhibit's; without it (not kept any more) the quote stands alone."""
    there = text[claim.start : claim.end] == claim.quote
    before = text[max(0, claim.start - AROUND) : claim.start] if there else ""
    after = text[claim.end : claim.end + AROUND] if there else ""
    return Shown(claim, before.rpartition("\n")[2], _marked(claim), after.partition("\n")[0])


def _marked(claim: Claim) -> SafeString:
    """The quote; words that spoke for it in ``<mark>``. Everything of the page is escaped."""
    parts, place = [], 0
    spots = sorted(
        (one["start"] - claim.start, len(one["text"]))
        for one in claim.words
        if one["weight"] > 0 and one["start"] >= claim.start
    )
    for start, length in spots:
        if start < place or start + length > len(claim.quote):
            continue
        parts += [
            escape(claim.quote[place:start]),
            "<mark>",
            escape(claim.quote[start : start + length]),
            "</mark>",
        ]
        place = start + length
    parts.append(escape(claim.quote[place:]))
    return mark_safe("".join(parts))
