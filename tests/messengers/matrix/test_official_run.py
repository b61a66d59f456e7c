"""``tidegate matrix run`` between a real homeserver and a real node: nothing is lost, decisions are carried out."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from official_setup import AdapterProcess, Caller, Journalled, Operator, call, sign_up, until

from tidegate.messengers.matrix.homeserver import Homeserver
from tidegate.messengers.matrix.node_process import MODULE_TOKEN, NodeProcess

QUICK = (
    "[polling]\nregistrations_s = 0.5\naddress_wait_s = 20.0\nreports_s = 0.5\nsessions_s = 2.0\n"
    "requests_per_s = 50.0\n"
)


@dataclass
class Deployment:
    homeserver: Homeserver
    node: NodeProcess
    adapter: AdapterProcess
    journal: Journalled

    def person(self, name: str, ip: str = "198.51.100.7") -> Caller:
        return sign_up(self.homeserver, name, ip)

    def told(self, who: Caller, kind: str, count: int = 1) -> None:
        """Wait until the node has so many events of this kind by this person."""
        until(lambda: len(self.journal.by(who, kind)) >= count, f"{count} {kind} by {who.user}")


@pytest.fixture(scope="module")
def running(synapse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with NodeProcess() as node:
        operator = Operator(tmp_path_factory.mktemp("official"), node.base_url, QUICK)
        with Homeserver(operator.homeserver_settings(), python=synapse) as homeserver:
            operator.connect(homeserver, (node.folder / MODULE_TOKEN).read_text("ascii").strip())
            adapter = AdapterProcess(operator)
            adapter.start()
            try:
                yield Deployment(homeserver, node, adapter, Journalled(node))
            finally:
                adapter.stop()


def has_list(homeserver: Homeserver, path: str) -> bool:
    """Whether the homeserver's admin API has this list."""
    return homeserver.request("GET", f"/_synapse/admin{path}", token=homeserver.admin_token).status == 200


def test_the_homeserver_reaches_the_adapter(running: Deployment) -> None:
    until(lambda: "reaches the application service" in running.adapter.log.read_text(), "the ping")


def test_a_sign_up_arrives_with_its_network_and_a_second_device_as_a_login(running: Deployment) -> None:
    ann = running.person("sue", "203.0.113.77")
    ann.call("GET", "/account/whoami")  # an address is known once the device is used
    running.told(ann, "register")
    (event,) = running.journal.by(ann, "register")
    assert event["network"] == running.journal.network("203.0.113.77")
    assert event["device"] and event["client"]
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": "sue"},
        "password": "correct horse battery",
    }
    token = call(running.homeserver, "POST", "/login", body, ip="192.0.2.9").body["access_token"]
    Caller(running.homeserver, ann.user, token, "192.0.2.9").call("GET", "/account/whoami")
    running.told(ann, "login")
    (event,) = running.journal.by(ann, "login")
    assert event["network"] == running.journal.network("192.0.2.9")


def test_reports_of_messages_and_of_accounts_arrive_once(running: Deployment) -> None:
    ann, ben = running.person("rita"), running.person("rob")
    room = ann.chat_with(ben)
    ben.join(room)
    event = ann.write(room).body["event_id"]
    assert ben.call("POST", f"/rooms/{room}/report/{event}", {"reason": "words of my own"}).status == 200
    assert ben.call("POST", f"/users/{ann.user}/report", {"reason": "words of my own"}).status == 200
    listed = has_list(running.homeserver, "/v1/user_reports")  # Synapse before 1.15x has no such list
    expected = 2 if listed else 1
    running.told(ben, "report", expected)
    time.sleep(2)  # a few more rounds of polling
    reports = running.journal.by(ben, "report")
    assert len(reports) == expected
    assert listed or "reports of accounts are not polled" in running.adapter.log.read_text()
    assert set(reports["target"]) == {running.journal.key(ann.user)}


def test_a_ruling_reaches_the_account_and_is_undone_with_it(running: Deployment) -> None:
    ann, ben = running.person("mia"), running.person("max")
    room = ann.chat_with(ben)
    ben.join(room)
    running.told(ann, "invite")
    running.node.rule(ann.user, "abusive")
    account = f"/v2/users/{ann.user}"

    def is_limited() -> bool:
        known = running.homeserver.admin("GET", account)
        return bool(known["locked"] or known["suspended"])

    until(is_limited, "the account is locked or suspended")
    assert ann.write(room).status in (401, 403)
    running.node.rule(ann.user, "legitimate")
    until(lambda: not is_limited(), "the account is free again")


def test_while_the_node_is_away_the_homeserver_waits_and_nothing_is_lost(running: Deployment) -> None:
    ann, ben = running.person("noa"), running.person("ned")
    room = ann.chat_with(ben)
    ben.join(room)
    ann.write(room)
    running.told(ann, "message")
    running.node.kill()
    for _ in range(12):
        assert ann.write(room).status == 200, "people do not notice"
    running.node.start()
    running.told(ann, "message", 13)
    assert len(running.journal.by(ann, "message")) == 13


def test_an_adapter_killed_again_and_again_loses_and_repeats_nothing(running: Deployment) -> None:
    ann, ben = running.person("kim"), running.person("kai")
    room = ann.chat_with(ben)
    ben.join(room)
    for round_ in range(4):
        for _ in range(5):
            assert ann.write(room).status == 200
        time.sleep(0.05 * round_)
        running.adapter.kill()
        running.adapter.start()
    running.told(ann, "message", 20)
    assert ann.write(room).status == 200
    running.told(ann, "message", 21)
    events = running.journal.by(ann, "message")
    assert len(events) == 21 and len(set(events["id"])) == 21
    assert set(events["target"]) == {running.journal.key(ben.user)}, "the room was looked up after each start"
