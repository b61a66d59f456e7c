"""Every rung of the ladder takes hold on a real homeserver, and is lifted when a person finds the account legitimate.

A policy written for the purpose puts whoever writes to three strangers on the rung in question: the shipped one would
not stop at a rung of our choosing. It is put in force through the node's API, one rung after the other.
"""

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from guarded import PASSWORD, Guarded, guarding

from tidegate.messengers.matrix.bulk_senders import write_to_stranger
from tidegate.messengers.matrix.clients import Person, RefusedError, eventually

STRANGERS = 14
CONTACTS_PER_DAY = 2
FREE = ("allow", "warn")
POLICY = """
name = "three-strangers"
version = "1"

[randomisation]
spread = 0.0
period = "1d"

[ladder]
warn = { durations = ["1d", "1d", "1d"] }
challenge = { durations = ["1d", "1d", "1d"] }
budget = { durations = ["1d", "1d", "1d"] }
lock = { durations = ["1d", "1d", "1d"] }
suspend = { durations = ["1d", "1d", "1d"] }

[[rule]]
name = "three-strangers"
stage = ["messaging"]
when = "strangers_1h >= 2.5"
family = "first contact"
rung = "RUNG"
reason = "{strangers_1h} strangers."
notice = "Your account wrote to new people."

[[rule]]
name = "three-messages"
stage = ["messaging"]
when = "sent_1h >= 2.5"
family = "velocity"
rung = "RUNG"
reason = "{sent_1h} messages."
notice = "Your account wrote to new people."
"""


@pytest.fixture(scope="module")
def guarded(synapse: Path) -> Iterator[Guarded]:
    with guarding(synapse, people=STRANGERS + 14, first_contacts_per_day=CONTACTS_PER_DAY) as running:
        yield running


@dataclass
class Scene:
    """Somebody with an old friend, who has just been put on a rung for writing to three strangers."""

    guarded: Guarded
    sender: Person
    friend: Person
    chat: str
    """The conversation of the two."""
    strangers: Iterator[str]

    async def write_to_somebody_new(self) -> None:
        await write_to_stranger(self.sender, next(self.strangers), "hello")

    async def refused(self) -> RefusedError:
        """How a message to somebody new is refused."""
        with pytest.raises(RefusedError) as caught:
            await self.write_to_somebody_new()
        return caught.value

    async def is_refused(self) -> bool:
        """Whether a message to somebody new is refused."""
        try:
            await self.write_to_somebody_new()
        except RefusedError:
            return True
        return False

    async def chat_goes_on(self) -> None:
        before = len(self.friend.received)
        await self.sender.send(self.chat, "still here")
        await self.friend.until(lambda: len(self.friend.received) > before)

    async def lifted(self) -> None:
        """A person rules for the sender; then nothing is refused any more.

        The rule goes on firing, and whom a person found legitimate it may still warn.
        """
        await asyncio.to_thread(self.guarded.node.rule, self.sender.user_id, "legitimate")
        await eventually(lambda: self.guarded.stands_on(self.sender.user_id, *FREE))
        assert not await self.is_refused()
        await self.chat_goes_on()


@asynccontextmanager
async def put_on(guarded: Guarded, rung: str) -> AsyncIterator[Scene]:
    """Bring somebody onto the rung by what the account does."""
    sender, friend = guarded.person(), guarded.person()
    await sender.login(PASSWORD)
    await friend.login(PASSWORD)
    async with sender.online(), friend.online():
        chat = await sender.create_room([friend.user_id], direct=True)
        await friend.until(lambda: chat in friend.client.rooms)
        await friend.send(chat, "hello")
        await sender.until(lambda: len(sender.received) == 1)
        policy = POLICY.replace("RUNG", rung).encode()
        answer = await asyncio.to_thread(guarded.node.request, "PUT", "/v1/policy", policy)
        assert answer.status == 200, answer.body
        scene = Scene(guarded, sender, friend, chat, iter(guarded.strangers(STRANGERS)))
        for _ in range(3):
            await scene.write_to_somebody_new()
        await eventually(lambda: guarded.stands_on(sender.user_id, rung))
        yield scene


def test_warn_tells_the_account_holder_and_limits_nothing(guarded: Guarded) -> None:
    async def play() -> None:
        async with put_on(guarded, "warn") as scene:
            notices = scene.guarded.homeserver.user_id("notices")
            await scene.sender.until(lambda: len(scene.sender.texts(notices)) == 1)
            assert "Nothing is limited" in scene.sender.texts(notices)[0]
            await scene.write_to_somebody_new()
            await scene.chat_goes_on()
            assert not scene.sender.refusals
            await scene.lifted()

    asyncio.run(play())


