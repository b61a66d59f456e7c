"""The text of an exhibit, by what it is."""

from tidegate.desk.evidence.capture.mail import mail_text
from tidegate.desk.evidence.capture.refusals import PdfError
from tidegate.desk.evidence.capture.visible import MOST_CHARACTERS, Visible, decoded_text, visible
from tidegate.desk.evidence.custody.warc import WarcError, payloads

MOST_PAGES = 100
"""Of a WARC."""
_HTML = ("text/html", "application/xhtml+xml")


def text_of(content: bytes, media_type: str) -> Visible:
    """What a person reads in it; an empty text for pictures and other formats, which nothing here parses.

    Raises WarcError and PdfError.
    """
    plain = media_type.partition(";")[0].strip().lower()
    if plain in _HTML:
        return visible(decoded_text(content, media_type))
    if plain == "message/rfc822":
        return mail_text(content)
    if plain.startswith("text/") or plain == "application/json":
        return Visible(
            decoded_text(content, media_type)[:MOST_CHARACTERS].replace("\x00", "\N{REPLACEMENT CHARACTER}")
        )
    if plain == "application/pdf":
        return _pdf_text(content)
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
        text = _payload_text(payload.decoded)
        if text:
            parts.append(f"{payload.url}\n{text}")
            size += len(parts[-1])
    return Visible("\n\n".join(parts)[:MOST_CHARACTERS])


def _pdf_text(content: bytes) -> Visible:
    # Only where it is needed: its import takes as long as all the rest.
    from tidegate.desk.evidence.capture.pdf import pdf_text

    return pdf_text(content)


def _payload_text(content: bytes) -> str:
    if content.startswith(b"%PDF-"):
        try:
            return _pdf_text(content).text
        except PdfError as error:
            return f"[{error}]"
    return visible(decoded_text(content, "")).text if b"<" in content[:1_000] else ""


__all__ = ["PdfError", "WarcError", "text_of"]
