"""``tidegate scan`` and accounts that act together: found, acted on, written down, and the same every time."""

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tidegate.campaigns.settings import SearchSettings
from tidegate.cli import backtest as backtest_module
from tidegate.cli import scan as scan_module
from tidegate.cli.campaign_watch import LEAST_EVENTS, CampaignWatch, Woven
from tidegate.cli.main import main
from tidegate.events.columns import EVENT, EventType, Reason
from tidegate.events.reorder import Chunk
from tidegate.world import FAMILIES, WorldSettings, simulate

RESULTS = ("decisions.jsonl", "campaigns.json", "campaign-events.jsonl", "accounts.parquet")
EVERY_S = SearchSettings().every_s
FLEET = {"slow_drip": replace(FAMILIES["slow_drip"], accounts=40, per_operator=40)}
needs_networkit = pytest.mark.skipif(
    scan_module.CampaignWatch().ended == "missing", reason="NetworKit is not installed"
)


@pytest.fixture(autouse=True)
def _kernels_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several test processes at once must not throw each other's machine code away."""
    monkeypatch.setattr(scan_module, "prepare", lambda *_: None)
    monkeypatch.setattr(backtest_module, "prepare", lambda *_: None)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days of a small world with one slow fleet of 40, as a log and its truth."""
    folder = tmp_path_factory.mktemp("fleet")
    simulate(WorldSettings(people=800, days=5, seed=4_000_017, attackers=FLEET)).write(folder)
    return folder


@pytest.fixture(scope="module")
def scanned(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one scan of it."""
    out = tmp_path_factory.mktemp("scanned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan_module, "prepare", lambda *_: None)
        run("scan", fleet / "events.parquet", "--out", out)
    return out


def run(*arguments: str | Path) -> str:
    result = CliRunner(env={"COLUMNS": "120"}).invoke(main, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def campaigns(out: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((out / "campaigns.json").read_text())
    return found


def the_fleet(folder: Path) -> set[str]:
    with (folder / "truth.csv").open() as truth:
        return {row["account"] for row in csv.DictReader(truth) if row["role"] == "slow_drip"}


# --- Found and acted on ------------------------------------------------------------------------------------


@needs_networkit
def test_members_of_a_fleet_are_found_and_nobody_else_is(fleet: Path, scanned: Path) -> None:
    found = campaigns(scanned)
    members = {member["account"] for one in found for member in one["members"]}
    assert found and len(members) >= 10
    assert members <= the_fleet(fleet)


@needs_networkit
def test_a_campaign_is_written_with_members_facts_and_a_paragraph(scanned: Path) -> None:
    one = campaigns(scanned)[0]
    assert one["kind"] == "senders" and len(one["id"]) == 16 and one["found"].endswith("Z")
    assert one["reason"].startswith(
        f"{sum(member['last_seen'] for member in one['members'])} accounts act together"
    )
    assert 0.0 <= one["q_value"] <= 0.001 and 0.5 < one["score"] <= 1.0
    assert 1 <= len(one["facts"]) <= 3
    assert all(fact["text"] and 0 <= fact["honest_share"] <= 1 for fact in one["facts"])
    assert all(0.0 <= member["score"] <= 1.0 for member in one["members"])
    assert all(member["found"] >= one["found"] for member in one["members"])
    assert one["victims"] == []


@needs_networkit
def test_members_are_acted_on_for_being_members(scanned: Path) -> None:
    decisions = lines(scanned / "decisions.jsonl")
    members = {member["account"] for one in campaigns(scanned) for member in one["members"]}
    by_finding = {decision["account"] for decision in decisions if decision["stage"] == "campaign"}
    assert by_finding and by_finding <= members
    for one in campaigns(scanned):
        for member in one["members"]:
            acted = any(d["account"] == member["account"] and d["rung"] != "allow" for d in decisions)
            assert acted == (member["rung"] != "allow")


@needs_networkit
def test_the_report_pictures_every_campaign(scanned: Path) -> None:
    page = (scanned / "report.html").read_text()
    assert "Accounts that act together" in page
    for one in campaigns(scanned)[:20]:
        assert one["reason"][:40] in page
    assert page.count('class="card campaign"') == len(campaigns(scanned)[:20])


# --- The same every time -----------------------------------------------------------------------------------


@needs_networkit
def test_scanning_twice_gives_the_same_bytes(fleet: Path, scanned: Path, tmp_path: Path) -> None:
    run("scan", fleet / "events.parquet", "--out", tmp_path)
    for name in RESULTS:
        assert (tmp_path / name).read_bytes() == (scanned / name).read_bytes(), name


@needs_networkit
def test_the_findings_read_as_a_log_give_the_same_verdicts_without_a_search(
    fleet: Path, scanned: Path, tmp_path: Path
) -> None:
    """Verdicts come from the log alone: what was found is an event like any other."""
    together = [scanned / "campaign-events.jsonl", fleet / "events.parquet"]
    said = run("scan", *together, "--out", tmp_path, "--no-campaigns")
    assert (tmp_path / "decisions.jsonl").read_bytes() == (scanned / "decisions.jsonl").read_bytes()
    assert "Acting together" not in said and not (tmp_path / "campaigns.json").exists()


@needs_networkit
def test_a_log_with_findings_of_its_own_is_not_searched_again(
    fleet: Path, scanned: Path, tmp_path: Path
) -> None:
    together = [scanned / "campaign-events.jsonl", fleet / "events.parquet"]
    said = " ".join(run("scan", *together, "--out", tmp_path).split())
    assert "The log carries findings of its own" in said and campaigns(tmp_path) == []
    assert (tmp_path / "decisions.jsonl").read_bytes() == (scanned / "decisions.jsonl").read_bytes()


@needs_networkit
def test_a_backtest_sees_what_was_found(fleet: Path, scanned: Path, tmp_path: Path) -> None:
    policy = tmp_path / "no-campaigns.toml"
    shipped = Path(scan_module.__file__).parent.parent / "engine/policies/default.toml"
    heads = shipped.read_text().split("[[rule]]")
    kept = [head for head in heads if 'family = "campaign"' not in head]
    assert len(kept) < len(heads)
    policy.write_text("[[rule]]".join(kept))
    together = [scanned / "campaign-events.jsonl", fleet / "events.parquet"]
    run("backtest", policy, *together, "--out", tmp_path)
    in_force = json.loads((tmp_path / "backtest.json").read_text())["in_force"]
    acted = {d["account"] for d in lines(scanned / "decisions.jsonl") if d["rung"] != "allow"}
    assert in_force["accounts"] == len(acted)


# --- Not looked for, not found -----------------------------------------------------------------------------


@needs_networkit
def test_an_honest_world_has_no_campaigns_and_the_report_says_so(tmp_path: Path) -> None:
    simulate(WorldSettings(people=1_000, days=4, seed=4_000_031, attackers={})).write(tmp_path)
    said = run("scan", tmp_path / "events.parquet", "--out", tmp_path / "out")
    assert "No accounts were found to act together." in said
    assert campaigns(tmp_path / "out") == []
    assert not (tmp_path / "out" / "campaign-events.jsonl").exists()
    assert "No accounts were found to act together." in (tmp_path / "out" / "report.html").read_text()


def test_without_networkit_the_scan_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "networkit", None)
    simulate(WorldSettings(people=300, days=2, seed=4_000_032, attackers=FLEET)).write(tmp_path)
    said = " ".join(run("scan", tmp_path / "events.parquet", "--out", tmp_path / "out").split())
    assert "not looked for: NetworKit is not installed (pip install 'tidegate[campaigns]')" in said
    page = (tmp_path / "out" / "report.html").read_text()
    assert "NetworKit is not installed" in page
    assert (tmp_path / "out" / "decisions.jsonl").exists()
    assert not (tmp_path / "out" / "campaigns.json").exists()


@needs_networkit
def test_pseudonyms_hide_the_members_too(fleet: Path, tmp_path: Path) -> None:
    run("scan", fleet / "events.parquet", "--out", tmp_path, "--pseudonyms")
    members = {member["account"] for one in campaigns(tmp_path) for member in one["members"]}
    assert members and not members & the_fleet(fleet)
    # Names of pseudonyms are no names of the log, so nothing could be read beside it.
    assert not (tmp_path / "campaign-events.jsonl").exists()


# --- Where the passes are ----------------------------------------------------------------------------------


class Silent:
    def found(self, campaigns: int) -> None:
        """Nobody listens."""


def chunk_of(events: Any) -> Chunk:
    return Chunk(events, np.zeros(len(events), np.int64), {})


def chatter(times: list[float]) -> Any:
    events = np.zeros(len(times), EVENT)
    events["time"], events["type"], events["forwards"] = times, EventType.MESSAGE, 255
    events["actor"], events["target"] = 1 + np.arange(len(times)) % 7, 9
    events["members"] = events["size"] = -1
    return events


@pytest.mark.parametrize("pieces", [1, 3, 50])
def test_passes_follow_from_the_log_and_not_from_how_it_is_cut(pieces: int) -> None:
    rng = np.random.default_rng(7)
    busy = 1.6e9 + np.sort(rng.uniform(0.0, 20_000.0, 6_000))
    events = chatter([*busy, *(1.6e9 + 90_000.0 + 40.0 * np.arange(500))])
    watch = CampaignWatch()
    asked: list[float] = []
    search = watch._search
    find = search.find
    search.find = lambda now_s: asked.append(now_s) or find(now_s)  # type: ignore[method-assign]
    for piece in np.array_split(events, pieces):
        watch.weave(chunk_of(piece), Silent())
    watch.finish(Silent())
    assert asked == sorted(asked) and all(at % EVERY_S == 0.0 for at in asked[:-1])
    assert asked[-1] == events["time"][-1]
    assert len(asked) == watch.passes == _passes_expected(events["time"])


def _passes_expected(times: Any) -> int:
    """One at each boundary with enough events before it, two through the day of silence, one at the end."""
    slots = np.floor(times / EVERY_S)
    boundaries = np.flatnonzero(np.diff(slots)) + 1
    passes, pending_from = 0, 0
    last = slots[0] * EVERY_S
    for at in boundaries.tolist():
        began, now = (slots[at - 1] + 1) * EVERY_S, slots[at] * EVERY_S
        for due, enough in ((began, at - pending_from >= LEAST_EVENTS), (now, False)):
            if enough or due - last >= 3 * 3_600.0:
                passes, pending_from, last = passes + 1, at, due
    return passes + 1


def test_findings_have_no_name_in_the_log_and_events_keep_theirs() -> None:
    class Named:
        def take(self, rows: Any, side: str) -> list[str]:
            return [f"{side}{row}" for row in rows]

    events = chatter([1.0, 2.0, 3.0])
    chunk = Chunk(events, np.arange(3, dtype=np.int64), {0: Named()})
    finding = chatter([1.5])
    finding["type"], finding["reason"] = EventType.CAMPAIGN, Reason.ABUSIVE
    woven = Woven(chunk, np.concatenate([events[:1], finding, events[1:]]), np.array([0, -1, 1, 2]))
    assert woven.names(np.array([0, 1, 2, 3, 1]), "actor") == ["actor0", "", "actor1", "actor2", ""]
    assert len(woven.told) == 1 and woven.told["type"][0] == EventType.CAMPAIGN
