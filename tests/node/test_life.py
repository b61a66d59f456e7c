"""An account's life is read from the journal: what it did each day, what was said back, who shares something with it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegate.engine.features import FEATURES
from tidegate.node.life import Life
from tidegate.node.links import HUB, LISTED_OF_A_HUB
from tidegate.node.node import Node
from tidegate.node.requests import Delivery, Erasure
from tidegate.node.settings import Campaigns, NodeSettings
from tidegate.statements.statement import pseudonym_shown

DAY_S, HOUR_S = 86_400.0, 3_600.0
MIDNIGHT_S = 1_767_225_600.0  # 1 January 2026
FIRST_DAY = int(MIDNIGHT_S // DAY_S)
NOW_S = MIDNIGHT_S + 40 * DAY_S


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    opened = Node.open(tmp_path / "node", NodeSettings(campaigns=Campaigns(enabled=False)), lambda: NOW_S)
    yield opened
    opened.close()


class Story:
    """Events of a messenger, put into a node in the order of time."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._lines: list[tuple[float, bytes]] = []

    def tell(self, day: float, type: str, actor: str, target: str | None = None, **more: object) -> None:
        time = MIDNIGHT_S + day * DAY_S
        event = {"time": time, "type": type, "actor": actor, "target": target} | more
        self._lines.append((time, json.dumps({k: v for k, v in event.items() if v is not None}).encode()))

    def deliver(self) -> None:
        self.node.take([Delivery(b"\n".join(line for _, line in sorted(self._lines)))])
        self._lines.clear()

    def key(self, name: str) -> int:
        return self.node.pseudonyms.one(name)

    def shown(self, name: str) -> str:
        return pseudonym_shown(self.key(name))


@pytest.fixture
def story(node: Node) -> Story:
    """Mallory's three days: signs up, writes to ten people of whom three answer, is blocked and reported."""
    story = Story(node)
    story.tell(0.1, "register", "mallory", ip="203.0.113.7", device="d1")
    story.tell(0.2, "login", "mallory", ip="203.0.113.9", device="d1")  # the same /24
    for i in range(10):
        story.tell(0.3 + i / 1000, "message", "mallory", f"p{i}", ip="198.51.100.1", device="d1")
    for i in range(3):
        story.tell(0.5 + i / 1000, "message", f"p{i}", "mallory")
        story.tell(0.51 + i / 1000, "message", f"p{i}", "mallory")
    story.tell(1.0, "message", "friend", "mallory")
    story.tell(1.1, "message", "mallory", "friend", device="d2")
    story.tell(2.5, "message", "mallory", chat="g1", members=5, device="d1")
    story.tell(2.6, "block", "p5", "mallory")
    story.tell(2.7, "report", "p6", "mallory")
    story.tell(2.8, "report", "p7", "mallory")
    story.deliver()
    return story


def life(story: Story, name: str = "mallory", days: float = 30.0) -> Life:
    return story.node.life(story.key(name), days)


def test_every_day_is_counted(story: Story) -> None:
    found = life(story)
    first, second, third = found.days
    assert (first.day, first.sent, first.first_contacts, first.replies) == (FIRST_DAY, 10, 10, 3)
    assert first.signed_up and first.logins == 1 and first.networks == 2 and first.devices == 1
    assert (second.sent, second.first_contacts, second.replies, second.devices) == (1, 0, 0, 1), (
        "friend wrote first"
    )
    assert (third.sent, third.blocks, third.reports, third.networks) == (1, 1, 2, 0)
    assert not second.signed_up and found.complete
    assert (found.from_event, found.through) == (0, story.node.journal.end)
    assert found.from_s == MIDNIGHT_S + 0.1 * DAY_S


def test_the_first_and_the_busiest_day_are_told_hour_by_hour(story: Story) -> None:
    for i in range(20):
        story.tell(3.25 + i / 10_000, "message", "mallory", f"p{i}")
    story.deliver()
    found = life(story)
    assert found.first is not None and found.busiest is not None
    assert found.first.day == FIRST_DAY and found.first.sent[7] == 10 and sum(found.first.sent) == 10
    assert found.first.replies[12] == 3 and found.first.first_contacts[7] == 10
    assert found.busiest.day == FIRST_DAY + 3 and found.busiest.sent[6] == 20
    assert found.busiest.first_contacts[6] == 10, "ten of them were contacted on the first day"


