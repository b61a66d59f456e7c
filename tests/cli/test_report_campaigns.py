"""Campaigns on the report page and on the terminal: what is said, drawn, bounded, and safe to open."""

import dataclasses
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console
from sample_campaigns import fleet, ring
from sample_findings import made_up

from tidegate.campaigns.evidence import INDEX, SIGNALS
from tidegate.campaigns.finding import SharedFact
from tidegate.cli.campaign_findings import CampaignShown, Ended
from tidegate.cli.findings import Findings
from tidegate.cli.report import render_report
from tidegate.cli.report.campaigns import THINGS, rare
from tidegate.cli.report.members import members_over_time
from tidegate.cli.report.ties import graph
from tidegate.cli.terminal import print_findings
from tidegate.cli.wording import Dates

UTC = Dates(None)
NOWHERE = Path("nowhere")


def with_campaigns(*campaigns: CampaignShown, search: Ended = "done") -> Findings:
    return dataclasses.replace(made_up(), campaigns=list(campaigns), search=search)


def section(findings: Findings) -> str:
    found = re.search(r'<section id="campaigns">.*?</section>', render_report(findings), re.DOTALL)
    return found[0] if found else ""


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def printed(findings: Findings, width: int = 100) -> str:
    out = io.StringIO()
    print_findings(Console(file=out, width=width), findings, NOWHERE)
    return out.getvalue()


def test_a_card_says_who_what_is_shared_and_how_rare_that_is() -> None:
    said = words(section(with_campaigns(fleet())))
    assert "1 campaign of 24 accounts in all; 18 of them would be acted on." in said
    assert "24 accounts act together." in said
    assert "24 of 24 were seen on the same network 1 in 333 accounts has what two of them share" in said
    assert "22 of 24 write to strangers at the same pace so do 12 of 100 other pairs of accounts" in said
    assert "how rare that is cannot be told from this log" in said
    assert "lock 18" in said and "6 not acted on" in said


def test_nothing_found_not_looked_for_and_without_the_library_are_told_apart() -> None:
    assert "No accounts were found to act together." in section(with_campaigns())
    assert "NetworKit is not installed" in section(with_campaigns(search="missing"))
    assert "findings of its own" in section(with_campaigns(search="in-log"))
    assert section(with_campaigns(search="off")) == ""


def test_every_member_has_a_row_a_node_and_its_ticks() -> None:
    one = fleet(24)
    rows = ElementTree.fromstring(members_over_time(one, list(one.members), "c1", UTC))
    assert len(rows.findall("g")) == 24
    assert len(rows.findall("g/circle")) == 24, "each sign-up is marked"
    ticks = [path.get("d", "").count("M") for path in rows.iter("path")]
    assert len(ticks) == 24 and all(15 <= number <= 20 for number in ticks)
    nodes = ElementTree.fromstring(graph(one, 24, "c1"))
    assert len([node for node in nodes.iter("circle") if "node" in node.get("class", "")]) == 24
    assert len([hub for hub in nodes.findall("g") if hub.get("class") == "hub"]) == 3


def test_pictures_have_a_title_and_a_description_in_words() -> None:
    one = fleet(24)
    for svg in (members_over_time(one, list(one.members), "c1", UTC), graph(one, 24, "c1")):
        picture = ElementTree.fromstring(svg)
        assert picture.get("role") == "img" and picture.findtext("title")
        assert "24 accounts" in (picture.findtext("desc") or "")
        named = {element.get("id") for element in picture.iter()} - {None}
        assert set(picture.get("aria-labelledby", "").split()) == named


def test_every_node_lies_inside_its_picture_whatever_the_ties() -> None:
    for one in (fleet(5), fleet(60), dataclasses.replace(fleet(12), links=(), shared=()), ring()):
        picture = ElementTree.fromstring(graph(one, len(one.members), "c1"))
        _, _, width, height = map(float, picture.get("viewBox", "").split())
        places = [(float(node.get("cx", "")), float(node.get("cy", ""))) for node in picture.iter("circle")]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
        assert len(set(places)) > len(places) // 2, "nodes are apart"


def test_a_ring_is_drawn_around_its_victim() -> None:
    one = ring(14)
    picture = ElementTree.fromstring(graph(one, 14, "c1"))
    (victim,) = [part for part in picture.findall("g") if part.get("class") == "victim"]
    middle = victim.find("circle")
    assert middle is not None and (middle.get("cx"), middle.get("cy")) == ("220", "165")
    assert "victim" in "".join(victim.itertext())
    said = words(section(with_campaigns(one)))
    assert "14 accounts that complain together" in said
    assert "93% of the complaints are the ring's; not acted on" in said


