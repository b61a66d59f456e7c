"""Each baseline finds what its idea is about, and not what it is blind to."""

from typing import Any

import numpy as np
import pytest
from campaign_logs import DAY_S, HOUR_S, Log

from tidegate.learning.campaign_baselines.groups import connected, labelled_groups, pairs_in_time, popularity
from tidegate.learning.campaign_baselines.ianus import FEATURES, Ianus, IanusWeights, SignUps, fit_weights
from tidegate.learning.campaign_baselines.shared_infrastructure import (
    SharedInfrastructure,
    SharedInfrastructureSettings,
)
from tidegate.learning.campaign_baselines.synchrotrap import SynchroTrap, SynchroTrapSettings
from tidegate.learning.campaign_baselines.tuning import tuned_baselines
from tidegate.learning.campaign_finder import Finder, findings


def found(finder: Finder, log: Log) -> list[set[int]]:
    return [set(finding.members.tolist()) for finding in findings(finder, log.events())]


def busy_people(log: Log, count: int = 60, days: int = 2) -> None:
    """Accounts 1 to ``count``, each with a network and device of its own, writing to each other at random."""
    random = np.random.default_rng(8)
    for account in range(1, count + 1):
        for time in random.uniform(0, days * DAY_S, 12):
            target = int(random.integers(1, count + 1))
            log.message(time, account, target, network=5_000 + account, device=6_000 + account)


def test_synchrotrap_finds_accounts_that_do_the_same_things_at_the_same_time() -> None:
    log = Log()
    busy_people(log)
    for target in range(6):
        for member in range(8):
            log.message(target * 3 * HOUR_S + 60 * member, 900 + member, 300 + target)
    assert found(SynchroTrap(), log) == [set(range(900, 908))]


def test_synchrotrap_finds_the_same_actions_only_when_they_are_close_in_time() -> None:
    log = Log()
    for target in range(3):
        for member in range(8):
            log.message(member * 2.5 * HOUR_S + 600 * target, 900 + member, 300 + target)
    log.message(1.9 * DAY_S, 1, 2)
    assert found(SynchroTrap(), log) == []


def test_synchrotrap_is_blind_to_a_fleet_that_divides_its_list() -> None:
    log = Log()
    for member in range(20):
        for target in range(5):
            log.message(target * HOUR_S, 900 + member, 1_000 + 5 * member + target)
    log.message(1.9 * DAY_S, 1, 2)
    assert found(SynchroTrap(), log) == []


def test_synchrotrap_leaves_out_objects_that_everybody_uses() -> None:
    log = Log()
    for hour in range(6):
        for account in range(40):
            log.message(hour * HOUR_S + account, 100 + account, 0, network=77)
    log.message(1.9 * DAY_S, 1, 2)
    assert [len(group) for group in found(SynchroTrap(SynchroTrapSettings(popular=50)), log)] == [40]
    assert found(SynchroTrap(SynchroTrapSettings(popular=30)), log) == []


