"""Ranges are taken over honest accounts alone, each counting the same, young ones apart."""

import numpy as np
from click.testing import CliRunner

from tidegate.cli.calibrate import calibrate
from tidegate.cli.honest_ranges import measured_ranges, ranges_text
from tidegate.engine.features import DAY_S, FEATURE_INDEX
from tidegate.engine.rows import ACCOUNT_AGE, WIDTH
from tidegate.learning.ranges import LEAST_ACCOUNTS, honest_ranges_of, weighted_quantiles
from tidegate.learning.samples import Samples

SENT = FEATURE_INDEX["sent_1d"]


def samples(accounts: list[int], sent: list[float], ages: list[float], honest: list[bool]) -> Samples:
    rows = np.full((len(accounts), WIDTH), np.nan, np.float32)
    rows[:, SENT], rows[:, ACCOUNT_AGE] = sent, ages
    count = len(accounts)
    family = np.where(honest, "honest", "broadcast")
    keys = np.array(accounts, np.uint64)
    return Samples(rows, np.ones(count, np.int64), ~np.array(honest), family, keys, np.ones(count))


def test_a_quantile_is_the_least_value_with_that_share_of_the_weight_at_or_below() -> None:
    values, weight = np.array([3.0, 1.0, 2.0, 10.0]), np.array([1.0, 1.0, 1.0, 1.0])
    assert weighted_quantiles(values, weight, (0.01, 0.5, 0.75, 0.9)) == [1.0, 2.0, 3.0, 10.0]
    assert weighted_quantiles(values, np.array([1.0, 1.0, 1.0, 97.0]), (0.5,)) == [10.0]


def test_every_honest_account_counts_the_same_and_attackers_not_at_all() -> None:
    many = LEAST_ACCOUNTS
    accounts = list(range(1, many + 1)) + [1] * 5_000 + [many + 1] * 100
    sent = [5.0] * many + [1_000.0] * 5_000 + [9_999.0] * 100
    ages = [DAY_S] * len(accounts)
    honest = [True] * (many + 5_000) + [False] * 100
    counted, young, older = honest_ranges_of(samples(accounts, sent, ages, honest))
    assert counted == {"young": many, "older": 0}
    assert young["sent_1d"].p50 == young["sent_1d"].p99 == 5.0 and young["sent_1d"].p999 == 1_000.0
    assert older == {}


def test_who_was_never_seen_to_sign_up_is_among_the_older() -> None:
    many = LEAST_ACCOUNTS
    ages = [DAY_S] * many + [30 * DAY_S] * (many // 2) + [np.nan] * (many // 2)
    found = samples(list(range(2 * many)), [1.0] * many + [7.0] * many, ages, [True] * (2 * many))
    counted, young, older = honest_ranges_of(found)
    assert counted == {"young": many, "older": many}
    assert young["sent_1d"].p50 == 1.0 and older["sent_1d"].p50 == 7.0


def test_what_few_accounts_have_is_left_out() -> None:
    few = LEAST_ACCOUNTS - 1
    _, young, _ = honest_ranges_of(samples(list(range(few)), [1.0] * few, [DAY_S] * few, [True] * few))
    assert "sent_1d" not in young


def test_measuring_gives_the_same_file_every_time() -> None:
    texts = [ranges_text(measured_ranges(lambda _: None, worlds=1, people=300, days=9)) for _ in range(2)]
    assert texts[0] == texts[1]
    assert '"simulated": true' in texts[0]


def test_measuring_ranges_goes_with_nothing_else() -> None:
    result = CliRunner().invoke(calibrate, ["--ranges", "--campaigns"])
    assert result.exit_code == 2 and "--ranges measures one thing only" in result.output
