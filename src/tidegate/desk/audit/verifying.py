"""Whether the record of who did what is as it was written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidegate.desk.audit.digests import Sealed, digest_of, is_seal, sealing_key
from tidegate.desk.audit.head_file import HeadFileError, Noted, head_file, read_head_file
from tidegate.desk.audit.models import Head, Record

PAGE = 2_000
"""Records read together."""
MOST_FINDINGS = 20
"""Said in words; more are only counted."""


@dataclass(slots=True)
class Verdict:
    """What came out."""

    checked: int = 0
    """Records looked at."""
    last: int = 0
    """Number of the last one looked at."""
    digest: str = ""
    """Its digest."""
    end: int = 0
    """The head's number."""
    wrong: int = 0
    """How much is wrong."""
    findings: list[str] = field(default_factory=list)
    """The first of it, in words."""
    notes: list[str] = field(default_factory=list)
    """What is not wrong, but worth knowing."""

    @property
    def intact(self) -> bool:
        return not self.wrong

    def find(self, words: str) -> None:
        """One thing more that is wrong."""
        self.wrong += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(words)


def verify(noted: Mapping[str, Noted] | None = None) -> Verdict:
    """Look at every record, from the first to the last, in bounded memory. Raises django.db.Error.

    ``noted``: heads that people have noted elsewhere, by where. The file in the node's folder is looked at by itself.
    """
    walk = _Walk(dict(noted or {}))
    walk.note_file()
    for piece in _to_the_end(walk):
        walk.look_at(piece)
    walk.finish()
    return walk.verdict


def verify_stretch(after: int, most: int) -> Verdict:
    """Look at up to ``most`` records that follow number ``after``; each seal stands for itself, so a stretch can.

    For the page: the whole may be too much for one request. Where ``last`` is below ``end``, there is more to look at.
    """
    walk = _Walk({})
    walk.note_file(after)
    if after:
        walk.begin_after(after)
    for piece in _to_the_end(walk):
        walk.look_at(piece[: most - walk.verdict.checked])
        if walk.verdict.checked >= most:
            head = Head.objects.filter(pk=1).first() or Head()
            if head.number > walk.verdict.last:
                walk.verdict.end = head.number
                return walk.verdict
    walk.finish()
    return walk.verdict


def _to_the_end(walk: "_Walk") -> Iterator[Sequence[Any]]:
    """Pages of records up to the head, which may move on meanwhile."""
    head = Head()
    while True:
        after = walk.verdict.last
        try:
            piece = list(Record.objects.filter(number__gt=after).order_by("number")[:PAGE])
        except (ValueError, TypeError) as error:
            walk.verdict.find(f"records after {after:,} cannot be read: {error}")
            return
        if piece:
            yield piece
            continue
        known = head.number
        # Read after the records: whoever adds one moves the head in the same transaction.
        head = Head.objects.filter(pk=1).first() or Head()
        if head.number <= after or head.number == known:
            walk.head = head
            return


class _Walk:
    """From record to record."""

    def __init__(self, noted: dict[str, Noted]) -> None:
        self.verdict = Verdict()
        self.head = Head()
        self._noted = noted
        self._waiting: dict[int, list[str]] = {}
        for where in noted:
            self._wait_for(where)
        self._file: Noted | None = None
        self._key = sealing_key()

    def note_file(self, after: int = 0) -> None:
        """Expect the record that the file in the node's folder names, if that comes after number ``after``.

        Before the records are read: the file is never ahead of the table.
        """
        file = str(head_file())
        try:
            self._file = read_head_file()
        except HeadFileError as error:
            self.verdict.find(str(error))
            return
        if self._file is None:
            if Head.objects.filter(number__gt=0).exists():
                self.verdict.notes.append(
                    f"{file} is not there, so records taken from the end could have gone unnoticed"
                )
        elif self._file.number > after:
            self._noted[file] = self._file
            self._wait_for(file)

    def _wait_for(self, where: str) -> None:
        self._waiting.setdefault(self._noted[where].number, []).append(where)

    def begin_after(self, number: int) -> None:
        """That record itself is not looked at."""
        before = Record.objects.filter(number=number).first()
        self.verdict.last = number
        if before is None:
            self.verdict.find(_missing(number, number))
        else:
            self.verdict.digest = before.digest

    def look_at(self, records: Iterable[Any]) -> None:
        """At each, and how it follows the one before."""
        for record in records:
            self._look_at(record)
            self.verdict.last, self.verdict.digest = record.number, record.digest
            self.verdict.checked += 1

    def _look_at(self, record: Any) -> None:
        verdict, number = self.verdict, record.number
        expected = verdict.last + 1
        if number != expected:
            verdict.find(_missing(expected, number - 1))
        elif record.before != verdict.digest:
            verdict.find(
                f"record {number:,} does not follow from the one before it: one of the two was exchanged or changed"
            )
        if _digest(record) != record.digest:
            verdict.find(f"record {number:,} was changed after it was written: its digest does not fit")
        elif not is_seal(record.seal, self._key, Sealed.RECORD, number, record.digest):
            verdict.find(f"record {number:,} was not written by this desk: its seal is wrong")
        for where in self._waiting.pop(number, ()):
            if self._noted[where].digest != record.digest:
                verdict.find(f"record {number:,} is not the one noted in {where}")

    def finish(self) -> None:
        """At the end: does it end where it should?"""
        verdict, head = self.verdict, self.head
        verdict.end = head.number
        if head.number > verdict.last:
            verdict.find(_missing(verdict.last + 1, head.number) + ", by the head in the table")
        elif head.number < verdict.last:
            verdict.find(
                f"records {head.number + 1:,} to {verdict.last:,} lie beyond the head: they were put in past the desk"
            )
        elif head.digest != verdict.digest:
            verdict.find(f"the head in the table names another digest than record {verdict.last:,} has")
        elif head.number and not is_seal(head.seal, self._key, Sealed.HEAD, head.number, head.digest):
            verdict.find("the seal of the head in the table is wrong: it was not written by this desk")
        for number, places in self._waiting.items():
            for where in places:
                if number > verdict.last:
                    verdict.find(_missing(verdict.last + 1, number) + f", by the head noted in {where}")
                else:
                    verdict.find(f"record {number:,}, noted in {where}, is missing")
        if self._file is not None and self._file.number < verdict.last:
            behind = verdict.last - self._file.number
            verdict.notes.append(f"{head_file()} lies {behind:,} records behind the table")


def _digest(record: Any) -> str:
    try:
        return digest_of(record)
    except (AttributeError, TypeError, ValueError):
        return ""  # not even a moment any more, so nothing that was ever digested


def _missing(first: int, last: int) -> str:
    return f"record {first:,} is missing" if first >= last else f"records {first:,} to {last:,} are missing"
