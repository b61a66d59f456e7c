"""A rung that is decided far more often than expected is no longer acted on, until a person has looked."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_cases import DAY, HOUR, NOW, Clock, Mode, decided, ledger_in

from tidegate.engine.rungs import Rung
from tidegate.node.breaker import Breakers
from tidegate.node.outbox import Result
from tidegate.node.settings import Breaker
from tidegate.node.sqlite_ledger import SqliteLedger

LIMIT_3 = {"expected": {"lock": 1.0}, "least": 3}


def settle(ledger: SqliteLedger, now_s: float = NOW) -> list[tuple[str, Rung]]:
    actions = ledger.outbox.due(1_000, now_s)
    ledger.outbox.confirm([Result(action.id, True) for action in actions], now_s)
    return [(action.account, action.rung) for action in actions]


def locked(
    ledger: SqliteLedger, count: int, name: str = "u", through: int = 1, until: float | None = None
) -> None:
    ledger.commit([decided(f"@{name}{i}:x", "lock", until=until) for i in range(count)], through)


# -- the limit ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("least", "factor", "expected", "population", "share", "limit"),
    [
        (20, 5.0, 2.0, 0, 1.0, 20.0),
        (20, 5.0, 2.0, 1_000, 1.0, 20.0),
        (20, 5.0, 2.0, 50_000, 1.0, 500.0),
        (20, 5.0, 2.0, 50_000, 0.1, 50.0),
        (0, 5.0, 0.0, 50_000, 1.0, 0.0),
    ],
)
def test_the_limit_grows_with_the_accounts_that_are_acted_on(
    least: int, factor: float, expected: float, population: int, share: float, limit: float
) -> None:
    breakers = Breakers(Breaker(factor=factor, least=least, expected={"lock": expected}), share)
    breakers.population = population
    assert breakers.limit(Rung.LOCK) == limit
    for _ in range(int(limit)):
        assert breakers.admit(Rung.LOCK, NOW)
    assert not breakers.admit(Rung.LOCK, NOW)
    assert breakers.admit(Rung.BAN, NOW), "a rung without an expected rate has no breaker"


def test_the_population_outlives_a_restart(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.population = 50_000
    locked(ledger, 1)
    ledger.close()
    again = ledger_in(tmp_path)
    assert {shown.rung: shown.limit for shown in again.breakers()}[Rung.LOCK] == 500.0


# -- opening -----------------------------------------------------------------------------------------------------------


def test_beyond_the_limit_measures_are_held_and_decisions_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = ledger_in(tmp_path, breaker=LIMIT_3)
    with caplog.at_level(logging.ERROR):
        locked(ledger, 5)
    assert [account for account, _ in settle(ledger)] == ["@u0:x", "@u1:x", "@u2:x"]
    assert [str(recorded.withheld) for recorded in ledger.decisions_after(0)] == [
        "",
        "",
        "",
        "breaker",
        "breaker",
    ]
    (shown,) = ledger.breakers()
    assert (shown.rung, shown.held, shown.last_day, shown.limit) == (Rung.LOCK, 2, 5, 3.0)
    assert shown.opened is not None
    assert (shown.opened.since_s, shown.opened.count, shown.opened.limit) == (NOW, 4, 3.0)
    assert (
        "circuit breaker open: 4 accounts were to be put on lock within a day, the limit is 3" in caplog.text
    )
    assert caplog.text.count("circuit breaker open") == 1
    assert ledger.alarms() == [
        "the circuit breaker of lock is open: 4 measures in a day, the limit was 3; 2 are held"
    ]
    assert ledger.figures()["breaker_open_lock"] == 1.0


def test_other_rungs_go_on(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker={"expected": {"lock": 1.0, "ban": 1.0}, "least": 3})
    locked(ledger, 4)
    ledger.commit([decided("@eve:x", "ban")], 2)
    assert ("@eve:x", Rung.BAN) in settle(ledger)


def test_ends_are_neither_counted_nor_held(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker={"expected": {"lock": 1.0, "ban": 1.0}, "least": 3})
    locked(ledger, 3)
    settle(ledger)
    locked(ledger, 2, "v", 2)
    ledger.commit([decided(f"@u{i}:x", "allow", NOW + 1) for i in range(3)], 3)
    assert settle(ledger) == [(f"@u{i}:x", Rung.ALLOW) for i in range(3)]
    assert {shown.rung: shown.last_day for shown in ledger.breakers()} == {Rung.LOCK: 5, Rung.BAN: 0}


def test_a_held_account_keeps_what_it_had(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker=LIMIT_3)
    ledger.commit([decided("@ann:x", "budget"), decided("@bob:x", "budget")], 1)
    (ann,) = ledger.outbox.due(1, NOW)
    ledger.outbox.confirm([Result(ann.id, True)], NOW)
    locked(ledger, 3, through=2)
    ledger.commit([decided("@ann:x", "lock", NOW + 1), decided("@bob:x", "lock", NOW + 1)], 3)
    assert ("@bob:x", Rung.BUDGET) in settle(ledger), "what was on its way still goes out"
    assert {standing.account: standing.rung for standing in ledger.outbox.standing()} == {
        "@ann:x": Rung.BUDGET,
        "@bob:x": Rung.BUDGET,
        **{f"@u{i}:x": Rung.LOCK for i in range(3)},
    }


def test_nothing_counts_that_would_not_be_acted_on(tmp_path: Path) -> None:
    for mode, enforcement in ((Mode.SHADOW, {}), (Mode.ENFORCE, {"exempt": ["@u*"]})):
        folder = tmp_path / mode
        folder.mkdir()
        ledger = ledger_in(folder, mode, enforcement=enforcement, breaker=LIMIT_3)
        locked(ledger, 50)
        assert [(shown.opened, shown.last_day) for shown in ledger.breakers()] == [(None, 0)]


def test_committing_again_counts_once(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker=LIMIT_3)
    for _ in range(5):
        locked(ledger, 3)
    assert [(shown.opened, shown.last_day) for shown in ledger.breakers()] == [(None, 3)]


def test_it_stays_open_over_a_restart(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker=LIMIT_3)
    locked(ledger, 4)
    (before,) = ledger.breakers()
    ledger.close()
    clock = Clock(NOW + 30 * DAY)
    again = ledger_in(tmp_path, clock=clock, breaker=LIMIT_3)
    (shown,) = again.breakers()
    assert (shown.opened, shown.held) == (before.opened, 1)
    again.commit([decided("@late:x", "lock", clock.now_s)], 2)
    assert again.breakers()[0].held == 2


def test_an_open_breaker_outlives_its_setting(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker=LIMIT_3)
    locked(ledger, 4)
    ledger.close()
    again = ledger_in(tmp_path, breaker={"expected": {}})
    assert [shown.held for shown in again.breakers()] == [1], (
        "somebody has to say what becomes of the held one"
    )
    assert again.reset_breaker(Rung.LOCK, release=True) == 1
    assert again.breakers() == []


# -- resetting ---------------------------------------------------------------------------------------------------------


def test_a_person_releases_what_was_held(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker=LIMIT_3)
    locked(ledger, 6)
    settle(ledger)
    assert ledger.reset_breaker(Rung.LOCK, release=True) == 3
    assert settle(ledger) == [(f"@u{i}:x", Rung.LOCK) for i in (3, 4, 5)]
    assert [(shown.opened, shown.held, shown.last_day) for shown in ledger.breakers()] == [(None, 0, 0)]
    ledger.close()
    again = ledger_in(tmp_path, breaker=LIMIT_3)
    assert [shown.opened for shown in again.breakers()] == [None], "the reset is kept"
    locked(again, 3, "v", 2)
    assert len(settle(again)) == 3, "it counts from nought"


def test_a_person_drops_what_was_held(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker=LIMIT_3)
    locked(ledger, 6)
    settle(ledger)
    assert ledger.reset_breaker(Rung.LOCK, release=False) == 3
    assert settle(ledger) == []
    ledger.commit([decided("@u5:x", "allow", NOW + 1)], 2)
    assert settle(ledger) == [], "there is nothing to undo"


def test_only_what_is_still_current_is_released(tmp_path: Path) -> None:
    clock = Clock()
    ledger = ledger_in(tmp_path, clock=clock, breaker=LIMIT_3)
    locked(ledger, 3)
    settle(ledger)
    ledger.commit(
        [
            decided("@ended:x", "lock"),
            decided("@short:x", "lock", until=NOW + HOUR),
            decided("@worse:x", "lock"),
            decided("@ann:x", "lock"),
            decided("@ended:x", "allow", NOW + 1),
            decided("@worse:x", "ban", NOW + 1),
        ],
        2,
    )
    clock.now_s += 2 * HOUR
    assert ledger.reset_breaker(Rung.LOCK, release=True) == 1
    assert sorted(settle(ledger, clock.now_s)) == [("@ann:x", Rung.LOCK), ("@worse:x", Rung.BAN)]


def test_a_released_measure_waits_for_what_is_in_the_messengers_hands(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker=LIMIT_3)
    locked(ledger, 3)
    settle(ledger)
    ledger.commit([decided("@ann:x", "budget")], 2)
    (budget,) = ledger.outbox.due(1, NOW)
    ledger.commit([decided("@ann:x", "lock", NOW + 1)], 3)
    ledger.reset_breaker(Rung.LOCK, release=True)
    assert settle(ledger) == []
    ledger.outbox.confirm([Result(budget.id, True)], NOW)
    assert settle(ledger) == [("@ann:x", Rung.LOCK)]


def test_thousands_of_held_measures_are_released(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker={"expected": {"lock": 1.0}, "least": 0})
    locked(ledger, 1_200)
    assert ledger.breakers()[0].held == 1_200
    assert ledger.reset_breaker(Rung.LOCK, release=True) == 1_200
    assert ledger.breakers()[0].held == 0
    assert len(settle(ledger)) == 1_000


# -- clocks ------------------------------------------------------------------------------------------------------------

_JUMPS = st.one_of(
    st.just(0.0),
    st.floats(0.0, 3 * HOUR),
    st.floats(-400 * DAY, 0.0),
    st.floats(-10.0, 10.0),
    st.just(-2 * DAY),
)


@given(st.lists(_JUMPS, min_size=20, max_size=60))
def test_up_to_the_limit_never_opens_it_and_one_more_within_a_day_always_does(jumps: list[float]) -> None:
    """A day of time that has passed: steps back lose no count and add no time."""
    breakers = Breakers(Breaker(factor=1.0, least=len(jumps) - 1, expected={"lock": 0.0}))
    now_s = NOW
    passed_s = 0.0
    for jump_s in jumps[:-1]:
        now_s += jump_s
        passed_s += max(jump_s, 0.0)
        assert breakers.admit(Rung.LOCK, now_s)
    now_s += jumps[-1]
    passed_s += max(jumps[-1], 0.0)
    if passed_s < DAY:
        assert not breakers.admit(Rung.LOCK, now_s)


@given(st.lists(_JUMPS, max_size=30))
def test_an_open_breaker_is_never_closed_by_a_clock(jumps: list[float]) -> None:
    breakers = Breakers(Breaker(factor=1.0, least=0, expected={"lock": 0.0}))
    assert not breakers.admit(Rung.LOCK, NOW)
    now_s = NOW
    for jump_s in jumps:
        now_s += jump_s
        breakers.see(now_s)
        assert not breakers.admit(Rung.LOCK, now_s)


@given(st.floats(0.0, 4_000 * DAY), st.integers(1, 50))
def test_counts_from_before_a_step_back_still_grow_old(back_s: float, counted: int) -> None:
    breakers = Breakers(Breaker(factor=1.0, least=50, expected={"lock": 0.0}))
    for _ in range(counted):
        breakers.admit(Rung.LOCK, NOW)
    breakers.see(NOW - back_s)
    assert breakers.last_day(Rung.LOCK) == counted
    breakers.see(NOW - back_s + DAY - 1)
    assert breakers.last_day(Rung.LOCK) == counted
    breakers.see(NOW - back_s + DAY + HOUR)
    assert breakers.last_day(Rung.LOCK) == 0


@given(st.lists(st.tuples(_JUMPS, st.sampled_from([Rung.LOCK, Rung.BAN])), max_size=40), st.integers(0, 39))
def test_a_restart_at_any_point_changes_nothing(steps: list[tuple[float, Rung]], at: int) -> None:
    chosen = Breaker(factor=1.0, least=10, expected={"lock": 0.0, "ban": 0.0})
    steady, restarted = Breakers(chosen), Breakers(chosen)
    now_s = NOW
    for i, (jump_s, rung) in enumerate(steps):
        now_s += jump_s
        if i == at:
            kept = restarted.to_json()
            restarted = Breakers(chosen)
            restarted.restore(kept)
        assert steady.admit(rung, now_s) == restarted.admit(rung, now_s)
    assert steady.to_json() == restarted.to_json()
