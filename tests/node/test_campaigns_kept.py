"""What the node keeps of findings: with their events or not at all, until it is erased or too old."""

import json
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tidegate.events.columns import EVENT, EventType
from tidegate.node import campaign_table
from tidegate.node.campaign_found import CampaignFound, FactFound, InfrastructureFound, Said, said_in
from tidegate.node.campaign_table import Campaigns
from tidegate.node.journal import Journal
from tidegate.node.node import Node
from tidegate.node.requests import Delivery, StorageError, Tick

NOW_S = 1_767_225_600.0
SENDERS, REPORTERS = 1, 2


def found(
    number: int,
    members: list[int],
    kind: int = SENDERS,
    victims: tuple[int, ...] = (),
    devices: tuple[tuple[int, int, int], ...] = (),
) -> CampaignFound:
    events = np.zeros(len(members), EVENT)
    events["type"], events["actor"], events["chat"] = EventType.CAMPAIGN, members, number
    events["time"], events["size"], events["members"] = NOW_S - 100.0, 900, len(members)
    return CampaignFound(
        id=number,
        kind=kind,
        found_s=NOW_S - 100.0,
        members=members,
        scores=[0.9 - 0.01 * place for place in range(len(members))],
        victims=list(victims),
        victim_shares=[0.8] * len(victims),
        score=0.8,
        q_value=1e-9,
        reason=f"{len(members)} accounts act together.",
        facts=[FactFound("pace", "write at the same pace", len(members), None)],
        links=[(place, place + 1, 5.0) for place in range(len(members) - 1)],
        told=events.tobytes(),
        infrastructure=[InfrastructureFound("device", *one) for one in devices],
    )


def keep(journal: Journal, *findings: CampaignFound, now_s: float = NOW_S) -> None:
    journal.append(np.concatenate([one.events() for one in findings]), now_s, None, findings)


def keys(kept: Campaigns, number: int) -> list[int]:
    return [member.key for member in kept.members(number, 100)[0]]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


def test_a_finding_travels_as_a_line_and_comes_out_the_same() -> None:
    said: Said = found((1 << 64) - 1, [1, (1 << 64) - 2], REPORTERS, (3,))
    line = msgspec.json.encode(said)
    assert b"\n" not in line and json.loads(line)["type"] == "found"
    assert said_in.decode(line) == said


def test_a_campaign_grows_and_keeps_those_who_were_found_before(journal: Journal) -> None:
    kept = Campaigns(journal.path)
    keep(journal, found(7, [1, 2, 3, 4, 5]))
    keep(journal, found(7, [6, 2, 3, 4, 5, 8]))
    (one,) = kept.page(1 << 62, 10)
    assert (one.id, one.members, one.reason) == (7, 7, "6 accounts act together.")
    members, _ = kept.members(7, 100)
    assert [member.key for member in members] == [6, 2, 3, 4, 5, 8, 1]
    assert [member.place for member in members] == [0, 1, 2, 3, 4, 5, -1]


def test_who_is_found_in_another_campaign_belongs_to_that_one(journal: Journal) -> None:
    kept = Campaigns(journal.path)
    keep(journal, found(7, [1, 2, 3]), found(9, [4, 5, 6], REPORTERS, victims=(1,)))
    keep(journal, found(8, [2, 3, 4]))
    membership = kept.of_account(2)
    assert keys(kept, 7) == [1] and membership is not None and membership.campaign.id == 8
    assert keys(kept, 9) == [4, 5, 6], "a sender may complain in a ring, too"
    keep(journal, found(8, [1, 2, 3, 4]))
    assert kept.one(7) is None, "a campaign without members is the one they moved to"
    assert [one.id for one in kept.page(1 << 62, 10)] == [8, 9], "newest first"
    assert [one.id for one in kept.page(kept.page(1 << 62, 1)[0].number, 10)] == [9]


def test_an_erased_account_leaves_members_victims_and_ties(journal: Journal) -> None:
    kept = Campaigns(journal.path)
    keep(journal, found(7, [1, 2, 3, 4]), found(9, [5, 6], REPORTERS, victims=(2,)))
    assert journal.campaigns.erase(2) == 2
    assert journal.campaigns.erase(2) == 0
    assert keys(kept, 7) == [1, 3, 4] and kept.links(7) == [(2, 3, 5.0)]
    assert kept.members(9, 10)[1] == [] and kept.of_account(2) is None
    for key in (5, 6):
        journal.campaigns.erase(key)
    assert kept.one(9) is None


