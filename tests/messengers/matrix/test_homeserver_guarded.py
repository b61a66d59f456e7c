"""With Tidegate's module and node on: people are not disturbed, nobody reads them, and a node that dies loses nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded import PASSWORD, Guarded, files_with, guarding

from tidegate.messengers.matrix.clients import Person, eventually
from tidegate.messengers.matrix.homeserver_config import HomeserverSettings
from tidegate.messengers.matrix.postgres import PostgresCluster, PostgresMissingError

MARKER = "wandering-albatross"
MESSAGES = 200


@pytest.fixture(scope="module")
def guarded(synapse: Path) -> Iterator[Guarded]:
    with guarding(synapse, people=8) as running:
        yield running


async def converse(one: Person, other: Person, messages: int) -> None:
    """An encrypted conversation of two, turn by turn, with typing and read receipts; everything must arrive."""
    room = await one.create_room([other.user_id], direct=True)
    await other.until(lambda: room in other.client.rooms)
    for number in range(messages):
        writer, reader = (one, other) if number % 2 == 0 else (other, one)
        if number % 10 < 2:
            await writer.type(room)
        event = await writer.send(room, f"{MARKER} {number}")
        if number % 10 < 2:
            await reader.read(room, event)
    await other.until(lambda: len(other.received) == (messages + 1) // 2)
    await one.until(lambda: len(one.received) == messages // 2)


def assert_undisturbed(one: Person, other: Person, messages: int) -> None:
    assert other.texts(one.user_id) == [f"{MARKER} {n}" for n in range(0, messages, 2)]
    assert one.texts(other.user_id) == [f"{MARKER} {n}" for n in range(1, messages, 2)]
    assert all(message.encrypted for message in one.received + other.received)
    assert not one.undecrypted and not other.undecrypted
    assert not one.refusals and not other.refusals


def events_taken(guarded: Guarded) -> float:
    """Events in the node's journal."""
    return guarded.node.figure("journal_sequence")


def test_a_conversation_of_200_messages_is_undisturbed_and_unread(guarded: Guarded) -> None:
    ann, bea = guarded.person(), guarded.person()

    async def talk() -> None:
        await ann.login(PASSWORD)
        await bea.login(PASSWORD)
        async with ann.online(), bea.online():
            await converse(ann, bea, MESSAGES)
            await eventually(lambda: events_taken(guarded) >= MESSAGES)
            for person in (ann, bea):
                assert await asyncio.to_thread(guarded.node.rung_of, person.user_id) == "allow"

    asyncio.run(talk())
    assert_undisturbed(ann, bea, MESSAGES)
    assert guarded.homeserver.database.is_file() and guarded.homeserver.log.is_file()
    assert files_with(MARKER, guarded.homeserver.folder, guarded.node.folder) == []


def test_a_group_of_five_is_undisturbed(guarded: Guarded) -> None:
    friends = [guarded.person() for _ in range(5)]

    async def talk() -> None:
        for friend in friends:
            await friend.login(PASSWORD)
        first, *others = friends
        async with (
            first.online(),
            others[0].online(),
            others[1].online(),
            others[2].online(),
            others[3].online(),
        ):
            room = await first.create_room([other.user_id for other in others], name="friends")
            for other in others:
                await other.until(lambda other=other: room in other.client.rooms)
            everyone = {friend.user_id for friend in friends}
            for friend in friends:
                await friend.until(lambda friend=friend: everyone <= set(friend.client.rooms[room].users))
            for number in range(20):
                await friends[number % 5].send(room, f"{number}")
            for friend in friends:
                await friend.until(lambda friend=friend: len(friend.received) == 16)

    asyncio.run(talk())
    assert not any(friend.refusals or friend.undecrypted for friend in friends)


def test_messages_flow_while_the_node_is_dead_and_nothing_is_lost_or_doubled(guarded: Guarded) -> None:
    ann, bea = Person(guarded.homeserver.base_url, "person0"), Person(guarded.homeserver.base_url, "person1")

    async def talk() -> tuple[float, float]:
        await ann.login(PASSWORD)
        await bea.login(PASSWORD)
        async with ann.online(), bea.online():
            await ann.until(lambda: bool(ann.client.rooms))
            room = next(iter(ann.client.rooms))
            before = await quiet(guarded)
            for number in range(60):
                if number == 20:
                    await asyncio.to_thread(guarded.node.kill)
                if number == 40:
                    await asyncio.to_thread(guarded.node.start)
                await (ann if number % 2 else bea).send(room, f"{number}")
            await eventually(lambda: events_taken(guarded) >= before + 60)
            return before, await quiet(guarded)

    before, after = asyncio.run(talk())
    assert after - before == 60
    assert not ann.refusals and not bea.refusals


async def quiet(guarded: Guarded) -> float:
    """Events in the journal, when no more have come for two seconds."""
    count = -1.0
    while (now := events_taken(guarded)) != count:
        count = now
        await asyncio.sleep(2.0)
    return count


def test_on_postgresql_a_conversation_is_undisturbed_and_unread(synapse: Path) -> None:
    try:
        cluster = PostgresCluster()
    except PostgresMissingError as missing:
        pytest.skip(str(missing))

    async def talk(guarded: Guarded, ann: Person, bea: Person) -> None:
        await ann.login(PASSWORD)
        await bea.login(PASSWORD)
        async with ann.online(), bea.online():
            await converse(ann, bea, 40)
            await eventually(lambda: events_taken(guarded) >= 40)

    with cluster:
        with guarding(synapse, 2, settings=HomeserverSettings(postgres=cluster.connection)) as guarded:
            ann, bea = guarded.person(), guarded.person()
            asyncio.run(talk(guarded, ann, bea))
        assert_undisturbed(ann, bea, 40)
        dump = cluster.dump()
    assert b"m.room.encrypted" in dump and MARKER.encode() not in dump
