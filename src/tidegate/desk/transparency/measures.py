"""What the report counts: one table, read by the page, the files and their schema."""

from dataclasses import dataclass
from enum import StrEnum

from tidegate.engine.rungs import Rung

SCHEMA_VERSION = "1.0"
"""Of the files. A change that a reader of them must know raises the first number."""
ALL = "all"
"""In the place of a rung: of all of them together, or of none."""


class Unit(StrEnum):
    """What a value counts."""

    DECISIONS = "decisions"
    APPEALS = "appeals"
    HOURS = "hours"
    SHARE = "share"
    """From 0 to 1."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is counted."""

    name: str
    title: str
    meaning: str
    unit: Unit
    per_rung: bool = False


ACTIONS = (
    Measure(
        "actions",
        "Actions",
        "Decisions that put an account under a stronger measure than before and were carried out. An account may be "
        "counted more than once.",
        Unit.DECISIONS,
        per_rung=True,
    ),
    Measure(
        "automatic",
        "Automatic",
        "Actions decided by rules and machine learning classifiers, without a person.",
        Unit.DECISIONS,
        per_rung=True,
    ),
    Measure("by_person", "By a person", "Actions decided by a person.", Unit.DECISIONS, per_rung=True),
    Measure(
        "before_any_report",
        "Before any report",
        "Automatic actions at a time when nobody whom the account had written to first had blocked or reported it, or "
        "all such complaints were long past.",
        Unit.DECISIONS,
        per_rung=True,
    ),
    Measure(
        "at_registration",
        "At registration",
        "Automatic actions when the account was signed up.",
        Unit.DECISIONS,
        per_rung=True,
    ),
    Measure(
        "while_messaging",
        "While messaging",
        "Automatic actions because of how the account sent.",
        Unit.DECISIONS,
        per_rung=True,
    ),
    Measure(
        "from_feedback",
        "From feedback",
        "Automatic actions set off by a block or a report.",
        Unit.DECISIONS,
        per_rung=True,
    ),
    Measure(
        "from_campaigns",
        "From campaigns",
        "Automatic actions because accounts were found to act together.",
        Unit.DECISIONS,
        per_rung=True,
    ),
)
APPEALS = (
    Measure("appeals_received", "Received", "Appeals lodged in the month.", Unit.APPEALS),
    Measure("appeals_decided", "Decided", "Of those, decided so far.", Unit.APPEALS),
    Measure("appeals_in_time", "Decided in time", "Of those, decided by the time promised.", Unit.APPEALS),
    Measure(
        "appeals_late",
        "Late",
        "Of those lodged: decided later than promised, or still waiting by then.",
        Unit.APPEALS,
    ),
    Measure("appeals_waiting", "Waiting", "Of those lodged, not decided yet.", Unit.APPEALS),
    Measure(
        "appeals_withdrawn", "Withdrawn", "Of those lodged, taken back by the account holder.", Unit.APPEALS
    ),
    Measure("appeals_granted", "Granted", "Of those decided: the measure was undone.", Unit.APPEALS),
    Measure(
        "appeals_partly", "Granted in part", "Of those decided: another measure took its place.", Unit.APPEALS
    ),
    Measure("appeals_rejected", "Rejected", "Of those decided: the measure stayed.", Unit.APPEALS),
    Measure(
        "appeals_median_hours",
        "Median time",
        "Hours from receipt to decision which half of the decided appeals took at most.",
        Unit.HOURS,
    ),
)
REINSTATEMENTS = (
    Measure(
        "reinstated_on_appeal",
        "After an appeal",
        "Measures undone by a person in the month because an appeal was granted.",
        Unit.DECISIONS,
    ),
    Measure(
        "reinstated_by_review",
        "By our own review",
        "Measures undone by a person in the month without an appeal.",
        Unit.DECISIONS,
    ),
)
ESTIMATES = (
    Measure(
        "wrongful_looked_at",
        "Looked at again",
        "Automatic actions of the month, drawn at random, that a person has looked at again.",
        Unit.DECISIONS,
    ),
    Measure(
        "wrongful_share",
        "Estimated share of wrongful actions",
        "Estimated from those looked at again.",
        Unit.SHARE,
    ),
    Measure("wrongful_share_low", "Lower end", "Of the interval of that share.", Unit.SHARE),
    Measure("wrongful_share_high", "Upper end", "Of the interval of that share.", Unit.SHARE),
    Measure(
        "wrongful_actions",
        "Estimated wrongful actions",
        "That share of the automatic actions.",
        Unit.DECISIONS,
    ),
    Measure("wrongful_actions_low", "Lower end", "Of the interval of that number.", Unit.DECISIONS),
    Measure("wrongful_actions_high", "Upper end", "Of the interval of that number.", Unit.DECISIONS),
)
MEASURES = (*ACTIONS, *APPEALS, *REINSTATEMENTS, *ESTIMATES)
RUNGS = tuple(rung for rung in Rung if rung > Rung.ALLOW)
"""Measures against accounts, weakest first."""
RUNG_TITLES = {
    Rung.WARN: "Warning",
    Rung.CHALLENGE: "Check before new chats",
    Rung.BUDGET: "Few new chats",
    Rung.LOCK: "No new chats",
    Rung.SUSPEND: "Sending suspended",
    Rung.BAN: "Account closed",
}
RUNG_MEANS = {
    Rung.WARN: "The account holder is told that the use looks unusual; nothing is limited.",
    Rung.CHALLENGE: "A check is asked for before new chats.",
    Rung.BUDGET: "Few new people can be written to at a time; each answer allows another.",
    Rung.LOCK: "No new chats; existing ones go on.",
    Rung.SUSPEND: "No sending for a time.",
    Rung.BAN: "The account is closed.",
}
assert set(RUNG_MEANS) == set(RUNG_TITLES) == set(RUNGS)
NOT_COUNTED = (
    "Decisions that were not carried out: policies on trial, accounts exempt from action, actions held by a breaker.",
    "Decisions that lower a measure or let it run out in time.",
    "Messages: no message is read, so none is counted.",
    "Decisions of this service by other means than this system.",
)
"""Said on the page and in the files."""
