"""The engine's decisions as a person is shown them: accounts by name, reasons in words."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.explain import Explainer
from tidegate.cli.findings import DecisionShown
from tidegate.cli.in_force import InForce
from tidegate.cli.replay import Replay, pseudonym_shown
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.rungs import Rung, Stage

_STRANGERS, _SENT = FEATURE_INDEX["distinct_strangers"], FEATURE_INDEX["sent_14d"]


def decisions_shown(replay: Replay, decisions: NDArray[Any], in_force: InForce) -> list[DecisionShown]:
    """Every decision with its reasons; counts are estimates until a timeline makes them exact."""
    explainer = Explainer(in_force)
    policy, model = in_force.policy_mark, in_force.model_mark
    raised_s: dict[int, float] = {}
    last: dict[int, DecisionShown] = {}
    shown = []
    for decision in decisions:
        key = int(decision["key"])
        at, before = float(decision["time"]), last.get(key)
        row = decision["row"]
        reached, sent = float(row[_STRANGERS]), float(row[_SENT])
        made = DecisionShown(
            time=at,
            account=replay.names_by_key.get(key) or pseudonym_shown(key),
            rung=Rung(int(decision["rung"])).word,
            until=_time(decision["until"]),
            score=_time(decision["score"]),
            stage=Stage(int(decision["stage"])).word,
            reasons=explainer.reasons(decision, raised_s.get(key)),
            policy=policy,
            model=model,
            id=pseudonym_shown(int(decision["id"])),
            first_contacts=round(reached)
            if np.isfinite(reached)
            else (before.first_contacts if before else 0),
            messages=round(sent) if np.isfinite(sent) else (before.messages if before else 0),
            pseudonym=key,
        )
        raised_s[key] = at
        last[key] = made
        shown.append(made)
    return shown


def _time(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def by_account(shown: Iterable[DecisionShown]) -> dict[int, list[DecisionShown]]:
    """Decisions of each account that ever stood above ``allow``, by pseudonym.

    A person's ruling may put an account on ``allow`` that never stood anywhere else; it is left out.
    """
    by_key: dict[int, list[DecisionShown]] = {}
    for decision in shown:
        by_key.setdefault(decision.pseudonym, []).append(decision)
    return {key: made for key, made in by_key.items() if any(d.rung != "allow" for d in made)}
