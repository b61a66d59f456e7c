"""What can be wrong with a log: the whole of it (:class:`LogError`) or one line (:class:`Rejection`)."""

from enum import StrEnum
from pathlib import Path


class RejectReason(StrEnum):
    """Why a line was set aside. The values are the words in ``rejected.jsonl`` and in the summary."""

    NOT_JSON = "not JSON"
    NOT_AN_OBJECT = "not an object"
    INVALID_UTF8 = "invalid UTF-8"
    LINE_TOO_LONG = "line too long"
    WRONG_COLUMNS = "wrong number of columns"
    REPEATED_FIELD = "repeated field"
    MISSING_FIELD = "missing field"
    UNKNOWN_TYPE = "unknown type"
    BAD_TIME = "bad time"
    BAD_IDENTIFIER = "bad identifier"
    BAD_NUMBER = "bad number"
    BAD_IP = "bad IP address"
    BAD_PHONE = "bad phone number"
    BAD_REASON = "bad reason"
    MISSING_TARGET = "missing target"


class Rejection(Exception):  # noqa: N818 - one unusable line is expected, not a failure of the program
    """One line cannot be used: a countable reason, and words that say what would be right."""

    def __init__(self, reason: RejectReason, words: str) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words


class ContentRefused(Exception):  # noqa: N818 - a refusal, named as such
    """A line carries a field that looks like message content. Holds the field's name, never its value."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field
        self.line = 0
        """Where it stands, once that is known."""


class LogError(Exception):
    """A log cannot be read. The message names the file, the place, what was found and what would be right."""

    def __init__(self, path: Path, found: str, wanted: str = "", *, place: str = "") -> None:
        where = f"{path}, {place}" if place else str(path)
        super().__init__(f"{where}: {found}." + (f" {wanted}." if wanted else ""))
        self.path = path
        self.found = found
        self.wanted = wanted
        self.place = place


def content_refused(path: Path, field: str, place: str) -> LogError:
    """The error for a log that carries message content. Names the field, not what is in it."""
    return LogError(
        path,
        f"the field {field[:40]!r} looks like message content, so the whole log is refused",
        "Tidegate must never hold content: export the log again without that field",
        place=place,
    )
