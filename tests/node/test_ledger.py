"""The ledger keeps every decision once, in order, and gives it back as it was."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ledger_cases import DAY, HOUR, NOW, Clock, Mode, StorageError, decided, key_of, ledger_in

from tidegate.engine.rungs import Rung
from tidegate.node.batch import RulingTaken
from tidegate.node.enforcement import Withheld
from tidegate.node.ledger import Ledger, RulingNoted
from tidegate.node.ledger_file import FILE as LEDGER_FILE
from tidegate.node.outbox import Outbox, Result
from tidegate.node.requests import Finding, Ruling
from tidegate.node.settings import SettingsError
from tidegate.node.sqlite_ledger import SqliteLedger, committed_through
from tidegate.statements.decision import ReasonShown


def taken(ruling: Ruling) -> RulingTaken:
    """As the node hands it to its ledger."""
    return RulingTaken(0, key_of(ruling.account), ruling, None)


def test_a_decision_comes_back_as_it_was_committed(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    made = decided("@ann:x", "lock", until=NOW + HOUR)
    ledger.commit([made], 7)
    assert ledger.history(made.pseudonym) == [made]
    recorded = ledger.decision(made.id)
    assert recorded is not None
    assert (recorded.decision, recorded.number, recorded.withheld) == (made, 1, Withheld.NO)
    assert ledger.committed_through == 7
    assert ledger.decision("0" * 16) is None
    assert ledger.history(key_of("@nobody:x")) == []


@pytest.mark.parametrize("key", [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_every_pseudonym_can_be_stored(tmp_path: Path, key: int) -> None:
    ledger = ledger_in(tmp_path)
    made = decided("@ann:x", "lock", pseudonym=key)
    ledger.commit([made], 1)
    assert ledger.history(key) == [made]
    assert [action.pseudonym for action in ledger.outbox.due(1, NOW)] == [key]
    ledger.outbox.confirm([Result(made.id, True)], NOW)
    assert [standing.pseudonym for standing in ledger.outbox.standing()] == [key]
    assert ledger.lift_all().entered == 1


def test_what_is_not_a_number_or_has_no_end_is_stored_as_nothing(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "ban", until=float("inf"), score=float("nan"))], 1)
    (found,) = ledger.history(key_of("@ann:x"))
    assert (found.until, found.score) == (None, None)


def test_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    made = [decided(f"@u{i}:x", "lock") for i in range(3)]
    ledger.commit(made, 3)
    ledger.close()
    again = ledger_in(tmp_path)
    assert [recorded.decision for recorded in again.decisions_after(0)] == made
    assert again.committed_through == 3
    assert committed_through(tmp_path) == 3


def test_a_folder_without_a_ledger_has_nothing_committed(tmp_path: Path) -> None:
    assert committed_through(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_decisions_of_the_same_instant_keep_their_order(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    rungs = ["warn", "challenge", "budget", "lock", "suspend", "ban"]
    ledger.commit([decided("@ann:x", rung, NOW) for rung in rungs], 1)
    assert [found.rung for found in ledger.history(key_of("@ann:x"))] == rungs[::-1]


def test_an_older_time_committed_later_counts_as_later(tmp_path: Path) -> None:
    # A rung that ended an hour ago may be found out after something newer was decided about somebody else, or late.
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock", NOW)], 1)
    ledger.commit([decided("@ann:x", "allow", NOW - HOUR)], 2)
    assert [found.rung for found in ledger.history(key_of("@ann:x"))] == ["allow", "lock"]
    assert ledger.enforced_rung(key_of("@ann:x")) is Rung.ALLOW


def test_a_reader_follows_with_a_cursor(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    made = [decided(f"@u{i}:x", "lock") for i in range(10)]
    ledger.commit(made, 10)
    seen, cursor = [], 0
    while page := ledger.decisions_after(cursor, limit=3):
        assert len(page) <= 3
        seen += [recorded.decision for recorded in page]
        cursor = page[-1].number
    assert seen == made


def test_decisions_are_counted_by_day_and_rung(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, Mode.SHADOW)
    ledger.commit(
        [
            decided("@a:x", "lock", NOW),
            decided("@b:x", "lock", NOW),
            decided("@b:x", "allow", NOW),
            decided("@c:x", "ban", NOW - 2 * DAY),
        ],
        4,
    )
    counted = [(count.day, count.rung, count.decided, count.withheld) for count in ledger.counts_by_day()]
    assert counted == [
        ("2026-02-02", Rung.ALLOW, 1, 0),
        ("2026-02-02", Rung.LOCK, 2, 2),
        ("2026-01-31", Rung.BAN, 1, 1),
    ]
    assert [count.day for count in ledger.counts_by_day(days=1)] == ["2026-02-02"] * 2


def test_what_a_person_said_is_kept_beside_the_decisions(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    key = key_of("@ann:x")
    abusive = Ruling("@ann:x", Finding.ABUSIVE, "moderator 4", "same text in 80 reports", rung=Rung.LOCK)
    label = Ruling("", Finding.ABUSIVE, "moderator 3", key=key, label_only=True)
    ledger.note_rulings([RulingTaken(0, key, abusive, NOW + HOUR), RulingTaken(1, key, label, None)], NOW)
    ledger.note_rulings([taken(Ruling("@ann:x", Finding.LEGITIMATE, "moderator 2"))], NOW + 1)
    assert ledger.rulings(key) == [
        RulingNoted(NOW + 1, Finding.LEGITIMATE, "moderator 2", ""),
        RulingNoted(NOW, Finding.ABUSIVE, "moderator 3", "", label_only=True),
        RulingNoted(NOW, Finding.ABUSIVE, "moderator 4", "same text in 80 reports", Rung.LOCK, NOW + HOUR),
    ]


def test_a_ledger_from_before_rulings_named_rungs_is_opened_with_what_people_said(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.note_rulings([taken(Ruling("@ann:x", Finding.ABUSIVE, "moderator 4", "a note"))], NOW)
    ledger.close()
    path = tmp_path / LEDGER_FILE
    with closing(sqlite3.connect(path)) as db:
        for column in ("rung", "until", "label"):
            db.execute(f"alter table ruling drop column {column}")
    for _ in range(2):
        again = ledger_in(tmp_path)
        key = key_of("@ann:x")
        assert again.rulings(key)[-1] == RulingNoted(NOW, Finding.ABUSIVE, "moderator 4", "a note")
        named = Ruling("@ann:x", Finding.ABUSIVE, "moderator 5", rung=Rung.WARN)
        again.note_rulings([taken(named)], NOW + 1)
        assert again.rulings(key)[0].rung is Rung.WARN
        again.close()


# -- erasing and forgetting --------------------------------------------------------------------------------------------


def test_the_files_name_nobody(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@very-particular-name:x", "lock")], 1)
    (action,) = ledger.outbox.due(1, NOW)
    assert action.account == "@very-particular-name:x"
    for file in tmp_path.iterdir():
        assert b"very-particular" not in file.read_bytes(), file.name


def test_an_erased_account_leaves_no_trace_in_the_files(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    particular = (ReasonShown("rule", 1.0, "a very-particular reason", "rule"),)
    made = decided("@very-particular-name:x", "lock", reasons=particular)
    kept = decided("@somebody:x", "lock")
    ledger.commit([made, decided("@very-particular-name:x", "ban"), kept], 3)
    ledger.note_rulings([taken(Ruling(made.account, Finding.ABUSIVE, "m", "very-particular-note"))], NOW)
    ledger.outbox.due(10, NOW)
    assert any(b"very-particular" in file.read_bytes() for file in tmp_path.iterdir())

    gone = ledger.erase(made.pseudonym)
    assert gone == {"decisions": 2, "actions": 2, "rulings": 1, "in_effect": 1}
    assert ledger.history(made.pseudonym) == [] == ledger.rulings(made.pseudonym)
    assert ledger.enforced_rung(made.pseudonym) is Rung.ALLOW
    for file in tmp_path.iterdir():
        assert b"very-particular" not in file.read_bytes(), file.name
    assert ledger.history(kept.pseudonym) == [kept]
    assert ledger.erase(made.pseudonym) == {"decisions": 0, "actions": 0, "rulings": 0, "in_effect": 0}


def test_orders_of_a_person_are_erased_with_the_account(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    ledger.outbox.due(1, NOW)
    ledger.lift_all()
    assert ledger.erase(key_of("@ann:x"))["actions"] == 2
    assert ledger.outbox.due(10, NOW + DAY) == []
    with ledger._file.reading() as db:
        assert db.execute("select count(*) from action").fetchone()[0] == 0


def test_an_erased_account_does_not_come_back_with_a_replay(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    before = [decided("@ann:x", "lock"), decided("@bob:x", "lock")]
    ledger.commit(before, 2)
    ledger.erase(key_of("@ann:x"))
    ledger.commit(before, 1)  # the tail of the journal, cut as it may be
    ledger.commit(before, 2)
    ledger.commit([*before, decided("@eve:x", "lock")], 3)
    assert ledger.history(key_of("@ann:x")) == []
    assert [recorded.decision.account for recorded in ledger.decisions_after(0)] == ["@bob:x", "@eve:x"]
    ledger.commit(
        [decided("@ann:x", "ban", NOW + DAY)], 4
    )  # but somebody new under the old name is decided about
    assert [found.rung for found in ledger.history(key_of("@ann:x"))] == ["ban"]


def test_a_result_about_an_erased_account_is_unknown(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    (action,) = ledger.outbox.due(1, NOW)
    ledger.erase(key_of("@ann:x"))
    assert ledger.outbox.confirm([Result(action.id, True)], NOW).unknown == 1
    assert list(ledger.outbox.standing()) == []


RETENTION = {"reasons_days": 10.0, "decisions_days": 20.0}


def test_reasons_go_first_then_decisions(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, retention=RETENTION)
    ledger.commit([decided("@ann:x", "lock"), decided("@ann:x", "allow")], 2)
    ledger.outbox.due(1, NOW)
    assert ledger.forget(NOW + 9 * DAY) == {"reasons": 0, "decisions": 0, "actions": 0, "rulings": 0}
    assert ledger.forget(NOW + 11 * DAY)["reasons"] == 2
    assert [found.reasons for found in ledger.history(key_of("@ann:x"))] == [(), ()]
    gone = ledger.forget(NOW + 21 * DAY)
    assert (gone["decisions"], gone["actions"]) == (2, 1)
    assert list(ledger.decisions_after(0)) == []
    assert ledger.counts_by_day()[0].decided == 1, "counts name nobody and stay"


def test_what_still_stands_keeps_its_decision_and_reasons(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, retention=RETENTION)
    banned = decided("@ann:x", "ban")
    ledger.commit([decided("@ann:x", "lock"), banned], 2)
    ledger.outbox.due(1, NOW)
    ledger.outbox.confirm([Result(banned.id, True)], NOW)
    ledger.forget(NOW + 300 * DAY)
    assert ledger.history(banned.pseudonym) == [banned]
    ledger.commit([decided("@ann:x", "allow", NOW + 301 * DAY)], 3)
    assert ledger.forget(NOW + 302 * DAY)["decisions"] == 1
    assert [found.rung for found in ledger.history(banned.pseudonym)] == ["allow"], (
        "its undo has yet to go out"
    )


def test_what_has_yet_to_be_carried_out_is_not_forgotten(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, retention=RETENTION)
    ended = decided("@ann:x", "allow", NOW + 1)
    ledger.commit([decided("@ann:x", "lock")], 1)
    ledger.outbox.due(1, NOW)
    ledger.commit([ended], 2)
    (undo,) = ledger.outbox.due(1, NOW + 60)
    ledger.outbox.confirm([Result(undo.id, False, "no such user", permanent=True)], NOW + 60)
    ledger.forget(NOW + 300 * DAY)
    assert [letter.id for letter in ledger.outbox.dead()] == [ended.id]
    assert ledger.outbox.retry(ended.id, NOW + 300 * DAY)
    ledger.outbox.due(1, NOW + 300 * DAY)
    ledger.outbox.confirm([Result(ended.id, True)], NOW + 300 * DAY)
    assert ledger.forget(NOW + 400 * DAY)["decisions"] == 1
    assert list(ledger.decisions_after(0)) == []


def test_retention_is_counted_from_when_it_was_committed(tmp_path: Path) -> None:
    # An old log that is read in today does not vanish at the next tick.
    ledger = ledger_in(tmp_path, retention=RETENTION)
    ledger.commit(
        [decided("@ann:x", "lock", NOW - 900 * DAY), decided("@ann:x", "allow", NOW - 899 * DAY)], 2
    )
    assert ledger.forget(NOW + DAY)["decisions"] == 0


def test_zero_days_mean_for_ever(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, retention={"reasons_days": 0.0, "decisions_days": 0.0})
    ledger.commit([decided("@ann:x", "lock"), decided("@ann:x", "allow")], 2)
    assert set(ledger.forget(NOW + 9_000 * DAY).values()) == {0}


def test_what_was_forgotten_does_not_come_back_with_a_replay(tmp_path: Path) -> None:
    clock = Clock()
    ledger = ledger_in(tmp_path, clock=clock, retention=RETENTION)
    old = [decided("@ann:x", "lock"), decided("@ann:x", "allow", NOW + 1)]
    ledger.commit(old, 2)
    clock.now_s += 30 * DAY
    ledger.commit([decided("@bob:x", "lock", clock.now_s)], 3)
    ledger.forget(clock.now_s)
    ledger.commit(old, 2)
    assert [recorded.decision.account for recorded in ledger.decisions_after(0)] == ["@bob:x"]
    assert {action.account for action in ledger.outbox.due(10, clock.now_s)} == {"@bob:x"}


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    ledger.erase(key_of("@ann:x"))
    ledger.commit([decided("@bob:x", "lock")], 2)
    assert [recorded.number for recorded in ledger.decisions_after(0)] == [2]


# -- the rest ----------------------------------------------------------------------------------------------------------


def test_a_closed_ledger_says_so(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.history(1)
    ledger.close()
    ledger.close()
    for use in (lambda: ledger.history(1), lambda: ledger.commit([], 5), lambda: ledger.outbox.due(1, NOW)):
        with pytest.raises(StorageError, match="shutting down"):
            use()


def test_it_is_what_the_node_asks_for(tmp_path: Path) -> None:
    ledger: Ledger = SqliteLedger(tmp_path)
    outbox: Outbox = SqliteLedger(tmp_path).outbox
    assert (ledger.committed_through, outbox.due(1, NOW), ledger.alarms()) == (0, [], [])


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"enforcement": {"percentage": 120.0}}, "between 0 and 100"),
        ({"enforcement": {"exempt": ["@*:x"]}}, "only stand at the end"),
        ({"enforcement": {"exempt": [""]}}, "cannot be used"),
        ({"enforcement": {"attempts": 0}}, "at least 1"),
        ({"enforcement": {"lease_s": 0.0}}, "lease_s is 0; it must be more than 0"),
        (
            {"breaker": {"expected": {"susspend": 1.0}}},
            "'susspend' is no rung; the rungs are warn, challenge",
        ),
        ({"breaker": {"expected": {"ban": -1.0}}}, "breaker.expected.ban is -1"),
        ({"breaker": {"factor": 0.0}}, "breaker.factor is 0"),
    ],
)
def test_settings_that_cannot_be_used_say_what_would_be_right(
    tmp_path: Path, sections: dict, said: str
) -> None:
    with pytest.raises(SettingsError, match=said.replace("*", r"\*")):
        ledger_in(tmp_path, **sections)
