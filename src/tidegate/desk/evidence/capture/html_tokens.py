"""HTML taken apart into tags and text as browsers do it (HTML Living Standard, 13.2.5), in one pass over it.

Total and linear: whatever it is given, every character is looked at a bounded number of times. What a browser takes for
a comment is left out, and nothing else is: a page must not hide from us what it shows to people.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SPACE = r"[\t\n\f\r ]"
_NAME = re.compile(r"[A-Za-z][^\t\n\f\r />]*+")
_ATTRIBUTE = re.compile(
    r"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    rf"(?:{_SPACE}*+={_SPACE}*+(\"[^\"]*+\"?|'[^']*+'?|[^\t\n\f\r >]*+))?"
)
_END = re.compile(r"([\t\n\f\r /]*+)>")
_COMMENT_END = re.compile(r"--!?>")
_LONG_NUMBER = re.compile(r"&#([0-9]{8,})")
_MOST_DIGITS = 8
"""Of a character's number, after its leading zeros; more is no character in any case."""
MOST_ATTRIBUTES = 500
"""Kept of a tag."""
RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes"})
"""What is in them is no markup."""
_RAW_BUT_REFERENCES = frozenset({"title", "textarea"})
_FOREIGN = frozenset({"svg", "math"})
_HTML_AGAIN = frozenset("foreignobject desc title mi mo mn ms mtext".split())
"""Inside ``svg`` and ``math``: what is in them is HTML."""
MOST_DEPTH = 100
"""Of those in one another; deeper ones count as what is around them."""
_BREAK_OUT = frozenset(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta "
    "nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
"""Tags that end an ``svg`` or ``math`` which was left open (13.2.6.5)."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters between tags, references undone."""

    text: str


@dataclass(frozen=True, slots=True)
class Start:
    """A start tag."""

    name: str
    """In small letters."""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """An end tag."""

    name: str


Token = Text | Start | End


def tokens(page: str, scripts: bool = True) -> Iterator[Token]:
    """Tags and texts, in order; ``scripts``: as a browser that runs them, for which ``noscript`` is no markup."""
    place, around = 0, _Around()
    while 0 <= place < len(page):
        if page[place] != "<":
            stop = page.find("<", place)
            stop = stop if stop >= 0 else len(page)
            yield Text(_unescaped(page[place:stop]))
            place = stop
        elif around.foreign and page.startswith("<![CDATA[", place):
            stop = page.find("]]>", place)
            stop = stop if stop >= 0 else len(page)
            yield Text(page[place + len("<![CDATA[") : stop])
            place = stop + len("]]>")
        elif name := _NAME.match(page, place + 1):
            tag, (attributes, closed, place) = name.group().lower(), _attributes(page, name.end())
            if place < 0:
                return
            if around.start(tag, closed):
                yield from (End("style"), End("script"))
            if around.foreign:
                if tag != "template":  # there it is no template
                    yield Start(tag, attributes)
                continue
            yield Start(tag, attributes)
            if tag == "plaintext":
                yield Text(page[place:])
                return
            if tag in RAW or tag in _RAW_BUT_REFERENCES or (tag == "noscript" and scripts):
                inside, place = _raw(page, place, tag)
                if tag == "noscript":
                    yield from tokens(inside, scripts=False)
                else:
                    yield Text(inside if tag in RAW else _unescaped(inside))
                yield End(tag)
        elif name := _NAME.match(page, place + 2) if page.startswith("</", place) else None:
            place = _attributes(page, name.end())[2]
            if place >= 0:
                if around.end(name.group().lower()):
                    yield from (End("style"), End("script"))
                yield End(name.group().lower())
        elif page[place + 1 : place + 2] in ("!", "?", "/"):
            place = _after_comment(page, place)
        else:
            yield Text("<")
            place += 1


class _Around:
    """Whether the place is in ``svg`` or ``math``, where other rules hold."""

    def __init__(self) -> None:
        self._names: list[str] = []

    @property
    def foreign(self) -> bool:
        return bool(self._names) and self._names[-1] in _FOREIGN

    def start(self, tag: str, closed: bool) -> bool:
        """A start tag; whether it ends what was left open."""
        if self.foreign and tag in _BREAK_OUT:
            return self._leave()
        opens = tag in _FOREIGN or (self.foreign and tag in _HTML_AGAIN)
        if opens and not closed and len(self._names) < MOST_DEPTH:
            self._names.append(tag)
        return False

    def end(self, tag: str) -> bool:
        """An end tag; whether ``svg`` or ``math`` ends with it."""
        if self.foreign and tag in ("p", "br"):
            return self._leave()
        if tag not in self._names:
            return False
        while self._names.pop() != tag:
            pass
        return tag in _FOREIGN

    def _leave(self) -> bool:
        while self.foreign:
            self._names.pop()
        return True


def _attributes(page: str, place: int) -> tuple[dict[str, str], bool, int]:
    """Of a tag: them, whether it closes itself, and the place after it; -1: it has no end; browsers leave it out."""
    found: dict[str, str] = {}
    while True:
        end = _END.match(page, place)
        if end is not None:
            return found, end.group(1).endswith("/"), end.end()
        one = _ATTRIBUTE.match(page, place)
        if one is None:
            return found, False, -1
        place = one.end()
        if len(found) < MOST_ATTRIBUTES:
            value = one.group(2) or ""
            if value[:1] in ("'", '"'):
                value = value[1:].removesuffix(value[0])
            found.setdefault(one.group(1).lower(), _unescaped(value))


def _after_comment(page: str, place: int) -> int:
    """The place after what is not shown: a comment, a document type, an instruction, or what looks like one."""
    if page.startswith(("<!-->", "<!--->"), place):
        return page.index(">", place) + 1
    if page.startswith("<!--", place):
        end = _COMMENT_END.search(page, place + len("<!--"))
        return end.end() if end is not None else len(page)
    stop = page.find(">", place)
    return stop + 1 if stop >= 0 else len(page)


def _raw(page: str, place: int, tag: str) -> tuple[str, int]:
    """What is in an element without markup, and the place after its end tag."""
    end = re.compile(rf"</{tag}(?=[\t\n\f\r />])", re.I).search(page, place)
    if end is None:
        return page[place:], len(page)
    return page[place : end.start()], _attributes(page, end.end())[2]


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    # Python refuses to read numbers of thousands of digits.
    return html.unescape(_LONG_NUMBER.sub(lambda one: f"&#{_short(one.group(1))}", text))


def _short(digits: str) -> str:
    return (digits.lstrip("0") or "0")[:_MOST_DIGITS]