def test_shared_devices_connect_and_popular_networks_do_not() -> None:
    log = Log()
    for account in range(30):
        log.message(60 * account, 100 + account, 1, network=77, device=500 + account // 6)
    log.message(HOUR_S, 1, 2)
    strict = found(SharedInfrastructure(SharedInfrastructureSettings(popular_network=8)), log)
    lax = found(SharedInfrastructure(SharedInfrastructureSettings(popular_network=30)), log)
    each = [set(range(100 + 6 * device, 106 + 6 * device)) for device in range(5)]
    assert all(group in strict for group in each)
    assert max(map(len, strict)) == 6
    assert max(map(len, lax)) == 30


def test_what_was_shared_before_the_window_connects_nobody() -> None:
    log = Log()
    for account in range(6):
        log.message(account * 2 * DAY_S, 100 + account, 1, device=500)
    log.message(13 * DAY_S, 1, 2, device=3)
    settings = SharedInfrastructureSettings(window_s=3 * DAY_S)
    assert found(SharedInfrastructure(settings), log) == []


ALIKE = IanusWeights(
    tuple({"same network": 2.0, "same client": 2.0}.get(name, 0.0) for name in FEATURES), -3.0
)


def test_ianus_finds_sign_ups_that_agree_in_enough() -> None:
    log = Log()
    for member in range(10):
        log.sign_up(600 * member, 900 + member, network=77, client=5, device=member + 1)
        log.sign_up(600 * member, 100 + member, network=78, client=10 + member, device=member + 50)
    log.message(DAY_S / 2, 1, 2)
    groups = found(Ianus(ALIKE), log)
    assert groups[-1] == set(range(900, 910))
    assert not any(group & set(range(100, 110)) for group in groups)


def test_ianus_looks_no_further_back_than_a_day() -> None:
    sign_ups = SignUps(DAY_S)
    log = Log()
    log.sign_up(0.0, 1, network=77)
    log.sign_up(2 * DAY_S, 2, network=77)
    sign_ups.observe(log.events())
    assert sign_ups.recent["account"].tolist() == [2]
    assert len(sign_ups.pairs()[0]) == 0


def training_log(seed: int) -> Log:
    """A fleet in one fresh network with one client, beside neighbours who merely live in one network."""
    random, log = np.random.default_rng(seed), Log()
    for account in range(1, 41):
        log.message(random.uniform(0, 3 * HOUR_S), account, account + 1, network=70, client=1)
        log.sign_up(random.uniform(0, DAY_S), 100 + account, network=70, client=int(random.integers(1, 6)))
    for member in range(12):
        log.sign_up(5 * HOUR_S + 30 * member, 900 + member, network=71, client=9, device=40 + member // 3)
        log.attack("c1", 900 + member)
        for target in range(3):
            log.message(
                (6 + target) * HOUR_S, 900 + member, 2_000 + 10 * member + target, device=40 + member // 3
            )
    log.message(1.5 * DAY_S, 1, 2)
    return log


def test_the_weights_of_ianus_are_learned_from_pairs_of_one_operator() -> None:
    logs = [training_log(seed) for seed in range(2)]
    weights = fit_weights([(log.events(), log.truth()) for log in logs])
    assert dict(zip(FEATURES, weights.coefficients, strict=True))["same client"] > 0.0
    assert found(Ianus(weights), training_log(5))[-1] == set(range(900, 912))
    honest = Log()
    honest.sign_up(0.0, 1, network=70)
    honest.sign_up(1.0, 2, network=70)
    with pytest.raises(ValueError, match="0 pairs of one operator and 1 others"):
        fit_weights([(honest.events(), honest.truth())])


def test_settings_are_those_that_group_most_attackers_precisely() -> None:
    logs = [(log.events(), log.truth()) for log in map(training_log, range(2))]
    chosen = {baseline.name: baseline for baseline in tuned_baselines(logs)}
    assert set(chosen) == {
        "SynchroTrap's idea, daily",
        "Ianus's idea, at registration",
        "shared networks and devices",
    }
    assert found(chosen["Ianus's idea, at registration"].make(), training_log(7))[-1] == set(range(900, 912))


def test_a_baseline_groups_the_same_however_the_log_is_cut() -> None:
    log = training_log(3)
    events = log.events()

    def in_pieces(finder: Finder, pieces: int) -> list[Any]:
        for piece in np.array_split(events, pieces):
            finder.observe(piece)
        groups = finder.find(float(events["time"][-1]) + 1.0)
        return sorted(sorted(group.tolist()) for group in groups)

    for make in (SynchroTrap, SharedInfrastructure, lambda: Ianus(ALIKE)):
        assert in_pieces(make(), 1) == in_pieces(make(), 7)


def test_groups_of_equal_labels_leave_out_small_ones() -> None:
    label = np.array([3, 1, 3, -1, 3, 1, -1, -1, 3, 3, -1, -1])
    assert [group.tolist() for group in labelled_groups(label)] == [[0, 2, 4, 8, 9]]
    assert labelled_groups(np.zeros(0, np.int64)) == []
    chain = np.arange(5)
    assert [group.tolist() for group in connected(chain, chain + 1, 9)] == [[0, 1, 2, 3, 4, 5]]


def test_pairs_in_time_are_of_one_thing_two_accounts_and_close() -> None:
    thing = np.array([1, 1, 1, 1, 2])
    time = np.array([0.0, 5.0, 6.0, 50.0, 5.0])
    account = np.array([7, 3, 7, 3, 4])
    low, high, row = pairs_in_time(thing, time, account, 10.0, 100)
    assert list(zip(low.tolist(), high.tolist(), row.tolist(), strict=True)) == [(3, 7, 0), (3, 7, 1)]
    assert len(pairs_in_time(thing, time, account, 100.0, 1)[0]) == 3
    assert popularity(np.array([1, 1, 1, 2]), np.array([3, 7, 7, 4])).tolist() == [2, 2, 2, 1]
