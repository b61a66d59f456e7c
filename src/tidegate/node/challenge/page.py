"""The pages people see: HTML that loads nothing and sets nothing, and works with a keyboard or a screen reader.

Its content security policy allows its own style and script by their digests and nothing else, so that even a text that
slipped past escaping could not run or load anything.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import urlencode

from tidegate.node.challenge.challenges import Order, State, View
from tidegate.node.challenge.languages import Texts, languages
from tidegate.node.challenge.registration import Code
from tidegate.node.challenge.settings import ChallengeSettings
from tidegate.node.challenge.work import PUZZLES, ROUNDS

STATUS = {
    State.OPEN: 200,
    State.WAITING: 200,
    State.PASSED: 200,
    State.GONE: 404,
    State.WRONG: 422,
    State.TOO_OFTEN: 429,
    State.BUSY: 503,
}


@cache
def asset(name: str) -> str:
    """A style or script of this package."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


@cache
def policy() -> str:
    """The content security policy of the pages."""
    script, style = _digest(_script()), _digest(asset("page.css"))
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


def _script() -> str:
    return asset("solver.js") + asset("page.js")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Visitor:
    """To whom a page is shown."""

    language: str
    settings: ChallengeSettings

    @property
    def texts(self) -> Texts:
        return languages()[self.language]


def challenge_page(view: View, visitor: Visitor) -> str:
    """The page of an account's challenge."""
    texts = visitor.texts
    if view.state is State.PASSED:
        return _page(visitor, texts.passed_title, f"<p>{escape(texts.passed)}</p>")
    if view.state is State.GONE:
        return _page(visitor, texts.gone_title, f"<p>{escape(texts.gone)}</p>{_contact(visitor)}")
    if view.state is State.WAITING:
        return _waiting(view, visitor, _explanations(texts))
    note = {
        State.WRONG: texts.wrong,
        State.TOO_OFTEN: texts.often.format(minutes=_minutes(view.after_s)),
        State.BUSY: texts.busy,
    }.get(view.state, "")
    work = _work(view.order, visitor) if view.order else ""
    return _page(visitor, texts.title, f"{_note(note)}{work}{_explanations(texts)}{_contact(visitor)}")


def registration_page(view: View | Code, visitor: Visitor) -> str:
    """The page on which somebody who registers waits for a code instead of calculating."""
    texts = visitor.texts
    why = f"<section><p>{escape(texts.register_why)}</p></section>"
    if isinstance(view, Code):
        return _page(visitor, texts.code_title, f'<p><output class="code">{view.text}</output></p>{why}')
    if view.state is State.WAITING:
        return _waiting(view, visitor, why)
    note = texts.often.format(minutes=_minutes(view.after_s)) if view.state is State.TOO_OFTEN else ""
    note = texts.wrong if view.state is State.GONE else note
    lead = texts.register_wait_lead.format(minutes=_minutes(visitor.settings.wait_s))
    body = f"{_note(note)}<p>{escape(lead)}</p>{_step('wait', texts.wait_start, visitor)}{why}{_contact(visitor)}"
    return _page(visitor, texts.register_title, body)


def _work(order: Order, visitor: Visitor) -> str:
    """The button that starts the calculation, and the way without one."""
    texts = visitor.texts
    data = {
        "puzzles": PUZZLES,
        "rounds": ROUNDS,
        "target": order.target,
        "working": texts.working,
        "sending": texts.sending,
        "failed": texts.failed,
    }
    attributes = " ".join(f'data-{name}="{escape(str(value))}"' for name, value in data.items())
    return (
        f"<p>{escape(texts.lead)}</p>"
        f'<p id="without" class="note">{escape(texts.script_needed)}</p>'
        f'<form id="check" method="post" action="{_query(visitor)}" hidden {attributes}>'
        f'<input type="hidden" name="order" value="{order.text}"><input type="hidden" name="solution">'
        f'<button id="start">{escape(texts.start)}</button>'
        f'<progress id="bar" max="{PUZZLES}" value="0" aria-label="{escape(texts.working)}" hidden></progress>'
        '<p id="status" role="status"></p></form>'
        f"{_wait_instead(visitor)}"
    )


def _wait_instead(visitor: Visitor) -> str:
    if not visitor.settings.wait_s:
        return ""
    texts = visitor.texts
    lead = texts.wait_lead.format(minutes=_minutes(visitor.settings.wait_s))
    return (
        f'<details id="other" open><summary>{escape(texts.wait_title)}</summary><p>{escape(lead)}</p>'
        f"{_step('wait', texts.wait_start, visitor, second=True)}</details>"
    )


def _waiting(view: View, visitor: Visitor, below: str) -> str:
    """A wait that goes on, or is over and wants to be confirmed."""
    texts = visitor.texts
    if view.after_s <= 0:
        body = f"<p>{escape(texts.ready)}</p>{_step('confirm', texts.confirm, visitor, wait=view.wait)}"
        return _page(visitor, texts.ready_title, body + below, wait=view.wait)
    lead = texts.waiting.format(minutes=_minutes(view.after_s))
    link = f'<a class="button" href="{_query(visitor, view.wait)}">{escape(texts.again)}</a>'
    return _page(visitor, texts.waiting_title, f"<p>{escape(lead)}</p><p>{link}</p>{below}", wait=view.wait)


def _step(step: str, words: str, visitor: Visitor, *, wait: str = "", second: bool = False) -> str:
    """A button that needs no script."""
    kind = ' class="second"' if second else ""
    return (
        f'<form method="post" action="{_query(visitor)}"><input type="hidden" name="step" value="{step}">'
        f'<input type="hidden" name="wait" value="{wait}"><button{kind}>{escape(words)}</button></form>'
    )


def _explanations(texts: Texts) -> str:
    pairs = (
        (texts.why_title, texts.why),
        (texts.looked_title, texts.looked),
        (texts.check_title, texts.check),
    )
    return "".join(
        f"<section><h2>{escape(title)}</h2><p>{escape(text)}</p></section>" for title, text in pairs
    )


def _contact(visitor: Visitor) -> str:
    if not visitor.settings.contact:
        return ""
    address, words = escape(visitor.settings.contact), escape(visitor.texts.contact)
    return f'<section><h2><a href="{address}" rel="noopener noreferrer">{words}</a></h2></section>'


def _note(text: str) -> str:
    return f'<p class="note" role="alert">{escape(text)}</p>' if text else ""


def _minutes(seconds: float) -> int:
    return max(-(-int(seconds + 0.999) // 60), 1)


def _query(visitor: Visitor, wait: str = "", language: str = "") -> str:
    """Of an address on this very page, escaped."""
    pairs = {"lang": language or visitor.language} | ({"wait": wait} if wait else {})
    return escape("?" + urlencode(pairs))


def _page(visitor: Visitor, title: str, body: str, *, wait: str = "") -> str:
    texts, service = visitor.texts, visitor.settings.service
    links = "".join(
        f'<a href="{_query(visitor, wait, code)}" lang="{code}" hreflang="{code}" dir="{one.direction}"'
        f"{' aria-current=true' if code == visitor.language else ''}>{escape(one.name)}</a>"
        for code, one in languages().items()
    )
    named = f'<p class="service">{escape(service)}</p>' if service else ""
    return (
        f'<!doctype html><html lang="{visitor.language}" dir="{texts.direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{asset('page.css')}</style></head><body>"
        f"<main>{named}<h1>{escape(title)}</h1>{body}</main>"
        f'<nav aria-label="{escape(texts.languages)}">{links}</nav>'
        f"<script>{_script()}</script></body></html>"
    )
