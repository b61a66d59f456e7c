"""One change of rung as people and files are shown it: the account by name, the reasons in words."""

import math
from datetime import UTC, datetime
from typing import Any

import msgspec


class ReasonShown(msgspec.Struct, frozen=True, gc=False):
    """One reason for a decision, in words."""

    name: str
    """Of the rule or the feature."""
    value: float | None
    text: str
    kind: str
    """``"rule"`` or ``"model"``."""


class DecisionShown(msgspec.Struct, frozen=True):
    """One change of rung of one account."""

    time: float
    account: str
    rung: str
    until: float | None
    """When the rung ends by itself; None or infinite: not by itself."""
    score: float | None
    stage: str
    """``registration``, ``messaging``, ``feedback`` or ``campaign``."""
    reasons: tuple[ReasonShown, ...]
    """Strongest first."""
    policy: str
    model: str
    id: str
    first_contacts: int
    """Strangers written to up to and with the event that caused the decision."""
    messages: int
    """Messages sent up to and with that event."""
    pseudonym: int
    complaints: float = 0.0
    """Blocks and reports by people the account had written to first, as they weighed at that event; below 0.05: none."""


def rfc3339(time: float | None) -> str | None:
    """Unix seconds as RFC 3339 in UTC, to the microsecond; None and infinity (no end) become None."""
    if time is None or math.isinf(time):
        return None
    moment = datetime.fromtimestamp(time, UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return None if value is None or not math.isfinite(value) else float(value)


def decision_record(decision: DecisionShown) -> dict[str, Any]:
    """One line of ``decisions.jsonl``, as the architecture states it."""
    return {
        "time": rfc3339(decision.time),
        "account": decision.account,
        "rung": decision.rung,
        "until": rfc3339(decision.until),
        "score": _finite(decision.score),
        "stage": decision.stage,
        "reasons": [
            {
                "rule" if reason.kind == "rule" else "feature": reason.name,
                "value": _finite(reason.value),
                "text": reason.text,
            }
            for reason in decision.reasons
        ],
        "policy": decision.policy,
        "model": decision.model,
        "id": decision.id,
    }
