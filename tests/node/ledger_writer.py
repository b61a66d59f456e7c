"""A process that commits, hands out and confirms as a node does, until it is killed or done; for test_ledger_crashes."""

import random
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from ledger_cases import NOW, decided, ledger_in

from tidegate.node.outbox import Result
from tidegate.statements.decision import DecisionShown

EVENTS = 4_000
ACCOUNTS = 300
SECTIONS = {"breaker": {"expected": {"ban": 1.0}, "least": 60}, "enforcement": {"lease_s": 1.0}}


def journal() -> list[tuple[int, DecisionShown]]:
    """The same decisions at every start, each with the number of the event after which it was made."""
    chance = random.Random(7)
    made = []
    for event in range(1, EVENTS + 1):
        for _ in range(chance.choice((0, 0, 1, 1, 3))):
            rung = chance.choice(("allow", "budget", "lock", "ban"))
            made.append((event, decided(f"@u{chance.randrange(ACCOUNTS)}:x", rung, NOW + len(made) * 1e-3)))
    return made


JOURNAL = journal()


def write(folder: Path, seed: int, said: Connection) -> None:
    """Go on where the folder is, with a replay of what came shortly before. Says when it begins and when it is done."""
    chance = random.Random(seed)
    made = JOURNAL
    ledger = ledger_in(folder, **SECTIONS)
    stop = threading.Event()

    def deliver() -> None:
        now_s = NOW
        while not stop.is_set():
            now_s += 0.5
            actions = ledger.outbox.due(20, now_s)
            ledger.outbox.confirm([Result(action.id, chance.random() < 0.8) for action in actions], now_s)
            stop.wait(0.001)

    messenger = threading.Thread(target=deliver)
    messenger.start()
    said.send("running")
    at = max(ledger.committed_through - chance.randrange(200), 0)
    while at < EVENTS:
        end = min(at + chance.randrange(1, 40), EVENTS)
        ledger.commit([decision for event, decision in made if at < event <= end], end)
        at = end
    stop.set()
    messenger.join()
    ledger.close()
    said.send("done")