def test_the_same_findings_give_the_same_page() -> None:
    findings = with_campaigns(fleet(40), ring())
    assert render_report(findings) == render_report(findings)


def test_twenty_are_pictured_and_the_rest_listed() -> None:
    many = [dataclasses.replace(fleet(6, seed), id=f"{seed:016x}") for seed in range(27)]
    html = section(with_campaigns(*many))
    assert html.count('class="card campaign"') == 20
    assert "7 more" in words(html)


def test_large_campaigns_leave_the_page_small() -> None:
    many = [fleet(3_000, seed, f"account-of-a-rather-large-fleet-{seed}-") for seed in range(30)]
    page = render_report(with_campaigns(*many))
    assert len(page.encode()) < 4_000_000
    assert "Drawn: 60 of 3,000." in page


def test_members_that_left_the_group_are_still_named() -> None:
    one = fleet(10)
    left = [dataclasses.replace(member, last_seen=False) for member in one.members[8:]]
    one = dataclasses.replace(one, members=(*one.members[:8], *left), links=one.links[:0])
    said = words(section(with_campaigns(one)))
    assert "About the 8 last seen together; 2 others were found with them earlier. 10 accounts act" in said
    assert "f9" in said
    line = next(line for line in printed(with_campaigns(one)).splitlines() if line.startswith("  10 "))
    assert line.startswith("  10 accounts, 8 last seen together: ")


@pytest.mark.parametrize("name", ['<script>alert("x")</script>', "\u202eevil\u2066", "a" * 5_000, ""])
def test_hostile_names_stay_text(name: str) -> None:
    one = fleet(6)
    members = (dataclasses.replace(one.members[0], account=name), *one.members[1:])
    html = section(with_campaigns(dataclasses.replace(one, members=members, reason=name)))
    assert "<script>" not in html and "\u202e" not in members_over_time(one, list(members), "c", UTC)
    for svg in re.findall(r'<svg (?:class="ties"|width="100%").*?</desc>', html, re.DOTALL):
        assert "alert(" not in svg.split("<desc")[0]


@pytest.mark.parametrize(
    ("signal", "share", "said"),
    [
        ("pace", 0.0, "no other pair of accounts looked at does"),
        ("pace", 0.003, "so does 1 in 333 other pairs of accounts"),
        ("pace", 0.12, "so do 12 of 100 other pairs of accounts"),
        ("device", 0.0002, "1 in 5,000 accounts has what two of them share"),
        ("client", 0.12, "12 of 100 accounts have what two of them share"),
    ],
)
def test_rarity_is_said_in_whole_numbers_of_pairs_or_of_accounts(
    signal: str, share: float, said: str
) -> None:
    assert rare(SharedFact(signal, "so many do", 7, share)) == said


def test_things_that_are_counted_by_accounts_are_signals() -> None:
    assert {INDEX[name] for name in THINGS} == {
        i for i, signal in enumerate(SIGNALS) if signal.shared_m and signal.name != "targets"
    }


def test_the_legend_names_what_is_drawn_and_nothing_else() -> None:
    assert "sign-up" in words(section(with_campaigns(fleet(6)))) and "a rung in force" in section(
        with_campaigns(fleet(6))
    )
    one = ring(6)
    members = tuple(dataclasses.replace(member, signed_up_s=None) for member in one.members)
    said = words(section(with_campaigns(dataclasses.replace(one, members=members))))
    legend = said.split("a complaint", 1)[1].split("Each dot")[0]
    assert "found." in legend and "sign-up" not in legend and "rung" not in legend


def test_the_terminal_has_a_line_for_each_campaign() -> None:
    text = printed(with_campaigns(fleet(24), ring()))
    lines = text.splitlines()
    assert any(line.startswith("Acting together: 2 campaigns of 38 accounts in all;") for line in lines)
    assert any(line.startswith("  24 accounts: 24 of 24 were seen on the same network") for line in lines)
    assert any(line.startswith("  14 accounts that complain about victim: ") for line in lines)
    assert max(map(len, printed(with_campaigns(fleet(24), ring()), 80).splitlines())) <= 80
    assert "Acting together" not in printed(with_campaigns(search="off"))
    assert "NetworKit is not installed" in " ".join(printed(with_campaigns(search="missing")).split())
