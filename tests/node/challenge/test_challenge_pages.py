"""The pages say everything in every language, and load nothing."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from challenge_site import ACCOUNT, Site
from tidegate.node.challenge.challenges import Order, State, View
from tidegate.node.challenge.languages import Texts, language_of, languages
from tidegate.node.challenge.page import Visitor, challenge_page, policy, registration_page
from tidegate.node.challenge.registration import Code
from tidegate.node.challenge.settings import ChallengeSettings

WANTED = {"en", "de", "fr", "es", "pt", "ar", "hi", "id"}
SETTINGS = ChallengeSettings(service="Chat & <Co>", contact="mailto:help@example.org")
VIEWS = [
    View(State.OPEN, Order("o" * 72, 12345)),
    View(State.WRONG, Order("o" * 72, 12345)),
    View(State.WAITING, wait="w" * 72, after_s=61),
    View(State.WAITING, wait="w" * 72),
    View(State.PASSED),
    View(State.GONE),
    View(State.TOO_OFTEN, after_s=120),
    View(State.BUSY, after_s=5),
]
PAGES = [
    pytest.param(page, id=f"{code}-{number}")
    for code in languages()
    for visitor in [Visitor(code, SETTINGS)]
    for number, page in enumerate(
        [
            *(challenge_page(view, visitor) for view in VIEWS),
            *(
                registration_page(view, visitor)
                for view in (VIEWS[2], VIEWS[3], VIEWS[5], VIEWS[6], View(State.OPEN))
            ),
            registration_page(Code("c" * 72, 0.0), visitor),
        ]
    )
]
VOID = {"meta", "input", "link", "br"}


class Outline(HTMLParser):
    """Fails on elements that are not closed in order; collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.unlabelled = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "poster", "srcset"):
                self.addresses.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_all_languages_are_there() -> None:
    assert set(languages()) >= WANTED
    assert [code for code, texts in languages().items() if texts.direction == "rtl"] == ["ar"]


@pytest.mark.parametrize("code", sorted(WANTED - {"en"}))
def test_a_translation_has_the_same_blanks_and_is_one(code: str) -> None:
    english, texts = msgspec.to_builtins(languages()["en"]), msgspec.to_builtins(languages()[code])
    for name, text in english.items():
        blanks = re.findall(r"\{.*?\}", text)
        assert re.findall(r"\{.*?\}", texts[name]) == blanks, name
        assert name == "direction" or texts[name] != text, f"{name} was left in English"


def test_a_missing_text_is_an_error_and_not_an_empty_place() -> None:
    texts = msgspec.to_builtins(languages()["de"])
    del texts["confirm"]
    with pytest.raises(msgspec.ValidationError, match="confirm"):
        msgspec.convert(texts, Texts)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.5, fr;q=0.9", "fr"),
        ("ja, zh;q=0.9", "en"),
        ("zh-Hant-TW, pt-BR;q=0.7", "pt"),
        ("AR", "ar"),
        ("de;q=0", "en"),
        ("*", "en"),
        (";;;,,,q=", "en"),
        ("de;q=nan, id;q=0.1", "id"),
    ],
)
def test_the_language_is_the_browsers(accepted: str, language: str) -> None:
    assert language_of("", accepted) == language


def test_a_language_asked_for_by_name_wins_and_an_unknown_one_does_not() -> None:
    assert language_of("hi", "de") == "hi"
    assert language_of("xx", "de") == "de"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_well_formed_and_refers_to_nothing_but_itself(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    assert outline.handlers == [], "inline handlers and styles are forbidden by the page's own policy"
    others = [one for one in outline.addresses if not one.startswith("?lang=")]
    assert set(others) <= {"mailto:help@example.org"}
    assert "Chat &amp; &lt;Co&gt;" in page
    assert page.count("<h1>") == 1


@pytest.mark.parametrize("page", PAGES)
def test_the_policy_allows_this_pages_style_and_script_and_nothing_else(page: str) -> None:
    inline = re.findall(r"<(style|script)>(.*?)</\1>", page, re.DOTALL)
    assert [kind for kind, _ in inline] == ["style", "script"]
    for kind, text in inline:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy()
    assert policy().startswith("default-src 'none';")
    assert "unsafe" not in policy()


def test_the_page_says_that_messages_are_not_read_and_does_not_name_the_account(site: Site) -> None:
    page = site.ask(site.challenge(), Accept_Language="en").text
    assert "the content of messages is not read" in page
    assert ACCOUNT not in page
    assert "ann" not in re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL).lower().split()


def test_the_page_tells_no_number_of_the_policy(site: Site) -> None:
    """Whoever tests how far they can go learns nothing from the words."""
    page = site.ask(site.challenge(), Accept_Language="en").text
    words = re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL))
    # One minute of waiting is the only number there is.
    assert re.findall(r"\d+", words) == ["1"]


def test_the_documentation_names_every_setting_with_its_default() -> None:
    page = (Path(__file__).parents[3] / "docs" / "challenge.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (`[a-z_`, ]+`) \| (\S+) \|", page, re.MULTILINE))
    told = {name: default for names, default in rows.items() for name in re.findall(r"`(\w+)`", names)}
    defaults = msgspec.structs.asdict(ChallengeSettings())
    # 120.0 is written 120; what has no default is none.
    expected = {name: str(value).removesuffix(".0") or "none" for name, value in defaults.items()}
    assert told == expected
