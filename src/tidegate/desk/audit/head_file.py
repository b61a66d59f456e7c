"""The head of the record a second time, as a small file in the node's folder: beyond the reach of the database's thief.

One line, ``NUMBER:DIGEST:SEAL``. It is replaced whole after each transaction that wrote a record, so it may lie a little
behind the table when the process is killed in between, and never ahead of it.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tidegate.desk.audit.digests import Sealed, is_seal, sealing_key
from tidegate.desk.audit.models import Head, Record

log = logging.getLogger(__name__)
FILE = "desk-record.head"
LOCK = ".desk-record.lock"


class HeadFileError(Exception):
    """The file cannot be read or says what this desk has not written; the message says which."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A record's number and digest, noted outside the table."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


def head_file() -> Path:
    """Where it is."""
    return Path(settings.TIDEGATE_FOLDER) / FILE


def read_head_file() -> Noted | None:
    """What it says; None when there is none. Raises :class:`HeadFileError`."""
    file = head_file()
    try:
        number, digest, seal = file.read_text("ascii").strip().split(":")
        noted = Noted(int(number), digest)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise HeadFileError(f"{file} cannot be read as NUMBER:DIGEST:SEAL: {error}") from None
    if not is_seal(seal, sealing_key(), Sealed.HEAD, noted.number, noted.digest):
        raise HeadFileError(f"{file}: its seal is wrong, so this desk did not write it")
    return noted


def note_head(number: int) -> None:
    """Bring the file up to record ``number`` or beyond, after that was committed. What goes wrong is logged, not raised:
    the record itself is safe in the table.

    A file that does not fit the table is left as it is: it is the evidence that something was taken out.
    """
    try:
        with _alone():
            _bring_up(number)
    except (OSError, HeadFileError) as error:
        log.error("the head of the record could not be noted: %s", error)


def _bring_up(number: int) -> None:
    noted = read_head_file()
    if noted is not None and noted.number >= number:
        return
    if noted is not None:
        held = Record.objects.filter(number=noted.number).values_list("digest", flat=True).first()
        if held != noted.digest:
            raise HeadFileError(
                f"record {noted.number:,} is not the one that {head_file()} notes; run tidegate audit verify"
            )
    head = Head.objects.get(pk=1)
    _replace(f"{head.number}:{head.digest}:{head.seal}\n")


def _replace(text: str) -> None:
    file = head_file()
    part = file.with_name(f".{FILE}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)


@contextmanager
def _alone() -> Iterator[None]:
    """One thread of one process at a time: a command may add a record while the node runs."""
    descriptor = os.open(head_file().with_name(LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
