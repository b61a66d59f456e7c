"""The people and the bulk senders of the other tests, where nobody guards: what they do without Tidegate."""

import asyncio
from pathlib import Path

import pytest

from tidegate.messengers.matrix.bulk_senders import (
    Attempt,
    Bounds,
    Outreach,
    group_adder,
    script,
    squad,
    typist,
)
from tidegate.messengers.matrix.clients import Device, Person, RefusedError
from tidegate.messengers.matrix.homeserver import Homeserver
from tidegate.messengers.matrix.homeserver_config import HomeserverSettings

MARKER = "wandering-albatross"
PASSWORD = "correct horse battery"


async def crowd_of(homeserver: Homeserver, prefix: str, count: int) -> list[str]:
    """Accounts with a device each, whose holders are away; their user ids."""
    people = [Person(homeserver.base_url, f"{prefix}{number}") for number in range(count)]
    await asyncio.gather(*(person.register(PASSWORD) for person in people))
    for person in people:
        await person.close()
    return [person.user_id for person in people]


def test_people_read_each_other_and_the_homeserver_reads_nobody(homeserver: Homeserver) -> None:
    async def talk() -> None:
        ann, bea = Person(homeserver.base_url, "ann"), Person(homeserver.base_url, "bea")
        await ann.register(PASSWORD)
        await bea.register(PASSWORD)
        async with ann.online(), bea.online():
            room = await ann.create_room([bea.user_id], direct=True)
            await ann.send(room, f"{MARKER} before you joined")
            await bea.until(lambda: room in bea.client.rooms)
            await ann.type(room)
            await bea.until(lambda: (room, ann.user_id) in bea.typing_seen)
            for number in range(10):
                await ann.send(room, f"{MARKER} {number}")
                await bea.send(room, f"{MARKER} answer {number}")
            await bea.until(lambda: len(bea.received) == 11)
            await ann.until(lambda: len(ann.received) == 10)
            await ann.read(room, ann.received[-1].event_id)
        assert bea.texts() == [f"{MARKER} before you joined", *(f"{MARKER} {n}" for n in range(10))]
        assert ann.texts() == [f"{MARKER} answer {n}" for n in range(10)]
        assert all(message.encrypted for message in ann.received + bea.received)
        assert not ann.refusals and not bea.refusals

    asyncio.run(talk())
    assert marker_in(homeserver) == []


def marker_in(homeserver: Homeserver) -> list[str]:
    """Files of the homeserver in which the marker word stands."""
    files = [file for file in homeserver.folder.rglob("*") if file.is_file()]
    assert homeserver.database in files and homeserver.log in files
    return [file.name for file in files if MARKER.encode() in file.read_bytes()]


def test_the_search_for_plaintext_finds_what_was_not_encrypted(homeserver: Homeserver) -> None:
    async def shout() -> None:
        loud = Person(homeserver.base_url, "loud")
        await loud.register(PASSWORD)
        async with loud.online():
            room = await loud.create_room()
            path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/1"
            await loud.call("send", "PUT", path, {"msgtype": "m.text", "body": MARKER})

    with Homeserver(python=homeserver.python) as other:
        homeserver = other
        asyncio.run(shout())
        assert any(name.startswith("homeserver.db") for name in marker_in(other))


def test_a_refusal_keeps_what_the_homeserver_said(synapse: Path) -> None:
    async def hurry(base_url: str) -> Person:
        person = Person(base_url, "hasty")
        await person.register(PASSWORD)
        async with person.online():
            room = await person.create_room()
            with pytest.raises(RefusedError):
                for number in range(30):
                    await person.send(room, f"faster {number}")
        return person

    with Homeserver(HomeserverSettings(own_limits=True), synapse) as limited:
        (refused,) = asyncio.run(hurry(limited.base_url)).refusals
    assert (refused.status, refused.code, refused.what) == (429, "M_LIMIT_EXCEEDED", "send")
    assert refused.retry_after_s is not None and refused.retry_after_s > 0


def test_unguarded_every_kind_of_bulk_sender_reaches_everybody(homeserver: Homeserver) -> None:
    async def campaign() -> tuple[list[str], list[Outreach]]:
        strangers = await crowd_of(homeserver, "stranger", 8)
        bounds, done = Bounds(seconds=30), []
        for kind in (script, typist, group_adder):
            sender = Person(homeserver.base_url, f"sender-{kind.__name__}")
            await sender.register(PASSWORD)
            async with sender.online():
                outreach = Outreach(sender, bounds)
                if kind is typist:
                    await typist(outreach, strangers, seed=1, typing_s=0.05, pause_s=0.05)
                else:
                    await kind(outreach, strangers, gap_s=0.05)
                done.append(outreach)
        device = Device(user_agent="bulk/1.0", device_id="FARM")
        done += await squad(
            homeserver.base_url, ["squad-1", "squad-2"], device, strangers, bounds, gap_s=0.05
        )
        return strangers, done

    strangers, (one, two, three, *squad_members) = asyncio.run(campaign())
    for outreach in (one, two, three):
        assert outreach.reached == strangers and not outreach.person.refusals
    assert sorted(name for member in squad_members for name in member.reached) == sorted(strangers)
    assert {member.person.client.device_id for member in squad_members} == {"FARM"}


def test_a_bulk_sender_that_is_refused_gives_up(homeserver: Homeserver) -> None:
    seen: list[Attempt] = []

    async def campaign() -> Outreach:
        strangers = await crowd_of(homeserver, "spared", 8)
        sender = Person(homeserver.base_url, "suspended-sender")
        await sender.register(PASSWORD)
        async with sender.online():
            outreach = Outreach(sender, Bounds(refusals=3), seen.append)
            await script(outreach, strangers[:2], gap_s=0.0)
            await asyncio.to_thread(
                homeserver.admin, "PUT", f"/v1/suspend/{sender.user_id}", {"suspend": True}
            )
            await script(outreach, strangers[2:], gap_s=0.0)
        return outreach

    outreach = asyncio.run(campaign())
    assert len(outreach.reached) == 2 and outreach.attempts == 5 and outreach.over
    assert [attempt.refused and attempt.refused.code for attempt in seen] == [None, None] + [
        "M_USER_SUSPENDED"
    ] * 3


def test_bulk_senders_refuse_to_run_against_another_machine() -> None:
    async def aim() -> None:
        Outreach(Person("https://matrix.example.org", "sender"))

    with pytest.raises(ValueError, match="this machine only"):
        asyncio.run(aim())