def test_campaigns_are_forgotten_so_long_after_somebody_was_added(journal: Journal) -> None:
    kept = Campaigns(journal.path)
    keep(journal, found(7, [1, 2, 3]), found(8, [4, 5, 6]), now_s=NOW_S)
    keep(journal, found(8, [4, 5, 6, 7]), now_s=NOW_S + 1_000.0)
    assert journal.campaigns.forget(NOW_S + 500.0) == 1
    assert [one.id for one in kept.page(1 << 62, 10)] == [8]
    assert kept.of_account(1) is None and keys(kept, 8) == [4, 5, 6, 7]


def test_events_and_words_are_durable_together(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, end = Campaigns(journal.path), journal.end

    def fails(*_: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(campaign_table, "write", fails)
        with pytest.raises(StorageError):
            keep(journal, found(7, [1, 2, 3]))
    assert (journal.end, list(journal.read(0)), kept.page(1 << 62, 10)) == (end, [], [])
    keep(journal, found(7, [1, 2, 3]))
    assert journal.end == 3 and len(kept.page(1 << 62, 10)) == 1


def test_a_node_takes_a_finding_again_that_could_not_be_made_durable_and_leaves_strangers_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node.open(tmp_path / "node", now_s=lambda: NOW_S)
    names = ["ann", "bob", "cat"]
    signed_up = [{"time": NOW_S - 50, "type": "register", "actor": name} for name in names]
    node.take([Delivery(b"".join(json.dumps(event).encode() + b"\n" for event in signed_up))])
    members = [node.pseudonyms.one(name) for name in names]
    stranger, end = 12_345, node.journal.end
    node._searching._heard.put(found(7, [*members[:2], stranger, members[2]]))

    def fails(*_: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(campaign_table, "write", fails)
        with pytest.raises(StorageError):
            node.take([Tick()])
    assert node.journal.end == end
    node.take([Tick(), Tick()])
    assert node.journal.end == end + 3 and keys(node.campaigns, 7) == members
    told = np.concatenate([stretch.events for stretch in node.journal.read(end)])
    assert told["actor"].tolist() == members
    assert (told["time"] == NOW_S - 50).all(), "it counts from when the node heard of it"
    account = node.account("ann")
    assert account is not None and account.membership is not None and account.membership.campaign.members == 3
    assert node.figures()["campaigns_found"] == 1 and node.figures()["campaigns_told"] == 3
    node.take([Tick()])
    assert node.journal.end == end + 3
    node.close()


def test_infrastructure_is_kept_with_the_last_finding_and_finds_other_campaigns(journal: Journal) -> None:
    far = (1 << 64) - 5
    keep(journal, found(7, [1, 2], devices=((far, 2, 2), (6, 2, 9), (8, 2, 3))))
    keep(journal, found(9, [3, 4], devices=((far, 2, 4), (6, 2, 2))))
    with closing(Campaigns(journal.path)) as kept:
        assert [(one.key, one.is_own) for one in kept.infrastructure(7)] == [
            (far, True),
            (8, True),
            (6, False),
        ]
        wanted = [("device", far), ("device", 6), ("network", 8)]
        assert kept.with_infrastructure(wanted, 10) == [
            (9, "device", 6),
            (9, "device", far),
            (7, "device", far),
        ]
        assert len(kept.with_infrastructure(wanted, 2)) == 2 and kept.with_infrastructure([], 9) == []
        keep(journal, found(7, [1, 2, 5], devices=((6, 3, 3),)))
        assert [one.key for one in kept.infrastructure(7)] == [6]


def test_with_an_account_goes_what_may_have_been_its_own(journal: Journal) -> None:
    keep(journal, found(7, [1, 2, 3], devices=((6, 3, 3),)), found(9, [4, 5], devices=((6, 2, 2),)))
    journal.campaigns.erase(2)
    with closing(Campaigns(journal.path)) as kept:
        assert kept.infrastructure(7) == [] and kept.with_infrastructure([("device", 6)], 9) == [
            (9, "device", 6)
        ]
        journal.campaigns.forget(NOW_S + 1.0)
        assert kept.with_infrastructure([("device", 6)], 9) == []
    assert not found(7, [1, 2], devices=((6, 2, 2),)).among({1}).infrastructure
