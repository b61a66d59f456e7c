"""Identifiers: no text breaks the search, and none of a hundred kilobytes makes it run away."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.desk.evidence.identifiers import find
from tidegate.desk.evidence.identifiers.finding import MOST_CHARACTERS

SIZE = 50_000
"""A pattern that runs away takes hours on texts of this size, and an honest one a second or two."""
PIECES = [
    "1", "12345678 ", "11 98765-4321 ", "a@", "a.", "a-", "A ", "Aa Ltd ", " at ", "a at b dot ", "有限", "公", "+1 ",
    "[at", "pix ", "pix 1234567890", "http://", "https://a/", "x://a?phone=12345678", "000201", "GB82",
    "GB82 WEST ", "VAT DE12 ", "T1", " ", "CNPJ ", "CNPJ no no ", "@a", "شركة ", "(((+",
    "_", "ООО ", "0x", "bc1q", "UA-1-", "Aa Bb Cc \"", "d.md ",
    "\u200b", "٣", "@a.b", "xn--a.", "\ufdfa", "1 1 ", "HRB 1 ", "G-A",
]  # fmt: skip
BITS = st.sampled_from(
    [*PIECES, "@example.com", " [dot] ", "CPF", "GmbH", "+55 11 98765-4321", "рф", "．", "ﬁ", "İ", "\ud800"]
)


@given(
    st.text() | st.lists(BITS | st.characters(), max_size=40).map("".join),
    st.sampled_from(["BR", "US", "xx", None]),
)
@settings(max_examples=300)
def test_nothing_breaks_it_and_places_are_inside(text: str, region: str | None) -> None:
    for identifier in find(text, region_hint=region, tld="de", language="hi"):
        assert 0 <= identifier.start < identifier.end <= len(text)
        assert text[identifier.start : identifier.end] == identifier.raw
        assert identifier.normalised


@pytest.mark.parametrize("piece", PIECES)
def test_repetitions_do_not_run_away(piece: str) -> None:
    text = (piece * (SIZE // len(piece) + 1))[:SIZE]
    for identifier in find(text, region_hint="BR", tld="ru"):
        assert text[identifier.start : identifier.end] == identifier.raw


def test_a_text_that_nobody_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        find("1" * (MOST_CHARACTERS + 1))
