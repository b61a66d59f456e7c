"""The text of a PDF, and where its links lead, by pypdf; nothing in it is run or drawn.

Called in a process of its own (:mod:`.apart`): a PDF may be made to take for ever.
"""

import logging
import re
import unicodedata
from io import BytesIO
from typing import Any

from pypdf import PdfReader, filters
from pypdf.errors import PyPdfError

from tidegate.desk.evidence.capture.refusals import PdfError
from tidegate.desk.evidence.capture.visible import MOST_CHARACTERS, MOST_LINKS, Visible

MOST_PAGES = 500
_SHAPES = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]+")
"""Ligatures and the shapes of Arabic letters: what is drawn, not what was written."""
_BROKEN = (
    PyPdfError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    OSError,
    AssertionError,
)
"""What pypdf raises on hostile ones, beside its own."""
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every oddity, once for each object
filters.JBIG2DEC_BINARY = None  # no other program is started for a picture


def pdf_text(content: bytes) -> Visible:
    """Page after page, each under its number, then where links lead. Raises PdfError.

    A page that cannot be read says so in its place. Scanned pages have no text.
    """
    try:
        reader = PdfReader(BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise PdfError("the PDF asks for a password")
        count = len(reader.pages)
        about: Any = reader.metadata or {}
        language = _said(reader.trailer["/Root"], "/Lang", 20)
        title, claimed = _said(about, "/Title", 300), _said(about, "/CreationDate", 200)
    except _BROKEN as error:
        if isinstance(error, PdfError):
            raise
        raise PdfError(f"the PDF is damaged ({type(error).__name__})") from None
    texts: list[str] = []
    links: dict[str, None] = {}
    size, found = 0, False
    for number in range(min(count, MOST_PAGES)):
        text = _page(reader, number)
        found = found or bool(text.strip())
        texts.append(f"[page {number + 1}]\n{text}")
        if len(links) < MOST_LINKS:
            links.update(dict.fromkeys(_links(reader, number)))
        size += len(texts[-1])
        if size > MOST_CHARACTERS:
            break
    if not found and not links:
        raise PdfError(
            f"no text in {count:,} pages: they may be pictures; a person can type over what they say"
        )
    if len(texts) < count:
        texts.append(f"[cut here: it has {count:,} pages]")
    if links:
        texts.append("Links:\n" + "\n".join(list(links)[:MOST_LINKS]))
    text = "\n\n".join(texts).replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return Visible(text[:MOST_CHARACTERS], title, language, claimed)


def _page(reader: PdfReader, number: int) -> str:
    try:
        drawn = str(reader.pages[number].extract_text())
    except _BROKEN:
        return "[a page that cannot be read]"
    return _SHAPES.sub(lambda found: unicodedata.normalize("NFKC", found.group()), drawn)


def _links(reader: PdfReader, number: int) -> list[str]:
    """Addresses that the page's links lead to."""
    found = []
    try:
        for one in reader.pages[number].annotations or ():
            action = one.get_object().get("/A")
            address = action.get_object().get("/URI") if action is not None else None
            if address is not None:
                found.append(" ".join(str(address).split())[:2_000])
    except _BROKEN:
        found.append("[links that cannot be read]")
    return found


def _said(about: Any, name: str, most: int) -> str:
    try:
        text = str(about.get(name) or "")
    except _BROKEN:
        return ""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:most]
