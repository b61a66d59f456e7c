"""The application service acknowledges what a real node has, once, and refuses what it cannot deliver."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from official_setup import Journalled, Operator

from tidegate.messengers.matrix.node_process import MODULE_TOKEN, NodeProcess
from tidegate.messengers.matrix.official.admin_api import AdminApi
from tidegate.messengers.matrix.official.appservice import Appservice
from tidegate.messengers.matrix.official.delivery import Delivery
from tidegate.messengers.matrix.official.lines import Line
from tidegate.messengers.matrix.official.node_client import NodeClient
from tidegate.messengers.matrix.official.ration import Rations
from tidegate.messengers.matrix.official.settings import Place, read_settings, read_token
from tidegate.messengers.matrix.official.state import State

NUMBERS = itertools.count(1)
V1 = "/_matrix/app/v1/transactions"


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    with NodeProcess() as running:
        yield running


@pytest.fixture
def place(node: NodeProcess, tmp_path: Path) -> Place:
    """Settings whose homeserver is not there: nothing in these tests needs it, unless they say so."""
    return set_up(node.base_url, node.folder / MODULE_TOKEN, tmp_path)


def set_up(node_url: str, token_file: Path, folder: Path, limits: str = "hold_s = 1.0") -> Place:
    operator = Operator(folder, node_url)
    text = operator.config.read_text("utf-8").replace("[appservice]", f"[appservice]\n{limits}")
    operator.config.write_text(text, "utf-8")
    (folder / "node.token").write_bytes(token_file.read_bytes())
    (folder / "admin.token").write_text("syt_none\n", "utf-8")
    return read_settings(operator.config)


@dataclass
class Service:
    http: httpx.AsyncClient
    delivery: Delivery
    app: Appservice
    token: str

    async def put(self, body: Any, name: str = "", path: str = V1, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        name = name or f"t{next(NUMBERS)}"
        return await self.http.put(f"{path}/{name}", content=json.dumps(body), headers=headers, **more)


@asynccontextmanager
async def service(place: Place) -> AsyncIterator[Service]:
    """The application service, opened on its state as after a start."""
    admin, node, state = AdminApi(place), NodeClient(place), State(place.data)
    delivery = Delivery(state, node, Rations(state, 24.0))
    app = Appservice(place, admin, delivery)
    transport = httpx.ASGITransport(app)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://adapter") as http:
            yield Service(http, delivery, app, read_token(place.file("hs.token"), "the token"))
    finally:
        await admin.close()
        await node.close()
        state.close()


def conversation(messages: int = 1) -> dict[str, list[dict[str, Any]]]:
    """A new chat of two and messages in it, as a homeserver tells it."""
    number = next(NUMBERS)
    ann, ben, room = f"@ann{number}:tide.test", f"@ben{number}:tide.test", f"!r{number}"

    def event(kind: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
        fixed = {"type": kind, "room_id": room, "sender": ann, "content": content}
        return fixed | {"event_id": f"${next(NUMBERS)}", "origin_server_ts": int(time.time() * 1000)} | more

    invite = {"membership": "invite", "is_direct": True}
    return {
        "events": [
            event("m.room.create", {}, state_key=""),
            event("m.room.member", {"membership": "join"}, state_key=ann),
            event("m.room.member", invite, state_key=ben),
            *(event("m.room.encrypted", {"ciphertext": "QUJD"}) for _ in range(messages)),
        ],
        "ephemeral": [{"type": "m.typing", "room_id": room, "content": {"user_ids": [ben]}}],
    }


def count(node: NodeProcess) -> int:
    return len(Journalled(node).events())


def test_acknowledged_is_what_the_node_has_durably(node: NodeProcess, place: Place) -> None:
    before = count(node)

    async def story() -> None:
        async with service(place) as appservice:
            assert (await appservice.put(conversation(3))).status_code == 200

    asyncio.run(story())
    node.kill()
    node.start()
    assert count(node) - before == 5, "an invitation, three messages, a typing notice"


def test_a_repeated_transaction_changes_nothing(node: NodeProcess, place: Place) -> None:
    transaction = conversation()
    before = count(node)

    async def first() -> None:
        async with service(place) as appservice:
            for _ in range(2):
                assert (await appservice.put(transaction, "t1")).status_code == 200

    async def after_a_restart() -> None:
        async with service(place) as appservice:
            without_ephemeral = {"events": transaction["events"], "ephemeral": []}  # as Synapse repeats it
            assert (await appservice.put(without_ephemeral, "t1")).status_code == 200

    asyncio.run(first())
    asyncio.run(after_a_restart())
    assert count(node) - before == 3


def test_another_transaction_of_the_same_name_is_another_one(node: NodeProcess, place: Place) -> None:
    before = count(node)

    async def story() -> None:
        async with service(place) as appservice:
            for _ in range(2):  # a homeserver whose database began anew
                assert (await appservice.put(conversation(), "t1")).status_code == 200

    asyncio.run(story())
    assert count(node) - before == 6


def test_what_the_node_took_before_a_crash_is_not_taken_again(node: NodeProcess, place: Place) -> None:
    before = count(node)

    async def node_has_it_and_we_do_not_know() -> None:
        async with service(place) as appservice:
            delivery = appservice.delivery
            delivery._stage([Line(time.time(), "login", "@ann:tide.test")] * 3, "t1 x")
            body = delivery._state.db.execute("SELECT body FROM outgoing").fetchone()[0]
            await delivery._node.deliver(body, delivery._source, 1)

    async def after_a_restart() -> None:
        async with service(place) as appservice:
            await appservice.delivery.deliver([Line(time.time(), "login", "@ben:tide.test")], 5.0)
            assert appservice.delivery.counts.duplicates == 3

    asyncio.run(node_has_it_and_we_do_not_know())
    asyncio.run(after_a_restart())
    assert count(node) - before == 4


def test_while_the_node_is_away_a_transaction_is_not_acknowledged_and_later_taken_whole(
    node: NodeProcess, place: Place
) -> None:
    before = count(node)
    transaction = conversation()

    async def while_away() -> None:
        async with service(place) as appservice:
            for _ in range(2):
                assert (await appservice.put(transaction, "t1")).status_code == 503

    async def when_back() -> None:
        async with service(place) as appservice:
            assert (await appservice.put({"events": transaction["events"]}, "t1")).status_code == 200

    node.stop()
    asyncio.run(while_away())
    node.start()
    asyncio.run(when_back())
    assert count(node) - before == 3, "with the typing notice that the homeserver does not repeat"


def test_a_token_the_node_does_not_know_holds_everything_and_is_told(
    node: NodeProcess, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    before, file = count(node), place.file("node.token")
    right, transaction = file.read_text(), conversation()

    async def put() -> int:
        async with service(place) as appservice:
            return (await appservice.put(transaction, "t1")).status_code

    file.write_text("tg_wrong\n")
    assert asyncio.run(put()) == 503
    assert str(file) in caplog.text and "scopes ingest and act" in caplog.text
    file.write_text(right)
    assert asyncio.run(put()) == 200
    assert count(node) - before == 3


def test_a_room_that_must_be_looked_up_waits_for_the_homeserver(node: NodeProcess, place: Place) -> None:
    events = conversation()["events"]

    async def story() -> None:
        async with service(place) as appservice:
            answer = await appservice.put({"events": events[-1:]})
            assert answer.status_code == 503

    before = count(node)
    asyncio.run(story())
    assert count(node) == before


def test_one_transaction_after_the_other(node: NodeProcess, tmp_path: Path) -> None:
    place = set_up(node.base_url, node.folder / MODULE_TOKEN, tmp_path, "hold_s = 4.0")

    async def story() -> None:
        async with service(place) as appservice:
            waiting = asyncio.create_task(appservice.put(conversation()))
            while not appservice.delivery.busy:
                await asyncio.sleep(0.01)
            assert (await appservice.put(conversation())).status_code == 429
            assert (await waiting).status_code == 503

    node.stop()
    try:
        asyncio.run(story())
    finally:
        node.start()


def test_only_the_homeserver_may_deliver(place: Place) -> None:
    async def story() -> None:
        async with service(place) as appservice:
            wrong = {"Authorization": "Bearer nonsense"}
            assert (await appservice.put(conversation(), headers=wrong)).status_code == 403
            assert (await appservice.put(conversation(), headers={"Authorization": ""})).status_code == 401
            assert (await appservice.http.post("/_matrix/app/v1/ping", json={})).status_code == 401
            assert (await appservice.http.get("/healthz")).status_code == 200

    asyncio.run(story())


def test_paths_and_the_token_as_old_homeservers_have_them(place: Place) -> None:
    async def story() -> None:
        async with service(place) as appservice:
            answer = await appservice.http.put(
                f"/transactions/o1?access_token={appservice.token}", content=json.dumps(conversation())
            )
            assert answer.status_code == 200
            old = conversation()
            old["de.sorunome.msc2409.ephemeral"] = old.pop("ephemeral")
            assert (await appservice.put(old)).status_code == 200
            assert appservice.delivery.counts.lines == 6

    asyncio.run(story())


def test_what_a_homeserver_asks_about_accounts_and_rooms_is_answered_with_no(place: Place) -> None:
    async def story() -> None:
        async with service(place) as appservice:
            headers = {"Authorization": f"Bearer {appservice.token}"}
            for path in ("users/@ann:tide.test", "rooms/%23hall:tide.test"):
                answer = await appservice.http.get(f"/_matrix/app/v1/{path}", headers=headers)
                assert (answer.status_code, answer.json()["errcode"]) == (404, "M_NOT_FOUND")
            unknown = await appservice.http.get("/_matrix/app/v1/thirdparty/protocol/x", headers=headers)
            assert (unknown.status_code, unknown.json()["errcode"]) == (404, "M_UNRECOGNIZED")

    asyncio.run(story())


def test_bodies_have_a_limit_and_must_be_transactions(node: NodeProcess, tmp_path: Path) -> None:
    place = set_up(node.base_url, node.folder / MODULE_TOKEN, tmp_path, "body_bytes = 4096")

    async def story() -> None:
        async with service(place) as appservice:
            assert (await appservice.put({"events": ["x" * 5000]})).status_code == 413
            assert (await appservice.put([])).status_code == 400
            strange = {"events": [5, {"type": "m.room.message"}, None], "ephemeral": ["x"], "more": {}}
            assert (await appservice.put(strange)).status_code == 200
            assert appservice.app.status()["unreadable_events"] == 4

    asyncio.run(story())
