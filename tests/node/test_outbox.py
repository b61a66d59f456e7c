"""The outbox tells a messenger where accounts shall stand, until it confirms, and never two things at once."""

import threading
from pathlib import Path

import pytest
from ledger_cases import DAY, HOUR, NOW, REASONS, Clock, Mode, decided, key_of, ledger_in, settings

from tidegate.engine.rungs import Rung
from tidegate.node.outbox import Action, DeadLetter, Listeners, Result, Standing, retry_delay_s
from tidegate.node.sqlite_ledger import SqliteLedger


def due(ledger: SqliteLedger, now_s: float = NOW, limit: int = 100) -> list[tuple[str, Rung]]:
    return [(action.account, action.rung) for action in ledger.outbox.due(limit, now_s)]


def settle(ledger: SqliteLedger, now_s: float = NOW) -> list[Action]:
    """Have the messenger carry out and confirm everything."""
    actions = ledger.outbox.due(1_000, now_s)
    ledger.outbox.confirm([Result(action.id, True) for action in actions], now_s)
    return actions


def test_a_decision_becomes_an_action_with_all_a_messenger_needs(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    made = decided("@ann:x", "lock", NOW - 5, until=NOW + HOUR)
    ledger.commit([made], 1)
    (action,) = ledger.outbox.due(10, NOW)
    assert action.notice.startswith("Your account has been limited until 2 February 2026, 03:40 UTC")
    assert action == Action(
        id=made.id,
        account="@ann:x",
        pseudonym=made.pseudonym,
        rung=Rung.LOCK,
        previous=Rung.ALLOW,
        until_s=NOW + HOUR,
        time_s=NOW - 5,
        notice=action.notice,
        reasons=REASONS,
        attempt=1,
    )


def test_a_confirmed_action_is_in_effect_and_never_comes_again(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock", until=NOW + 90 * DAY)], 1)
    assert list(ledger.outbox.standing()) == []
    (action,) = settle(ledger)
    (standing,) = ledger.outbox.standing()
    assert standing == Standing("@ann:x", key_of("@ann:x"), Rung.LOCK, NOW + 90 * DAY, action.notice)
    assert ledger.outbox.next_due_s() is None
    assert due(ledger, NOW + DAY) == []


def test_an_end_undoes_what_is_in_effect(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock", until=NOW + HOUR)], 1)
    settle(ledger)
    ledger.commit([decided("@ann:x", "allow", NOW + HOUR)], 2)
    (action,) = settle(ledger, NOW + HOUR)
    assert (action.rung, action.previous, action.until_s) == (Rung.ALLOW, Rung.LOCK, None)
    assert action.notice == "Your account is no longer limited."
    assert list(ledger.outbox.standing()) == []


def test_nothing_is_sent_when_nothing_changes(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "allow")], 1)
    ledger.commit([decided("@bob:x", "lock", until=NOW + HOUR), decided("@bob:x", "allow", NOW + 1)], 2)
    assert due(ledger) == [], "what was never handed out needs no undoing"
    assert ledger.outbox.next_due_s() is None


def test_an_undo_is_sent_when_the_messenger_may_have_acted(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    assert due(ledger) == [("@ann:x", Rung.LOCK)]  # handed out, no answer
    ledger.commit([decided("@ann:x", "allow", NOW + 1)], 2)
    assert due(ledger, NOW + 31) == [("@ann:x", Rung.ALLOW)]


def test_a_newer_action_supersedes_one_that_waits(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "budget")], 1)
    ledger.commit([decided("@ann:x", "lock", NOW + 1)], 2)
    assert due(ledger) == [("@ann:x", Rung.LOCK)]
    assert due(ledger, NOW + DAY) == [("@ann:x", Rung.LOCK)], "the older one is gone for good"


