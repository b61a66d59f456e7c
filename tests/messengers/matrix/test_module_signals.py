"""What happens on a real homeserver reaches the node as events of the log contract, and nothing of it is content."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from guarded import PASSWORD, tidegate_or_skip
from wire import Wire

from tidegate.messengers.matrix.clients import Device, Person, eventually
from tidegate.messengers.matrix.homeserver import Homeserver
from tidegate.messengers.matrix.homeserver_config import HomeserverSettings, ModuleSettings
from tidegate.messengers.matrix.node_process import MODULE, MODULE_TOKEN, STEADY, NodeProcess

MARKER = "wandering-albatross"
STATUS = "/_synapse/client/tidegate/status"


@dataclass
class Tapped:
    """A guarded homeserver, and the wire to its node."""

    homeserver: Homeserver
    node: NodeProcess
    wire: Wire


@pytest.fixture(scope="module")
def tapped(every_synapse: Path) -> Iterator[Tapped]:
    """One for all tests of a release: each has people of its own."""
    tidegate_or_skip(every_synapse)
    with NodeProcess(STEADY) as node:
        wire = Wire(node.base_url)
        config = {
            "node": wire.address,
            "token_file": str(node.folder / MODULE_TOKEN),
            "redact_on_ban": True,
            "challenge_url": "https://tide.test/challenge/{ticket}",
        }
        settings = HomeserverSettings(modules=(ModuleSettings(MODULE, config),))
        with Homeserver(settings, every_synapse) as homeserver:
            yield Tapped(homeserver, node, wire)
        wire.close()


def test_what_people_do_becomes_events_without_content(tapped: Tapped) -> None:
    homeserver, wire = tapped.homeserver, tapped.wire
    ann = Person(homeserver.base_url, "ann", Device("198.51.100.1"))
    bea = Person(homeserver.base_url, "bea", Device("198.51.100.2"))
    cas = Person(homeserver.base_url, "cas", Device("198.51.100.3"))
    seen = dict[str, Any]()

    async def play() -> None:
        for person in (ann, bea, cas):
            await person.register(PASSWORD)
        async with ann.online(), bea.online(), cas.online():
            pair = await ann.create_room([bea.user_id], direct=True)
            await bea.until(lambda: pair in bea.client.rooms)
            await ann.type(pair)
            event = await ann.send(pair, MARKER)
            await bea.until(lambda: MARKER in bea.texts())
            await bea.read(pair, event)
            group = await ann.create_room([bea.user_id, cas.user_id], name=MARKER)
            for person in (bea, cas):
                await person.until(lambda person=person: group in person.client.rooms)
            await cas.until(lambda: len(cas.client.rooms[group].users) == 3)
            await cas.send(group, MARKER)
            await cas.leave(group)
            await bea.report(pair, event, f"she said {MARKER}")
            await bea.ignore(ann.user_id)
            await bea.ignore()
            await eventually(lambda: any(one["type"] == "unblock" for one in wire.events()))
            seen.update(pair=pair, group=group, event=event)

    asyncio.run(play())
    events = wire.events()

    def of(kind: str, who: Person) -> list[dict[str, Any]]:
        return [one for one in events if (one["type"], one["actor"]) == (kind, who.user_id)]

    for person, ip in ((ann, "198.51.100.1"), (bea, "198.51.100.2"), (cas, "198.51.100.3")):
        assert [one["ip"] for one in of("register", person)] == [ip]
        assert [one["device"].split("/")[0] for one in of("login", person)] == [person.user_id]
    [message] = of("message", ann)
    assert message["id"] == seen["event"] and message["ip"] == "198.51.100.1"
    assert (message["target"], message["chat"], message["members"]) == (bea.user_id, seen["pair"], 2)
    assert message["size"] > len(MARKER)
    [message] = of("message", cas)
    assert "target" not in message and (message["chat"], message["members"]) == (seen["group"], 3)
    assert [one["target"] for one in of("typing", ann)] == [bea.user_id]
    assert ann.user_id in {one["target"] for one in of("read", bea)}
    assert [one["chat"] for one in of("group_create", ann)] == [seen["group"]]
    assert [one["target"] for one in of("invite", ann)] == [bea.user_id, bea.user_id, cas.user_id]
    assert {one["actor"] for one in events if one["type"] == "join"} == {bea.user_id, cas.user_id}
    assert [one["chat"] for one in of("leave", cas)] == [seen["group"]]
    for kind in ("report", "block", "unblock"):
        assert [one["target"] for one in of(kind, bea)] == [ann.user_id]
    ids = [one["id"] for one in events if "id" in one]
    assert len(ids) == len(set(ids))
    assert MARKER.encode() not in wire.sent()


def test_everything_the_module_wants_is_there(tapped: Tapped) -> None:
    homeserver = tapped.homeserver
    page = homeserver.request("GET", STATUS, token=homeserver.admin_token)
    assert page.status == 200
    assert [row for row in page.body["capabilities"] if not row["on"]] == []
    names = {row["name"] for row in page.body["capabilities"]}
    assert {"events", "sessions", "typing", "reading", "blocks", "suspend", "ban", "ban: redaction"} <= names
    assert "tidegate_capability{" in homeserver.metrics()
    eve = homeserver.register_by_secret("eve", PASSWORD)
    assert homeserver.request("GET", STATUS, token=eve["access_token"]).status == 403


def test_a_suspension_by_hand_is_never_lifted_and_one_of_ours_is(tapped: Tapped) -> None:
    homeserver, node = tapped.homeserver, tapped.node
    users = [homeserver.register_by_secret(name, PASSWORD)["user_id"] for name in ("fay", "gus")]
    by_hand, by_us = users

    def suspended(user: str) -> bool:
        return bool(homeserver.admin("GET", f"/v2/users/{user}")["suspended"])

    def confirmed() -> bool:
        return node.figure('actions{state="due"}') == 0

    async def play() -> None:
        homeserver.admin("PUT", f"/v1/suspend/{by_hand}", {"suspend": True})
        await eventually(lambda: all(node.account(user) for user in users))
        for user in users:
            node.rule(user, "abusive")
        await eventually(lambda: suspended(by_us) and confirmed())
        for user in users:
            node.rule(user, "legitimate")
        await eventually(lambda: not suspended(by_us) and confirmed())
        assert suspended(by_hand)

    asyncio.run(play())
