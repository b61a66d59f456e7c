"""A person on a Matrix homeserver: a real end-to-end encrypted client (matrix-nio over vodozemac), many in one process.

nio keeps the keys, encrypts and decrypts; every request that somebody may refuse goes through :meth:`Person.call`, so
that a refusal keeps all that the homeserver said: HTTP status, Matrix error code, Retry-After, further fields.
"""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import nio  # type: ignore[import-untyped]

SYNC_MS = 10_000
"""How long the homeserver holds a sync without news."""
SYNC_RETRY_S = 1.0
REQUEST_S = 60.0
WAIT_S = 30.0
CLIENT = "/_matrix/client/v3"
ENCRYPTION = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}


def address_in(network: int) -> str:
    """An address in the ``network``-th of 512 networks that exist nowhere (198.18.0.0/15, RFC 2544: benchmarks)."""
    assert 0 <= network < 512, network
    return f"198.{18 + network // 256}.{network % 256}.10"


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody writes from."""

    ip: str = address_in(0)
    """Told to the homeserver as the forwarded address."""
    user_agent: str = "Element/1.11"
    device_id: str = ""
    """Empty: the homeserver makes one up."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as its recipient reads it."""

    room: str
    sender: str
    text: str
    event_id: str
    encrypted: bool


class RefusedError(Exception):
    """The homeserver refused something."""

    def __init__(self, what: str, status: int, body: dict[str, Any], retry_after_s: float | None) -> None:
        self.what, self.status, self.body, self.retry_after_s = what, status, body, retry_after_s
        """``what`` was wanted; HTTP status; the whole answer; seconds of the header Retry-After, None without one."""
        self.code = str(body.get("errcode", ""))
        self.words = str(body.get("error", ""))
        wait = "" if retry_after_s is None else f", try again in {retry_after_s:.0f} s"
        super().__init__(f"{what}: {status} {self.code}{wait}: {self.words}")


def _config(device: Device) -> nio.AsyncClientConfig:
    return nio.AsyncClientConfig(
        store=nio.store.SqliteMemoryStore,
        encryption_enabled=True,
        custom_headers={"X-Forwarded-For": device.ip, "User-Agent": device.user_agent},
        max_limit_exceeded=0,  # a 429 is told, not slept over
        max_timeouts=3,
        request_timeout=REQUEST_S,
    )


