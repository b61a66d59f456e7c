"""The text of an exhibit, by what it is."""

from tidegate.desk.evidence.capture.mail import mail_text
from tidegate.desk.evidence.capture.visible import MOST_CHARACTERS, Visible, decoded_text, visible
from tidegate.desk.evidence.custody.warc import WarcError, payloads

MOST_PAGES = 100
"""Of a WARC."""
_HTML = ("text/html", "application/xhtml+xml")


def text_of(content: bytes, media_type: str) -> Visible:
    """What a person reads in it; an empty text for pictures and other formats, which nothing here parses."""
    plain = media_type.partition(";")[0].strip().lower()
    if plain in _HTML:
        return visible(decoded_text(content, media_type))
    if plain == "message/rfc822":
        return mail_text(content)
    if plain.startswith("text/") or plain == "application/json":
        return Visible(
            decoded_text(content, media_type)[:MOST_CHARACTERS].replace("\x00", "\N{REPLACEMENT CHARACTER}")
        )
    if plain == "application/warc":
        return _warc_text(content)
    return Visible("")


def _warc_text(content: bytes) -> Visible:
    """The pages in it one after the other, each under its address. Raises WarcError."""
    parts: list[str] = []
    size = 0
    for payload in payloads(content):
        if len(parts) >= MOST_PAGES or size > MOST_CHARACTERS:
            parts.append("[cut here: it has more pages]")
            break
        if b"<" in payload.decoded[:1_000]:
            parts.append(f"{payload.url}\n{visible(decoded_text(payload.decoded, '')).text}")
            size += len(parts[-1])
    return Visible("\n\n".join(parts)[:MOST_CHARACTERS])


__all__ = ["WarcError", "text_of"]
