"""Synapse's admin API, as far as the adapter needs it. Every call here is part of Synapse's documented interface."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from tidegate.messengers.matrix.official.errors import (
    AccessDenied,
    AdminRefused,
    HomeserverUnavailable,
    NotThere,
    TooLong,
    Unsupported,
)
from tidegate.messengers.matrix.official.rooms import NAMED_MEMBERS, Room
from tidegate.messengers.matrix.official.settings import Place, read_token

log = logging.getLogger(__name__)
ANSWER_BYTES = 8 << 20
EXPLAINED_CHARACTERS = 300
RATE_LIMITED_TRIES = 4
LONGEST_WAIT_S = 30.0
Kind = TypeVar("Kind")


class Account(msgspec.Struct):
    """Of what the homeserver knows about an account."""

    name: str
    admin: bool = False
    deactivated: bool = False
    locked: bool = False
    suspended: bool = False


class ListedAccount(msgspec.Struct):
    """Of one entry of the list of accounts."""

    name: str
    creation_ts: int
    """Unix milliseconds, in whole seconds."""


class Device(msgspec.Struct):
    """Of one device of an account."""

    device_id: str
    last_seen_ip: str | None = None
    last_seen_ts: int | None = None
    last_seen_user_agent: str | None = None


class Connection(msgspec.Struct):
    """Of one address an account was used from."""

    ip: str
    last_seen: int
    user_agent: str | None = None


class EventReport(msgspec.Struct):
    """Of a report of an event. The reporter's words are not read."""

    id: int
    received_ts: int
    user_id: str
    room_id: str
    sender: str | None = None


class UserReport(msgspec.Struct):
    """Of a report of an account. The reporter's words are not read."""

    id: int
    received_ts: int
    user_id: str
    target_user_id: str


class Redaction(msgspec.Struct):
    """How far the removal of what an account wrote has come."""

    status: str
    failed_redactions: dict[str, str] = msgspec.field(default_factory=dict)
    error: str = ""


class _Error(msgspec.Struct):
    errcode: str = ""
    error: str = ""
    retry_after_ms: int | None = None


class _Accounts(msgspec.Struct):
    users: list[ListedAccount]


class _Devices(msgspec.Struct):
    devices: list[Device]


class _Session(msgspec.Struct):
    connections: list[Connection]


class _WhoisDevice(msgspec.Struct):
    sessions: list[_Session]


class _Whois(msgspec.Struct):
    devices: dict[str, _WhoisDevice]


class _EventReports(msgspec.Struct):
    event_reports: list[EventReport]


class _UserReports(msgspec.Struct):
    user_reports: list[UserReport]


class _RoomSize(msgspec.Struct):
    joined_members: int


class _MemberContent(msgspec.Struct):
    membership: str = ""


class _Member(msgspec.Struct):
    content: _MemberContent
    state_key: str = ""
    type: str = "m.room.member"


class _State(msgspec.Struct):
    state: list[_Member]


class _RedactId(msgspec.Struct):
    redact_id: str


