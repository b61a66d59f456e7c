"""Keeping attachments: outside everything that is served, under random names, readable by the desk alone."""

import hashlib
import logging
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from tidegate.desk.appeals.file_kinds import kind_of
from tidegate.desk.appeals.models import Appeal, Attachment
from tidegate.desk.appeals.refusals import Refused

log = logging.getLogger(__name__)
MOST_FILES = 3
MOST_BYTES = 5 << 20
"""Of one file."""
FOLDER = "appeals"
_NAME_CHARACTERS = 80
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\<>:"|?*]')


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept."""

    name: str
    kind: str
    content: bytes


def checked(files: Sequence[Any]) -> list[Checked]:
    """Uploaded files, read and looked at. Raises :class:`Refused` with the first reason not to take them."""
    if len(files) > MOST_FILES:
        raise Refused("many_files", count=MOST_FILES)
    found = []
    for file in files:
        name = shown_name(str(file.name))
        if file.size > MOST_BYTES:
            raise Refused("large", name=name, size=MOST_BYTES >> 20)
        content = file.read()
        kind = kind_of(name, content)
        if kind is None:
            raise Refused("kind", name=name)
        found.append(Checked(name, kind, content))
    return found


def shown_name(name: str) -> str:
    """A file's name as it may be shown: without a path, control characters, marks that turn the direction of writing
    round, and whatever goes beyond its length; the ending stays.
    """
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(
        one for one in last if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )
    clean = _UNFIT.sub("_", clean).strip(". ") or "file"
    stem, dot, ending = clean.rpartition(".")
    if not dot or len(ending) > 10:
        return clean[:_NAME_CHARACTERS]
    return f"{stem[:_NAME_CHARACTERS]}.{ending}"


def folder() -> Path:
    """Where attachments lie; made when it is not there yet, for its owner alone."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(mode=0o700, exist_ok=True)
    place = root / FOLDER
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def keep(appeal: Appeal, files: Iterable[Checked]) -> list[Attachment]:
    """Write them down, on disk first, in the transaction at hand; files of one that is rolled back are removed.

    Raises OSError when the disk does not take them.
    """
    made: list[Attachment] = []
    written: list[Path] = []
    try:
        for file in files:
            stored = secrets.token_hex(16)
            path = folder() / stored
            written.append(path)
            _write(path, file.content)
            made.append(
                Attachment(
                    appeal=appeal,
                    name=file.name,
                    kind=file.kind,
                    size_bytes=len(file.content),
                    sha256=hashlib.sha256(file.content).hexdigest(),
                    stored=stored,
                )
            )
        with transaction.atomic():
            Attachment.objects.bulk_create(made)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return made


def content_of(attachment: Attachment) -> bytes | None:
    """The file as it was sent; None: it is gone, or no longer what was sent. At most :data:`MOST_BYTES`."""
    path = folder() / attachment.stored
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        log.error("attachment %s of appeal %s is not what was sent", attachment.pk, attachment.appeal_id)
        return None
    return content


def remove(attachment: Attachment) -> None:
    """Remove the file once the row's deletion is certain."""
    path = folder() / attachment.stored
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
