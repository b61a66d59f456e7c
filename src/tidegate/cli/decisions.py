"""The engine's decisions as a person is shown them: accounts by name, reasons in words."""

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from tidegate.cli.replay import Replay
from tidegate.statements.decision import DecisionShown
from tidegate.statements.explain import Explainer
from tidegate.statements.in_force import InForce
from tidegate.statements.statement import statements_of


def decisions_shown(replay: Replay, decisions: NDArray[Any], in_force: InForce) -> list[DecisionShown]:
    """Every decision with its reasons; counts are estimates until a timeline makes them exact."""
    return statements_of(decisions, replay.names_by_key, Explainer(in_force), {})


def by_account(shown: Iterable[DecisionShown]) -> dict[int, list[DecisionShown]]:
    """Decisions of each account that ever stood above ``allow``, by pseudonym.

    A person's ruling may put an account on ``allow`` that never stood anywhere else; it is left out.
    """
    by_key: dict[int, list[DecisionShown]] = {}
    for decision in shown:
        by_key.setdefault(decision.pseudonym, []).append(decision)
    return {key: made for key, made in by_key.items() if any(d.rung != "allow" for d in made)}