class AdminApi:
    """Calls of one homeserver. Raises :class:`HomeserverUnavailable` and :class:`AdminRefused`, nothing else."""

    def __init__(self, place: Place) -> None:
        """Raises SettingsError when the token cannot be read."""
        homeserver = place.settings.homeserver
        self._file = place.file(homeserver.admin_token_file)
        self._url = homeserver.url.rstrip("/")
        token = read_token(self._file, "the access token of a server administrator")
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(homeserver.timeout_s),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # --- Reading ------------------------------------------------------------------------------------------------

    async def account(self, account: str) -> Account:
        """What is in force about an account. Raises :class:`NotThere`."""
        return await self._get(f"/v2/users/{_in_path(account)}", Account)

    async def newest_accounts(self, start: int, limit: int) -> Sequence[ListedAccount]:
        """Accounts, newest first."""
        asked = {"order_by": "creation_ts", "dir": "b", "deactivated": "true", "locked": "true"}
        page = {"from": start, "limit": limit}
        return (await self._get("/v2/users", _Accounts, asked | page)).users

    async def devices(self, account: str) -> Sequence[Device]:
        """Devices of an account, each with the address it was last used from."""
        return (await self._get(f"/v2/users/{_in_path(account)}/devices", _Devices)).devices

    async def whois(self, account: str) -> Sequence[Connection]:
        """Addresses an account was used from."""
        found = await self._get(f"/v1/whois/{_in_path(account)}", _Whois)
        return [
            connection
            for device in found.devices.values()
            for session in device.sessions
            for connection in session.connections
        ]

    async def newest_event_reports(self, start: int, limit: int) -> Sequence[EventReport]:
        """Reported events, newest first."""
        page = {"from": start, "limit": limit, "dir": "b"}
        return (await self._get("/v1/event_reports", _EventReports, page)).event_reports

    async def newest_user_reports(self, start: int, limit: int) -> Sequence[UserReport]:
        """Reported accounts, newest first."""
        page = {"from": start, "limit": limit, "dir": "b"}
        return (await self._get("/v1/user_reports", _UserReports, page)).user_reports

    async def room(self, room_id: str) -> Room:
        """Who is in a room: by name in a small one, else how many."""
        path = f"/v1/rooms/{_in_path(room_id)}"
        try:
            size = (await self._get(path, _RoomSize)).joined_members
            if size > NAMED_MEMBERS:
                return Room(named=None, counted=size)
            # Invited people belong to a chat that is about to begin; only the state knows them.
            state = (await self._get(f"{path}/state", _State, {"type": "m.room.member"})).state
        except (NotThere, TooLong):
            return Room(named=None, unknowable=True)
        inside = {
            member.state_key
            for member in state
            if member.type == "m.room.member" and member.content.membership in ("join", "invite")
        }
        if len(inside) > NAMED_MEMBERS:
            return Room(named=None, counted=len(inside))
        return Room(named=inside)

    async def redaction(self, redact_id: str) -> Redaction:
        """How far a removal has come. Raises :class:`NotThere` when the homeserver has forgotten it."""
        return await self._get(f"/v1/user/redact_status/{_in_path(redact_id)}", Redaction)

    async def check_access(self) -> None:
        """Ask for something small, so that a wrong token is known at the start."""
        await self.newest_accounts(0, 1)

    # --- Changing -----------------------------------------------------------------------------------------------

    async def set_suspended(self, account: str, on: bool) -> None:
        """MSC3823: cannot send, invite or join; can read, leave, and sign in."""
        await self._call("PUT", f"/v1/suspend/{_in_path(account)}", {"suspend": on})

    async def set_locked(self, account: str, on: bool) -> None:
        """Nothing goes until it is unlocked; sessions are kept."""
        # A PUT makes an account that does not exist: callers have read it before.
        await self._call("PUT", f"/v2/users/{_in_path(account)}", {"locked": on})

    async def delete_devices(self, account: str, devices: Sequence[str]) -> None:
        """Sign out, for good."""
        body = {"devices": list(devices)}
        await self._call("POST", f"/v2/users/{_in_path(account)}/delete_devices", body)

    async def send_notice(self, account: str, text: str, transaction: str) -> None:
        """Tell an account holder. The same ``transaction`` again sends nothing again (within half an hour)."""
        body = {"user_id": account, "content": {"msgtype": "m.text", "body": text}}
        try:
            await self._call("PUT", f"/v1/send_server_notice/{_in_path(transaction)}", body)
        except AdminRefused as error:
            if error.status == 400 and "not enabled" in str(error):
                error.add_note("set server_notices in homeserver.yaml, or enforcement.notices = false here")
            raise

    async def redact_all(self, account: str, reason: str) -> str:
        """Begin to remove what an account wrote in all its rooms, as the account itself; the id of the task."""
        body = {"rooms": [], "reason": reason}
        data = await self._call("POST", f"/v1/user/{_in_path(account)}/redact", body)
        return self._decoded(data, _RedactId, "redact").redact_id

    # --- One request --------------------------------------------------------------------------------------------

    async def _get(self, path: str, kind: type[Kind], params: Mapping[str, Any] | None = None) -> Kind:
        return self._decoded(await self._call("GET", path, params=params), kind, path)

    def _decoded(self, data: bytes, kind: type[Kind], path: str) -> Kind:
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.MsgspecError as error:
            raise AdminRefused(f"{path}: not the answer of Synapse's admin API: {error}", 200, "") from None

    async def _call(
        self,
        method: Literal["GET", "PUT", "POST"],
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        url = f"{self._url}/_synapse/admin{path}"
        for attempt in range(1, RATE_LIMITED_TRIES + 1):
            request = self._http.build_request(
                method, url, content=content, params=params, headers={"Content-Type": "application/json"}
            )
            status, data = await self._answer(request)
            if status < 300:
                return data
            error = _error_of(data)
            if status != 429:
                raise self._refusal(f"{method} {path}", status, error, data)
            wait_s = min((error.retry_after_ms or 1000 * attempt) / 1000, LONGEST_WAIT_S)
            log.info("the homeserver asks to wait %.1f s before %s %s", wait_s, method, path)
            await asyncio.sleep(wait_s)
        raise HomeserverUnavailable(f"{method} {path}: still rate-limited after {RATE_LIMITED_TRIES} tries")

    async def _answer(self, request: httpx.Request) -> tuple[int, bytes]:
        where = f"{request.method} {request.url.path} at {self._url}"
        try:
            answer = await self._http.send(request, stream=True)
            try:
                data = b""
                async for piece in answer.aiter_bytes():
                    data += piece
                    if len(data) > ANSWER_BYTES:
                        raise TooLong(f"{where}: the answer is longer than {ANSWER_BYTES:,} bytes", 200, "")
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise HomeserverUnavailable(f"{where}: {error or type(error).__name__}") from None
        return answer.status_code, data

    def _refusal(self, what: str, status: int, error: _Error, data: bytes) -> Exception:
        """What went wrong, and what would be right."""
        said = error.error or data.decode(errors="replace")[:EXPLAINED_CHARACTERS]
        if status >= 500:
            return HomeserverUnavailable(f"{what}: {status} {said}")
        if status == 401 or error.errcode in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
            return AccessDenied(
                f"{what}: the homeserver does not accept the token in {self._file} ({said}). It ends when its "
                "account signs out: sign in again and put the new access token there",
                status,
                error.errcode,
            )
        if status == 403 and error.errcode == "M_FORBIDDEN" and "admin" in said.lower():
            return AccessDenied(
                f"{what}: the account behind the token in {self._file} is not a server administrator ({said})",
                status,
                error.errcode,
            )
        if status in (404, 405) and error.errcode in ("M_UNRECOGNIZED", ""):
            return Unsupported(
                f"{what}: {self._url} has no such call ({said}). Either this Synapse is too old, or a proxy in "
                "front of it does not pass on /_synapse/admin",
                status,
                error.errcode,
            )
        if status == 404:
            return NotThere(f"{what}: {said}", status, error.errcode)
        return AdminRefused(f"{what}: {status} {error.errcode} {said}", status, error.errcode)


def _error_of(data: bytes) -> _Error:
    try:
        return msgspec.json.decode(data, type=_Error)
    except msgspec.MsgspecError:
        return _Error()


def _in_path(text: str) -> str:
    return quote(text, safe="")
