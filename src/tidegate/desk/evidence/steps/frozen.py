"""Determinations as rows: made by a person, frozen, and read back exactly as they were."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import DESK, record
from tidegate.desk.evidence import grounds
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.canonical_json import canonical
from tidegate.desk.evidence.grounds import Action, Decider, DeciderKind, Facts, Ground, GroundError, Outcome
from tidegate.desk.evidence.grounds.rules import KNOWN, RuleSet
from tidegate.desk.evidence.steps.changes import changes
from tidegate.desk.evidence.steps.models import Answer, Determination
from tidegate.desk.evidence.subjects.facts import facts_of

LEAST_WORDS = 20
"""Characters of a decider's own words."""


@dataclass(frozen=True, slots=True)
class Now:
    """What the table says about the facts as they are at this moment, if somebody determined."""

    facts: Facts
    rules: RuleSet
    state: grounds.State
    outcome: Outcome
    for_counsel: tuple[str, ...]


def as_of_now(case: Case) -> Now:
    """Raises GroundError when the facts contradict each other, or no rules are in force."""
    facts, rules = facts_of(case), grounds.in_force(timezone.now())
    reading = grounds.read(facts, rules, determined=True)
    return Now(facts, rules, reading.state, grounds.decide(reading.state), reading.for_counsel)


def determine(case: Case, person: Any, reasons: str, dissent: str = "") -> Determination:
    """Freeze what is held now. Raises GroundError; then nothing has changed."""
    if len(reasons.strip()) < LEAST_WORDS:
        raise GroundError(f"say in your own words why it is abuse, in at least {LEAST_WORDS} characters")
    with transaction.atomic():
        locked(case)
        facts, now = facts_of(case), timezone.now()
        made = grounds.determine(
            facts, grounds.in_force(now), decider_of(person), now, dissent=dissent.strip()
        )
        row: Determination = Determination.objects.create(
            case=case,
            at=made.at,
            decider=person,
            rules=made.rules,
            outcome=json.loads(canonical(asdict(made.outcome))),
            for_counsel=list(made.for_counsel),
            inputs=made.inputs,
            inputs_sha256=made.inputs_sha256,
            reasons=reasons.strip(),
            dissent=made.dissent,
        )
        said = {"row": made.outcome.row, "grounds": list(made.outcome.grounds), "sha256": made.inputs_sha256}
        record(person, "case.determined", case.name, **said)
        custody.add(case, person, "determined", details=said)
    return row


def locked(case: Case) -> Case:
    """The case as it is now and stays until the transaction ends. Raises GroundError when it is closed."""
    found: Case = Case.objects.select_for_update().get(pk=case.pk)
    if not found.is_open:
        raise GroundError(f"{found} is closed: open it again first")
    return found


def latest(case: Case) -> Determination | None:
    """The last one that was not taken back."""
    found: Determination | None = (
        Determination.objects.filter(case=case)
        .exclude(answers__outcome=Answer.Outcome.TAKEN_BACK)
        .select_related("decider")
        .order_by("-at", "-pk")
        .first()
    )
    return found


def as_frozen(row: Determination) -> grounds.Determination:
    """As the pure parts know it."""
    said = row.outcome
    outcome = Outcome(
        said["row"],
        tuple(Ground(one) for one in said["grounds"]),
        tuple(Action(one) for one in said["allowed"]),
        tuple(Action(one) for one in said["on_account"]),
        said["why"],
    )
    return grounds.Determination(
        row.at,
        decider_of(row.decider),
        row.rules,
        outcome,
        tuple(row.for_counsel),
        row.inputs,
        row.inputs_sha256,
        row.dissent,
    )


def decider_of(person: Any) -> Decider:
    """A person by name; what the desk does by itself is software."""
    if person == DESK or not getattr(person, "pk", None):
        return Decider(str(person), DeciderKind.SOFTWARE)
    return Decider(str(person))


def rules_of(row: Determination) -> RuleSet:
    """The rules of its version. Raises GroundError when this software does not know them."""
    for rules in KNOWN:
        if rules.version == row.rules:
            return rules
    raise GroundError(f"rules {row.rules} are not known here")


def changed_since(row: Determination, facts: Facts) -> list[str]:
    """In words, what is held now and was not then, or the other way round. Raises GroundError."""
    return changes(row.inputs, facts, rules_of(row))
