"""The pictures of the account page: pure functions of their data."""

import xml.etree.ElementTree as ElementTree

import pytest

from tidegate.desk.accounts.conditions import terms
from tidegate.desk.accounts.range_bar import range_bar, range_words
from tidegate.desk.accounts.timeline import DAY_S, Picture, Slot, described, stretches_of, timeline
from tidegate.desk.campaigns.ties import MOST_DRAWN, Node, ties_picture
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.rungs import Rung
from tidegate.statements.ranges import Range, honest_ranges

QUIET = Slot(0, 0, 0, 0, 0)
START_S = 20_000 * DAY_S


def picture(*slots: Slot, decisions: tuple[tuple[float, Rung, float | None, bool], ...] = ()) -> Picture:
    end_s = START_S + DAY_S * len(slots)
    return Picture(START_S, DAY_S, slots, stretches_of(decisions, START_S, end_s), "days of this account")


def drawn(svg: str) -> ElementTree.Element:
    assert "style=" not in svg, "the content security policy refuses inline styles"
    return ElementTree.fromstring(svg)


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in root.iter() if name in (one.get("class") or "").split()]


def test_bars_are_as_high_as_the_numbers_and_first_contacts_lie_in_the_messages() -> None:
    root = drawn(timeline(picture(Slot(10, 4, 1, 0, 0), QUIET, Slot(5, 5, 0, 0, 0)), "a"))
    sent = [float(one.get("height", "")) for one in of_class(root, "sent")]
    first = [float(one.get("height", "")) for one in of_class(root, "first")]
    assert sent[0] == pytest.approx(2 * sent[1]) and first[0] == pytest.approx(0.4 * sent[0])
    assert len(sent) == len(first) == 2, "a quiet day has no bar"
    assert len(of_class(root, "reply")) == 1


def test_complaints_are_marks_that_say_their_number() -> None:
    root = drawn(timeline(picture(Slot(9, 9, 0, 2, 0), Slot(9, 9, 0, 1, 7)), "a"))
    assert len(of_class(root, "block")) == 2
    (report,) = of_class(root, "report")
    assert [one.text for one in report] == ["7 reports"]


def test_a_rung_lasts_until_the_next_decision_or_its_own_end() -> None:
    decisions = (
        (START_S + 0.5 * DAY_S, Rung.CHALLENGE, START_S + 9.0 * DAY_S, True),
        (START_S + 1.0 * DAY_S, Rung.LOCK, START_S + 2.0 * DAY_S, True),
        (START_S + 3.0 * DAY_S, Rung.BAN, None, False),
    )
    found = stretches_of(decisions, START_S, START_S + 4 * DAY_S)
    lasted = [(one.rung, (one.start_s - START_S) / DAY_S, (one.end_s - START_S) / DAY_S) for one in found]
    assert lasted == [(Rung.CHALLENGE, 0.5, 1.0), (Rung.LOCK, 1.0, 2.0), (Rung.BAN, 3.0, 4.0)]
    svg = timeline(picture(*[QUIET] * 4, decisions=decisions), "a")
    assert "lock" in svg and "ban, not carried out" in svg
    assert len(of_class(drawn(svg), "withheld")) == 1


def test_the_picture_is_told_in_words_too() -> None:
    shown = picture(Slot(1_200, 40, 3, 2, 1), decisions=((START_S, Rung.WARN, None, True),))
    root = drawn(timeline(shown, "a"))
    assert [one.tag for one in root][:2] == ["title", "desc"]
    assert root[1].text == described(shown)
    assert "1,200 messages, 40 of them first messages" in described(shown) and "warn" in described(shown)
    assert root.get("aria-labelledby") == f"{root[0].get('id')} {root[1].get('id')}"


@pytest.mark.parametrize("feature", sorted(honest_ranges().older))
def test_every_feature_can_be_drawn_beside_its_range(feature: str) -> None:
    usual = honest_ranges().older[feature]
    places = []
    for value in (usual.p50, usual.p999, usual.p999 * 3 + 1.0, -1.0, 1e9):
        root = drawn(range_bar(feature, value, usual))
        (mark,) = of_class(root, "value")
        places.append(float((mark.get("cx") or "").rstrip("%")))
        assert 0.0 <= places[-1] <= 100.0
    assert places[0] <= places[1]
    assert "half" in range_words(feature, usual)


def test_a_value_that_stands_out_is_marked() -> None:
    usual = Range(p50=3.0, p90=8.0, p99=20.0, p999=41.0)
    assert range_words("strangers_1d", usual) == "half at most 3, 999 of 1,000 at most 41"
    assert of_class(drawn(range_bar("strangers_1d", 50.0, usual)), "far")
    assert of_class(drawn(range_bar("strangers_1d", 5.0, usual)), "usual")


def test_every_rule_of_the_shipped_policy_can_be_read_as_words() -> None:
    for rule in load_policy(shipped_policy_text(), "default.toml").rules:
        said = terms(rule.when)
        assert said and all("_" not in one for one in said), rule.name


def test_ties_are_drawn_for_so_many_members_and_no_more() -> None:
    members = [Node(f"{at:016x}", Rung.LOCK, 0.5) for at in range(MOST_DRAWN + 40)]
    links = [(at, (at * 7 + 1) % len(members), float(at)) for at in range(len(members))]
    svg = ties_picture(members, links)
    root = drawn(svg)
    assert len(of_class(root, "node")) == MOST_DRAWN
    assert of_class(root, "tie") and svg == ties_picture(members, links)
    alone = drawn(ties_picture(members[:1], []))
    assert len(of_class(alone, "node")) == 1


def test_a_ring_has_its_victims_in_the_middle() -> None:
    members = [Node(f"{at:016x}", Rung.ALLOW, 0.9) for at in range(12)]
    root = drawn(ties_picture(members, [], ["f" * 16]))
    (victim,) = of_class(root, "victim")
    assert (victim.get("cx"), victim.get("cy")) == ("240", "160")
    assert len(of_class(root, "complaint")) == 1
