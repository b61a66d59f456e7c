"""Domains: of links, and bare ones whose suffix is a public one."""

import re
from collections.abc import Iterator

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity
from tidegate.desk.evidence.identifiers.suffixes import LONGEST_HOST, ascii_host, registrable

_LINK = re.compile(
    r"(?i:https?)://(?:[^\s/@?#\"'<>]{0,100}@)?(?P<host>[^\s/:?#\"'<>()\[\]{}|\\^`,;@]{1,253})"
)
_BARE = re.compile(r"[A-Za-z0-9.-]+")
_BARE_INTERNATIONAL = re.compile(r"[^\W_](?:[^\W]|[.-])*", re.UNICODE)
_FILES = frozenset("md py sh zip mov rs pl cc so ps app".split())
"""Suffixes that a bare name is more often a file's than a site's."""


def domains(text: str, taken: Taken) -> Iterator[Candidate]:
    """Those of the folded text; their places are taken as they are found."""
    for match in _LINK.finditer(text):
        host = match.group("host").rstrip(".!…。")
        start = match.start("host")
        yield from _found(host, start, taken)
    for match in _BARE.finditer(text):
        yield from _bare(match.group(), match.start(), text, taken)
    if not text.isascii():
        for match in _BARE_INTERNATIONAL.finditer(text):
            run = match.group().rstrip(".-")
            if not run.isascii() and "." in run and len(run) <= LONGEST_HOST:
                yield from _found(run, match.start(), taken, bare=True)


def _bare(run: str, start: int, text: str, taken: Taken) -> Iterator[Candidate]:
    stripped = run.lstrip(".-")
    start += len(run) - len(stripped)
    host = stripped.rstrip(".-")
    if "." not in host or len(host) > LONGEST_HOST:
        return
    before, after = text[start - 1 : start], text[start + len(host) : start + len(host) + 1]
    if before in ("@", "_") or after in ("@", "_", "("):
        return
    touches = (before.isalpha() and not _alone(before)) or (after.isalpha() and not _alone(after))
    if not touches:
        yield from _found(host, start, taken, bare=True)


def _alone(letter: str) -> bool:
    """Of a script without spaces, which may touch a domain."""
    return "\u3040" <= letter <= "\u9fff"


def _found(host: str, start: int, taken: Taken, *, bare: bool = False) -> Iterator[Candidate]:
    end = start + len(host)
    if not host or taken.any_in(start, end):
        return
    rest, _, last = host.rpartition(".")
    # "the end.In the next": a full stop without a space.
    if bare and (last.istitle() and not rest.istitle() and not rest.isupper()):
        return
    if bare and last.lower() in _FILES:
        return
    ascii_form = ascii_host(host)
    domain = registrable(ascii_form) if ascii_form else None
    if domain:
        taken.add(start, end)
        yield Candidate(Type.DOMAIN, "", start, end, domain, Validity.VALID)
