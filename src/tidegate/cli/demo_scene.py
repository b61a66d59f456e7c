"""Who plays in the live part of ``tidegate demo``: five friends, a bulk sender, those it writes to."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from tidegate.cli.demo_timeline import FriendsTold, RungReached, Timeline, because, refusal
from tidegate.messengers.matrix.bulk_senders import TEXT, Attempt, Bounds, Outreach, script
from tidegate.messengers.matrix.clients import Device, Person, RefusedError, address_in
from tidegate.messengers.matrix.homeserver import Homeserver
from tidegate.messengers.matrix.node_process import NodeProcess

FRIENDS = ("ann", "bea", "cem", "dia", "eli")
SENDER = "mallory"
STRANGERS = 30
REPORTERS = 8
"""Strangers who read their messages and complain; the others never look."""
PASSWORD = "only-for-this-demonstration"
FRIEND_GAP_S = 2.5
SENDER_GAP_S = 2.5
HEAD_START_S = 7.0
"""The friends talk alone for so long."""
PATIENCE_S = 40.0
"""Then strangers complain even if the sender was never refused."""
COMPLAINT_GAP_S = 2.0
RATIONED = 3
"""Refusals in a row, after which the strangers begin to complain."""
LOOK_S = 0.25
DECRYPTED_WITHIN_S = 10.0
LAST_LOOK_S = 6.0
LONGEST_S = 80.0
LINES = (
    "are we still on for the lighthouse on Saturday?",
    "yes! low tide is at ten past nine",
    "I can bring the big thermos",
    "who has the key to the boat shed?",
    "me, it hangs behind the kitchen door",
    "the ferry is late again, start without me",
    "my sister would like to come too",
    "of course, there is room for six",
    "bring a jacket, it gets windy out there",
    "found the old photographs, will show you",
)


@dataclass
class Scene:
    """Everything that is on the stage."""

    node: NodeProcess
    homeserver: Homeserver
    timeline: Timeline
    friends: list[Person]
    reporters: list[Person]
    strangers: list[str]
    nicknames: dict[str, str]
    told: FriendsTold = field(default_factory=FriendsTold)
    rungs: list[RungReached] = field(default_factory=list)
    decisions_told: set[str] = field(default_factory=set)
    """Their ids."""
    outreach: Outreach | None = None
    signed_up_s: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    last_said: tuple[str, str, str] = ("", "", "")
    """(room, event id, text) of the friends' last message."""
    stored: dict[str, Any] = field(default_factory=dict)
    """The same message as the homeserver holds it."""


@asynccontextmanager
async def all_online(people: list[Person]) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for person in people:
            await stack.enter_async_context(person.online())
        yield


# --- The friends ----------------------------------------------------------------------------------------------------


async def chat(scene: Scene) -> None:
    """The friends talk in an encrypted group until it is over."""
    first, *others = scene.friends
    room = await first.create_room([person.user_id for person in others], name="lighthouse")
    everybody = {person.user_id for person in scene.friends}
    for person in scene.friends:
        await person.until(lambda person=person: everybody <= joined(person, room))  # type: ignore[misc]
    for number in itertools.count():
        if scene.over.is_set():
            return
        await say(scene, room, scene.friends[number % len(FRIENDS)], LINES[number % len(LINES)])
        with suppress(TimeoutError):
            await asyncio.wait_for(scene.over.wait(), FRIEND_GAP_S)


def joined(person: Person, room: str) -> set[str]:
    """Who is in the room, as far as this person's client knows."""
    known = person.client.rooms.get(room)
    return {user for user, member in known.users.items() if not member.invited} if known else set()


async def say(scene: Scene, room: str, writer: Person, text: str) -> None:
    """One message, and a line when everybody has decrypted it."""
    told, readers = scene.told, [person for person in scene.friends if person is not writer]
    began = time.monotonic()
    told.sent += 1
    told.expected += len(readers)
    try:
        event = await writer.send(room, text)
    except RefusedError as refused:
        told.refused += 1
        scene.timeline.line(f"{writer.name} → {len(readers)} friends", "", refusal(refused))
        return

    def has_read(person: Person) -> bool:
        return any(message.event_id == event for message in person.received)

    for person in readers:
        with suppress(TimeoutError):
            await person.until(lambda person=person: has_read(person), DECRYPTED_WITHIN_S)  # type: ignore[misc]
    took_s = time.monotonic() - began
    decrypted = sum(has_read(person) for person in readers)
    told.decrypted += decrypted
    told.slowest_s = max(told.slowest_s, took_s)
    scene.last_said = (room, event, text)
    scene.timeline.friends(writer.name, len(readers), decrypted, writer.sizes[event], took_s)


