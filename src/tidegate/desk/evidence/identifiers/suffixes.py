"""Hosts and the domain that somebody registered, by the public suffix list that its package brings."""

from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

LONGEST_HOST = 253
LONGEST_LABEL = 63
MOST_LABELS = 10


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def ascii_host(host: str) -> str | None:
    """In lower case and as DNS has it (IDNA 2008 with the mapping of UTS 46); None when it cannot be one."""
    host = host.strip(".").lower()
    labels = host.split(".")
    if len(host) > LONGEST_HOST or not 2 <= len(labels) <= MOST_LABELS or not all(labels):
        return None
    if host.isascii():
        good = all(_good_label(label) for label in labels)
        return host if good and not labels[-1].isdigit() else None
    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None


def _good_label(label: str) -> bool:
    return (
        len(label) <= LONGEST_LABEL
        and not label.startswith("-")
        and not label.endswith("-")
        and "_" not in label
    )


def registrable(host: str) -> str | None:
    """Of a host as :func:`ascii_host` gives it: the part that somebody registered; None for unknown suffixes."""
    found = _list().privatesuffix(host)
    return str(found) if found else None
