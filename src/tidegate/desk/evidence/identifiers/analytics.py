"""Ids of analytics and advertisement accounts in the source of a page: two sites with the same one have one owner."""

import re
from collections.abc import Iterator

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity

SORTS: dict[str, re.Pattern[str]] = {
    "ua": re.compile(r"(?<![0-9A-Za-z-])UA-\d{4,10}-\d{1,4}(?![0-9A-Za-z])"),
    "ga4": re.compile(r"(?<![0-9A-Za-z-])G-(?=[0-9A-Z]{0,11}\d)[0-9A-Z]{8,12}(?![0-9A-Za-z])"),
    "gtm": re.compile(r"(?<![0-9A-Za-z-])GTM-[0-9A-Z]{4,9}(?![0-9A-Za-z])"),
    "aw": re.compile(r"(?<![0-9A-Za-z-])AW-\d{9,11}(?![0-9A-Za-z])"),
    "adsense": re.compile(r"(?<![0-9A-Za-z-])(?:ca-)?pub-\d{16}(?![0-9A-Za-z])"),
}


def analytics(text: str, taken: Taken) -> Iterator[Candidate]:
    """Those of the folded text; their places are taken as they are found. The property after UA's account is dropped."""
    for scheme, pattern in SORTS.items():
        for match in pattern.finditer(text):
            if taken.any_in(*match.span()):
                continue
            taken.add(*match.span())
            normalised = (
                match.group().rpartition("-")[0] if scheme == "ua" else match.group().removeprefix("ca-")
            )
            yield Candidate(Type.ANALYTICS, scheme, *match.span(), normalised, Validity.PLAUSIBLE)
