"""The states that the table decides over: few, named, all of them enumerable."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class OnPlatform(StrEnum):
    """Abuse seen on the messenger itself."""

    NONE = "none"
    UNLINKED = "unlinked"
    """Seen, but no person has confirmed that it is this subject's: a proposal counts as unlinked."""
    LINKED_BEFORE = "linked_before"
    """Confirmed to be this subject's; committed *and* recorded safely before the cut-off day."""
    LINKED = "linked"
    """Confirmed to be this subject's, on or after the cut-off day, or with dates that do not settle it."""


class OffPlatform(StrEnum):
    """What was seen elsewhere: the last dated observation decides."""

    NONE = "none"
    UNDATED = "undated"
    NOT_AFTER = "not_after"
    """On the cut-off day or before, or within the hours in which it is still that day somewhere."""
    AFTER = "after"


class Subject(StrEnum):
    """Against whom."""

    COMPANY = "company"
    INDIVIDUAL = "individual"
    UNIDENTIFIED = "unidentified"


@dataclass(frozen=True, slots=True)
class State:
    """All that the ground depends on."""

    on_platform: OnPlatform
    off_platform: OffPlatform
    subject: Subject
    determined: bool
    """A person has determined that what was seen is abuse."""
    account_signal: bool
    """An account is at hand, and the classifier or a reviewer saw abuse *on the messenger* by it."""

    @property
    def linked(self) -> bool:
        return self.on_platform in (OnPlatform.LINKED_BEFORE, OnPlatform.LINKED)


def every_state() -> Iterator[State]:
    """All 192."""
    for values in itertools.product(OnPlatform, OffPlatform, Subject, (False, True), (False, True)):
        yield State(*values)
