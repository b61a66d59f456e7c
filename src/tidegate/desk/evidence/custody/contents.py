"""All that goes into a case file, before it is one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tidegate.desk.evidence.custody.authorities_named import NamedAuthority, TokenRecord
from tidegate.desk.evidence.custody.chain import CustodyEvent
from tidegate.desk.evidence.custody.exhibits import MOST_TITLE, ExhibitContent
from tidegate.desk.evidence.grounds.determination import Determination

FORMAT = "tidegate-case/1"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class CaseFileError(ValueError):
    """Contents that make no case file; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the custody chain on some day, with its time stamps."""

    number: int
    digest: str
    tokens: tuple[TokenRecord, ...]


@dataclass(frozen=True, slots=True)
class CaseContents:
    """A case, ready to be sealed."""

    id: str
    """Lower-case letters, digits and hyphens."""
    title: str
    officer: str
    made_at: datetime
    tool: str
    """Software and version."""
    exhibits: Sequence[ExhibitContent]
    custody: Sequence[CustodyEvent]
    authorities: Sequence[NamedAuthority] = ()
    heads: Sequence[Head] = ()
    determinations: Sequence[Determination] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    """The case's other facts as JSON: elements, links, findings, notices and their service, actions, appeals."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise CaseFileError(f"case {self.id!r}: an id has 1 to 64 of a-z, 0-9 and hyphens")
        if not self.custody:
            raise CaseFileError(f"case {self.id}: without a custody chain nobody answers for it")
        names = [authority.name for authority in self.authorities]
        if len(set(names)) != len(names):
            raise CaseFileError(f"case {self.id}: two authorities share a name")
        tokens = [token for exhibit in self.exhibits for token in exhibit.tokens]
        tokens += [token for head in self.heads for token in head.tokens]
        for token in tokens:
            if token.authority not in names:
                raise CaseFileError(
                    f"case {self.id}: a time stamp names {token.authority!r}, whose roots are not given"
                )
        for exhibit in self.exhibits:
            if not exhibit.title or len(exhibit.title) > MOST_TITLE or not exhibit.title.isprintable():
                raise CaseFileError(
                    f"case {self.id}: an exhibit needs a printable title of 1 to {MOST_TITLE} characters"
                )