# --- The bulk sender and those it writes to -----------------------------------------------------------------------


async def send_in_bulk(scene: Scene) -> None:
    """Sign up and write to everybody on the list, until refused too often."""
    await asyncio.sleep(HEAD_START_S)
    device = Device(address_in(66), user_agent="bulk-sender/2.0")
    sender = Person(scene.homeserver.base_url, SENDER, device)
    await sender.register(PASSWORD)
    scene.signed_up_s = time.monotonic()
    scene.timeline.line(Text(SENDER, style="yellow"), "signs up", Text(f"with a list of {STRANGERS} people"))

    def watch(attempt: Attempt) -> None:
        if attempt.refused is not None:  # first why, then what it led to
            tell_decisions(scene, scene.node.account(attempt.account))
        scene.timeline.attempt(SENDER, attempt, scene.nicknames)
        if attempt.refused is not None and attempt.refused.code == "M_CONSENT_NOT_GIVEN":
            # Solving challenges is for sale.
            scene.node.ask("POST", "/v1/proofs", {"account": attempt.account})
            scene.timeline.line(Text(SENDER, style="yellow"), "has challenge solved", "and goes on")

    async with sender.online():
        scene.outreach = Outreach(sender, Bounds(seconds=LONGEST_S, refusals=9, patience_s=2.0), watch)
        await script(scene.outreach, scene.strangers, SENDER_GAP_S)
        await asyncio.sleep(LAST_LOOK_S)
        await go_on_in_old_chat(scene, sender)
    scene.over.set()


async def go_on_in_old_chat(scene: Scene, sender: Person) -> None:
    """Whom it has reached, it may still write to, unless it is suspended."""
    room = next(iter(sender.client.rooms))
    who = Text(f"{SENDER} → {scene.nicknames[scene.strangers[0]]}")
    try:
        await sender.send(room, TEXT)
        outcome = Text("accepted", style="yellow")
    except RefusedError as refused:
        outcome = refusal(refused)
    scene.timeline.line(who, "in the chat there is", outcome)


async def complain(scene: Scene, person: Person, turn: int) -> None:
    """Read what a stranger wrote, and one after the other report and ignore them."""
    await person.until(lambda: bool(person.received), LONGEST_S)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and not (scene.outreach and scene.outreach.refused_in_a_row >= RATIONED):
        await asyncio.sleep(LOOK_S)
    await asyncio.sleep(turn * COMPLAINT_GAP_S)
    message = person.received[0]
    await person.report(message.room, message.event_id)
    await person.ignore(message.sender)
    scene.timeline.line(scene.nicknames[person.user_id], "reports and blocks", SENDER)


async def watch_decisions(scene: Scene) -> None:
    """Tell each new decision of the node about the sender."""
    while True:
        tell_decisions(scene, await asyncio.to_thread(scene.node.account, scene.homeserver.user_id(SENDER)))
        await asyncio.sleep(LOOK_S)


def tell_decisions(scene: Scene, shown: dict[str, Any]) -> None:
    """Those about the sender that were not told yet, oldest first."""
    for decision in reversed(shown.get("decisions", [])):
        if decision["id"] in scene.decisions_told:
            continue
        scene.decisions_told.add(decision["id"])
        scene.timeline.decision(SENDER, decision)
        reached = len(scene.outreach.reached) if scene.outreach else 0
        after_s = time.monotonic() - scene.signed_up_s
        scene.rungs.append(RungReached(decision["rung"], after_s, reached, next(iter(because(decision)), "")))


async def play(scene: Scene) -> None:
    """All of them at once, until the sender has given up."""
    async with all_online([*scene.friends, *scene.reporters]), asyncio.timeout(LONGEST_S + 30.0):
        watching = asyncio.create_task(watch_decisions(scene))
        complaints = [
            asyncio.create_task(complain(scene, one, turn)) for turn, one in enumerate(scene.reporters)
        ]
        try:
            await asyncio.gather(chat(scene), send_in_bulk(scene))
            room, event_id, _ = scene.last_said
            path = f"/_matrix/client/v3/rooms/{room}/event/{event_id}"
            scene.stored = await scene.friends[0].call("look", "GET", path)
        finally:
            for task in (watching, *complaints):
                task.cancel()
            done = await asyncio.gather(watching, *complaints, return_exceptions=True)
        for failure in done:
            if isinstance(failure, Exception) and not isinstance(failure, TimeoutError):
                raise failure
