"""A person with a browser, with a keyboard alone, without scripts, in the dark: everybody gets through."""

from collections.abc import Iterator

import pytest

from challenge_site import Site
from chromium import Chromium, chromium_or_skip

DONE = "document.title.startsWith('Done')"
CONTRAST = """
(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parts(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const seen = [...document.body.querySelectorAll("*")].filter((one) => one.checkVisibility()
    && [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  return Math.min(...seen.map((one) => {
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
})()
"""
"""The weakest contrast of any text that can be seen (WCAG 2.2, relative luminance)."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium(chromium_or_skip()) as running:
        yield running


@pytest.fixture(autouse=True)
def _as_new(browser: Chromium) -> None:
    browser.scripts(allowed=True)
    browser.scheme(dark=False)
    browser.size(1000)
    browser.requests.clear()
    browser.complaints.clear()


def test_the_page_does_the_work_and_sends_it(site: Site, browser: Chromium) -> None:
    before = site.proofs()
    browser.open(site.url + site.challenge())
    browser.js("document.getElementById('start').click()")
    browser.wait_for(DONE)
    assert site.proofs() == before + 1
    assert browser.complaints == []
    assert all(address.startswith(site.url) for address in browser.requests), browser.requests


def test_nothing_happens_before_somebody_starts_it(site: Site, browser: Chromium) -> None:
    """Links are opened by programs that make previews, too."""
    before = site.proofs()
    browser.open(site.url + site.challenge())
    assert browser.js("document.getElementById('bar').hidden")
    assert browser.js("document.forms.check.elements.solution.value") == ""
    assert len([one for one in browser.requests if "/challenge/" in one]) == 1
    assert site.proofs() == before


def test_a_keyboard_is_enough(site: Site, browser: Chromium) -> None:
    before = site.proofs()
    browser.open(site.url + site.challenge())
    for _ in range(5):
        if browser.js("document.activeElement.id") == "start":
            break
        browser.press("Tab")
    assert browser.js("document.activeElement.id") == "start"
    assert browser.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Enter")
    browser.wait_for(DONE)
    assert site.proofs() == before + 1


def test_a_screen_reader_is_told_what_goes_on(site: Site, browser: Chromium) -> None:
    browser.open(site.url + site.challenge())
    # What the status said is kept, because the next page takes its place.
    browser.js(
        "window.said = []; new MutationObserver(() => said.push(document.getElementById('status').textContent))"
        ".observe(document.getElementById('status'), {childList: true});"
        "HTMLFormElement.prototype.submit = () => { window.sent = true; };"
        "document.getElementById('start').click()"
    )
    browser.wait_for("window.sent")
    assert browser.js("said") == [
        "Your device is calculating. Please leave this page open.",
        "Finished. One moment, please.",
    ]
    assert browser.js("document.getElementById('status').getAttribute('role')") == "status"
    assert browser.js("document.getElementById('bar').getAttribute('aria-label')")


def test_without_scripts_the_page_offers_to_wait(site: Site, browser: Chromium) -> None:
    before = site.proofs()
    browser.scripts(allowed=False)
    browser.open(site.url + site.challenge())
    assert browser.js("document.getElementById('check').checkVisibility()") is False
    assert browser.js("document.getElementById('without').checkVisibility()") is True
    browser.js("document.querySelector('#other form').requestSubmit()")
    browser.wait_for("location.search.includes('wait=') && document.readyState === 'complete'")
    for _ in range(100):
        if browser.js("document.querySelector('[value=confirm]') !== null"):
            break
        browser.open(browser.js("location.href"))
    browser.js("document.querySelector('[value=confirm]').form.requestSubmit()")
    browser.wait_for(DONE)
    assert site.proofs() == before + 1
    assert browser.complaints == []


def test_a_device_that_fails_says_so_and_shows_the_other_way(site: Site, browser: Chromium) -> None:
    browser.open(site.url + site.challenge())
    browser.js(
        "crypto.subtle.deriveBits = () => Promise.reject(new Error('no')); document.getElementById('start').click()"
    )
    browser.wait_for(
        "document.getElementById('status').textContent.startsWith('The calculation did not work')"
    )
    assert browser.js("document.getElementById('other').open")
    assert browser.js("document.getElementById('start').getAttribute('aria-disabled')") is None


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("language", ["en", "ar", "hi"])
def test_every_text_can_be_read_in_light_and_dark(
    site: Site, browser: Chromium, dark: bool, language: str
) -> None:
    browser.scheme(dark)
    browser.open(f"{site.url}{site.challenge()}?lang={language}")
    browser.js("document.getElementById('other').open = true")
    assert browser.js(CONTRAST) >= 4.5
    background = browser.js("getComputedStyle(document.body).backgroundColor")
    assert (int(background.split("(")[1].split(",")[0]) < 128) is dark


def test_arabic_is_written_from_the_right(site: Site, browser: Chromium) -> None:
    browser.open(f"{site.url}{site.challenge()}?lang=ar")
    assert browser.js("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    heading = browser.js("document.querySelector('main').getBoundingClientRect().right")
    button = browser.js("document.getElementById('start').getBoundingClientRect().right")
    assert heading - button < 100, "the button stands at the right edge"


def test_nothing_sticks_out_on_a_narrow_phone(site: Site, browser: Chromium) -> None:
    browser.size(320)
    for language in ("de", "ar", "hi", "id"):
        browser.open(f"{site.url}{site.challenge()}?lang={language}")
        browser.js("document.getElementById('other').open = true")
        assert browser.js("document.documentElement.scrollWidth") <= 320, language
