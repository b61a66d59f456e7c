"""A letter as text and as a page to print, from the same blocks.

Everything that fills a template is isolated (Unicode FSI and PDI), so that a name or a quote in another direction
disturbs nothing around it; signs that would turn the direction of what follows are written out instead.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from html import escape

from tidegate.desk.evidence.steps.letters.facts import LetterError, LetterFacts, LetterKind, missing
from tidegate.desk.evidence.steps.letters.templates import VERSION, Template, template_of

_OPEN, _CLOSE = "\u2068", "\u2069"
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates: what a quote must not leave open."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PLACE = re.compile(r"\{(\w+)\}")
_STYLE = """
body{font:12pt/1.5 "Noto Sans","Noto Sans Arabic","Noto Sans Devanagari","Noto Sans CJK SC",sans-serif;
margin:2cm;max-width:17cm;color:#000}
h1{font-size:13pt;margin:1.5em 0 1em}h2{font-size:12pt;margin:1.4em 0 .4em}p,li{overflow-wrap:anywhere}
blockquote{margin:.4em 1.5em 1em;padding-inline-start:1em;border-inline-start:2pt solid #888;
white-space:pre-wrap;overflow-wrap:anywhere}
.address{white-space:pre-wrap}.sign{margin-top:4em}
"""


class Part(StrEnum):
    """What a block is."""

    ADDRESS = "address"
    TITLE = "title"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    QUOTE = "quote"
    ITEM = "item"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph."""

    part: Part
    words: str
    language: str = ""
    """Of a quote."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Written."""

    template: str
    """Version and language of its text."""
    direction: str
    language: str
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """For reading anywhere; what is approved and hashed."""
        lines = []
        for block in self.blocks:
            if block.part is Part.QUOTE:
                lines.append("\n".join(f"    {line}" for line in block.words.splitlines()))
            elif block.part is Part.ITEM:
                lines.append(f"- {block.words}")
            else:
                lines.append(block.words)
        return "\n\n".join(lines) + "\n"

    @property
    def sha256(self) -> str:
        """Of the text in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def page(self) -> str:
        """For printing: no scripts, nothing from elsewhere."""
        made, items = [], False
        for block in self.blocks:
            if (block.part is Part.ITEM) != items:
                items = not items
                made.append("<ul>" if items else "</ul>")
            made.append(_html(block))
        if items:
            made.append("</ul>")
        return (
            f'<!doctype html><html lang="{escape(self.language)}" dir="{self.direction}"><head><meta charset="utf-8">'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            f"<title>{escape(self.blocks[0].words[:80])}</title><style>{_STYLE}</style></head><body>"
            + "\n".join(made)
            + "</body></html>"
        )


def write(kind: LetterKind, language: str, facts: LetterFacts, version: str = VERSION) -> Letter:
    """The letter. Raises LetterError when a fact is missing, naming all that are, or when there is no such text."""
    lacks = missing(kind, facts)
    if lacks:
        raise LetterError("; ".join(lacks))
    template = template_of(language, version)
    filled = _Filling(template, facts)
    blocks = (*_head(filled, kind), *_body(filled, kind), *_end(filled))
    return Letter(f"{kind}-{version}-{language}", template.direction, language, blocks)


class _Filling:
    """Puts facts into the places of a template."""

    def __init__(self, template: Template, facts: LetterFacts) -> None:
        self.template, self.facts = template, facts
        self._values = {
            "service": facts.service,
            "contact": facts.contact.removeprefix("mailto:"),
            "case": facts.case,
            "cutoff": facts.cutoff.isoformat(),
            "cure_by": facts.cure_by.isoformat() if facts.cure_by else "",
            "served": facts.served.astimezone(UTC).date().isoformat() if facts.served else "",
            "ended": facts.ended.isoformat() if facts.ended else "",
        }

    def words(self, text: str, **more: str) -> str:
        """``text`` with every place filled. Raises LetterError when a place has nothing to fill it."""
        values = self._values | more

        def put(found: re.Match[str]) -> str:
            value = values.get(found[1], "")
            if not value:
                raise LetterError(f"the letter's text has a place for {found[1]!r}, which is not known")
            return isolated(value)

        return _PLACE.sub(put, text)


def _head(filled: _Filling, kind: LetterKind) -> list[Block]:
    facts, template = filled.facts, filled.template
    address = "\n".join(isolated(line) for line in facts.recipient_address.splitlines() if line.strip())
    return [
        Block(Part.ADDRESS, f"{template.to}: {isolated(facts.recipient)}\n{address}"),
        Block(
            Part.ADDRESS,
            f"{template.date}: {isolated(facts.written.isoformat())}\n{template.reference}: {isolated(facts.case)}",
        ),
        Block(Part.TITLE, filled.words(template.subject.of(kind))),
        Block(Part.PARAGRAPH, filled.words(template.opening.of(kind))),
    ]


def _body(filled: _Filling, kind: LetterKind) -> list[Block]:
    facts, template = filled.facts, filled.template
    made = [Block(Part.HEADING, template.seen)]
    for one in facts.quotes:
        assert one.observed_at is not None  # missing() looked
        told = filled.words(
            template.exhibit,
            number=str(one.number),
            moment=moment_shown(one.observed_at),
            address=one.address,
            sha256=one.sha256,
        )
        made += [Block(Part.PARAGRAPH, told), Block(Part.QUOTE, isolated(one.quote), one.language)]
    if facts.findings is not None:
        told = filled.words(
            template.findings,
            count=str(facts.findings.count),
            first=moment_shown(facts.findings.first),
            last=moment_shown(facts.findings.last),
        )
        made.append(Block(Part.PARAGRAPH, told))
    made.append(Block(Part.HEADING, template.ground))
    made += [
        Block(Part.PARAGRAPH, filled.words(getattr(template.grounds, ground))) for ground in facts.grounds
    ]
    made.append(Block(Part.HEADING, template.ask))
    made += [Block(Part.ITEM, filled.words(ask)) for ask in template.asks.of(kind)]
    made.append(Block(Part.PARAGRAPH, filled.words(template.cure)))
    made.append(Block(Part.PARAGRAPH, filled.words(template.after.of(kind))))
    return made


def _end(filled: _Filling) -> list[Block]:
    return [
        Block(Part.PARAGRAPH, filled.words(filled.template.answer)),
        Block(Part.SIGNED, f"{filled.words(filled.template.closing)}\n{isolated(filled.facts.signed_by)}"),
    ]


def moment_shown(at: datetime) -> str:
    """A moment that nobody reads in two ways: to the second, in UTC, and it says so."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def isolated(value: str) -> str:
    """A value whose direction disturbs nothing around it; signs that turn the direction are written out."""
    value = _TURNING.sub(lambda found: f"[U+{ord(found[0]):04X}]", value)
    value = _CONTROL.sub("\ufffd", value.replace("\r\n", "\n").replace("\r", "\n"))
    # An isolate ends with its paragraph: each line is one.
    return "\n".join(f"{_OPEN}{line}{_CLOSE}" for line in value.split("\n"))


def _html(block: Block) -> str:
    words = escape(block.words)
    match block.part:
        case Part.TITLE:
            return f"<h1>{words}</h1>"
        case Part.HEADING:
            return f"<h2>{words}</h2>"
        case Part.QUOTE:
            language = f' lang="{escape(block.language)}"' if block.language else ""
            return f'<blockquote dir="auto"{language}>{words}</blockquote>'
        case Part.ITEM:
            return f"<li>{words}</li>"
        case Part.ADDRESS:
            return f'<p class="address">{words}</p>'
        case Part.SIGNED:
            return f'<p class="address sign">{words}</p>'
        case _:
            return f"<p>{words}</p>"
