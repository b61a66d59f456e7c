"""What is usual among honest accounts is shipped, marked as simulated, and says where a value stands out."""

import math

import pytest

from tidegate.engine.features import FEATURES
from tidegate.statements.ranges import YOUNG_S, Range, honest_ranges

NAMES = {feature.name for feature in FEATURES}


def test_the_shipped_ranges_are_marked_simulated_and_cover_the_features() -> None:
    shipped = honest_ranges()
    assert shipped.simulated and shipped.accounts["older"] > shipped.accounts["young"] > 1_000
    assert set(shipped.young) <= NAMES and set(shipped.older) <= NAMES
    missing = NAMES - set(shipped.older)
    assert len(missing) <= 3, missing


@pytest.mark.parametrize("among", ["young", "older"])
def test_quantiles_are_in_order_and_low_ones_are_there_where_less_may_be_worse(among: str) -> None:
    directions = {feature.name: feature.direction for feature in FEATURES}
    for name, found in getattr(honest_ranges(), among).items():
        assert found.p50 <= found.p90 <= found.p99 <= found.p999, name
        assert 0.0 < found.known <= 1.0
        assert (found.p10 is None) == (found.p1 is None) == (directions[name] > 0), name
        if found.p1 is not None and found.p10 is not None:
            assert found.p1 <= found.p10 <= found.p50, name


def test_young_accounts_are_compared_with_young_ones_and_unknown_is_not_young() -> None:
    shipped = honest_ranges()
    assert shipped.of("strangers_1d", YOUNG_S - 1) is shipped.young["strangers_1d"]
    for age in (YOUNG_S, None, math.nan):
        assert shipped.of("strangers_1d", age) is shipped.older["strangers_1d"]
    assert shipped.of("no_such_feature", None) is None
    assert shipped.young["strangers_1d"].p99 > shipped.older["strangers_1d"].p99


def test_a_value_that_stands_out_is_said_to() -> None:
    usual = Range(p50=1.0, p90=5.0, p99=10.0, p999=20.0, p1=0.1, p10=0.3)
    assert usual.beyond(4.0) == "" and usual.beyond(math.nan) == ""
    assert usual.beyond(21.0) == "above 99.9 % of honest accounts"
    assert usual.beyond(6.0) == "above 90 % of honest accounts"
    assert usual.beyond(0.2) == "below 90 % of honest accounts"
    assert usual.beyond(0.01) == "below 99 % of honest accounts"
    assert Range(p50=1.0, p90=5.0, p99=10.0, p999=20.0).beyond(0.0) == ""
