"""On which ground of the notice a step may be taken, and which steps are refused. Pure: no clock, no database.

A person states the facts (:mod:`.facts`), they are read as a state (:mod:`.states`), the table (:mod:`.table`) names the
ground, a determination (:mod:`.determination`) freezes what was held, and each step is checked against it
(:mod:`.steps`).
"""

from tidegate.desk.evidence.grounds.determination import Decider, DeciderKind, Determination, determine
from tidegate.desk.evidence.grounds.facts import (
    Confirmed,
    Exhibit,
    Facts,
    HeldClaim,
    Link,
    OnPlatformFinding,
    Strength,
    SubjectRole,
)
from tidegate.desk.evidence.grounds.reading import read
from tidegate.desk.evidence.grounds.rules import NOTICE_2019, GroundError, PolicyRule, RuleSet, in_force
from tidegate.desk.evidence.grounds.states import OffPlatform, OnPlatform, State, Subject, every_state
from tidegate.desk.evidence.grounds.steps import Refusal, RefusedStepError, Step, refusals, require
from tidegate.desk.evidence.grounds.table import Action, Ground, Outcome, decide

__all__ = [
    "NOTICE_2019",
    "Action",
    "Confirmed",
    "Decider",
    "DeciderKind",
    "Determination",
    "Exhibit",
    "Facts",
    "Ground",
    "GroundError",
    "HeldClaim",
    "Link",
    "OffPlatform",
    "OnPlatform",
    "OnPlatformFinding",
    "Outcome",
    "PolicyRule",
    "Refusal",
    "RefusedStepError",
    "RuleSet",
    "State",
    "Step",
    "Strength",
    "Subject",
    "SubjectRole",
    "decide",
    "determine",
    "every_state",
    "in_force",
    "read",
    "refusals",
    "require",
]
