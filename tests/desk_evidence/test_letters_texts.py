"""Letters in every language: all their facts, nothing left over, nothing invented, and none without facts."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.desk.evidence.grounds import NOTICE_2019, Ground, every_state
from tidegate.desk.evidence.grounds.table import Action
from tidegate.desk.evidence.steps.letters import (
    LANGUAGES,
    FindingsTold,
    LetterError,
    LetterFacts,
    LetterKind,
    Quoted,
    missing,
    template_of,
    write,
)
from tidegate.desk.evidence.steps.letters.templates import places
from tidegate.desk.evidence.steps.words import ACTION, GROUND, state_in_words

QUOTE = 'Wir senden 80.000 Nachrichten am Tag, "garantiert" {ohne Sperre} <b>!'
FACTS = LetterFacts(
    service="Example Chat",
    contact="mailto:legal@example.org",
    case="case-2026-0001",
    written=date(2026, 11, 23),
    recipient="Lantern Blast Ltd",
    recipient_address="1 Sea Street\nLondon",
    signed_by="Legal department",
    quotes=(
        Quoted(
            3,
            "https://blast.example/{offer}",
            datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC),
            "ab" * 32,
            QUOTE,
            "cd" * 32,
            "de",
        ),
    ),
    findings=FindingsTold(7, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
    grounds=(Ground.G1, Ground.G2, Ground.G2I, Ground.G3),
    cutoff=NOTICE_2019.cutoff,
    cure_by=date(2026, 12, 10),
    served=datetime(2026, 10, 1, tzinfo=UTC),
    ended=date(2026, 11, 1),
)
LETTERS = [(kind, language) for kind in LetterKind for language in LANGUAGES]


def test_the_languages_of_the_claims_have_letters() -> None:
    assert set("pt es hi id ar ru tr it fr de zh en".split()) <= set(LANGUAGES)


@pytest.mark.parametrize(("kind", "language"), LETTERS)
def test_a_letter_has_all_its_facts_and_nothing_left_over(kind: LetterKind, language: str) -> None:
    text = write(kind, language, FACTS).text
    for fact in (
        QUOTE,
        "https://blast.example/{offer}",
        "2026-11-20 01:02:03 UTC",
        "ab" * 32,
        "Example Chat",
        "legal@example.org",
        "case-2026-0001",
        "Lantern Blast Ltd",
        "1 Sea Street",
        "Legal department",
        "2026-11-23",
        "2026-12-10",
        "2019-12-07",
        "2026-01-01 00:00:00 UTC",
    ):
        assert fact in text, fact
    assert set(re.findall(r"\{[^{}]*\}", text)) == {"{ohne Sperre}", "{offer}"}
    assert text.count("\u2068") == text.count("\u2069")
    if kind is LetterKind.REMINDER:
        assert "2026-10-01" in text
        assert "2026-11-01" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_in_its_own_language(language: str) -> None:
    if language == "en":
        return
    english, own = template_of("en"), template_of(language)
    for kind in LetterKind:
        assert own.opening.of(kind) != english.opening.of(kind)
        assert len(own.asks.of(kind)) == len(english.asks.of(kind))
    assert own.answer != english.answer
    assert places(own) == places(english)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_ground_names_its_section_of_the_notice(language: str) -> None:
    grounds = template_of(language).grounds
    assert "3" in grounds.G1
    assert all("4" in one for one in (grounds.G2, grounds.G2i, grounds.G3))


def test_only_the_grounds_that_were_determined_are_named() -> None:
    text = write(LetterKind.DEMAND, "en", replace(FACTS, grounds=(Ground.G2,))).text
    assert "Section 4 of our public notice: we act against companies" in text
    assert "Section 3" not in text
    assert "first sentence" not in text


@pytest.mark.parametrize(
    "changes",
    [
        {"quotes": ()},
        {"quotes": (replace(FACTS.quotes[0], address=""),)},
        {"quotes": (replace(FACTS.quotes[0], observed_at=None),)},
        {"quotes": (replace(FACTS.quotes[0], observed_at=datetime(2026, 1, 1)),)},
        {"quotes": (replace(FACTS.quotes[0], sha256=""),)},
        {"quotes": (replace(FACTS.quotes[0], quote=" "),)},
        {"quotes": FACTS.quotes * 21},
        {"grounds": ()},
        {"cure_by": None},
        {"cure_by": date(2026, 11, 23)},
        {"service": ""},
        {"contact": " "},
        {"recipient": ""},
        {"recipient_address": ""},
        {"signed_by": ""},
    ],
)
def test_a_letter_without_one_of_its_facts_is_not_written(changes: dict[str, Any]) -> None:
    facts = replace(FACTS, **changes)
    assert len(missing(LetterKind.DEMAND, facts)) in (1, 21)
    for language in LANGUAGES:
        with pytest.raises(LetterError):
            write(LetterKind.DEMAND, language, facts)


def test_without_findings_one_quote_says_it_in_so_many_words() -> None:
    implicit = (replace(FACTS.quotes[0], explicit=False),)
    assert not missing(LetterKind.DEMAND, replace(FACTS, quotes=implicit))
    with pytest.raises(LetterError, match="in so many words"):
        write(LetterKind.DEMAND, "en", replace(FACTS, quotes=implicit, findings=None))


@pytest.mark.parametrize("changes", [{"served": None}, {"ended": None}, {"ended": date(2026, 11, 23)}])
def test_a_reminder_follows_a_delivered_demand_whose_time_is_over(changes: dict[str, Any]) -> None:
    with pytest.raises(LetterError):
        write(LetterKind.REMINDER, "en", replace(FACTS, **changes))


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(LetterError, match=r"no recipient is named; .*nobody signs it"):
        write(LetterKind.DEMAND, "en", replace(FACTS, recipient="", signed_by=""))


@pytest.mark.parametrize("language", ["", "xx", "../en", "EN"])
def test_there_is_no_letter_in_another_language(language: str) -> None:
    with pytest.raises(LetterError):
        write(LetterKind.DEMAND, language, FACTS)


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.strip()))
def test_a_hostile_quote_changes_nothing_around_it(quote: str) -> None:
    """It can neither turn the direction of the rest, nor be markup, nor fill a place."""
    hostile = replace(FACTS, quotes=(replace(FACTS.quotes[0], quote=quote),))
    calm, made = write(LetterKind.DEMAND, "ar", FACTS), write(LetterKind.DEMAND, "ar", hostile)
    quotes = [block for block in made.blocks if block.part == "quote"]
    assert len(quotes) == 1
    assert [one for one in made.blocks if one.part != "quote"] == [
        one for one in calm.blocks if one.part != "quote"
    ]
    words = quotes[0].words
    assert not set(words) & {chr(code) for code in range(0x202A, 0x202F)}
    for line in words.split("\n"):
        assert line[0] == "\u2068"
        assert line[-1] == "\u2069"
        assert not set(line[1:-1]) & set("\u2066\u2067\u2068\u2069")
    inside = re.search(r"<blockquote[^>]*>(.*?)</blockquote>", made.page, re.DOTALL)
    assert inside is not None
    assert "<" not in inside[1]


def test_a_page_to_print_forbids_everything_and_knows_its_direction() -> None:
    page = write(LetterKind.DEMAND, "ar", FACTS).page
    assert 'dir="rtl"' in page
    assert "default-src 'none'" in page
    assert '<blockquote dir="auto" lang="de">' in page


def test_all_states_grounds_and_actions_have_words() -> None:
    states = list(every_state())
    assert len(states) == 192
    told = {tuple(state_in_words(state)) for state in states}
    assert len(told) == 192
    assert set(GROUND) == set(Ground)
    assert set(ACTION) == set(Action)
