"""The decision table gives every state one outcome, and the one the notice gives."""

from collections import Counter

import pytest

from tidegate.desk.evidence.grounds import (
    Action,
    Ground,
    OffPlatform,
    OnPlatform,
    State,
    Subject,
    decide,
    every_state,
)
from tidegate.desk.evidence.grounds.table import ROWS

NONE_OR_UNLINKED = (OnPlatform.NONE, OnPlatform.UNLINKED)
LEGAL = {Action.LETTER, Action.SUIT}


def expected(state: State) -> tuple[str, set[Ground], set[Action]]:
    """The table of the notice, written once more by hand."""
    on, off, subject = state.on_platform, state.off_platform, state.subject
    if not state.determined:
        return "0", set(), {Action.HOLD}
    if on not in NONE_OR_UNLINKED:
        if subject is Subject.UNIDENTIFIED:
            return "2u", set(), {Action.IDENTIFY}
        if on is OnPlatform.LINKED_BEFORE and off is not OffPlatform.NONE and subject is Subject.COMPANY:
            return "1", {Ground.G1, Ground.G3}, LEGAL
        return "2", {Ground.G1}, LEGAL
    if off is OffPlatform.AFTER:
        return {
            Subject.COMPANY: ("3", {Ground.G2}, LEGAL),
            Subject.INDIVIDUAL: ("4", {Ground.G2I}, {Action.ASK_COUNSEL}),
            Subject.UNIDENTIFIED: ("5", set(), {Action.IDENTIFY}),
        }[subject]
    if off is OffPlatform.NOT_AFTER:
        return "6", set(), {Action.ARCHIVE, Action.WATCH, Action.RECAPTURE}
    if off is OffPlatform.UNDATED:
        return "7", set(), {Action.DATE_FIRST}
    return "8", set(), set()


@pytest.mark.parametrize("state", list(every_state()), ids=str)
def test_every_state_has_the_outcome_of_the_notice(state: State) -> None:
    row, grounds, allowed = expected(state)
    outcome = decide(state)
    assert (outcome.row, set(outcome.grounds), set(outcome.allowed)) == (row, grounds, allowed)
    on_account = {Action.LIMIT, Action.SUSPEND, Action.TERMINATE} if state.account_signal else set()
    assert set(outcome.on_account) == on_account


def test_there_are_192_states_and_every_row_is_reached() -> None:
    states = list(every_state())
    assert len(set(states)) == 192
    reached = Counter(decide(state).row for state in states)
    assert set(reached) == {row.name for row in ROWS}
    assert reached["0"] == 96


def test_what_was_seen_elsewhere_never_changes_what_an_account_may_suffer() -> None:
    for state in every_state():
        assert bool(decide(state).on_account) == state.account_signal
