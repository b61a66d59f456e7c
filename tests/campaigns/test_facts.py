"""What a finding says is true of the log: who shares what, since when, and how rare that is."""

import numpy as np
import pytest

from tidegate.campaigns import facts as facts_module
from tidegate.campaigns.facts import (
    in_words,
    odds,
    reporters_paragraph,
    senders_paragraph,
    strongest_facts,
)
from tidegate.campaigns.finding import SharedFact
from tidegate.campaigns.infrastructure import shared_infrastructure
from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.outreach import outreach_of
from tidegate.events.columns import EVENT, MISSING_FORWARDS, EventType

HOUR_S, DAY_S = 3_600.0, 86_400.0
BEGIN_S = 1_767_225_600.0
FLEET, OTHERS = 12, 240
TEXT_BYTES, A_DAY, DAYS = 480, 5, 4
FLEET_NETWORK, FLEET_DEVICES = 900_001, (900_101, 900_102, 900_103, 900_104)


def fleet_key(i: int) -> int:
    return 10_000 + i


def log() -> np.ndarray:
    """A dozen accounts made within 33 minutes on one network and four devices, which send the same text to five
    strangers a day; and ordinary accounts that came over a fortnight, each from a network of its own."""
    random = np.random.default_rng(3)
    lines: list[tuple[float, EventType, int, int, int, int, int, int]] = []
    for i in range(FLEET):
        came = BEGIN_S + 14 * DAY_S + 180.0 * i
        place = (FLEET_NETWORK, FLEET_DEVICES[i % len(FLEET_DEVICES)], 7)
        lines.append((came, EventType.REGISTER, fleet_key(i), 0, *place, 0))
        for n in range(A_DAY * DAYS):
            at = came + HOUR_S + n * DAY_S / A_DAY + random.uniform(0.0, 600.0)
            lines.append((at, EventType.MESSAGE, fleet_key(i), 50_000 + 100 * i + n, *place, TEXT_BYTES))
    for i in range(OTHERS):
        came = BEGIN_S + random.uniform(0.0, 14 * DAY_S)
        place = (1_000 + i, 2_000 + i, 1 + i % 5)
        lines.append((came, EventType.REGISTER, 20_000 + i, 0, *place, 0))
        usual_size = random.normal(6.0, 1.2)
        haste = np.exp(random.uniform(np.log(HOUR_S), np.log(20 * DAY_S)))
        for n in range(int(random.integers(2, 40))):
            at = min(came + random.uniform(0.0, haste), BEGIN_S + 19 * DAY_S)
            size = int(np.exp(random.normal(usual_size, 0.3)))
            lines.append((at, EventType.MESSAGE, 20_000 + i, 80_000 + 100 * i + n, *place, size))
    events = np.zeros(len(lines), EVENT)
    for row, (at, kind, actor, target, network, device, client, size) in enumerate(sorted(lines)):
        event = events[row]
        event["time"], event["type"], event["actor"], event["target"] = at, int(kind), actor, target
        event["network"], event["device"], event["size"] = network, device, size
        event["client"] = client if kind is EventType.REGISTER else 0
        event["members"], event["forwards"] = -1, MISSING_FORWARDS
    return events


@pytest.fixture(scope="module")
def memory() -> Memory:
    made = Memory(40 * DAY_S, 1_000)
    made.remember(log())
    return made