def test_who_shares_a_device_or_a_network_is_linked_and_few_come_first(story: Story) -> None:
    story.tell(1.5, "message", "sister", "x", device="d1", ip="192.0.2.1")
    story.tell(1.6, "message", "neighbour", "x", ip="198.51.100.200", device="other")
    story.tell(1.7, "message", "passer", "x", ip="198.51.100.201")
    story.deliver()
    found = life(story)
    assert [(link.pseudonym, link.by, link.shared_by) for link in found.linked[:1]] == [
        (story.shown("sister"), "device", 2)
    ]
    assert {(link.pseudonym, link.by, link.shared_by) for link in found.linked[1:]} == {
        (story.shown("neighbour"), "network", 3),
        (story.shown("passer"), "network", 3),
    }
    assert found.linked_total == 3
    assert {(thing.what, thing.accounts) for thing in found.things} == {
        ("device", 1),
        ("device", 2),
        ("network", 1),
        ("network", 3),
    }


def test_a_hub_is_seen_as_a_hub_and_does_not_fill_the_list(story: Story) -> None:
    for i in range(HUB + 20):
        story.tell(1.5 + i / 1000, "message", f"student{i}", "x", ip="198.51.100.77")
    story.tell(1.9, "message", "sister", "x", device="d2")
    story.deliver()
    found = life(story)
    assert found.linked[0].pseudonym == story.shown("sister") and found.linked[0].shared_by == 2
    crowd = [link for link in found.linked if link.by == "network"]
    assert len(crowd) == LISTED_OF_A_HUB and {link.shared_by for link in crowd} == {HUB + 21}
    assert found.linked_total == HUB + 21


def test_invitations_are_links_in_both_directions(story: Story) -> None:
    story.tell(1.2, "invite", "mallory", "guest", chat="g1")
    for name in ("mallory", "other1", "other2"):
        story.tell(1.3, "invite", "host", name, chat="g2")
    story.deliver()
    links = {(link.pseudonym, link.by, link.shared_by) for link in life(story).linked}
    assert (story.shown("guest"), "invited", 1) in links
    assert (story.shown("host"), "invited by", 3) in links


def test_only_the_days_asked_for_are_looked_at(story: Story) -> None:
    story.tell(20.0, "message", "p1", "p2")
    story.deliver()
    for i in range(5):
        story.tell(30.0 + i, "message", "mallory", "p9")
        story.deliver()
    found = life(story, days=7.0)
    assert [day.day for day in found.days] == [FIRST_DAY + 30 + i for i in range(5)]
    assert found.from_event > 0
    assert not any(day.signed_up for day in found.days)


def test_an_account_that_nobody_heard_of_has_no_life(story: Story) -> None:
    found = life(story, "nobody")
    assert (found.days, found.first, found.busiest, found.linked, found.things) == ([], None, None, [], [])
    assert story.node.row(story.key("nobody")) is None


def test_no_name_is_in_it(story: Story) -> None:
    story.tell(1.5, "message", "sister", "x", device="d1")
    story.deliver()
    assert "mallory" not in repr(life(story)) and "sister" not in repr(life(story))


def test_an_erased_account_has_neither_life_nor_values(story: Story) -> None:
    story.node.take([Erasure("mallory", by="ann")])
    assert story.node.row(story.key("mallory")) is None


def test_values_are_those_of_now_and_looking_changes_nothing(story: Story) -> None:
    engine = story.node.replica.engine
    before = engine.digest()
    row = story.node.row(story.key("mallory"))
    assert row is not None and row.keys() == {feature.name for feature in FEATURES}
    assert row["answered_14d"] is not None and row["answered_14d"] == pytest.approx(3.0, rel=0.15)
    assert row["reports_14d"] is not None and row["reports_14d"] > 0.0
    assert row["account_age"] == pytest.approx(2.7 * DAY_S, rel=1e-3)
    assert row["device_accounts"] == pytest.approx(1.0, rel=0.05)
    assert row["typing_ratio_1d"] is None, "the log never carried typing notices"
    assert engine.digest() == before
    sent = row["sent_1d"]
    story.tell(6.0, "message", "p1", "p2")
    story.deliver()
    later = story.node.row(story.key("mallory"))
    assert (
        later is not None
        and sent is not None
        and later["sent_1d"] == pytest.approx(sent * 0.5**3.2, rel=0.01)
    )
