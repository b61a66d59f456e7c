"""Cases for the tests of evidence: opened, and with something in them."""

import struct
import zlib
from datetime import datetime
from typing import Any

from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.handed_in import hand_in
from tidegate.desk.evidence.exhibits.models import Exhibit

OFFER = "We send 80,000 bulk messages a day on Example Chat, no limits."
PAGE = f"""<!doctype html><html lang="en"><title>Blast services</title>
<h1>Blast services</h1><p>{OFFER}</p><p>From 20 USD a month.</p>
<p>Lantern Blast Ltd, CNPJ 11.222.333/0001-81, +44 20 7946 0958, @seller:example.org</p></html>"""


def open_case(people: dict[str, Any], name: str = "case-2026-0001", **fields: Any) -> Case:
    """One that the case officer answers for."""
    case: Case = Case.objects.create(name=name, title="Lantern Blast", officer=people["officer"], **fields)
    return case


def hand_in_page(
    case: Case, person: Any, html: str = PAGE, seen: datetime | None = None, name: str = "page.html"
) -> Exhibit:
    """A saved page, without what takes its time (stamps, rendering, reading)."""
    return hand_in(case, person, name, html.encode(), seen, "")


def picture() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00\x80")) + chunk(b"IEND", b"")
