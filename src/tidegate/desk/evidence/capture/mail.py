"""An e-mail as somebody handed it in: what its headers claim, and what a person reads in it."""

from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from tidegate.desk.evidence.capture.visible import MOST_CHARACTERS, Visible, visible

MOST_PARTS = 200
MOST_RECEIVED = 20
_SHOWN = ("From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe")
_BROKEN = (MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What the standard library's parser of headers and parts raises on hostile ones."""


def mail_text(raw: bytes) -> Visible:
    """Headers, then the text of its parts. Every header is the sender's or a server's claim. Total."""
    try:
        message: Any = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
    except _BROKEN:
        return Visible(raw.decode("utf-8", "replace")[:MOST_CHARACTERS])
    lines = [f"{name}: {value}" for name in _SHOWN if (value := _header(message, name))]
    lines += [f"Received: {value}" for value in _received(message)]
    parts, files, size = [], [], 0
    for number, part in enumerate(_walked(message)):
        if number >= MOST_PARTS or size > MOST_CHARACTERS:
            parts.append("[cut here: it has more parts]")
            break
        try:
            kind, name = part.get_content_type(), part.get_filename()
            if name:
                files.append(f"{' '.join(str(name).split())[:200]} ({kind})")
            elif kind in ("text/plain", "text/html"):
                text = str(part.get_content())
                parts.append(text if kind == "text/plain" else visible(text).text)
                size += len(parts[-1])
        except _BROKEN:
            parts.append("[a part that cannot be read]")
    if files:
        parts.append("Attached:\n" + "\n".join(files))
    text = "\n".join(lines) + "\n\n" + "\n\n".join(parts)
    text = text[:MOST_CHARACTERS].replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return Visible(text, _header(message, "Subject")[:300], "", _header(message, "Date")[:200])


def _walked(message: Any) -> Any:
    try:
        yield from message.walk()
    except _BROKEN:
        return


def _header(message: Any, name: str) -> str:
    try:
        text = str(message.get(name, ""))
    except _BROKEN:
        return ""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:1_000]


def _received(message: Any) -> list[str]:
    try:
        return [" ".join(str(one).split())[:500] for one in message.get_all("Received", [])[:MOST_RECEIVED]]
    except _BROKEN:
        return []