def test_challenge_asks_for_a_proof_before_somebody_new_is_written_to(guarded: Guarded) -> None:
    async def play() -> None:
        async with put_on(guarded, "challenge") as scene:
            # The module asks the node for a challenge first: nobody is refused without a way out.
            await eventually(scene.is_refused)
            refused = await scene.refused()
            assert (refused.status, refused.code) == (403, "M_CONSENT_NOT_GIVEN")
            page = str(refused.body["consent_uri"])
            assert page.startswith(f"{guarded.node.base_url}/challenge/")
            with await asyncio.to_thread(urllib.request.urlopen, page) as answer:
                assert answer.status == 200
            await scene.chat_goes_on()
            await asyncio.to_thread(
                scene.guarded.node.ask, "POST", "/v1/proofs", {"account": scene.sender.user_id}
            )
            await eventually(lambda: scene.guarded.stands_on(scene.sender.user_id, *FREE))
            await scene.lifted()

    asyncio.run(play())


def test_budget_rations_first_contacts_with_a_true_429_and_a_reply_refunds_one(guarded: Guarded) -> None:
    async def play() -> None:
        acquaintance = guarded.person()
        await acquaintance.login(PASSWORD)
        async with acquaintance.online(), put_on(guarded, "budget") as scene:
            room = await scene.sender.create_room([acquaintance.user_id], direct=True)
            await scene.sender.send(room, "hello")
            for _ in range(CONTACTS_PER_DAY - 1):
                await scene.write_to_somebody_new()
            with pytest.raises(RefusedError) as caught:
                await scene.write_to_somebody_new()
            refused = caught.value
            assert (refused.status, refused.code) == (429, "M_LIMIT_EXCEEDED")
            assert refused.retry_after_s is not None and refused.retry_after_s > 3600
            assert refused.body["retry_after_ms"] > 3_600_000
            await scene.chat_goes_on()

            await acquaintance.until(lambda: room in acquaintance.client.rooms)
            await acquaintance.send(room, "hello yourself")
            await scene.sender.until(lambda: "hello yourself" in scene.sender.texts())
            await scene.write_to_somebody_new()  # the reply gave one back
            with pytest.raises(RefusedError):
                await scene.write_to_somebody_new()
            await scene.lifted()

    asyncio.run(play())


def test_lock_keeps_the_chats_there_are_and_refuses_new_ones(guarded: Guarded) -> None:
    async def play() -> None:
        async with put_on(guarded, "lock") as scene:
            refused = await scene.refused()
            assert (refused.status, refused.code) == (403, "M_FORBIDDEN")
            with pytest.raises(RefusedError):
                await scene.sender.create_room()
            with pytest.raises(RefusedError):
                await scene.sender.invite(scene.chat, next(scene.strangers))
            await scene.chat_goes_on()
            await scene.lifted()

    asyncio.run(play())


def test_suspend_stops_all_sending_and_lets_read(guarded: Guarded) -> None:
    async def play() -> None:
        async with put_on(guarded, "suspend") as scene:
            refused = await scene.refused()
            assert (refused.status, refused.code) == (403, "M_USER_SUSPENDED")
            with pytest.raises(RefusedError, match="M_USER_SUSPENDED"):
                await scene.sender.send(scene.chat, "hello")
            await scene.friend.send(scene.chat, "are you there?")
            await scene.sender.until(lambda: "are you there?" in scene.sender.texts())
            await scene.lifted()

    asyncio.run(play())


def test_ban_closes_the_account_and_an_appeal_reopens_it(guarded: Guarded) -> None:
    async def play() -> None:
        async with put_on(guarded, "ban") as scene:
            name = scene.sender.name
            await eventually(lambda: closed(scene.sender))
            again = Person(guarded.homeserver.base_url, name)
            with pytest.raises(RefusedError):
                await login_and_look(again)
            await again.close()
            await asyncio.to_thread(guarded.node.rule, guarded.homeserver.user_id(name), "legitimate")
            await eventually(lambda: guarded.stands_on(guarded.homeserver.user_id(name), *FREE))
            reopened = Person(guarded.homeserver.base_url, name)

            async def may_enter() -> bool:
                try:
                    await login_and_look(reopened)
                except RefusedError:
                    return False
                return True

            await eventually(may_enter)
            async with reopened.online():
                await reopened.until(lambda: scene.chat in reopened.client.rooms)
                await reopened.send(scene.chat, "I am back")
                await scene.friend.until(lambda: "I am back" in scene.friend.texts())

    asyncio.run(play())


async def login_and_look(person: Person) -> None:
    await person.login(PASSWORD)
    await person.call("who am I", "GET", "/_matrix/client/v3/account/whoami")


async def closed(person: Person) -> bool:
    """Whether the account's session is worth nothing any more."""
    try:
        await person.call("who am I", "GET", "/_matrix/client/v3/account/whoami")
    except RefusedError as refused:
        return refused.status == 401
    return False
