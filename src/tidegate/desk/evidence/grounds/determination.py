"""A person determines; what was held is frozen at that moment, so that nobody can say later that more was known."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tidegate.desk.evidence.custody.canonical_json import canonical
from tidegate.desk.evidence.grounds.facts import Facts
from tidegate.desk.evidence.grounds.reading import read
from tidegate.desk.evidence.grounds.rules import GroundError, RuleSet, aware
from tidegate.desk.evidence.grounds.table import Outcome, decide


class DeciderKind(StrEnum):
    """Who may set something going."""

    PERSON = "person"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decided."""

    name: str
    kind: DeciderKind = DeciderKind.PERSON

    @property
    def is_person(self) -> bool:
        return self.kind is DeciderKind.PERSON and bool(self.name.strip())


@dataclass(frozen=True, slots=True)
class Determination:
    """That somebody found abuse, on what, under which rules."""

    at: datetime
    decider: Decider
    rules: str
    """Version."""
    outcome: Outcome
    for_counsel: tuple[str, ...]
    inputs: str
    """Canonical JSON of rules and facts."""
    inputs_sha256: str
    dissent: str = ""


def determine(
    facts: Facts, rules: RuleSet, decider: Decider, at: datetime, *, dissent: str = ""
) -> Determination:
    """Freeze what is held, and look up what follows.

    Raises GroundError when no person decides, when the rules were not in force, or when a finding was acquired later.
    """
    if not decider.is_person:
        raise GroundError(
            f"a determination is made by a person with a name, not by {decider.name or decider.kind}"
        )
    if not rules.in_force_at(at):
        raise GroundError(f"rules {rules.version} were not in force at {at.isoformat()}")
    for finding in facts.findings:
        if finding.acquired_at > at:
            raise GroundError(
                f"finding about {finding.account} was acquired at {finding.acquired_at.isoformat()}, after the "
                f"determination at {at.isoformat()}: it was not held"
            )
    for exhibit in facts.exhibits:
        if exhibit.observed_at is not None and exhibit.observed_at > at:
            raise GroundError(
                f"exhibit {exhibit.sha256[:12]} was observed at {exhibit.observed_at.isoformat()}, after the "
                f"determination at {at.isoformat()}: it was not held"
            )
    reading = read(facts, rules, determined=True)
    inputs = canonical(
        {"rules": rules, "rules_sha256": [rule.sha256 for rule in rules.rules], "facts": facts}
    )
    return Determination(
        at=aware(at, "the determination"),
        decider=decider,
        rules=rules.version,
        outcome=decide(reading.state),
        for_counsel=reading.for_counsel,
        inputs=inputs,
        inputs_sha256=digest(inputs),
        dissent=dissent,
    )


def held(determination: Determination, facts: Facts, rules: RuleSet) -> bool:
    """Whether these are the facts and the rules that were frozen."""
    now = canonical({"rules": rules, "rules_sha256": [rule.sha256 for rule in rules.rules], "facts": facts})
    return digest(now) == determination.inputs_sha256 == digest(determination.inputs)


def digest(text: str) -> str:
    """SHA-256 of UTF-8, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def as_record(determination: Determination) -> dict[str, Any]:
    """For a case file: JSON values."""
    record: dict[str, Any] = json.loads(canonical(asdict(determination)))
    return record