@pytest.mark.parametrize("done", [True, False])
def test_a_newer_action_waits_for_the_result_of_one_in_the_messengers_hands(
    tmp_path: Path, done: bool
) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "budget")], 1)
    (first,) = ledger.outbox.due(1, NOW)
    ledger.commit([decided("@ann:x", "lock", NOW + 1)], 2)
    ledger.commit([decided("@ann:x", "suspend", NOW + 2)], 3)
    assert due(ledger, NOW + 3) == []
    said = ledger.outbox.confirm([Result(first.id, done)], NOW + 4)
    assert (said.confirmed, said.unknown) == (0, 1), "it was superseded meanwhile"
    (second,) = ledger.outbox.due(9, NOW + 4)
    assert (second.rung, second.previous) == (Rung.SUSPEND, Rung.BUDGET if done else Rung.ALLOW)


def test_a_newer_action_goes_out_when_the_lease_of_the_older_has_ended(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, enforcement={"lease_s": 30.0})
    ledger.commit([decided("@ann:x", "budget")], 1)
    (first,) = ledger.outbox.due(1, NOW)
    ledger.commit([decided("@ann:x", "lock", NOW + 1)], 2)
    assert ledger.outbox.next_due_s() == NOW + 30
    assert due(ledger, NOW + 30) == [("@ann:x", Rung.LOCK)]
    # The messenger now has a newer order, so what it says about the older one tells nothing.
    ledger.outbox.confirm([Result(first.id, True)], NOW + 31)
    assert list(ledger.outbox.standing()) == []


def test_an_action_comes_again_when_its_lease_has_ended(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, enforcement={"lease_s": 30.0})
    ledger.commit([decided("@ann:x", "lock")], 1)
    (first,) = ledger.outbox.due(1, NOW)
    assert ledger.outbox.due(1, NOW + 29) == []
    (again,) = ledger.outbox.due(1, NOW + 30)
    assert (again.id, first.attempt, again.attempt) == (first.id, 1, 2)
    assert ledger.outbox.confirm([Result(first.id, True)], NOW + 31).confirmed == 1


def test_a_failed_action_comes_again_later_and_later_then_is_given_up(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, enforcement={"attempts": 5, "first_retry_s": 2.0, "longest_retry_s": 10.0})
    ledger.commit([decided("@ann:x", "lock")], 1)
    now_s, waits = NOW, []
    for attempt in range(1, 6):
        (action,) = ledger.outbox.due(1, now_s)
        assert action.attempt == attempt
        said = ledger.outbox.confirm([Result(action.id, False, f"refused {attempt}")], now_s)
        if (next_s := ledger.outbox.next_due_s()) is not None:
            assert ledger.outbox.due(1, next_s - 0.01) == []
            waits.append(next_s - now_s)
            now_s = next_s
    for waited, expected in zip(waits, (2.0, 4.0, 8.0, 10.0), strict=True):
        assert expected * 0.75 <= waited <= expected * 1.25
    assert said.dead == 1
    assert ledger.outbox.dead() == [DeadLetter(action.id, "@ann:x", Rung.LOCK, NOW, 5, "refused 5", 1)]
    assert "1 actions were given up" in ledger.alarms()[0]


def test_a_messenger_that_says_nothing_is_given_up_too(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, enforcement={"attempts": 3, "lease_s": 30.0})
    ledger.commit([decided("@ann:x", "lock")], 1)
    assert [len(ledger.outbox.due(1, NOW + after)) for after in (0, 30, 60, 90, 120)] == [1, 1, 1, 0, 0]
    (letter,) = ledger.outbox.dead()
    assert letter.error == "the messenger said nothing about it in time"
    # It was only slow, after all.
    assert ledger.outbox.confirm([Result(letter.id, True)], NOW + 130).confirmed == 1
    assert ledger.outbox.dead() == []
    assert [standing.rung for standing in ledger.outbox.standing()] == [Rung.LOCK]