@dataclass(eq=False)
class Person:
    """An account with one device. ``async with person.online()`` syncs, accepts invitations and decrypts."""

    base_url: str
    name: str
    device: Device = Device()
    accepts: Callable[[str], bool] = lambda inviter: True
    """Whose invitations are accepted at once."""
    received: list[Received] = field(default_factory=list)
    refusals: list[RefusedError] = field(default_factory=list)
    invitations: dict[str, str] = field(default_factory=dict)
    """Room -> who invited; those that are not accepted stay."""
    undecrypted: dict[str, nio.MegolmEvent] = field(default_factory=dict)
    """Event id -> a message whose key has not arrived."""
    typing_seen: list[tuple[str, str]] = field(default_factory=list)
    """(room, who was seen typing)."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Event id of a message sent -> bytes of its ciphertext."""

    def __post_init__(self) -> None:
        self.client = nio.AsyncClient(
            self.base_url, self.name, self.device.device_id, config=_config(self.device)
        )
        self.client.add_event_callback(self._take_text, nio.RoomMessageText)
        self.client.add_event_callback(self._take_undecrypted, nio.MegolmEvent)
        self.client.add_event_callback(self._take_invitation, nio.InviteMemberEvent)
        self.client.add_ephemeral_callback(self._take_typing, nio.TypingNoticeEvent)
        self._news = asyncio.Condition()
        self._transaction = itertools.count(1)

    # --- Requests -----------------------------------------------------------------------------------------------

    @property
    def user_id(self) -> str:
        """``@ann:tide.test``; known after registering or logging in."""
        return str(self.client.user_id)

    @property
    def access_token(self) -> str:
        return str(self.client.access_token)

    async def call(self, what: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One request to the client-server API, as this person from this device. Raises :class:`RefusedError`."""
        session = self.client.client_session
        assert session is not None
        headers = dict(self.client.config.custom_headers) | {"Content-Type": "application/json"}
        if self.access_token:
            headers["Authorization"] = f"Bearer {self.access_token}"
        data = None if body is None else json.dumps(body)
        async with session.request(method, self.base_url + path, data=data, headers=headers) as answer:
            found = await answer.json(content_type=None)
            if answer.status < 400:
                return dict(found)
            retry_after = answer.headers.get("Retry-After")
        refused = RefusedError(
            what, answer.status, dict(found), None if retry_after is None else float(retry_after)
        )
        self.refusals.append(refused)
        raise refused

    async def register(self, password: str) -> None:
        """Make the account, with this device."""
        body = {"username": self.name, "password": password, "auth": {"type": "m.login.dummy"}}
        await self._enter("register", "/register", body)

    async def login(self, password: str) -> None:
        """Log in to an account that exists."""
        identifier = {"type": "m.id.user", "user": self.name}
        body = {"type": "m.login.password", "identifier": identifier, "password": password}
        await self._enter("log in", "/login", body)

    async def _enter(self, what: str, path: str, body: dict[str, Any]) -> None:
        body["initial_device_display_name"] = self.device.user_agent
        if self.device.device_id:
            body["device_id"] = self.device.device_id
        await self._open_session()
        answer = await self.call(what, "POST", CLIENT + path, body)
        self.client.restore_login(answer["user_id"], answer["device_id"], answer["access_token"])
        if self.client.should_upload_keys:
            await self.client.keys_upload()

    async def _open_session(self) -> None:
        if self.client.client_session is None:
            await self.client.login_info()  # nio opens its connections with the first request it sends itself

    async def create_room(self, invite: Iterable[str] = (), direct: bool = False, name: str = "") -> str:
        """Create an encrypted room and invite people to it; its id."""
        invited = list(invite)
        body: dict[str, Any] = {
            "preset": "trusted_private_chat" if direct else "private_chat",
            "is_direct": direct,
            "invite": invited,
            "initial_state": [ENCRYPTION],
        }
        if name:
            body["name"] = name
        room: str = (await self.call("create a room", "POST", f"{CLIENT}/createRoom", body))["room_id"]
        self._remember_room(room, [self.user_id, *invited])
        return room

    def _remember_room(self, room_id: str, members: Iterable[str]) -> None:
        """Know a room that was just created without waiting for a sync.

        A sync may show it half made, and a key shared then would miss the people invited last.
        """
        room = nio.MatrixRoom(room_id, self.user_id, encrypted=True)
        room = self.client.rooms.setdefault(room_id, room)
        room.encrypted = room.members_synced = True
        for member in members:
            room.add_member(member, None, None, invited=member != self.user_id)
        self.client.olm.update_tracked_users(room)

    async def invite(self, room: str, user_id: str) -> None:
        await self.call("invite", "POST", f"{CLIENT}/rooms/{quote(room)}/invite", {"user_id": user_id})

    async def join(self, room: str) -> None:
        await self.call("join", "POST", f"{CLIENT}/join/{quote(room)}", {})
        self.invitations.pop(room, None)

    async def leave(self, room: str) -> None:
        await self.call("leave", "POST", f"{CLIENT}/rooms/{quote(room)}/leave", {})
        self.invitations.pop(room, None)

    async def send(self, room: str, text: str) -> str:
        """Send an encrypted message; its event id."""
        kind, content = await self._encrypt(room, {"msgtype": "m.text", "body": text})
        path = f"{CLIENT}/rooms/{quote(room)}/send/{kind}/{self._next_transaction()}"
        event_id = str((await self.call("send", "PUT", path, content))["event_id"])
        self.sizes[event_id] = len(content["ciphertext"]) * 3 // 4  # unpadded base64
        return event_id

    async def type(self, room: str, typing: bool = True) -> None:
        """Show, or stop showing, that one is typing."""
        path = f"{CLIENT}/rooms/{quote(room)}/typing/{quote(self.user_id)}"
        await self.call(
            "type", "PUT", path, {"typing": typing, "timeout": 10_000} if typing else {"typing": False}
        )

    async def read(self, room: str, event_id: str) -> None:
        """Send a read receipt."""
        await self.call("read", "POST", f"{CLIENT}/rooms/{quote(room)}/receipt/m.read/{quote(event_id)}", {})

    async def report(self, room: str, event_id: str, reason: str = "spam") -> None:
        """Report a message to the homeserver's administrators."""
        path = f"{CLIENT}/rooms/{quote(room)}/report/{quote(event_id)}"
        await self.call("report", "POST", path, {"reason": reason, "score": -100})

    async def ignore(self, *user_ids: str) -> None:
        """Ignore these people, and nobody else from now on: what a client's block button does."""
        path = f"{CLIENT}/user/{quote(self.user_id)}/account_data/m.ignored_user_list"
        await self.call("ignore", "PUT", path, {"ignored_users": {user_id: {} for user_id in user_ids}})

    async def _encrypt(self, room: str, content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """What :meth:`nio.AsyncClient.room_send` does before it sends."""
        client = self.client
        if not client.rooms[room].members_synced:
            await client.joined_members(room)
        if client.should_query_keys:
            await client.keys_query()
        if client.olm.should_share_group_session(room):
            sharing = client.sharing_session.get(room)
            if sharing is not None:
                await sharing.wait()
            else:
                await client.share_group_session(room, ignore_unverified_devices=True)
        kind, encrypted = client.encrypt(room, "m.room.message", content)
        return str(kind), dict(encrypted)

    def _next_transaction(self) -> str:
        return f"{self.client.device_id}-{next(self._transaction)}"

    # --- What arrives -------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator["Person"]:
        """Able to write without listening: what a sending program does with less trouble for the homeserver."""
        await self._open_session()
        try:
            yield self
        finally:
            await self.close()

    @contextlib.asynccontextmanager
    async def online(self) -> AsyncIterator["Person"]:
        """Sync in the background; log off (close the connections, keep the account) in the end."""
        await self._open_session()
        await self._sync(0)
        listening = asyncio.create_task(self._listen())
        try:
            yield self
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            await self.close()

    async def close(self) -> None:
        """Close the connections; the account stays."""
        await self.client.close()

    async def _listen(self) -> None:
        while True:
            if not await self._sync(SYNC_MS):
                await asyncio.sleep(SYNC_RETRY_S)

    async def _sync(self, wait_ms: int) -> bool:
        """Take what is new; False when the homeserver refused or could not be reached."""
        try:
            answer = await self.client.sync(timeout=wait_ms, set_presence="offline")
            if isinstance(answer, nio.SyncError):
                self._note_refused_sync(answer)
                return False
            if self.client.should_upload_keys:
                await self.client.keys_upload()
            if self.client.should_query_keys:
                await self.client.keys_query()
            await self.client.send_to_device_messages()
            self._decrypt_late()
            await self._answer_invitations()
        except (OSError, TimeoutError):  # aiohttp's connection errors are OSErrors
            return False
        async with self._news:
            self._news.notify_all()
        return True

    def _note_refused_sync(self, answer: nio.SyncError) -> None:
        status = answer.transport_response.status if answer.transport_response is not None else 0
        body = {"errcode": answer.status_code, "error": answer.message}
        if not (self.refusals and self.refusals[-1].what == "sync"):  # the same again says nothing new
            self.refusals.append(RefusedError("sync", status, body, None))

    async def _answer_invitations(self) -> None:
        for room, inviter in list(self.invitations.items()):
            if self.accepts(inviter):
                with contextlib.suppress(RefusedError):  # noted among the refusals
                    await self.join(room)

    def _decrypt_late(self) -> None:
        """A key may arrive after the message that it opens."""
        for event_id, event in list(self.undecrypted.items()):
            with contextlib.suppress(nio.EncryptionError):
                opened = self.client.decrypt_event(event)
                del self.undecrypted[event_id]
                if isinstance(opened, nio.RoomMessageText):
                    self._keep(event.room_id, opened)

    def _keep(self, room: str, event: nio.RoomMessageText) -> None:
        if event.sender == self.user_id:
            return
        encrypted = bool(event.decrypted)  # nio: it was encrypted, and could be opened
        self.received.append(Received(room, event.sender, event.body, event.event_id, encrypted))

    async def _take_text(self, room: nio.MatrixRoom, event: nio.RoomMessageText) -> None:
        self._keep(room.room_id, event)

    async def _take_undecrypted(self, room: nio.MatrixRoom, event: nio.MegolmEvent) -> None:
        if event.sender != self.user_id:
            self.undecrypted[event.event_id] = event

    async def _take_invitation(self, room: nio.MatrixRoom, event: nio.InviteMemberEvent) -> None:
        if event.state_key == self.user_id and event.membership == "invite":
            self.invitations[room.room_id] = event.sender

    async def _take_typing(self, room: nio.MatrixRoom, event: nio.TypingNoticeEvent) -> None:
        self.typing_seen.extend((room.room_id, user) for user in event.users)

    async def until(self, condition: Callable[[], bool], wait_s: float = WAIT_S) -> None:
        """Wait, while syncing, until ``condition`` holds. Raises TimeoutError after ``wait_s``."""
        async with asyncio.timeout(wait_s), self._news:
            await self._news.wait_for(condition)

    def texts(self, sender: str = "") -> list[str]:
        """What was received, in order; from ``sender`` alone when that is given."""
        return [message.text for message in self.received if sender in ("", message.sender)]


async def eventually(condition: Callable[[], Awaitable[bool] | bool], wait_s: float = WAIT_S) -> None:
    """Wait until ``condition`` holds, asking ten times a second. Raises TimeoutError after ``wait_s``."""
    until = time.monotonic() + wait_s
    while True:
        held = condition()
        if held if isinstance(held, bool) else await held:
            return
        if time.monotonic() > until:
            raise TimeoutError(f"still not so after {wait_s:.0f} s")
        await asyncio.sleep(0.1)
