"""The older Synapse: the module finds what it needs there, too, guards, and lets go. The other files have the newest."""

import asyncio

import pytest
from guarded import PASSWORD, Guarded, guarding, synapse_or_skip

from tidegate.messengers.matrix.bulk_senders import Bounds, Outreach, script
from tidegate.messengers.matrix.clients import RefusedError, eventually

STATUS = "/_synapse/client/tidegate/status"


def test_a_conversation_goes_on_while_an_account_is_suspended_and_reopened() -> None:
    with guarding(synapse_or_skip("older"), people=6) as guarded:
        asyncio.run(play(guarded))
        status = guarded.homeserver.request("GET", STATUS, token=guarded.homeserver.admin_token).body
    off = {row["name"]: row["why_not"] for row in status["capabilities"] if not row["on"]}
    assert off == {}
    assert status["node_reachable"] == 1 and status["counts"]["lines_dropped"] == 0


async def play(guarded: Guarded) -> None:
    ann, bea, sender = (guarded.person() for _ in range(3))
    for person in (ann, bea, sender):
        await person.login(PASSWORD)
    async with ann.online(), bea.online(), sender.online():
        room = await ann.create_room([bea.user_id], direct=True)
        await bea.until(lambda: room in bea.client.rooms)
        outreach = Outreach(sender, Bounds(refusals=1))
        await script(outreach, guarded.strangers(3)[:1], gap_s=0.0)
        assert len(outreach.reached) == 1

        await asyncio.to_thread(guarded.node.rule, sender.user_id, "abusive")
        await eventually(lambda: guarded.stands_on(sender.user_id, "suspend"))
        for number in range(10):
            await (ann if number % 2 == 0 else bea).send(room, f"{number}")
        with pytest.raises(RefusedError, match="M_USER_SUSPENDED"):
            await sender.send(next(iter(sender.client.rooms)), "still here")

        await asyncio.to_thread(guarded.node.rule, sender.user_id, "legitimate")
        await eventually(lambda: guarded.stands_on(sender.user_id, "allow"))
        await sender.send(next(iter(sender.client.rooms)), "back again")
        await bea.until(lambda: len(bea.received) == 5)
        await ann.until(lambda: len(ann.received) == 5)
    assert not ann.refusals and not bea.refusals
