"""A running node looks for accounts that act together: what it finds is acted on, told once, kept and forgotten."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from running_node import RunningNode, eventually, lines, settings

from tidegate.events.columns import EventType
from tidegate.node.campaign_table import Campaigns as CampaignsKept
from tidegate.node.journal import Journal
from tidegate.node.node import Node
from tidegate.node.settings import Breaker, Campaigns
from tidegate.world import WorldSettings, simulate
from tidegate.world.fleets import fleet

LINES = 10_000
"""In one request."""
FLEET = WorldSettings(people=300, days=5, seed=5, attackers=fleet("drip_fleet", "own", 24))
PART = 0.97
"""Of the log, delivered before the node is started again."""
ACTING = settings(breaker=Breaker(least=10_000))
WITHOUT_SEARCH = settings(breaker=Breaker(least=10_000), campaigns=Campaigns(enabled=False))


needs_networkit = pytest.mark.skipif(find_spec("networkit") is None, reason="NetworKit is not installed")


class Log:
    """A simulated log that ends now, and who in it is of the fleet."""

    def __init__(self, folder: Path) -> None:
        world = simulate(FLEET)
        events = list(map(json.loads, world.write(folder, "jsonl").read_text().splitlines()))
        shift_s = time.time() - max(event["time"] for event in events)
        self.lines = [lines([event | {"time": event["time"] + shift_s}]) for event in events]
        self.fleet = set(world.accounts.account[world.accounts.family != "honest"].tolist())
        self.cut = int(PART * len(self.lines))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def found(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node that was told most of the log, and has found the fleet."""
    with RunningNode(tmp_path_factory.mktemp("found") / "data", ACTING) as node, node.client() as client:
        deliver(client, log.lines[: log.cut])
        eventually(lambda: campaigns(client))
        eventually(lambda: len(limited_by_finding(node, log)) >= 10)
        yield node


def limited_by_finding(node: RunningNode, log: Log) -> set[str]:
    """Of the fleet, whose latest decision came of a finding."""
    shown = [account for account in map(node.node.account, log.fleet) if account is not None]
    return {one.account for one in shown if one.decisions and one.decisions[0].stage == "campaign"}


def deliver(client: httpx.Client, lines: list[bytes]) -> None:
    for start in range(0, len(lines), LINES):
        answer = client.post("/v1/events", content=b"".join(lines[start : start + LINES]))
        assert answer.json()["rejected"] == 0, answer.text


