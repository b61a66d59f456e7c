"""Twenty bulk senders of four kinds on a real homeserver are stopped by the shipped policy and model, in real time.

Three kinds sign up here and now. The fourth writes to a few strangers a day, and no test lasts for days: its accounts
are older than the module, and the node is given the log of what they have done so far; what they do from then on,
and what stops them, is real. Strangers are real accounts with devices whose holders are away. No challenges are given:
who sends in bulk can pay for having them solved.
"""

import asyncio
import random
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from guarded import PASSWORD, Guarded, guarding

from tidegate.messengers.matrix.bulk_senders import Bounds, Outreach, group_adder, script, squad, typist
from tidegate.messengers.matrix.clients import Device, Person, address_in
from tidegate.messengers.matrix.homeserver import Homeserver

STRANGERS = 30
MOST_REACHED = 20
EACH_KIND = 5
FRIENDS = 2 * 4
STOPPED = ("budget", "lock", "suspend", "ban")
BOUNDS = Bounds(seconds=120, refusals=3, patience_s=1.0)
NETWORKS = {script: 200, group_adder: 300}
DAY_S = 86_400.0
HISTORY_DAYS = 6.0
HISTORY_STRANGERS = 24


@pytest.fixture(scope="module")
def guarded(synapse: Path) -> Iterator[Guarded]:
    with guarding(synapse, people=STRANGERS + EACH_KIND + FRIENDS, challenges=False) as running:
        yield running


async def beside_friends(guarded: Guarded, campaign: Coroutine[Any, Any, list[Outreach]]) -> list[Outreach]:
    """The campaign, while two friends talk; nothing may be refused to them."""
    one, other = guarded.person(), guarded.person()
    await one.login(PASSWORD)
    await other.login(PASSWORD)
    async with one.online(), other.online():
        room = await one.create_room([other.user_id], direct=True)
        await other.until(lambda: room in other.client.rooms)
        sending = asyncio.ensure_future(campaign)
        sent = 0
        while not sending.done():
            await (one if sent % 2 == 0 else other).send(room, str(sent))
            sent += 1
            await asyncio.sleep(0.5)
        await other.until(lambda: len(other.received) == (sent + 1) // 2)
        await one.until(lambda: len(one.received) == sent // 2)
        assert sent > 5 and not one.refusals and not other.refusals
        assert not one.undecrypted and not other.undecrypted
        for friend in (one, other):
            assert await asyncio.to_thread(guarded.node.rung_of, friend.user_id) == "allow"
        return await sending


async def newcomers(guarded: Guarded, kind: Any, **pace: float) -> list[Outreach]:
    """Accounts signed up now, each on a network and a device of its own."""
    strangers = guarded.strangers(STRANGERS)

    async def one(number: int) -> Outreach:
        device = Device(address_in(NETWORKS[kind] + number))
        person = Person(guarded.homeserver.base_url, f"{kind.__name__}{number}", device)
        await person.register(PASSWORD)
        async with person.connected():
            outreach = Outreach(person, BOUNDS)
            await kind(outreach, random.Random(number).sample(strangers, STRANGERS), **pace)
        return outreach

    return list(await asyncio.gather(*(one(number) for number in range(EACH_KIND))))


async def assert_stopped(guarded: Guarded, sent: list[Outreach]) -> None:
    """Each was refused until it gave up, long before it had reached everybody, and can be told why."""
    assert len(sent) == EACH_KIND
    for outreach in sent:
        shown = await asyncio.to_thread(guarded.node.account, outreach.account)
        told = shown.get("statement")
        assert outreach.refused_in_a_row >= BOUNDS.refusals, (outreach.account, outreach.attempts, told)
        assert len(outreach.reached) <= MOST_REACHED, (outreach.account, outreach.reached, told)
        assert shown["rung"] in STOPPED and told, shown


def play(guarded: Guarded, campaign: Coroutine[Any, Any, list[Outreach]]) -> None:
    async def all_of_it() -> None:
        await assert_stopped(guarded, await beside_friends(guarded, campaign))

    asyncio.run(all_of_it())


def test_senders_that_take_pains_to_look_like_people_are_stopped(guarded: Guarded) -> None:
    senders = [guarded.person() for _ in range(EACH_KIND)]
    guarded.node.take(slow_history(senders, time.time()))
    strangers = guarded.strangers(STRANGERS)

    async def go_on(number: int, person: Person) -> Outreach:
        await person.login(PASSWORD)
        async with person.connected():
            outreach = Outreach(person, BOUNDS)
            await typist(outreach, strangers, seed=number, typing_s=0.7, pause_s=1.5)
        return outreach

    async def campaign() -> list[Outreach]:
        return list(await asyncio.gather(*(go_on(number, person) for number, person in enumerate(senders))))

    play(guarded, campaign())


def slow_history(senders: list[Person], now_s: float) -> list[dict[str, object]]:
    """The log of some days in which each account wrote to four strangers a day, typing and pausing like a person."""
    events: list[dict[str, object]] = []
    for number, person in enumerate(senders):
        chance = random.Random(number)
        sender, network = Homeserver.user_id(person.name), {"ip": person.device.ip}
        start_s = now_s - HISTORY_DAYS * DAY_S
        events.append({"time": start_s, "type": "register", "actor": sender, **network})
        for contact in range(HISTORY_STRANGERS):
            at_s = start_s + (contact + chance.uniform(0.3, 0.9)) * HISTORY_DAYS * DAY_S / HISTORY_STRANGERS
            pair = {
                "actor": sender,
                "target": f"@away{number}-{contact}:tide.test",
                "chat": f"!{number}-{contact}",
            }
            size = chance.randint(200, 600)
            events.append({"time": at_s - 9, "type": "typing", **pair, **network})
            events.append({"time": at_s, "type": "message", "members": 2, "size": size, **pair, **network})
    return sorted(events, key=lambda event: float(str(event["time"])))


def test_scripts_that_write_to_strangers_at_a_steady_pace_are_stopped(guarded: Guarded) -> None:
    play(guarded, newcomers(guarded, script, gap_s=1.0))


def test_accounts_that_add_strangers_to_groups_are_stopped(guarded: Guarded) -> None:
    play(guarded, newcomers(guarded, group_adder, gap_s=1.0))


def test_a_squad_signed_up_in_a_burst_from_one_network_and_device_is_stopped(guarded: Guarded) -> None:
    names = [f"squad{number}" for number in range(EACH_KIND)]
    device = Device(address_in(400), user_agent="bulk/1.0", device_id="FARM")
    # Dealt out in turn, so that each works through everybody.
    shares = [stranger for stranger in guarded.strangers(STRANGERS) for _ in names]
    play(guarded, squad(guarded.homeserver.base_url, names, device, shares, BOUNDS, gap_s=1.0))