def test_a_permanent_failure_is_given_up_at_once_and_can_be_tried_again(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    (action,) = ledger.outbox.due(1, NOW)
    ledger.outbox.confirm([Result(action.id, False, "no such user" + "!" * 5_000, permanent=True)], NOW)
    (letter,) = ledger.outbox.dead()
    assert letter.error.startswith("no such user")
    assert len(letter.error) == 1_000
    assert ledger.outbox.dead(after=letter.number) == []
    assert due(ledger, NOW + DAY) == []
    assert ledger.outbox.retry(action.id, NOW + DAY)
    assert not ledger.outbox.retry(action.id, NOW + DAY), "it is no dead letter any more"
    assert not ledger.outbox.retry("f" * 16, NOW)
    assert due(ledger, NOW + DAY) == [("@ann:x", Rung.LOCK)]


def test_a_newer_decision_makes_a_dead_letter_pointless(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    (action,) = ledger.outbox.due(1, NOW)
    ledger.outbox.confirm([Result(action.id, False, permanent=True)], NOW)
    ledger.commit([decided("@ann:x", "allow", NOW + 1)], 2)
    assert ledger.outbox.dead() == []
    assert due(ledger) == [("@ann:x", Rung.ALLOW)], "the messenger may have acted in spite of what it said"


def test_results_about_anything_else_change_nothing(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    made = decided("@ann:x", "lock")
    ledger.commit([made], 1)
    said = ledger.outbox.confirm([Result("0" * 16, True), Result(made.id, True)], NOW)
    assert (said.confirmed, said.unknown) == (0, 2), "nobody was handed this action yet"
    settle(ledger)
    said = ledger.outbox.confirm([Result(made.id, True), Result(made.id, False, "too late")], NOW)
    assert (said.confirmed, said.unknown) == (0, 2), "it was settled before"
    assert [standing.rung for standing in ledger.outbox.standing()] == [Rung.LOCK]


def test_nobody_is_limited_for_a_time_that_has_passed(tmp_path: Path) -> None:
    clock = Clock()
    ledger = ledger_in(tmp_path, clock=clock)
    ledger.commit(
        [decided("@ann:x", "lock", until=NOW + HOUR), decided("@bob:x", "lock", until=NOW + DAY)], 1
    )
    clock.now_s += 2 * HOUR  # the messenger was down
    assert due(ledger, clock.now_s) == [("@bob:x", Rung.LOCK)]
    ledger.commit([decided("@ann:x", "allow", NOW + HOUR)], 2)
    assert due(ledger, clock.now_s) == []


def test_decisions_that_come_in_late_do_not_act_on_the_past(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit(
        [decided("@ann:x", "lock", NOW - DAY, until=NOW - HOUR), decided("@ann:x", "ban", NOW - DAY)], 2
    )
    assert [recorded.withheld for recorded in ledger.decisions_after(0)] == ["past", ""]
    assert due(ledger) == [("@ann:x", Rung.BAN)]


def test_many_that_are_not_worth_handing_out_do_not_hide_one_that_is(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker={"expected": {}})
    ledger.commit([decided(f"@u{i}:x", "lock", until=NOW + 1) for i in range(30)], 1)
    ledger.commit([decided("@ann:x", "ban")], 2)
    assert due(ledger, NOW + 2, limit=8) == [("@ann:x", Rung.BAN)]


def test_a_limit_is_kept_and_the_longest_due_comes_first(tmp_path: Path) -> None:
    clock = Clock()
    ledger = ledger_in(tmp_path, clock=clock, breaker={"expected": {}})
    for i in range(10):
        clock.now_s += 1
        ledger.commit([decided(f"@u{i}:x", "lock")], i + 1)
    assert due(ledger, NOW + 60, limit=4) == [(f"@u{i}:x", Rung.LOCK) for i in range(4)]
    assert due(ledger, NOW + 60, limit=4) == [(f"@u{i}:x", Rung.LOCK) for i in range(4, 8)]
    assert due(ledger, NOW + 60, limit=0) == []


@pytest.mark.parametrize("apart_s", [-DAY, -60.0, 60.0, DAY])
def test_a_new_action_is_due_at_once_whatever_clock_it_was_decided_by(tmp_path: Path, apart_s: float) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    assert due(ledger, NOW + apart_s) == [("@ann:x", Rung.LOCK)]


@pytest.mark.parametrize("back_s", [HOUR, 400 * DAY])
def test_a_clock_that_goes_back_does_not_keep_actions_waiting(tmp_path: Path, back_s: float) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock"), decided("@bob:x", "lock")], 1)
    ann, _ = ledger.outbox.due(2, NOW)
    ledger.outbox.confirm([Result(ann.id, False, "busy")], NOW)
    assert due(ledger, NOW - back_s) == [("@ann:x", Rung.LOCK), ("@bob:x", Rung.LOCK)]


def test_listeners_hear_of_whatever_may_be_due(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    heard = threading.Semaphore(0)

    def told() -> bool:
        found = heard.acquire(blocking=False)
        while heard.acquire(blocking=False):
            pass
        return found

    end = ledger.outbox.on_due(heard.release)
    ledger.commit([decided("@ann:x", "lock")], 1)
    assert told()
    ledger.commit([decided("@bob:x", "allow")], 2)
    assert not told(), "nothing became due"
    (action,) = ledger.outbox.due(1, NOW)
    ledger.outbox.confirm([Result(action.id, False, "no", permanent=True)], NOW)
    told()
    ledger.outbox.retry(action.id, NOW)
    assert told()
    ledger.lift_all()
    assert told()
    end()
    ledger.commit([decided("@eve:x", "lock")], 3)
    assert not told()


def test_a_listener_that_fails_keeps_nobody_else_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    listeners, heard = Listeners(), []

    def fail() -> None:
        raise RuntimeError("the loop is closed")

    listeners.add(fail)
    listeners.add(lambda: heard.append(1))
    listeners.tell()
    assert heard == [1]
    assert "a listener for due actions failed" in caplog.text


def test_standing_is_read_in_pages_and_complete(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker={"expected": {}})
    names = {f"@u{i}:x" for i in range(1_003)}
    ledger.commit([decided(name, "lock") for name in sorted(names)], 1)
    while settle(ledger):
        pass
    found = [standing.account for standing in ledger.outbox.standing()]
    assert len(found) == len(names)
    assert set(found) == names


def test_two_pollers_never_get_the_same_action(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker={"expected": {}})
    names = {f"@u{i}:x" for i in range(300)}
    ledger.commit([decided(name, "lock") for name in sorted(names)], 1)
    got: list[str] = []

    def poll() -> None:
        while actions := ledger.outbox.due(7, NOW):
            got.extend(action.account for action in actions)

    pollers = [threading.Thread(target=poll) for _ in range(4)]
    for poller in pollers:
        poller.start()
    for poller in pollers:
        poller.join(30)
    assert len(got) == len(names)
    assert set(got) == names


def test_delays_are_the_same_for_the_same_attempt_and_differ_between_actions() -> None:
    chosen = settings(Mode.ENFORCE).enforcement
    delays = {retry_delay_s(f"{i:016x}", 5, chosen) for i in range(50)}
    assert len(delays) == 50
    assert all(24.0 <= delay <= 40.0 for delay in delays)
    assert retry_delay_s("ab", 5, chosen) == retry_delay_s("ab", 5, chosen)
    assert retry_delay_s("ab", 10_000, chosen) <= 900.0 * 1.25


def test_a_measure_that_is_still_in_effect_is_neither_sent_nor_counted_again(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker={"expected": {"lock": 1.0}, "least": 5})
    ledger.commit([decided("@ann:x", "lock", until=NOW + DAY)], 1)
    settle(ledger)
    ledger.commit(
        [decided("@ann:x", "allow", NOW + 1), decided("@ann:x", "lock", NOW + 2, until=NOW + DAY)], 3
    )
    assert due(ledger) == []
    assert [shown.last_day for shown in ledger.breakers()] == [1]
    assert ledger.enforced_rung(key_of("@ann:x")) is Rung.LOCK
