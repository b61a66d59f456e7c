"""Phone numbers: international ones, and national ones of the countries that the page suggests.

Spelt digits ("five five five") are not found.
"""

import re
from collections.abc import Iterator, Sequence

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity
from tidegate.desk.evidence.identifiers.regions import regions

MOST_DIGITS = 17
"""15 of E.164 and an international prefix of 2."""
MOST_RUN_DIGITS = 60
MOST_TRIES = 10_000
"""In a text, of parts of runs of digits that are no number as a whole: two numbers side by side."""
_SEPARATOR = r"(?:[ \t\u00a0().\-]{0,3}|/)"
_RUN = re.compile(rf"(?<![\d.,/])(?:\+\s?)?\(?\+?\d(?:{_SEPARATOR}\d){{6,{MOST_RUN_DIGITS - 1}}}(?![\d])")
_GROUP = re.compile(r"[^ \t\u00a0]+")
_NO_PHONE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:\D.*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?:\D.*)?|\d{1,3}(?:\.\d{3})+|\d{1,3}(?: 000)+"
    r"|\d{1,3}(?:\.\d{1,3}){3}|(?:19|20)\d\d ?- ?(?:19|20)\d\d"
)
"""Dates, amounts, network addresses, years."""
_OTHER_NUMBER = re.compile(
    r"(?i)(?:invoice|order|ref|factura|pedido|fatura|nota fiscal|ordine|fattura|commande|facture|rechnung|bestell|"
    r"auftrag|заказ|сч[её]т|sipari[sş]|pesanan|订单|发票|chapter|isbn|id|version|no|nr|n[º°]|№|#)[\s.:#º°]*$"
)
_LABEL_LENGTH = 16
"""Characters before a national number in which it may be called something else."""
_FEWEST_DIGITS = 7
_FEWEST_TORN = 12
"""Digits from which a run may be two numbers."""

Nations = Sequence[tuple[str, bool]]
"""Regions, and whether each is more than a guess."""


def phones(
    text: str, taken: Taken, region_hint: str | None, tld: str | None, language: str | None
) -> Iterator[Candidate]:
    """Those of the folded text that numbering plans know."""
    nations = regions(region_hint, tld, language, frozenset(phonenumbers.SUPPORTED_REGIONS))
    tries = MOST_TRIES
    for match in _RUN.finditer(text):
        start, end = match.span()
        run = match.group()
        digits = sum(map(str.isdigit, run))
        if taken.any_in(start, end) or _NO_PHONE.fullmatch(run) or _next_to_letter(text, start, end):
            continue
        international = run.lstrip("( ").startswith(("+", "00"))
        if not international and _OTHER_NUMBER.search(text[max(0, start - _LABEL_LENGTH) : start]):
            continue
        whole = _number(run, nations) if digits <= MOST_DIGITS else None
        if whole:
            yield _candidate(*whole, start, end)
        elif digits >= _FEWEST_TORN and tries > 0:
            found, used = _torn(run, start, nations, tries)
            tries -= used
            yield from found


def valid_number(digits: str) -> str | None:
    """E.164 of digits with country code, as links have them; None when no numbering plan knows it."""
    number = _parsed("+" + digits.lstrip("+0"), None)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else None


def _next_to_letter(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return (
        (before.isascii() and before.isalpha())
        or before in ("_", "=")
        or (after.isascii() and after.isalpha())
        or after == "_"
    )


def _number(run: str, nations: Nations) -> tuple[PhoneNumber, bool] | None:
    international = "+" + run[2:] if run.startswith("00") else run
    if international.lstrip("( ").startswith("+"):
        number = _parsed(international, None)
        return (number, True) if number else None
    for region, sure in nations:
        number = _parsed(run, region)
        if number:
            return number, sure
    return None


def _parsed(run: str, region: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(run, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _torn(run: str, start: int, nations: Nations, tries: int) -> tuple[list[Candidate], int]:
    """Numbers side by side, from the left, each as long as possible; and how many parts were tried."""
    groups = [match.span() for match in _GROUP.finditer(run)]
    found: list[Candidate] = []
    used = first = 0
    while first < len(groups) and used < tries:
        following = first + 1
        for last in range(min(len(groups), first + MOST_DIGITS) - 1, first - 1, -1):
            part = run[groups[first][0] : groups[last][1]]
            if not _FEWEST_DIGITS <= sum(map(str.isdigit, part)) <= MOST_DIGITS:
                continue
            used += 1
            number = _number(part, nations)
            if number:
                found.append(_candidate(*number, start + groups[first][0], start + groups[last][1]))
                following = last + 1
                break
        first = following
    return found, used


def _candidate(number: PhoneNumber, sure: bool, start: int, end: int) -> Candidate:
    region = phonenumbers.region_code_for_number(number) or ""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Candidate(Type.PHONE, region, start, end, e164, Validity.VALID if sure else Validity.PLAUSIBLE)
