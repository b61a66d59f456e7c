"""From a decision record of the engine to a statement of reasons."""

from typing import Any

import numpy as np

from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.rungs import Rung, Stage
from tidegate.statements.decision import DecisionShown
from tidegate.statements.explain import Explainer

_STRANGERS, _SENT = FEATURE_INDEX["distinct_strangers"], FEATURE_INDEX["sent_14d"]


def pseudonym_shown(key: int) -> str:
    """A pseudonym as 16 hexadecimal digits."""
    return f"{key:016x}"


def statement_of(
    decision: Any,
    account: str,
    explainer: Explainer,
    raised_s: float | None = None,
    before: DecisionShown | None = None,
) -> DecisionShown:
    """The statement for one DECISION record about ``account``; its counts are the engine's estimates.

    ``raised_s``: when the rung that now ends began. ``before``: the account's previous decision, whose counts stand in
    where this one has none (a person's ruling, a rung that ran out).
    """
    reached, sent = float(decision["row"][_STRANGERS]), float(decision["row"][_SENT])
    return DecisionShown(
        time=float(decision["time"]),
        account=account,
        rung=Rung(int(decision["rung"])).word,
        until=_finite(decision["until"]),
        score=_finite(decision["score"]),
        stage=Stage(int(decision["stage"])).word,
        reasons=explainer.reasons(decision, raised_s),
        policy=explainer.policy_mark,
        model=explainer.model_mark,
        id=pseudonym_shown(int(decision["id"])),
        first_contacts=round(reached) if np.isfinite(reached) else (before.first_contacts if before else 0),
        messages=round(sent) if np.isfinite(sent) else (before.messages if before else 0),
        pseudonym=int(decision["key"]),
    )


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