@pytest.fixture
def told(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> dict[str, SharedFact]:
    """Every fact about the fleet, by signal."""
    monkeypatch.setattr(facts_module, "FACTS", 99)
    likeness, rows = learnt(memory)
    mine = rows[np.isin(rows["key"], [fleet_key(i) for i in range(FLEET)])]
    assert len(mine) == FLEET
    return {fact.signal: fact for fact in strongest_facts(likeness, mine)}


def learnt(memory: Memory) -> tuple[Likeness, np.ndarray]:
    slots = np.flatnonzero(memory.people()["opened"] > 0)
    rows = outreach_of(memory, slots, BEGIN_S + 19 * DAY_S)
    likeness = Likeness(memory)
    likeness.learn(rows, 4_000)
    return likeness, rows


def test_how_many_share_a_network_or_a_device_and_how_many_others_have_it(
    told: dict[str, SharedFact],
) -> None:
    network, device = told["network"], told["device"]
    assert network.text.startswith("12 of 12 were seen on the same network") and network.members == FLEET
    active = FLEET + OTHERS
    assert network.honest_share == pytest.approx(FLEET / active)
    assert device.text.startswith("12 of 12 were seen on the same device")
    assert device.honest_share == pytest.approx(FLEET / len(FLEET_DEVICES) / active)
    assert told["client"].honest_share == pytest.approx(FLEET / active)


def test_times_sizes_and_pace_are_those_of_the_log(told: dict[str, SharedFact]) -> None:
    # The 5th and the 95th of a hundred lie 90 % of 33 minutes apart.
    assert told["sign_up"].text == "12 of 12 signed up close together, nine in ten within 30 minutes"
    assert "about 480 bytes" in told["size"].text
    assert f"about {A_DAY} a day" in told["pace"].text


def test_what_is_rare_in_the_log_is_said_to_be_rare(told: dict[str, SharedFact]) -> None:
    likeness_free = {"network", "device", "client", "number_range", "targets", "group"}
    for fact in told.values():
        assert fact.text.startswith(f"{fact.members} of {FLEET} ")
        assert 2 <= fact.members <= FLEET
        if fact.signal not in likeness_free:
            assert fact.honest_share < 0.25, "a fleet of a dozen does not make its own likeness common"


def test_what_nobody_shares_is_not_told(told: dict[str, SharedFact]) -> None:
    assert not {"targets", "group", "number_range", "talk"} & set(told)


def test_at_most_three_facts_are_told_strongest_first(memory: Memory) -> None:
    likeness, rows = learnt(memory)
    mine = rows[np.isin(rows["key"], [fleet_key(i) for i in range(FLEET)])]
    facts = strongest_facts(likeness, mine)
    assert len(facts) == 3
    paragraph = senders_paragraph(mine, facts, 9.0)
    strangers = FLEET * A_DAY * DAYS
    assert paragraph.startswith(
        f"12 accounts act together. They wrote to {strangers} strangers, of whom 0% answered."
    )
    assert all(fact.text in paragraph for fact in facts)
    assert "8,103 times likelier" in paragraph  # e to the ninth


def fact(share: float) -> SharedFact:
    return SharedFact("pace", "7 of 8 write to strangers at the same pace", 7, share)


@pytest.mark.parametrize(
    "share, said",
    [
        (float("nan"), "not known how rare"),
        (0.0, "no other pair of accounts looked at does"),
        (0.0001, "as does 1 in 10,000 other pairs"),
        (0.0009, "as does 1 in 1,111 other pairs"),
        (0.001, "as do 0.1% of other pairs"),
        (0.123, "as do 12.3% of other pairs"),
    ],
)
def test_rarity_is_one_in_so_many_or_a_percentage(share: float, said: str) -> None:
    assert in_words([fact(share)]) == f"7 of 8 write to strangers at the same pace ({said})."


def test_an_enormous_e_value_is_not_spelt_out() -> None:
    assert "That is 20 times likelier" in odds(3.0)
    assert "more than 50 million times likelier" in odds(40.0) == odds(400.0)


def test_a_ring_is_said_to_weigh_nothing() -> None:
    said = reporters_paragraph(9, 0.9, [fact(0.01)], 9.0)
    assert said.startswith(
        "9 accounts complain together: 90% of the complaints about the account in question"
    )
    assert said.endswith("Their complaints weigh nothing.")


def test_infrastructure_is_what_several_members_used_and_how_many_have_it_in_all(memory: Memory) -> None:
    _, rows = learnt(memory)
    mine = rows[np.isin(rows["key"], [fleet_key(i) for i in range(FLEET)])]
    found = {(one.kind, one.key): (one.members, one.accounts) for one in shared_infrastructure(memory, mine)}
    assert found == {("network", FLEET_NETWORK): (FLEET, FLEET)} | {
        ("device", device): (FLEET // 4, FLEET // 4) for device in FLEET_DEVICES
    }
    one = mine[:1]
    assert shared_infrastructure(memory, one) == () == shared_infrastructure(memory, one[:0])


def test_what_a_crowd_has_comes_last() -> None:
    crowd = log()
    crowd["network"][crowd["actor"] >= 20_000] = FLEET_NETWORK
    memory = Memory(40 * DAY_S, 1_000)
    memory.remember(crowd)
    _, rows = learnt(memory)
    mine = rows[np.isin(rows["key"], [fleet_key(i) for i in range(FLEET)])]
    found = shared_infrastructure(memory, mine)
    assert [one.kind for one in found] == ["device"] * 4 + ["network"]
    assert (found[-1].members, found[-1].accounts) == (FLEET, FLEET + OTHERS)
