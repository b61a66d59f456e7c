"""Decisions and their reasons as they travel."""

import math
from collections.abc import Iterable

from msgspec import UNSET

from tidegate.node.api.messages import Decision, Reason
from tidegate.statements.decision import DecisionShown, ReasonShown, rfc3339


def reasons_of(shown: Iterable[ReasonShown]) -> list[Reason]:
    """The reasons, strongest first."""
    return [
        Reason(
            text=reason.text,
            value=_finite(reason.value),
            rule=reason.name if reason.kind == "rule" else UNSET,
            feature=reason.name if reason.kind != "rule" else UNSET,
        )
        for reason in shown
    ]


def decision_of(shown: DecisionShown) -> Decision:
    """One change of rung."""
    return Decision(
        time=rfc3339(shown.time) or "",
        rung=shown.rung,  # type: ignore[arg-type]
        until=rfc3339(shown.until),
        score=_finite(shown.score),
        stage=shown.stage,
        reasons=reasons_of(shown.reasons),
        policy=shown.policy,
        model=shown.model,
        id=shown.id,
    )


def _finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return None if value is None or not math.isfinite(value) else float(value)