def campaigns(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/v1/campaigns")
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["campaigns"]
    return listed


def shown(client: httpx.Client, identifier: str) -> dict[str, Any]:
    answer = client.get(f"/v1/campaigns/{identifier}")
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def looks(client: httpx.Client) -> bool:
    """The search has made its first pass."""
    return bool(client.get("/healthz").json()["campaigns"] == "looked for")


def told(folder: Path) -> list[tuple[int, int, int]]:
    """(account, reason, strength) of every finding in the journal, in order."""
    journal = Journal(folder, read_only=True)
    events = np.concatenate([stretch.events for stretch in journal.read(0)])
    journal.close()
    mine = events[events["type"] == int(EventType.CAMPAIGN)]
    return list(zip(mine["actor"].tolist(), mine["reason"].tolist(), mine["size"].tolist(), strict=True))


def tells_nobody_twice(findings: list[tuple[int, int, int]]) -> bool:
    """Nobody but those who turned out to be tied much more strongly."""
    strongest: dict[tuple[int, int], int] = {}
    for account, reason, size in findings:
        if size < strongest.get((account, reason), -1_000) + 100:
            return False
        strongest[account, reason] = size
    return True


@needs_networkit
def test_members_are_limited_because_of_the_campaign_and_told_so(found: RunningNode, log: Log) -> None:
    with found.client() as client:
        (one,) = campaigns(client)
        page = shown(client, one["id"])
        members = [member["account"] for member in page["members"]]
        assert one["kind"] == "senders" and one["members"] == len(members) >= 10
        assert set(members) <= log.fleet, "nobody else is a member"
        by_finding = limited_by_finding(found, log)
        for member in page["members"]:
            account = client.get(f"/v1/accounts/{member['account']}").json()
            assert account["campaign"]["id"] == one["id"] and account["campaign"]["members"] == len(members)
            if member["account"] in by_finding:  # others had been limited for their own conduct
                assert member["enforced"] == account["enforced"] != "allow"
                assert "acts together with others" in account["statement"]
        assert len(by_finding & set(members)) > len(members) / 2
        handed = {action["account"]: action for action in client.get("/v1/actions?wait=1").json()["actions"]}
    assert all(handed[account]["notice"] and handed[account]["reasons"] for account in by_finding)


@needs_networkit
def test_a_campaign_is_explained(found: RunningNode) -> None:
    with found.client() as client:
        (one,) = campaigns(client)
        page = shown(client, one["id"])
    assert page["campaign"] == one
    assert one["reason"].startswith(f"{one['members']} accounts act together")
    assert 0 <= one["q_value"] <= 0.001 and 0.5 < one["score"] <= 1
    assert 1 <= len(page["facts"]) <= 3 and all(fact["text"] for fact in page["facts"])
    assert page["ties"] and page["victims"] == []
    for tie in page["ties"]:
        assert 0 <= tie["one"] < one["members"] > tie["other"] >= 0 and tie["nats"] > 0
    scores = [member["score"] for member in page["members"]]
    assert scores == sorted(scores, reverse=True)


@needs_networkit
def test_looking_at_members_is_written_down_and_a_list_names_nobody(found: RunningNode) -> None:
    with found.client("read") as client:
        before = len(found.node.vault.accesses(10_000))
        listed = client.get("/v1/campaigns").json()["campaigns"]
        assert len(found.node.vault.accesses(10_000)) == before
        page = shown(client, listed[0]["id"])
    accesses = found.node.vault.accesses(10_000)
    assert len(accesses) == before + len(page["members"])
    assert {why for _, _, why, _ in accesses[: len(page["members"])]} == {f"campaign {listed[0]['id']}"}
    assert all(member["account"] not in str(listed) for member in page["members"])


@needs_networkit
def test_pages_of_campaigns_follow_one_another(found: RunningNode) -> None:
    with found.client() as client:
        first = client.get("/v1/campaigns?limit=1").json()
        assert len(first["campaigns"]) == 1
        beyond = client.get("/v1/campaigns", params={"before": first["last"]}).json()
        assert beyond == {"campaigns": [], "last": 0}
        assert client.get("/v1/campaigns/0123456789abcdef").status_code == 404
        honest = client.get("/v1/accounts/nobody-of-the-fleet")
        assert honest.status_code == 404


@needs_networkit
def test_health_and_metrics_say_that_it_looks(found: RunningNode) -> None:
    with found.client() as client:
        assert eventually(lambda: looks(client))
        page = client.get("/metrics").text
    assert "\ntidegate_campaigns_searching 1\n" in page
    assert "\ntidegate_campaigns_found_total 0\n" not in page


@needs_networkit
def test_started_again_it_tells_nobody_twice_and_decides_the_same(log: Log, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with RunningNode(folder, ACTING) as node, node.client() as client:
        deliver(client, log.lines[: log.cut])
        (before,) = eventually(lambda: campaigns(client))
        assert node.node.drain(10.0)
        digest, sequence = node.node.replica.engine.digest(), node.node.journal.end
        member = shown(client, before["id"])["members"][0]["account"]
        decisions = client.get(f"/v1/accounts/{member}").json()["decisions"]
        node.stop()
        node.node.close(snapshot=False)  # all of it is to be recovered from the journal
    first = told(folder)
    assert first and tells_nobody_twice(first)
    (folder / "ledger.sqlite").unlink()
    again = RunningNode(folder, WITHOUT_SEARCH)
    with again, again.client() as client:
        assert again.node.recovered.replayed == sequence
        assert again.node.replica.engine.digest() == digest
        assert again.node.drain(10.0)
        assert client.get(f"/v1/accounts/{member}").json()["decisions"] == decisions
        assert campaigns(client) == [before]
        assert client.get("/healthz").json()["campaigns"].startswith("not looked for: the settings")
    with RunningNode(folder, ACTING) as node, node.client() as client:
        eventually(lambda: looks(client))
        assert told(folder) == first, "the first look after a start finds what it knows"
        deliver(client, log.lines[log.cut :])
        eventually(lambda: node.node.figures()["campaigns_unread_events"] == 0)
    findings = told(folder)
    assert tells_nobody_twice(findings), Counter(findings)
    kept = CampaignsKept(folder / "journal.sqlite")
    assert [f"{one.id:016x}" for one in kept.page(1 << 62, 10)] == [before["id"]], "it is the same campaign"
    kept.close()


@needs_networkit
def test_an_erased_member_is_forgotten_there_too(log: Log, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with RunningNode(folder, ACTING) as node, node.client() as client:
        deliver(client, log.lines[: log.cut])
        (one,) = eventually(lambda: campaigns(client))
        members = [member["account"] for member in shown(client, one["id"])["members"]]
        key = node.node.pseudonyms.one(members[0])
        stored = (key - (1 << 63)).to_bytes(8, "big", signed=True)
        assert stored in on_disk(folder)
        answer = client.delete(f"/v1/accounts/{members[0]}")
        assert answer.status_code == 200 and answer.json()["details"]["campaigns"] == 1
        page = shown(client, one["id"])
        assert [member["account"] for member in page["members"]] == members[1:]
        assert page["campaign"]["members"] == len(members) - 1
        assert all(0 <= tie["one"] < len(members) - 1 > tie["other"] >= 0 for tie in page["ties"])
        assert client.get(f"/v1/accounts/{members[0]}").status_code == 404
    again = Node.open(folder, WITHOUT_SEARCH)
    assert again.snapshot_now(60.0)
    again.close()
    assert stored not in on_disk(folder)


def on_disk(folder: Path) -> bytes:
    """The journal, with what SQLite has not carried over yet."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("journal.sqlite*")))


@needs_networkit
def test_a_search_that_was_killed_begins_again(log: Log, tmp_path: Path) -> None:
    with RunningNode(tmp_path / "data", ACTING) as node, node.client() as client:
        deliver(client, log.lines[: log.cut])
        eventually(lambda: campaigns(client))
        process = node.node._searching._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        health = eventually(lambda: client.get("/healthz").json()["notes"])
        assert "the search for campaigns has ended" in health[0]
        assert client.post("/v1/events", content=log.lines[log.cut]).json()["accepted"] == 1
        eventually(lambda: looks(client))
        assert client.get("/healthz").json()["status"] == "ok"
    assert tells_nobody_twice(told(tmp_path / "data"))


BLOCKER = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "networkit":
            raise ModuleNotFoundError("No module named 'networkit'", name=name)

sys.meta_path.insert(0, Blocked())
"""


def test_without_networkit_everything_else_goes_on_and_health_says_so(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with RunningNode(tmp_path / "data", ACTING) as node, node.client() as client:
        deliver(client, log.lines[: log.cut])

        def said() -> Any:
            health = client.get("/healthz").json()
            return health if health["campaigns"].startswith("not looked for:") else None

        health = eventually(said)
        assert "tidegate[campaigns]" in health["campaigns"] and "NetworKit" in health["campaigns"]
        assert health["status"] == "ok" and health["notes"] == []
        assert campaigns(client) == []
        assert "\ntidegate_campaigns_searching 0\n" in client.get("/metrics").text
        assert node.node.drain(10.0)
        assert client.get("/v1/actions?wait=1").json()["actions"], "bulk senders are still acted on"
