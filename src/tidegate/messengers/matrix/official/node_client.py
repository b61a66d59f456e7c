"""The node as the adapter sees it: lines in, actions out."""

from collections.abc import Sequence
from typing import TypeVar

import httpx
import msgspec

from tidegate.messengers.matrix.official.errors import NodeRefused, NodeUnavailable
from tidegate.messengers.matrix.official.settings import Place, read_token

ANSWER_BYTES = 8 << 20
EXPLAINED_CHARACTERS = 300
Kind = TypeVar("Kind")


class Receipt(msgspec.Struct):
    """What became of a delivery."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejections: list[dict[str, object]] = msgspec.field(default_factory=list)


class Action(msgspec.Struct):
    """The account shall now stand on this rung."""

    id: str
    account: str
    rung: str
    previous: str = ""
    until: str | None = None
    notice: str = ""
    attempt: int = 1


class Result(msgspec.Struct, omit_defaults=True):
    """What became of an action."""

    id: str
    done: bool
    error: str | None = None
    permanent: bool | None = None


class Challenge(msgspec.Struct):
    """A proof of being a person that somebody is asked for."""

    ticket: str
    url: str = ""


class _Actions(msgspec.Struct):
    actions: list[Action]


class NodeClient:
    """Requests to the node. Raises :class:`NodeUnavailable` and :class:`NodeRefused`, nothing else."""

    def __init__(self, place: Place) -> None:
        """Raises SettingsError when the token cannot be read."""
        node = place.settings.node
        self._file = place.file(node.token_file)
        token = read_token(self._file, "the node's token")
        self._url, self._wait_s = node.url.rstrip("/"), node.wait_s
        transport = httpx.AsyncHTTPTransport(uds=str(place.file(node.socket))) if node.socket else None
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(node.timeout_s),
            transport=transport,
            trust_env=False,
        )
        self._patient = httpx.Timeout(node.timeout_s + node.wait_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def deliver(self, body: bytes, source: str, first_number: int) -> Receipt:
        """Hand over lines; when this returns, the node has them durably."""
        headers = {
            "Content-Type": "application/jsonl",
            "Tidegate-Source": source,
            "Tidegate-Sequence": str(first_number),
        }
        request = self._http.build_request("POST", f"{self._url}/v1/events", content=body, headers=headers)
        return self._decoded(await self._answer(request), Receipt)

    async def actions(self, limit: int = 20) -> Sequence[Action]:
        """What is to be done; waits for it up to ``wait_s``."""
        request = self._http.build_request(
            "GET",
            f"{self._url}/v1/actions",
            params={"wait": self._wait_s, "limit": limit},
            timeout=self._patient,
        )
        return self._decoded(await self._answer(request), _Actions).actions

    async def confirm(self, results: Sequence[Result]) -> None:
        """Say what became of actions."""
        request = self._http.build_request(
            "POST",
            f"{self._url}/v1/actions/confirm",
            content=msgspec.json.encode({"results": results}),
            headers={"Content-Type": "application/json"},
        )
        await self._answer(request)

    async def challenge(self, account: str) -> Challenge:
        """A challenge for an account."""
        request = self._http.build_request(
            "POST",
            f"{self._url}/v1/challenges",
            content=msgspec.json.encode({"account": account}),
            headers={"Content-Type": "application/json"},
        )
        return self._decoded(await self._answer(request), Challenge)

    async def check_access(self) -> None:
        """Hand over nothing and confirm nothing, so that a wrong token is known at the start."""
        await self.confirm([])
        await self._answer(self._http.build_request("POST", f"{self._url}/v1/events", content=b""))

    async def _answer(self, request: httpx.Request) -> bytes:
        where = f"{request.method} {request.url.path} at {self._url}"
        try:
            answer = await self._http.send(request, stream=True)
            try:
                data = b""
                async for piece in answer.aiter_bytes():
                    data += piece
                    if len(data) > ANSWER_BYTES:
                        raise NodeRefused(f"{where}: the answer is longer than {ANSWER_BYTES:,} bytes")
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise NodeUnavailable(f"{where}: {error or type(error).__name__}") from None
        if answer.status_code < 300:
            return data
        why = data.decode(errors="replace")[:EXPLAINED_CHARACTERS]
        if answer.status_code == 429 or answer.status_code >= 500:
            raise NodeUnavailable(f"{where}: {answer.status_code} {why}", _retry_after_s(answer))
        if answer.status_code in (401, 403):
            why = f"{why}. {self._file} must hold a token of the node with the scopes ingest and act"
        raise NodeRefused(f"{where}: {answer.status_code} {why}")

    def _decoded(self, data: bytes, kind: type[Kind]) -> Kind:
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.MsgspecError as error:
            raise NodeRefused(f"the answer of {self._url} is not a node's: {error}") from None


def _retry_after_s(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), 60.0) if text.isdigit() else 1.0
