"""Mode, share, exemptions: who is acted on, and what becomes of everybody when that changes."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_cases import DAY, HOUR, NOW, Mode, decided, key_of, ledger_in, settings

from tidegate.engine.rungs import Rung
from tidegate.node.enforcement import Enforcement, place_of
from tidegate.node.outbox import Result
from tidegate.node.sqlite_ledger import SqliteLedger


def settle(ledger: SqliteLedger, now_s: float = NOW) -> list[tuple[str, Rung]]:
    actions = ledger.outbox.due(1_000, now_s)
    ledger.outbox.confirm([Result(action.id, True) for action in actions], now_s)
    return [(action.account, action.rung) for action in actions]


def in_effect(ledger: SqliteLedger) -> dict[str, Rung]:
    return {standing.account: standing.rung for standing in ledger.outbox.standing()}


def why_withheld(ledger: SqliteLedger) -> list[str]:
    return [str(recorded.withheld) for recorded in ledger.decisions_after(0)]


# -- modes -------------------------------------------------------------------------------------------------------------


def test_a_shadow_decides_and_records_and_acts_on_nobody(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, Mode.SHADOW)
    ledger.commit([decided("@ann:x", "ban"), decided("@ann:x", "allow", NOW + 1)], 2)
    assert settle(ledger) == []
    assert why_withheld(ledger) == ["shadow", ""], "there was nothing to undo"


def test_a_share_is_the_same_accounts_every_time_and_grows_by_adding(tmp_path: Path) -> None:
    names = [f"@u{i}:x" for i in range(1_000)]
    acted: list[set[str]] = []
    for percentage in (0.0, 5.0, 20.0, 100.0):
        folder = tmp_path / f"{percentage}"
        folder.mkdir()
        ledger = ledger_in(
            folder, Mode.PERCENTAGE, enforcement={"percentage": percentage}, breaker={"expected": {}}
        )
        ledger.commit([decided(name, "lock") for name in names], 1)
        acted.append({account for account, _ in settle(ledger)})
        assert why_withheld(ledger).count("percentage") == len(names) - len(acted[-1])
    nobody, few, some, everybody = acted
    assert (nobody, everybody) == (set(), set(names))
    assert few < some
    assert 25 <= len(few) <= 80
    assert 150 <= len(some) <= 250


@given(st.integers(0, (1 << 64) - 1))
def test_every_account_has_a_place_below_100(pseudonym: int) -> None:
    assert 0.0 <= place_of(pseudonym) < 100.0


def test_exempt_accounts_are_never_acted_on(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, enforcement={"exempt": ["@admin:x", "@bridge_*"]})
    names = ["@admin:x", "@admin:xy", "@bridge_1:x", "@ann:x", "@bridge"]
    ledger.commit([decided(name, "lock") for name in names], 1)
    assert [account for account, _ in settle(ledger)] == ["@admin:xy", "@ann:x", "@bridge"]
    assert why_withheld(ledger) == ["exempt", "", "exempt", "", ""]


def test_a_star_alone_exempts_everybody() -> None:
    rules = Enforcement(settings(enforcement={"exempt": ["*"]}).enforcement)
    assert rules.exempt("@anybody:at.all")


# -- changing the mode -------------------------------------------------------------------------------------------------


def test_from_shadow_to_enforce_only_new_decisions_act(tmp_path: Path) -> None:
    shadow = ledger_in(tmp_path, Mode.SHADOW)
    shadow.commit([decided("@ann:x", "lock", until=NOW + DAY), decided("@bob:x", "budget")], 2)
    shadow.close()
    ledger = ledger_in(tmp_path, Mode.ENFORCE)
    assert settle(ledger) == []
    ledger.commit([decided("@bob:x", "lock", NOW + 1), decided("@ann:x", "allow", NOW + 1)], 4)
    assert settle(ledger) == [("@bob:x", Rung.LOCK)]


def test_a_person_can_enforce_what_stands(tmp_path: Path) -> None:
    shadow = ledger_in(tmp_path, Mode.SHADOW, enforcement={"exempt": ["@boss:x"]})
    shadow.commit(
        [
            decided("@ann:x", "budget"),
            decided("@ann:x", "lock", until=NOW + DAY),
            decided("@bob:x", "ban"),
            decided("@bob:x", "allow", NOW + 1),
            decided("@boss:x", "lock"),
            decided("@gone:x", "lock", NOW - DAY, until=NOW - HOUR),
        ],
        6,
    )
    assert shadow.enforce_standing(dry_run=True).entered == 0, "in shadow mode nobody is acted on"
    shadow.close()
    ledger = ledger_in(tmp_path, Mode.ENFORCE, enforcement={"exempt": ["@boss:x"]})
    trial = ledger.enforce_standing(dry_run=True)
    assert (trial.entered, trial.left) == (1, 2)
    assert settle(ledger) == []
    assert ledger.enforce_standing() == trial
    (action,) = ledger.outbox.due(10, NOW)
    assert (action.account, action.rung, action.until_s, action.reasons[0].name) == (
        "@ann:x",
        Rung.LOCK,
        NOW + DAY,
        "many-strangers",
    )
    assert ledger.enforce_standing().entered == 0, "it waits already"
    ledger.outbox.confirm([Result(action.id, True)], NOW)
    assert ledger.enforce_standing().entered == 0, "it is in effect"
    ledger.commit([decided("@ann:x", "allow", NOW + DAY)], 7)
    assert settle(ledger) == [("@ann:x", Rung.ALLOW)]


def test_from_enforce_to_shadow_what_is_in_effect_ends_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock", until=NOW + DAY)], 1)
    settle(ledger)
    ledger.commit([decided("@bob:x", "lock"), decided("@ann:x", "suspend", NOW + 1)], 3)
    ledger.close()
    with caplog.at_level(logging.WARNING):
        shadow = ledger_in(tmp_path, Mode.SHADOW)
    assert "2 actions withdrawn" in caplog.text
    assert settle(shadow) == [], "what had not been carried out is taken back"
    assert in_effect(shadow) == {"@ann:x": Rung.LOCK}
    assert "the mode is shadow, but measures from before are in effect on 1 accounts" in shadow.alarms()[0]
    shadow.commit([decided("@ann:x", "allow", NOW + DAY)], 4)
    assert settle(shadow) == [("@ann:x", Rung.ALLOW)], "an end is never withheld"
    assert shadow.alarms() == []


def test_a_person_can_lift_all(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock"), decided("@bob:x", "ban")], 2)
    settle(ledger)
    ledger.commit([decided("@eve:x", "lock"), decided("@joe:x", "lock")], 4)
    ledger.outbox.due(1, NOW)  # one of the two is in the messenger's hands
    trial = ledger.lift_all(dry_run=True)
    assert (trial.entered, trial.withdrawn) == (3, 1)
    assert ledger.lift_all() == trial
    assert {rung for _, rung in settle(ledger, NOW + 60)} == {Rung.ALLOW}
    assert in_effect(ledger) == {}
    assert ledger.lift_all().entered == 0
    ledger.commit([decided("@ann:x", "ban", NOW + 1)], 5)
    assert settle(ledger, NOW + 60) == [("@ann:x", Rung.BAN)], "later decisions act again"


def test_an_action_that_was_handed_out_before_the_change_is_undone_in_the_end(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock", until=NOW + DAY)], 1)
    ledger.outbox.due(1, NOW)  # carried out, but the confirmation is lost
    ledger.close()
    shadow = ledger_in(tmp_path, Mode.SHADOW)
    assert settle(shadow, NOW + HOUR) == []
    shadow.commit([decided("@ann:x", "allow", NOW + DAY)], 2)
    assert settle(shadow, NOW + DAY) == [("@ann:x", Rung.ALLOW)]


def test_an_account_that_becomes_exempt_is_let_go(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@bot:x", "lock"), decided("@ann:x", "lock")], 2)
    settle(ledger)
    ledger.close()
    ledger = ledger_in(tmp_path, enforcement={"exempt": ["@bot:x"]})
    assert settle(ledger) == [("@bot:x", Rung.ALLOW)]
    assert in_effect(ledger) == {"@ann:x": Rung.LOCK}


def test_the_same_settings_change_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        ledger = ledger_in(tmp_path, enforcement={"exempt": ["@b:x", "@a:x"]})
        ledger.close()
    ledger = ledger_in(tmp_path, enforcement={"exempt": ["@a:x", "@b:x"]})
    assert "settings" not in caplog.text


def test_sweeps_reach_everybody_however_many(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, Mode.SHADOW)
    ledger.commit([decided(f"@u{i}:x", "lock") for i in range(1_201)], 1)
    ledger.close()
    ledger = ledger_in(tmp_path)
    assert ledger.enforce_standing().entered == 1_201
    assert ledger.lift_all().withdrawn == 1_201
    assert settle(ledger) == []


# -- what is in effect now ---------------------------------------------------------------------------------------------


def enforced(ledger: SqliteLedger, account: str, rung: Rung) -> Rung:
    return ledger.enforced_now(key_of(account), account, rung)


def test_what_is_in_effect_follows_the_engine_before_the_ledger_has_heard(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, enforcement={"exempt": ["@boss:x"]})
    assert enforced(ledger, "@ann:x", Rung.LOCK) is Rung.LOCK
    assert enforced(ledger, "@boss:x", Rung.LOCK) is Rung.ALLOW
    ledger.commit([decided("@ann:x", "lock")], 1)
    assert enforced(ledger, "@ann:x", Rung.LOCK) is Rung.LOCK
    assert enforced(ledger, "@ann:x", Rung.ALLOW) is Rung.ALLOW
    assert enforced(ledger, "@ann:x", Rung.BAN) is Rung.BAN
    assert ledger.enforced_rung(key_of("@ann:x")) is Rung.LOCK
    assert ledger.enforced_rung(key_of("@nobody:x")) is Rung.ALLOW


def test_nothing_is_in_effect_in_shadow_mode_but_what_was_before(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "budget")], 1)
    settle(ledger)
    ledger.close()
    shadow = ledger_in(tmp_path, Mode.SHADOW)
    assert enforced(shadow, "@bob:x", Rung.BAN) is Rung.ALLOW
    assert enforced(shadow, "@ann:x", Rung.BAN) is Rung.BUDGET
    shadow.commit([decided("@ann:x", "ban", NOW + 1)], 2)
    assert enforced(shadow, "@ann:x", Rung.BAN) is Rung.BUDGET
    shadow.close()
    ledger = ledger_in(tmp_path)
    assert enforced(ledger, "@ann:x", Rung.BAN) is Rung.BUDGET, "what was decided in the shadow stays there"


def test_what_a_breaker_holds_is_not_in_effect(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, breaker={"expected": {"lock": 1.0}, "least": 1})
    ledger.commit([decided("@ann:x", "lock"), decided("@bob:x", "lock")], 2)
    assert enforced(ledger, "@ann:x", Rung.LOCK) is Rung.LOCK
    assert enforced(ledger, "@bob:x", Rung.LOCK) is Rung.ALLOW
    assert enforced(ledger, "@eve:x", Rung.LOCK) is Rung.ALLOW, "the breaker is open"
    assert enforced(ledger, "@eve:x", Rung.BAN) is Rung.BAN
    ledger.reset_breaker(Rung.LOCK, release=False)
    assert enforced(ledger, "@bob:x", Rung.LOCK) is Rung.ALLOW, "it was dropped"
    assert enforced(ledger, "@eve:x", Rung.LOCK) is Rung.LOCK
