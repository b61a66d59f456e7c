"""Whatever is decided, lost, repeated and restarted: a messenger ends up where the decisions say, in order."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from ledger_cases import HOUR, Clock, Mode, decided, in_memory_folder, key_of, ledger_in

from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node.enforcement import ALLOWED, Measure
from tidegate.node.in_effect import InEffect
from tidegate.node.outbox import Action, Result

ACCOUNTS = ["@ann:x", "@bob:x", "@eve:x"]
LEASE_S = 30.0
SECTIONS = {"enforcement": {"lease_s": LEASE_S, "attempts": 4}, "breaker": {"expected": {}}}


@dataclass
class Messenger:
    """A messenger that carries out what it is told, or not, and answers, or not."""

    stands: dict[str, Measure] = field(default_factory=dict)
    hands: list[tuple[Action, float]] = field(default_factory=list)
    """Actions it has not answered, with the time each was handed out."""
    told: dict[str, int] = field(default_factory=dict)
    """The latest decision, in the order in which they were made, that each account's actions came from."""


class OutboxUnderStress(RuleBasedStateMachine):
    """Decisions, polls, answers, lost answers, restarts and replays in any order."""

    @initialize()
    def start(self) -> None:
        self.temporary = tempfile.TemporaryDirectory(dir=in_memory_folder())
        self.clock = Clock()
        self.ledger = ledger_in(Path(self.temporary.name), Mode.ENFORCE, self.clock, **SECTIONS)
        self.messenger = Messenger()
        self.made = []
        self.order: dict[str, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            try:
                self.converge()
            finally:
                self.ledger.close()
                self.temporary.cleanup()

    # -- what happens --------------------------------------------------------------------------------------------------

    @rule(account=st.sampled_from(ACCOUNTS), rung=st.sampled_from(list(RUNGS)), ends=st.booleans())
    def decide(self, account: str, rung: str, ends: bool) -> None:
        until = self.clock.now_s + HOUR if ends and rung != "allow" else None
        made = decided(account, rung, self.clock.now_s + len(self.made) * 1e-3, until=until)
        self.made.append(made)
        self.order[made.id] = len(self.made)
        self.ledger.commit([made], len(self.made))

    @rule(limit=st.integers(1, 3))
    def poll(self, limit: int) -> None:
        for action in self.ledger.outbox.due(limit, self.clock.now_s):
            self._receive(action)

    @rule(
        which=st.integers(0, 5),
        carried_out=st.booleans(),
        answer=st.sampled_from(["done", "failed", "permanent", "lost"]),
    )
    def answer(self, which: int, carried_out: bool, answer: str) -> None:
        if not self.messenger.hands:
            return
        action, handed_s = self.messenger.hands.pop(which % len(self.messenger.hands))
        newest = self.messenger.told[action.account] == self.order[action.id]
        if (carried_out or answer == "done") and newest and self.clock.now_s < handed_s + LEASE_S:
            self.messenger.stands[action.account] = Measure(action.rung, action.until_s)
        if answer == "lost":
            return
        if answer == "done" and not (newest and self.clock.now_s < handed_s + LEASE_S):
            return  # it kept to its lease: what it was late for it did not do, so it cannot say that it did
        # An answer is about the action, however often it was handed out.
        self.messenger.hands = [held for held in self.messenger.hands if held[0].id != action.id]
        result = Result(action.id, answer == "done", "words", permanent=answer == "permanent")
        self.ledger.outbox.confirm([result], self.clock.now_s)

    @rule(seconds=st.sampled_from([1.0, 5.0, LEASE_S, 100.0, 1_000.0, 2 * HOUR]))
    def wait(self, seconds: float) -> None:
        self.clock.now_s += seconds

    @rule()
    def retry_dead(self) -> None:
        for letter in self.ledger.outbox.dead():
            assert self.ledger.outbox.retry(letter.id, self.clock.now_s)

    @rule(back=st.integers(0, 10))
    def crash(self, back: int) -> None:
        self.ledger.close()
        self.ledger = ledger_in(Path(self.temporary.name), Mode.ENFORCE, self.clock, **SECTIONS)
        self.ledger.commit(self.made[max(len(self.made) - back, 0) :], len(self.made))

    # -- what must hold ------------------------------------------------------------------------------------------------

    def _receive(self, action: Action) -> None:
        order = self.order[action.id]
        assert order >= self.messenger.told.get(action.account, 0), "an older action after a newer one"
        others = [
            other
            for other, handed_s in self.messenger.hands
            if other.account == action.account and self.clock.now_s < handed_s + LEASE_S
        ]
        assert not others, "two orders about one account at the same time"
        assert action.until_s is None or action.until_s > self.clock.now_s
        self.messenger.told[action.account] = order
        self.messenger.hands.append((action, self.clock.now_s))

    @invariant()
    def at_most_one_action_an_account_is_outstanding(self) -> None:
        if not hasattr(self, "ledger"):
            return
        with self.ledger._file.reading() as db:
            most = db.execute(
                "select max(n) from (select count(*) n from action where settled is null group by pseudonym)"
            ).fetchone()[0]
        assert (most or 0) <= 1

    @invariant()
    def what_checks_are_answered_from_is_what_the_file_says(self) -> None:
        if not hasattr(self, "ledger"):
            return
        with self.ledger._file.reading() as db:
            fresh = InEffect(db)
        for key in map(key_of, ACCOUNTS):
            assert self.ledger._in_effect.of(key) == fresh.of(key)

    def converge(self) -> None:
        """With a messenger that works, everybody ends up where the last decision says."""
        self.messenger.hands.clear()
        self.clock.now_s += 2 * HOUR
        for made in {made.account: made for made in self.made}.values():
            if Measure.of(RUNGS[made.rung], made.until).over(self.clock.now_s):
                self.decide(made.account, "allow", False)  # what a node decides when a rung has run out
        for _ in range(10):
            self.retry_dead()
            self.clock.now_s += 1_200.0
            for action in self.ledger.outbox.due(100, self.clock.now_s):
                self._receive(action)
                self.messenger.stands[action.account] = Measure(action.rung, action.until_s)
            self.ledger.outbox.confirm(
                [Result(action.id, True) for action, _ in self.messenger.hands], self.clock.now_s
            )
            self.messenger.hands.clear()
        assert self.ledger.outbox.next_due_s() is None
        standing = {found.account: found.rung for found in self.ledger.outbox.standing()}
        for account, made in {made.account: made for made in self.made}.items():
            measure = Measure.of(RUNGS[made.rung], made.until)
            assert self.messenger.stands.get(account, ALLOWED) == measure
            assert self.ledger.enforced_rung(key_of(account)) is measure.rung
            assert standing.get(account, Rung.ALLOW) is measure.rung


TestOutboxUnderStress = OutboxUnderStress.TestCase
TestOutboxUnderStress.settings = hypothesis_settings(max_examples=60, stateful_step_count=40, deadline=None)
