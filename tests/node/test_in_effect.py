"""What a check is answered from lies in memory, and is at every moment what the ledger's file says."""

from pathlib import Path

import pytest
from ledger_cases import DAY, HOUR, NOW, Mode, StorageError, decided, key_of, ledger_in

from tidegate.engine.rungs import Rung
from tidegate.node.in_effect import Effect, InEffect
from tidegate.node.outbox import Result
from tidegate.node.sqlite_ledger import SqliteLedger

NAMES = [f"@u{i}:x" for i in range(8)]
SECTIONS = {"breaker": {"expected": {"ban": 1.0}, "least": 2}, "enforcement": {"attempts": 2}}


def effects(ledger: SqliteLedger) -> dict[str, Effect]:
    """What is in memory, after comparing it with the file."""
    with ledger._file.reading() as db:
        fresh = InEffect(db)
    found = {name: ledger._in_effect.of(key_of(name)) for name in NAMES}
    assert found == {name: fresh.of(key_of(name)) for name in NAMES}
    return found


def done(ledger: SqliteLedger, now_s: float = NOW) -> None:
    actions = ledger.outbox.due(100, now_s)
    ledger.outbox.confirm([Result(action.id, True) for action in actions], now_s)


def test_decisions_confirmations_and_undoing_them_are_followed(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, **SECTIONS)
    ledger.commit([decided(name, "lock") for name in NAMES], 1)
    assert set(effects(ledger).values()) == {Effect(Rung.LOCK, Rung.LOCK)}
    done(ledger)
    ledger.commit([decided(NAMES[0], "allow", NOW + 1), decided(NAMES[1], "warn", NOW + 1)], 2)
    after = effects(ledger)
    assert after[NAMES[0]] == (Rung.ALLOW, Rung.ALLOW)
    assert after[NAMES[1]] == (Rung.WARN, Rung.WARN)
    ledger.lift_all()
    assert effects(ledger)[NAMES[2]] == (Rung.LOCK, Rung.ALLOW)
    done(ledger, NOW + HOUR)
    ledger.enforce_standing()
    assert effects(ledger)[NAMES[2]] == (Rung.LOCK, Rung.LOCK)
    ledger.erase(key_of(NAMES[2]))
    assert effects(ledger)[NAMES[2]] == (Rung.ALLOW, Rung.ALLOW)


def test_what_a_breaker_holds_and_lets_go_is_followed(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, **SECTIONS)
    ledger.commit([decided(name, "ban") for name in NAMES], 1)
    wanted = [effect.wanted for effect in effects(ledger).values()]
    assert wanted.count(Rung.BAN) == 2
    ledger.reset_breaker(Rung.BAN, release=True)
    assert {effect.wanted for effect in effects(ledger).values()} == {Rung.BAN}


def test_actions_given_up_too_late_or_tried_again_are_followed(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, **SECTIONS)
    ledger.commit([decided(NAMES[0], "lock", until=NOW + HOUR), decided(NAMES[1], "lock")], 1)
    for now_s in (NOW, NOW + HOUR - 1.0):
        failed = [Result(action.id, False, "no") for action in ledger.outbox.due(10, now_s)]
        ledger.outbox.confirm(failed, now_s)
    assert [effects(ledger)[name].wanted for name in NAMES[:2]] == [Rung.ALLOW, Rung.ALLOW]
    for letter in ledger.outbox.dead():
        ledger.outbox.retry(letter.id, NOW + DAY)
    assert effects(ledger)[NAMES[1]].wanted is Rung.LOCK
    ledger.outbox.due(10, NOW + DAY)
    assert effects(ledger)[NAMES[0]].wanted is Rung.ALLOW, "it had run out"


def test_another_mode_at_the_next_start_is_followed(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, **SECTIONS)
    ledger.commit([decided(NAMES[0], "lock")], 1)
    ledger.close()
    shadow = ledger_in(tmp_path, Mode.SHADOW, **SECTIONS)
    assert effects(shadow)[NAMES[0]] == (Rung.LOCK, Rung.ALLOW), "taken back before anybody heard of it"


def test_what_could_not_be_committed_is_not_believed(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, **SECTIONS)
    ledger.commit([decided(NAMES[0], "lock")], 1)
    with pytest.raises(ZeroDivisionError), ledger._file.writing() as db:
        ledger._in_effect.put(key_of(NAMES[0]), Rung.BAN, Rung.BAN)
        db.execute("update account set decided = 6")
        raise ZeroDivisionError
    assert effects(ledger)[NAMES[0]] == (Rung.LOCK, Rung.LOCK)
    ledger.commit([decided(NAMES[1], "lock")], 2)
    assert effects(ledger)[NAMES[0]] == (Rung.LOCK, Rung.LOCK)


def test_a_check_is_answered_while_the_disk_is_away(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, **SECTIONS)
    ledger.commit([decided(NAMES[0], "lock")], 1)
    ledger.close()
    with pytest.raises(StorageError):
        ledger.history(key_of(NAMES[0]))
    assert ledger.enforced_now(key_of(NAMES[0]), NAMES[0], Rung.LOCK) is Rung.LOCK
