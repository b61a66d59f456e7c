"""What a person reads on a page, as text: a working copy in which claims and identifiers have their places.

Only text is taken out; nothing is run, laid out or loaded. What a style sheet hides is in it too.
"""

import codecs
import re
from dataclasses import dataclass

from tidegate.desk.evidence.capture.html_tokens import End, Start, tokens

MOST_CHARACTERS = 2_000_000
"""Of a text; what follows is left out, and the text says so."""
MOST_LINKS = 2_000
MOST_CLAIMED = 200
CUT = "\n[cut here: the page is longer]"
_HEAD_BYTES = 2_048
_BLOCKS = frozenset(
    "address article aside blockquote br dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 "
    "h5 h6 header hr li main nav ol option p pre section summary table td th title tr ul".split()
)
_DATES = frozenset(
    {"article:published_time", "article:modified_time", "og:updated_time", "date", "dc.date", "dcterms.date"}
)
_CHARSETS = frozenset(
    {
        "utf-8",
        "ascii",
        "koi8-r",
        "koi8-u",
        "gbk",
        "gb2312",
        "gb18030",
        "big5",
        "shift_jis",
        "cp932",
        "euc_jp",
        "euc_kr",
    }
    | {"iso2022_jp", "tis-620", "cp866", "mac-roman", "utf-16-le", "utf-16-be", "cp949"}
    | {f"iso8859-{number}" for number in range(1, 17)}
    | {f"cp{number}" for number in (874, *range(1250, 1259))}
)
"""By Python's names; what pages use. Others (punycode, zip) take long or make no text."""
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.I)
_JSON_DATE = re.compile(r'"date(?:Published|Modified|Created)"\s*:\s*"([^"\n]{4,60})"')
_ANALYTICS = re.compile(
    r"\b(?:UA-\d{4,10}-\d{1,4}|G-[A-Z0-9]{6,12}|GTM-[A-Z0-9]{4,8}|AW-\d{6,12}|ca-pub-\d{10,20})\b"
)
_WHITE = re.compile(r"\s+")
_SPACES = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Visible:
    """A page's text and what it says about itself."""

    text: str
    title: str = ""
    language: str = ""
    """As the page says it (BCP 47); empty when it does not."""
    claimed: str = ""
    """The date that it gives itself, verbatim; never relied on."""


def decoded_text(content: bytes, media_type: str) -> str:
    """Bytes as text: by byte-order mark, header, or the page's own word; else UTF-8, with marks for what is none."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(name, "replace")
    said = _CHARSET.search(media_type.encode("ascii", "ignore")) or _CHARSET.search(content[:_HEAD_BYTES])
    name = said.group(1).decode("ascii") if said else "utf-8"
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        known = ""
    return content.decode(known if known in _CHARSETS else "utf-8", "replace")


def visible(html: str) -> Visible:
    """The text of an HTML page, with its links and analytics ids at the end. Total: whatever it is given."""
    reader = _Reader()
    for token in tokens(html[: 4 * MOST_CHARACTERS]):
        if isinstance(token, Start):
            reader.start(token.name, token.attributes)
        elif isinstance(token, End):
            reader.end(token.name)
        else:
            reader.text(token.text)
    text = "\n".join(
        line for part in "".join(reader.parts).split("\n") if (line := _SPACES.sub(" ", part).strip())
    )
    text = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + CUT
    ids = sorted(set(_ANALYTICS.findall("".join(reader.scripts))))[:MOST_LINKS]
    if reader.links:
        text += "\n\nLinks:\n" + "\n".join(dict.fromkeys(reader.links))
    if ids:
        text += "\n\nIn its scripts:\n" + "\n".join(ids)
    claimed = reader.claimed or next(iter(_JSON_DATE.findall("".join(reader.scripts))), "")
    return Visible(
        text.replace("\x00", "\N{REPLACEMENT CHARACTER}"),
        _line(reader.title, 300),
        _line(reader.language, 20),
        _line(claimed, MOST_CLAIMED),
    )


def _line(text: str, most: int) -> str:
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:most]


class _Reader:
    """Gathers text, links and dates."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.title = self.language = self.claimed = ""
        self._in_script = self._in_style = self._in_title = False
        self._templates = self._pre = 0

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag == "html":
            self.language = self.language or said.get("lang", "")
        elif tag == "title":
            self._in_title = True
        elif tag == "meta":
            self._meta(said)
        elif tag == "time":
            self.claimed = self.claimed or said.get("datetime", "")
        elif tag == "img" and said.get("alt"):
            self.parts.append(f" {said['alt']} ")
        elif tag == "pre":
            self._pre += 1
        elif tag == "template":
            self._templates += 1
        elif tag == "script":
            self._in_script = True
        elif tag == "style":
            self._in_style = True
        if tag in ("a", "area", "iframe", "form") and len(self.links) < MOST_LINKS:
            link = (said.get("href") or said.get("src") or said.get("action") or "").strip()
            if link and not link.startswith(("#", "javascript:", "data:")):
                self.links.append(_line(link, 2_000))

    def _meta(self, said: dict[str, str]) -> None:
        if (said.get("property") or said.get("name") or "").lower() in _DATES:
            self.claimed = self.claimed or said.get("content", "")
        elif said.get("name", "").lower() == "description" and said.get("content"):
            self.parts.append(f"\n{said['content']}\n")

    def end(self, tag: str) -> None:
        if tag == "template":
            self._templates = max(0, self._templates - 1)
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif tag == "script":
            self._in_script = False
        elif tag == "style":
            self._in_style = False
        elif tag == "title":
            self._in_title = False
        if tag in _BLOCKS:
            self.parts.append("\n")

    def text(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data[:MOST_CHARACTERS])
        if self._in_script or self._in_style or self._templates:
            return
        if self._in_title and not self.title:
            self.title = data
        # A line of the source ends nothing on the page; where it does, the reader keeps it.
        self.parts.append(data if self._pre else _WHITE.sub(" ", data))
