"""After a crash a node commits the tail of its journal again, cut differently: nothing is lost, nothing is doubled."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_cases import DAY, NOW, decided, in_memory_folder, ledger_in

from tidegate.node.outbox import Result
from tidegate.node.sqlite_ledger import SqliteLedger
from tidegate.statements.decision import DecisionShown

BREAKERS = {"expected": {"lock": 1.0}, "least": 4}
EVENTS = 40

_MADE = st.tuples(
    st.integers(0, EVENTS - 1),  # the event that caused it
    st.integers(0, 5),  # the account
    st.sampled_from(["allow", "warn", "budget", "lock", "suspend", "ban"]),
    st.sampled_from([None, NOW + DAY, NOW - 1.0]),
)


def made_of(drawn: list[tuple[int, int, str, float | None]]) -> list[tuple[int, DecisionShown]]:
    """Decisions in the journal's order, with the number of the event after which each was made."""
    return [
        (event + 1, decided(f"@u{account}:x", rung, NOW + i * 1e-3, until=None if rung == "allow" else until))
        for i, (event, account, rung, until) in enumerate(sorted(drawn, key=lambda item: item[0]))
    ]


def commit_between(ledger: SqliteLedger, made: list[tuple[int, DecisionShown]], start: int, end: int) -> None:
    """What a node does that observes events ``start`` … ``end`` of its journal."""
    ledger.commit([decision for through, decision in made if start < through <= end], end)


def everything(ledger: SqliteLedger) -> dict[str, list[Any]]:
    """All rows of the ledger's tables, names unsealed: sealing the same name twice gives different bytes."""
    with ledger._file.reading() as db:
        found: dict[str, list[Any]] = {
            table: db.execute(f"select * from {table} order by 1").fetchall()
            for table in ("decision", "action", "tally", "meta")
        }
        rows = db.execute("select unsealed(pseudonym, name), * from account order by pseudonym").fetchall()
    found["account"] = [row[:2] + row[3:] for row in rows]
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_MADE, max_size=30),
    st.lists(st.tuples(st.integers(0, EVENTS), st.integers(1, EVENTS), st.booleans()), max_size=12),
)
def test_any_replay_leaves_the_same_ledger_as_one_straight_run(
    drawn: list[tuple[int, int, str, float | None]], replays: list[tuple[int, int, bool]]
) -> None:
    made = made_of(drawn)
    with tempfile.TemporaryDirectory(dir=in_memory_folder()) as folder:
        straight, replayed = Path(folder) / "straight", Path(folder) / "replayed"
        straight.mkdir()
        replayed.mkdir()
        ledger = ledger_in(replayed, breaker=BREAKERS)
        for snapshot, length, restart in replays:
            # A snapshot never covers more than the ledger does, so a replay starts there or before.
            start = min(snapshot, ledger.committed_through)
            commit_between(ledger, made, start, min(start + length, EVENTS))
            if restart:
                ledger.close()
                ledger = ledger_in(replayed, breaker=BREAKERS)
        commit_between(ledger, made, 0, EVENTS)
        reference = ledger_in(straight, breaker=BREAKERS)
        commit_between(reference, made, 0, EVENTS)
        assert everything(ledger) == everything(reference)
        assert [recorded.decision.id for recorded in ledger.decisions_after(0)] == [
            decision.id for _, decision in made
        ]
        ledger.close()
        reference.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(_MADE, max_size=30), st.integers(0, EVENTS), st.integers(0, EVENTS), st.integers(0, 40))
def test_a_replay_hands_out_nothing_that_was_handed_out_before(
    drawn: list[tuple[int, int, str, float | None]], upto: int, snapshot: int, confirmed: int
) -> None:
    made = made_of(drawn)
    with tempfile.TemporaryDirectory(dir=in_memory_folder()) as folder:
        ledger = ledger_in(Path(folder), breaker=BREAKERS)
        commit_between(ledger, made, 0, upto)
        actions = ledger.outbox.due(1_000, NOW)
        done = actions[:confirmed]
        ledger.outbox.confirm([Result(action.id, True) for action in done], NOW)
        before = everything(ledger)
        commit_between(ledger, made, min(snapshot, upto), upto)
        assert everything(ledger) == before
        commit_between(ledger, made, min(snapshot, upto), EVENTS)
        again = {action.id for action in ledger.outbox.due(1_000, NOW)}
        assert not again & {action.id for action in actions}
        ledger.close()
