"""Honest crowds are what they are named: they look like campaigns, and people answer them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from world_observed import first_contacts, most_within, of_type

from tidegate.events.columns import EventType
from tidegate.world import CROWDS, World, WorldSettings, simulate
from tidegate.world.fleets import BAIT_RING, FLEET_KINDS, HYGIENE

DAY_S, HOUR_S = 86_400.0, 3_600.0
SEEDS = (3, 4)


@pytest.fixture(scope="module", params=SEEDS)
def crowded(request: pytest.FixtureRequest) -> World:
    """One crowd of each kind among 4,000 people in eight days; the only attacker is the one complained of."""
    return simulate(
        WorldSettings(
            people=4_000,
            days=8,
            seed=request.param,
            attackers={},
            crowds=dict.fromkeys(CROWDS, 1),
        )
    )


def _members(world: World, kind: str) -> NDArray[np.int64]:
    return np.flatnonzero(world.accounts.role == f"crowd_{kind}")


class Contacts:
    """First messages from members to people who are none, and what became of them."""

    def __init__(self, world: World, members: NDArray[np.int64], to_members: bool = False) -> None:
        time, sender, receiver = first_contacts(world)
        chosen = np.isin(sender, members) & (np.isin(receiver, members) == to_members)
        self.time, self.sender, self.receiver = time[chosen], sender[chosen], receiver[chosen]
        private = of_type(world, EventType.MESSAGE) & (world.columns["target"] >= 0)
        names = len(world.names)
        pairs = world.columns["actor"][private].astype(np.int64) * names + world.columns["target"][private]
        self.answered = np.isin(self.receiver * names + self.sender, np.unique(pairs))
        self.day = ((self.time - world.settings.start) // DAY_S).astype(np.int64)

    def per_working_day(self) -> NDArray[np.int64]:
        """Strangers of one member on one day on which the member wrote to any."""
        return np.unique(self.sender * 1_000 + self.day, return_counts=True)[1]


def _outgoing(contacts: Contacts, least: int) -> NDArray[np.int64]:
    """Members who wrote to at least so many on some day: it is their work, not a colleague's private life."""
    cell, count = np.unique(contacts.sender * 1_000 + contacts.day, return_counts=True)
    return np.unique(cell[count >= least] // 1_000)


def _complained_share(world: World, contacts: Contacts, kind: EventType) -> float:
    about = of_type(world, kind)
    names = len(world.names)
    pairs = world.columns["actor"][about].astype(np.int64) * names + world.columns["target"][about]
    return float(np.isin(contacts.receiver * names + contacts.sender, pairs).mean())


def _sign_up_span_s(world: World, accounts: NDArray[np.int64]) -> float:
    inside = world.accounts.signup[accounts]
    return float(np.ptp(inside[~np.isnan(inside)]))


def _share_at_one_address(world: World, accounts: NDArray[np.int64], low_s: float, high_s: float) -> float:
    """Of the events of these accounts between two times (Unix seconds), in the most frequent network."""
    own = np.isin(world.columns["actor"], accounts)
    own &= (world.columns["time"] >= low_s) & (world.columns["time"] < high_s)
    return float(np.bincount(world.columns["ip"][own]).max() / own.sum())


def test_every_crowd_is_there_with_its_number_and_its_size(crowded: World) -> None:
    table = crowded.accounts
    for number, (kind, limits) in enumerate(CROWDS.items()):
        members = np.flatnonzero(table.crowd == number)
        assert set(table.role[members].tolist()) == {f"crowd_{kind}"}
        assert limits.least <= len(members) <= limits.most, kind
    assert set(table.family[table.crowd >= 0].tolist()) == {"honest"}
    assert (table.campaign[table.crowd >= 0] == "").all()
    assert (table.family == "honest").sum() == 4_000


def test_equal_settings_give_equal_crowds() -> None:
    settings = WorldSettings(people=700, days=3, seed=6, crowds={"school": 2, "couriers": 1, "complaints": 1})
    one, other = simulate(settings), simulate(settings)
    assert np.array_equal(one.accounts.crowd, other.accounts.crowd)
    assert all(np.array_equal(one.columns[name], other.columns[name]) for name in one.columns)
    assert set(one.accounts.crowd.tolist()) == {-1, 0, 1, 2, 3}


def test_a_school_signs_up_within_an_hour_in_one_network_with_one_client(crowded: World) -> None:
    school = _members(crowded, "school")
    signup = crowded.accounts.signup[school]
    pupils = school[~np.isnan(signup)]
    assert len(pupils) > 0.9 * len(school) - 1
    assert _sign_up_span_s(crowded, school) <= HOUR_S
    registers = of_type(crowded, EventType.REGISTER) & np.isin(crowded.columns["actor"], pupils)
    assert len(np.unique(crowded.columns["client"][registers])) == 1
    first, last = np.nanmin(signup), np.nanmax(signup)
    assert _share_at_one_address(crowded, pupils, first - 1.0, last + 1.0) > 0.8
    within = Contacts(crowded, school, to_members=True)
    assert len(within.time) > 2 * len(pupils)
    assert within.answered.mean() > 0.7


def test_a_companys_sales_team_writes_to_strangers_who_answer_sometimes(crowded: World) -> None:
    company = _members(crowded, "company")
    assert len(crowded.accounts.signup[company]) == (~np.isnan(crowded.accounts.signup[company])).sum()
    assert _sign_up_span_s(crowded, company) <= 2 * DAY_S
    contacts = Contacts(crowded, company)
    team = _outgoing(contacts, least=5)
    assert 4 <= len(team) <= 30
    sales = np.isin(contacts.sender, team)
    assert 0.2 <= contacts.answered[sales].mean() <= 0.55
    assert 0.0 < _complained_share(crowded, contacts, EventType.BLOCK) < 0.05
    registers = of_type(crowded, EventType.REGISTER) & np.isin(crowded.columns["actor"], company)
    assert len(np.unique(crowded.columns["client"][registers])) == 1


def test_a_family_shares_a_tablet(crowded: World) -> None:
    family = _members(crowded, "family")
    own = np.isin(crowded.columns["actor"], family)
    devices = [np.unique(crowded.columns["device"][own & (crowded.columns["actor"] == a)]) for a in family]
    shared = set(devices[0].tolist()).intersection(*(set(d.tolist()) for d in devices[1:]))
    assert len(shared) == 1


def test_a_conference_is_in_one_network_and_its_visitors_meet_strangers(crowded: World) -> None:
    visitors = _members(crowded, "conference")
    begin = crowded.settings.start + crowded.who.away_from[visitors[0]]
    end = crowded.settings.start + crowded.who.away_until[visitors[0]]
    assert 1.3 * DAY_S <= end - begin <= 3 * DAY_S
    assert _share_at_one_address(crowded, visitors, begin, end) > 0.6
    met = Contacts(crowded, visitors, to_members=True)
    new = met.time >= begin
    assert 1.0 <= new.sum() / len(visitors) <= 8.0
    assert 0.45 <= met.answered[new].mean() <= 0.85
    joins = of_type(crowded, EventType.JOIN) & np.isin(crowded.columns["actor"], visitors)
    assert joins.sum() > 0.3 * len(visitors)


def test_a_festival_signs_up_in_hours_and_asks_one_account(crowded: World) -> None:
    crowd = _members(crowded, "festival")
    signup = crowded.accounts.signup[crowd]
    assert np.isnan(signup).sum() == 1
    assert _sign_up_span_s(crowded, crowd) <= 6 * HOUR_S
    info = crowd[np.isnan(signup)][0]
    contacts = Contacts(crowded, crowd, to_members=True)
    asked = contacts.receiver == info
    assert 0.2 <= asked.sum() / len(crowd) <= 0.65
    assert contacts.answered[asked].mean() > 0.85
    registers = of_type(crowded, EventType.REGISTER) & np.isin(crowded.columns["actor"], crowd)
    assert np.bincount(crowded.columns["client"][registers]).max() / registers.sum() > 0.7


def test_the_customers_of_one_carrier_share_one_address(crowded: World) -> None:
    customers = _members(crowded, "carrier_nat")
    signup = crowded.accounts.signup[customers]
    fresh = customers[~np.isnan(signup)]
    assert 0.05 <= len(fresh) / len(customers) <= 0.3
    assert _sign_up_span_s(crowded, customers) <= HOUR_S
    start = crowded.settings.start
    assert _share_at_one_address(crowded, customers, start, start + 8 * DAY_S) > 0.5
    numbers = np.sort(crowded.who.phone[fresh])
    assert np.diff(numbers).max() <= 3


def test_couriers_write_to_strangers_all_day_and_are_rarely_blocked(crowded: World) -> None:
    couriers = _members(crowded, "couriers")
    contacts = Contacts(crowded, couriers)
    days = contacts.per_working_day()
    assert 10 <= np.median(days) <= 40
    assert 0.2 <= contacts.answered.mean() <= 0.5
    assert _complained_share(crowded, contacts, EventType.BLOCK) < 0.012
    _, sender, receiver = first_contacts(crowded)
    inbound = (np.isin(receiver, couriers) & ~np.isin(sender, couriers)).sum()
    assert 0.25 <= inbound / (inbound + len(contacts.time)) <= 0.42
    sizes = crowded.columns["size"][
        of_type(crowded, EventType.MESSAGE)
        & np.isin(crowded.columns["actor"], couriers)
        & (crowded.columns["target"] >= 0)
    ]
    assert np.bincount(sizes // 16).max() / len(sizes) > 0.1


def test_volunteers_divide_a_list_and_write_in_one_evening(crowded: World) -> None:
    volunteers = _members(crowded, "volunteers")
    contacts = Contacts(crowded, volunteers)
    evening = [
        (contacts.sender == v) & (np.abs(contacts.time - _peak(contacts.time)) < 4 * HOUR_S)
        for v in volunteers
    ]
    counts = np.array([rows.sum() for rows in evening])
    assert np.median(counts) >= 10
    assert counts.max() <= 60
    rows = np.any(evening, axis=0)
    assert len(np.unique(contacts.receiver[rows])) > 0.95 * rows.sum()
    assert 0.2 <= contacts.answered[rows].mean() <= 0.6
    assert _complained_share(crowded, contacts, EventType.BLOCK) < 0.03


def _peak(time: NDArray[np.float64]) -> float:
    """The middle of the four hours with the most of these times."""
    ahead = np.searchsorted(time, time + 4 * HOUR_S, side="right") - np.arange(len(time))
    return float(time[int(ahead.argmax())] + 2 * HOUR_S)


def test_branches_of_a_chain_remind_people_who_mostly_answer(crowded: World) -> None:
    chain = _members(crowded, "chain")
    contacts = Contacts(crowded, chain)
    assert 5 <= np.median(contacts.per_working_day()) <= 35
    assert contacts.answered.mean() > 0.5
    prefixes = np.unique(crowded.addresses[crowded.who.home[chain]] >> 8)
    assert len(prefixes) == 1
    assert np.diff(np.sort(crowded.who.phone[chain])).max() <= 3


def test_parents_leave_one_group_and_join_another_within_an_evening(crowded: World) -> None:
    parents = _members(crowded, "parents")
    columns = crowded.columns
    own = np.isin(columns["actor"], parents)
    left = own & of_type(crowded, EventType.LEAVE)
    old = np.bincount(columns["chat"][left]).argmax()
    gone = left & (columns["chat"] == old)
    joins = own & of_type(crowded, EventType.JOIN)
    new = np.bincount(
        columns["chat"][joins & (columns["time"] > columns["time"][gone].min() - 2_000.0)]
    ).argmax()
    came = joins & (columns["chat"] == new)
    assert gone.sum() >= len(parents) - 2
    assert came.sum() >= len(parents) - 2
    both = np.concatenate([columns["time"][gone], columns["time"][came]])
    assert np.ptp(both) <= 5 * HOUR_S


def test_a_flash_of_complaints_is_about_one_real_spammer_who_wrote_to_all(crowded: World) -> None:
    angry = _members(crowded, "complaints")
    columns, table = crowded.columns, crowded.accounts
    (spammer,) = np.flatnonzero(table.family != "honest").tolist()
    reports = of_type(crowded, EventType.REPORT) & (columns["target"] == spammer)
    reports &= np.isin(columns["actor"], angry)
    assert reports.sum() == len(angry)
    assert most_within(columns["time"][reports], 900.0) == len(angry)
    time, sender, receiver = first_contacts(crowded)
    written_to = receiver[sender == spammer]
    assert np.isin(angry, written_to).all()
    assert time[sender == spammer].max() < columns["time"][reports].min()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"people": 300, "crowds": {"circus": 1}}, "unknown crowds"),
        ({"people": 300, "crowds": {"school": -1}}, "must not be negative"),
        ({"people": 300, "crowds": {"festival": 1}}, "need at least 445 people"),
    ],
)
def test_crowds_that_a_world_cannot_hold_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorldSettings(**wrong)  # type: ignore[arg-type]


def test_the_world_page_names_every_crowd_and_every_fleet() -> None:
    page = (Path(__file__).parents[2] / "docs" / "world.md").read_text("utf-8")
    lines = [
        f"| `{kind}` | {size.least:,} to {size.most:,} | {size.meaning} |" for kind, size in CROWDS.items()
    ]
    lines += [f"| `{name}` | " for name in (*FLEET_KINDS, BAIT_RING, *HYGIENE)]
    assert [line for line in lines if line not in page] == []
