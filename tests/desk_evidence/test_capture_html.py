"""Hostile markup: what Chromium shows to people is in the text that we read, however the page was written."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.desk.evidence.capture.html_tokens import End, Start, Text, tokens
from tidegate.desk.evidence.capture.visible import visible

OFFER = "We send in bulk"
SHOWN = [
    f"<!--><p>{OFFER}</p>-->",
    f"<!---><p>{OFFER}</p>-->",
    f"<!-- a --!><p>{OFFER}</p>-->",
    f"<![CDATA[><p>{OFFER}</p>]]>",
    f"<![x y><p>{OFFER}",
    f"<![if !IE]><p>{OFFER}</p><![endif]>",
    f"<?x ><p>{OFFER}</p>?>",
    f"</ x><p>{OFFER}",
    f"<script></script/><p>{OFFER}",
    f"<script></script foo='>'><p>{OFFER}",
    f"<style></STYLE\n><p>{OFFER}",
    f"<svg><style></svg><p>{OFFER}",
    f"<svg><style><p>{OFFER}",
    f"<svg><template></svg><p>{OFFER}",
    f"<math><script></math><p>{OFFER}",
    f"<textarea><!--</textarea>{OFFER}",
    f"<title><!--</title><p>{OFFER}",
    f"<noscript><!--</noscript><p>{OFFER}",
    f"<xmp><!--</xmp><p>{OFFER}",
    f"<plaintext><!-- {OFFER}",
    f"<svg><foreignObject><textarea><!--</textarea></foreignObject></svg><p>{OFFER}",
    f"<svg><text><![CDATA[{OFFER}]]></text></svg>",
    f"<p title=\"'>\" data-x='\">'>{OFFER}",
    "<p>&#" + "0" * 5000 + f"87;{OFFER[1:]}",
    "<p>&#" + "9" * 5000 + f";{OFFER}",
    "<p>" + "".join(f"&#x{ord(sign):x};" for sign in OFFER),
]
PIECES = [
    "<!--", "-->", "--!>", "<!-->", "<![CDATA[", "]]>", "<!x>", "<?x>", "</", "<", ">", "/>", "'", '"', "<p title='",
    "<p>", "</p>", "<b>", "<div>", "</div>", "<script>", "</script>", "</script x>", "<style>", "</style>", "<template>",
    "</template>", "<textarea>", "</textarea>", "<title>", "</title>", "<noscript>", "</noscript>", "<xmp>", "</xmp>",
    "<svg>", "</svg>", "<svg/>", "<math>", "</math>", "<foreignObject>", "</foreignObject>", "<desc>", "<mtext>", "a=",
    "&#", "&#x41;", "&amp", "\0", "\n", "/", "=",
]  # fmt: skip


@pytest.fixture
def shown_by(chromium: Any) -> Any:
    """What Chromium shows of each of these pages, as text."""

    def ask(pages: list[str]) -> list[str]:
        chromium.open("data:text/html,<body>")
        shown: list[str] = chromium.js(
            "(async () => Promise.all("
            + json.dumps(pages)
            + """.map(page => new Promise(done => {
                const frame = document.createElement('iframe');
                frame.sandbox = 'allow-scripts allow-same-origin';
                frame.onload = () => done(frame.contentDocument.documentElement.innerText
                    + [...frame.contentDocument.querySelectorAll('textarea')].map(one => one.value).join(' '));
                frame.srcdoc = page;
                document.body.append(frame);
            }))))()"""
        )
        return shown

    return ask


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_no_trick_of_markup_hides_from_us_what_people_are_shown(shown_by: Any) -> None:
    for page, shown in zip(SHOWN, shown_by(SHOWN), strict=True):
        assert OFFER in one_line(shown), f"this page shows nothing: {page[:100]}"
        assert OFFER in one_line(visible(page).text), page[:100]


def test_nor_does_any_mixture_of_tags(shown_by: Any) -> None:
    rng = random.Random(11)
    pages = []
    for _ in range(150):
        pieces = rng.choices(PIECES, k=rng.randint(2, 8))
        pages.append("".join(pieces) + OFFER + rng.choice(PIECES))
    both = [
        (page, OFFER in one_line(shown), OFFER in one_line(visible(page).text))
        for page, shown in zip(pages, shown_by(pages), strict=True)
    ]
    assert [page for page, shown, read in both if shown and not read] == []
    assert sum(shown for _, shown, _ in both) > 30


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_page_is_taken_apart_into_no_more_than_it_has(page: str) -> None:
    size = 0
    for token in tokens(page):
        if isinstance(token, Text):
            size += len(token.text)
        else:
            assert isinstance(token, Start | End) and token.name and token.name == token.name.lower()
    assert size <= 2 * len(page)
    assert "\0" not in visible(page).text


@pytest.mark.parametrize(
    "piece", [*PIECES, "<a ", "<a x='", "<a x=", "<a/", "</a ", "&", "&#1", "<svg><![CDATA[]]>"]
)
def test_repetitions_do_not_run_away(piece: str) -> None:
    """A reader that looks twice at what it has read needs minutes for the shortest of these, and this one a second."""
    assert len(visible(piece * 30_000).text) <= 2_100_000
