"""What kind of file an attachment is: by its name, by its content, and with nothing else hidden in it.

A file is taken when its name's ending, the structure that the format prescribes, and the signatures that `puremagic`
knows all say the same, and when it is not at the same time something else (a polyglot: a picture that is also an archive
or a page). What is taken is still never shown by a browser; see :mod:`~tidegate.desk.appeals.attachments`.
"""

import re
import struct

import puremagic

KINDS = {"png": "png", "jpg": "jpg", "jpeg": "jpg", "webp": "webp", "pdf": "pdf", "txt": "txt"}
"""By the ending of the name."""
_HEAD_BYTES = 4_096
_ARCHIVE_END_BYTES = 22 + (1 << 16)
"""A zip archive is found from its end: a record of 22 bytes and a comment of up to 65,535."""
_ARCHIVES = (b"PK\x05\x06", b"PK\x06\x06")
_MARKUP = re.compile(
    rb"<(?:!doctype|html|head|body|script|iframe|object|embed|svg[\s>]|\?php|\?xml-stylesheet)", re.I
)
_ACTIVE_PDF = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA)\b")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def kind_of(name: str, content: bytes) -> str | None:
    """``png``, ``jpg``, ``webp``, ``pdf`` or ``txt``; None: not a file that is taken."""
    _, dot, ending = name.rpartition(".")
    kind = KINDS.get(ending.lower()) if dot else None
    if kind is None or not content or not _STRUCTURE[kind](content) or _is_archive(content):
        return None
    if kind == "txt":
        return kind
    return kind if any(KINDS.get(ending) == kind for ending in _known_by_signature(content)) else None


def _known_by_signature(content: bytes) -> set[str]:
    """Endings of all formats whose signature the content carries."""
    try:
        return {match.extension.lstrip(".") for match in puremagic.magic_string(content)}
    except puremagic.PureError:
        return set()


def _is_archive(content: bytes) -> bool:
    end = content[-_ARCHIVE_END_BYTES:]
    return any(mark in end for mark in _ARCHIVES)


def _png(content: bytes) -> bool:
    """Signature, then chunks up to IEND, and nothing after it."""
    at = 8
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or content[12:16] != b"IHDR" or _MARKUP.search(content):
        return False
    while at + 12 <= len(content):
        (size,) = struct.unpack_from(">I", content, at)
        name, at = content[at + 4 : at + 8], at + 12 + size
        if name == b"IEND":
            return at == len(content)
    return False


def _jpg(content: bytes) -> bool:
    # Telephones write data of their own after the picture, so its end is not asked to be the file's.
    return (
        content.startswith(b"\xff\xd8\xff")
        and b"\xff\xd9" in content
        and b"%PDF-" not in content[:_HEAD_BYTES]
        and not _MARKUP.search(content)
    )


def _webp(content: bytes) -> bool:
    if len(content) < 16 or content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return False
    (size,) = struct.unpack_from("<I", content, 4)
    return size + 8 in (len(content), len(content) - 1) and not _MARKUP.search(content)


def _pdf(content: bytes) -> bool:
    return (
        content.startswith(b"%PDF-")
        and b"%%EOF" in content[-1_024:]
        and not _MARKUP.search(content[:_HEAD_BYTES])
        and not _ACTIVE_PDF.search(content)
    )


def _txt(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text) and not _MARKUP.search(content) and not text.lstrip().startswith("%PDF-")


_STRUCTURE = {"png": _png, "jpg": _jpg, "webp": _webp, "pdf": _pdf, "txt": _txt}
