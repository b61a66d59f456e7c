"""Killed at any instant, as often as you like, the ledger has everything once, and every action follows from it."""

import multiprocessing
import random
import signal
import time
from pathlib import Path

from ledger_cases import NOW, ledger_in
from ledger_writer import EVENTS, JOURNAL, SECTIONS, write

from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node.database import damage_in
from tidegate.node.outbox import Result

KILLS = 40
PROCESSES = multiprocessing.get_context("fork")
"""Forked, so that a kill costs no start of an interpreter."""


def run_for(folder: Path, seed: int, seconds: float | None) -> bool:
    """Run the writer, for some seconds once it runs and then kill it, or to its end; whether it came to its end."""
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=write, args=(folder, seed, there))
    process.start()
    there.close()
    assert here.recv() == "running"
    if seconds is not None:
        time.sleep(seconds)  # not for something to happen: the instant of the kill is what is tried out
        process.kill()
    try:
        done = bool(here.recv() == "done")
    except EOFError:
        done = False
    process.join()
    assert done or process.exitcode == -signal.SIGKILL
    return done


def test_a_ledger_that_is_killed_again_and_again_has_everything_once(tmp_path: Path) -> None:
    made = [decision for _, decision in JOURNAL]
    chance = random.Random(11)
    reached, cut_short = [0], 0
    for seed in range(KILLS):
        cut_short += not run_for(tmp_path, seed, chance.uniform(0.0, 0.08))
        ledger = ledger_in(tmp_path, **SECTIONS)
        covered = ledger.committed_through
        there = [recorded.decision.id for recorded in ledger.decisions_after(0, limit=len(made) + 1)]
        assert there == [decision.id for event, decision in JOURNAL if event <= covered]
        assert covered >= reached[-1], "what was committed stays committed"
        reached.append(covered)
        ledger.close()
    assert cut_short >= KILLS // 2, "too few kills found it at work; let the writer write more"
    assert run_for(tmp_path, KILLS, None)

    ledger = ledger_in(tmp_path, **SECTIONS)
    assert ledger.committed_through == EVENTS
    recorded = ledger.decisions_after(0, limit=len(made) + 1)
    assert [one.decision for one in recorded] == made
    assert [one.number for one in recorded] == list(range(1, len(made) + 1))
    assert damage_in(ledger.path) == []
    with ledger._file.reading() as db:
        actions = db.execute("select number, decision, cause from action").fetchall()
    assert {(number == decision, cause) for number, decision, cause in actions} == {(True, "decision")}

    # With a messenger that does what it is told, everybody ends up where the last decision says.
    for step in range(100):
        now_s = NOW + 1e7 + step * 2_000.0
        for letter in ledger.outbox.dead():
            ledger.outbox.retry(letter.id, now_s)
        due = ledger.outbox.due(1_000, now_s)
        ledger.outbox.confirm([Result(action.id, True) for action in due], now_s)
        if not due and not ledger.outbox.dead():
            break
    assert ledger.breakers()[0].held > 0, "the breaker opened on the way"
    assert ledger.reset_breaker(Rung.BAN, release=True) > 0
    due = ledger.outbox.due(1_000, NOW + 1e8)
    ledger.outbox.confirm([Result(action.id, True) for action in due], NOW + 1e8)
    last = {decision.account: RUNGS[decision.rung] for decision in made}
    standing = {found.account: found.rung for found in ledger.outbox.standing()}
    assert standing == {account: rung for account, rung in last.items() if rung is not Rung.ALLOW}
