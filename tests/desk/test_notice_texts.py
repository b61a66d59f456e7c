"""The notice and the terms as they are written down: all languages say the same, mistakes are told where they are."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from tidegate.desk.notice.documents import Document, TextError, filled, read_text
from tidegate.desk.notice.library import CODES, OWN, SHIPPED, Version, read_library
from tidegate.desk.notice.words import words_in

IN_FORCE = "2026-11-20"
NUMBER = re.compile(r"\d+")


def shipped(tmp_path: Path) -> list[Version]:
    library = read_library(tmp_path)
    return [version for document in Document for version in library.versions(document)]


def test_every_version_is_there_in_all_ten_languages_with_the_same_sections(tmp_path: Path) -> None:
    versions = shipped(tmp_path)
    assert {version.document for version in versions} == set(Document)
    for version in versions:
        assert tuple(version.texts) == CODES
        shapes = {
            tuple(section.shape for section in text.sections) for text in version.texts.values()
        }  # reading refuses anything else; this says it once more of what is shipped
        assert len(shapes) == 1


def test_every_language_names_the_same_dates_in_the_same_sections(tmp_path: Path) -> None:
    for version in shipped(tmp_path):
        numbers = {
            code: [
                sorted(NUMBER.findall(" ".join((*section.text, *section.points, *section.after))))
                for section in text.sections
            ]
            for code, text in version.texts.items()
        }
        # Chinese writes the month as a number too.
        numbers["zh-hans"] = [
            sorted(found for found in section if found != "12") for section in numbers["zh-hans"]
        ]
        assert all(found == numbers["en"] for found in numbers.values()), numbers
        assert any("2019" in section for section in numbers["en"])


def test_no_language_repeats_the_english_text(tmp_path: Path) -> None:
    for version in shipped(tmp_path):
        english = version.texts["en"]
        for code in CODES[1:]:
            for section, translated in zip(english.sections, version.texts[code].sections, strict=True):
                assert section.title != translated.title
                for one, other in zip(
                    section.text + section.points, translated.text + translated.points, strict=True
                ):
                    assert one != other


def test_the_notice_states_the_rules_of_its_dates(tmp_path: Path) -> None:
    """Evidence on the service: no date. Evidence from outside alone: from the date on; of companies when the abuse
    goes on after it, or when evidence on the service is older."""
    text = filled(
        read_library(tmp_path).in_force(Document.NOTICE, date(2030, 1, 1)).texts["en"], "Example Chat"
    )
    sections = {section.id: section for section in text.sections}
    inside, outside = sections["legal"], sections["outside"]
    assert "2019" not in "".join(inside.text)
    assert "whenever" in inside.text[0]
    assert outside.text[0].startswith("From 7 December 2019 on")
    assert "only on information available outside Example Chat" in outside.text[0]
    assert "A claim is information and not yet abuse" in outside.text[1]
    assert outside.points == (
        "the abuse continues after 7 December 2019, or",
        "we can link the company to evidence on Example Chat from before that date.",
    )


@pytest.mark.parametrize("code", CODES)
def test_the_words_of_every_language_are_complete(code: str) -> None:
    words = words_in(code)
    said = words.day(date(2026, 11, 1))
    assert "2026" in said
    assert words.months[10] in said
    for sentence in (words.valid_from, words.valid_until, words.valid_later):
        assert said in sentence.format(date=said)


def own_texts(folder: Path, valid_from: str = IN_FORCE) -> Path:
    """The shipped notice as an operator's own."""
    place = folder / OWN / "notice" / valid_from
    shutil.copytree(SHIPPED / "notice" / IN_FORCE, place)
    return place


def test_an_operators_own_notice_takes_the_place_of_the_shipped_one_alone(tmp_path: Path) -> None:
    own_texts(tmp_path, "2027-01-15")
    library = read_library(tmp_path)
    assert [version.valid_from for version in library.versions(Document.NOTICE)] == [date(2027, 1, 15)]
    assert [version.valid_from for version in library.versions(Document.TERMS)] == [
        date.fromisoformat(IN_FORCE)
    ]


