"""The statement of reasons for a restriction, with the fields of the European Union's transparency database.

Names and values are those of the database's programming interface (Regulation (EU) 2022/2065, articles 17 and 24 (5)).
Whether an operator has to send statements there is for the operator to find out; the form serves as a record either way.
Nothing in a statement says whose account it is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tidegate.desk.appeals.grounds import PERSON, RuleTold, grounds_of
from tidegate.desk.appeals.measures import LIMITING, By, by_whom
from tidegate.desk.appeals.texts import DEFAULT, texts
from tidegate.desk.ledger.models import Decision
from tidegate.engine.rungs import Rung

GROUND_CHARACTERS, EXPLANATION_CHARACTERS, FACTS_CHARACTERS = 500, 2_000, 5_000
CONTENT = "Conduct of an account of a messenger; messages are end-to-end encrypted and none was read."
GROUND = "The service's terms on automated, bulk and other non-personal messaging."
EUROPEAN_ECONOMIC_AREA = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
"""Where a measure on an account applies, as far as the database goes."""
_AUTOMATED = {
    By.PROGRAM: "AUTOMATED_DECISION_FULLY",
    By.BOTH: "AUTOMATED_DECISION_PARTIALLY",
    By.PERSON: "AUTOMATED_DECISION_NOT_AUTOMATED",
}
_WHO = {
    By.PROGRAM: "A program decided, without a person.",
    By.BOTH: "A program decided; a person looked at it and confirmed it.",
    By.PERSON: "A person decided.",
}


def restricts(decision: Decision) -> bool:
    """Whether there are reasons to state: it was acted on, limits something, and is not milder than what it replaced."""
    return bool(decision.acted and decision.rung >= LIMITING and decision.rung >= decision.previous)


def statement_of_reasons(
    decision: Decision, ruled: Sequence[Any], rules: Mapping[str, RuleTold], service: str
) -> dict[str, Any]:
    """The statement for a decision that :func:`restricts`; ValueError for another.

    ``ruled``: what people decided about the account; ``rules``: as :func:`~tidegate.desk.appeals.grounds.rules_now`
    gives them; ``service``: the messenger's name. Times are days in UTC. JSON values alone.
    """
    if not restricts(decision):
        raise ValueError(f"decision {decision.number} restricts nothing, so there are no reasons to state")
    by = by_whom(decision, ruled)
    grounds = grounds_of(decision.reasons, decision.stage, rules)
    said = texts(DEFAULT)
    observed = " ".join(said[f"ground_{name}"] for name in grounds)
    facts = (
        f"On {_day(decision.time)} the account on {service} was restricted. {observed} "
        f"{said[Rung(decision.rung).word]} "
        f"{_WHO[by]} {said['data']} The account holder can appeal on the page that the notice names."
    )
    explanation = f"{said['rule_broken']} {observed}"
    return {
        **_measure(decision),
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": GROUND[:GROUND_CHARACTERS],
        "incompatible_content_explanation": explanation[:EXPLANATION_CHARACTERS],
        "incompatible_content_illegal": "No",
        "content_type": ["CONTENT_TYPE_OTHER"],
        "content_type_other": CONTENT,
        # Of which language the messages are is not known, because they are not read.
        "content_language": None,
        "content_date": _day(decision.time),
        "application_date": _day(decision.committed),
        "category": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
        "territorial_scope": list(EUROPEAN_ECONOMIC_AREA),
        "decision_facts": facts[:FACTS_CHARACTERS],
        "source_type": _source(decision),
        # Where a person raised what stood on the ground before, nothing had been noticed by a program.
        "automated_detection": "No" if grounds == [PERSON] and decision.previous == Rung.ALLOW else "Yes",
        "automated_decision": _AUTOMATED[by],
        "puid": decision.uid,
    }


def _measure(decision: Decision) -> dict[str, Any]:
    """What was done: on the whole account, or on a part of the service."""
    end = None if decision.until is None else _day(decision.until)
    if decision.rung == Rung.BAN:
        account, provision = "DECISION_ACCOUNT_TERMINATED", None
    elif decision.rung == Rung.SUSPEND:
        account, provision = "DECISION_ACCOUNT_SUSPENDED", None
    else:
        account, provision = None, "DECISION_PROVISION_PARTIAL_SUSPENSION"
    return {
        "decision_visibility": None,
        "decision_monetary": None,
        "decision_provision": provision,
        "decision_account": account,
        "end_date_account_restriction": end if account else None,
        "end_date_service_restriction": end if provision else None,
    }


def _source(decision: Decision) -> str:
    """Who brought it up: other people by blocking and reporting, or the service itself."""
    return "SOURCE_TYPE_OTHER_NOTIFICATION" if decision.stage == "feedback" else "SOURCE_VOLUNTARY"


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"
