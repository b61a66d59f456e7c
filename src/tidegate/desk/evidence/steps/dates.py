"""Every date that the ground turns on, and on which side of the cut-off day it falls. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tidegate.desk.evidence.grounds import Exhibit, Facts, OnPlatformFinding, RuleSet

SHOWN = 12
"""Digits of a hash on a page."""


class Side(StrEnum):
    """Where a moment falls; the notice names no time zone, so the day lasts from where it begins to where it ends."""

    BEFORE = "safely before"
    ON = "the cut-off day somewhere"
    AFTER = "safely after"
    UNDATED = "undated"


_MEANS: dict[Side, str] = {
    Side.BEFORE: "before {before:%Y-%m-%d %H:%M} UTC, when the cut-off day had begun nowhere",
    Side.ON: "between {before:%Y-%m-%d %H:%M} and {after:%Y-%m-%d %H:%M} UTC: the cut-off day in some time zone, "
    "so it counts neither as before nor as after",
    Side.AFTER: "from {after:%Y-%m-%d %H:%M} UTC on, when the cut-off day had ended everywhere",
    Side.UNDATED: "nobody but the page itself, or whoever handed it in, says when",
}


@dataclass(frozen=True, slots=True)
class DatedThing:
    """One date of an exhibit or a finding."""

    about: str
    """``exhibit`` or ``finding``."""
    sha256: str
    """Of the exhibit; empty for a finding."""
    what: str
    at: datetime | None
    side: Side
    means: str
    counts: bool
    """A confirmed link makes it the subject's."""


def dates_of(facts: Facts, rules: RuleSet) -> list[DatedThing]:
    """Exhibits first, then three dates for each finding."""
    found = [_exhibit(one, facts, rules) for one in facts.exhibits]
    for finding in facts.findings:
        found += _finding(finding, facts, rules)
    return found


def side_of(at: datetime | None, rules: RuleSet) -> Side:
    """Where a moment falls."""
    if at is None:
        return Side.UNDATED
    if at < rules.safely_before:
        return Side.BEFORE
    return Side.AFTER if at >= rules.safely_after else Side.ON


def _exhibit(exhibit: Exhibit, facts: Facts, rules: RuleSet) -> DatedThing:
    side = side_of(exhibit.observed_at, rules)
    return DatedThing(
        "exhibit",
        exhibit.sha256,
        "observed" + (", one party's word" if exhibit.weak else ""),
        exhibit.observed_at,
        side,
        _means(side, rules),
        facts.link_of(exhibit) is not None,
    )


def _finding(finding: OnPlatformFinding, facts: Facts, rules: RuleSet) -> list[DatedThing]:
    counts = facts.link_of(finding) is not None
    made = []
    for name, at in (
        ("committed", finding.abuse_at),
        ("recorded", finding.recorded_at),
        ("came into the case", finding.acquired_at),
    ):
        side = side_of(at, rules)
        made.append(
            DatedThing("finding", "", f"{finding.account}, {name}", at, side, _means(side, rules), counts)
        )
    return made


def _means(side: Side, rules: RuleSet) -> str:
    return _MEANS[side].format(before=rules.safely_before, after=rules.safely_after)