def test_a_version_comes_into_force_on_its_day(tmp_path: Path) -> None:
    own_texts(tmp_path)
    own_texts(tmp_path, "2027-01-15")
    library = read_library(tmp_path)
    first, second = library.versions(Document.NOTICE)
    assert library.in_force(Document.NOTICE, date(2027, 1, 14)) is first
    assert library.in_force(Document.NOTICE, date(2027, 1, 15)) is second
    assert library.in_force(Document.NOTICE, date(2020, 1, 1)) is first
    assert library.follower(first) is second
    assert library.follower(second) is None


def changed(place: Path, name: str, old: str, new: str) -> None:
    file = place / name
    said = file.read_text("utf-8")
    assert old in said
    file.write_text(said.replace(old, new, 1), "utf-8")


def test_mistakes_in_an_operators_texts_are_told_where_they_are(tmp_path: Path) -> None:
    place = own_texts(tmp_path)

    def refusal() -> str:
        with pytest.raises(TextError) as refused:
            read_library(tmp_path)
        return str(refused.value)

    changed(place, "fr.toml", 'id = "appeal"', 'id = "recours"')
    assert "fr.toml: has the sections" in refusal()
    assert "same order" in refusal()
    changed(place, "fr.toml", 'id = "recours"', 'id = "appeal"')
    changed(place, "de.toml", 'leads = ["terms"]', 'leads = ["contact"]')
    assert "de.toml, section what" in refusal()
    changed(place, "de.toml", 'leads = ["contact"]', 'leads = ["elsewhere"]')
    assert "de.toml" in refusal()
    assert "elsewhere" in refusal()
    changed(place, "de.toml", 'leads = ["elsewhere"]', 'leads = ["terms"]')
    changed(place, "it.toml", "{service}", "{servizio}")
    assert "'{servizio}'" in refusal()
    assert "only {service} is filled in" in refusal()
    changed(place, "it.toml", "{servizio}", "{service}")
    (place / "xx.toml").write_text("")
    assert "xx.toml: expected LANGUAGE.toml" in refusal()
    (place / "xx.toml").unlink()
    (place / "en.toml").write_text("title = ")
    assert "en.toml: no valid TOML" in refusal()
    (place / "en.toml").unlink()
    read_library(tmp_path)  # nine languages are enough
    place.rename(place.with_name("soon"))
    assert "expected a folder named by the day" in refusal()


def test_a_folder_by_another_name_is_told(tmp_path: Path) -> None:
    (tmp_path / OWN / "notices").mkdir(parents=True)
    with pytest.raises(TextError, match="folders called notice and terms"):
        read_library(tmp_path)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("colour = 'red'", "unknown field `colour`"),
        ("[[sections]]\nid = 'what'\ntitle = 'Again'\ntext = ['Again.']", "two sections have the id 'what'"),
        ("[[sections]]\nid = 'empty'\ntitle = 'Nothing'", "needs text or points"),
        ("[[sections]]\nid = 'Über uns'\ntitle = 'x'\ntext = ['x']", "matching regex"),
    ],
)
def test_what_a_text_must_not_contain(added: str, said: str) -> None:
    source = (SHIPPED / "notice" / IN_FORCE / "en.toml").read_text("utf-8")
    with pytest.raises(TextError, match=re.escape(said)):
        read_text(f"{added}\n{source}" if "=" in added[:9] else f"{source}\n{added}", "own.toml")


def test_a_name_at_the_beginning_of_a_sentence_is_written_large() -> None:
    text = read_text((SHIPPED / "notice" / IN_FORCE / "en.toml").read_text("utf-8"), "en.toml")
    said = filled(text, words_in("en").this_service)
    assert said.lead.startswith("This service is made for")
    assert "on this service" in said.title
