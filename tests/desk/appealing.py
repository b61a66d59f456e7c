"""What the tests of appeals share: an account that a real node has limited, and files that people attach."""

import io
import struct
import time
import zlib
from typing import Any

from desk.sending import bulk_sender

SENDER = "@mallory:example.org"
WORDS = "I sent invitations to the parents of my daughter's class."


def limited_account(beside: Any, account: str = SENDER) -> Any:
    """An account that a real node has limited for sending in bulk a moment ago, as the desk has it."""
    from tidegate.desk.ledger.models import Account, stored

    beside.hear(bulk_sender(account, ago_s=1_500.0))
    beside.copy()
    found = Account.objects.get(pk=stored(beside.key(account)))
    assert found.rung >= 2, found.word
    return found


def token_of(account: Any) -> str:
    """What a link to the account's page ends with."""
    from tidegate.desk.appeals.holder import links

    return links().write(account.key, time.time())


def status_of(account: Any) -> str:
    """The path of the account's page."""
    return f"/status/{token_of(account)}/"


def appeal_by(account: Any, text: str = WORDS) -> Any:
    """An appeal, as the form makes it."""
    from django.utils import timezone

    from tidegate.desk.appeals.lodging import lodge
    from tidegate.desk.appeals.measures import measures_of

    now = timezone.now()
    return lodge(account, measures_of(account, now), text, [], "en", now)


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(60) + b"\xff\xd9"
WEBP = b"RIFF" + struct.pack("<I", 20) + b"WEBPVP8L" + bytes(12)
PDF = b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
TXT = "Just a few words: è così.\n".encode()


def upload(name: str, content: bytes) -> io.BytesIO:
    """A file as the test client sends it."""
    file = io.BytesIO(content)
    file.name = name
    return file
