"""What a route is: method, path, scope, handler, and all that the description says of it, declared together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from tidegate.node.api.exchange import Call, Refusal, Reply
from tidegate.node.api.tokens import Scope

if TYPE_CHECKING:
    from tidegate.node.api.services import Services

Handler = Callable[["Services", Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Body:
    """What a route reads. ``type`` is a msgspec type, or None for text that the handler reads itself."""

    media_type: str
    description: str
    type: Any = None
    limit_bytes: int | None = None
    """None: what the settings say."""
    example: str = ""
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One status a route answers with. ``type`` is a msgspec type, or None for text."""

    description: str
    type: Any
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Header:
    """A request header with a meaning of its own."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that can be asked for."""

    method: str
    path: str
    """With ``{name}`` for a whole segment."""
    scope: Scope | None
    """What a token must allow; None: no token is needed."""
    handler: Handler
    summary: str
    answers: Mapping[int, Answered]
    """Beside those that follow from the rest: 401 and 403 from ``scope``, 413 from ``body``, 429 from ``takes``, …"""
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The type of each name in ``path``."""
    query: type[msgspec.Struct] | None = None
    headers: Sequence[Header] = ()
    body: Body | None = None
    takes: bool = False
    """It is handed to the node: may be answered with 429 or 503."""
    name: str = field(init=False)
    """How metrics call it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.method} {self.path}")


class Routes:
    """Finds the route of a request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.all = tuple(routes)
        self._exact: dict[bytes, dict[str, Route]] = {}
        self._patterns: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in routes:
            if "{" in route.path:
                self._patterns.setdefault(tuple(route.path.split("/")), {})[route.method] = route
            else:
                self._exact.setdefault(route.path.encode(), {})[route.method] = route

    def find(self, method: str, raw_path: bytes) -> tuple[Route, dict[str, str]]:
        """The route and the parameters in its path. Raises :class:`Refusal` with 404, 405 or 400."""
        methods = self._exact.get(raw_path)
        parameters: dict[str, str] = {}
        if methods is None:
            methods, parameters = self._matching(raw_path)
        route = methods.get(method)
        if route is None:
            allowed = ", ".join(sorted(methods))
            raise Refusal(
                405,
                "method_not_allowed",
                f"this path takes {allowed}",
                headers=((b"allow", allowed.encode()),),
            )
        for name, value in parameters.items():
            parameters[name] = _parameter(name, value, route.parameters[name])
        return route, parameters

    def _matching(self, raw_path: bytes) -> tuple[dict[str, Route], dict[str, str]]:
        segments = raw_path.decode("latin-1").split("/")
        for pattern, methods in self._patterns.items():
            if len(pattern) == len(segments):
                pairs = list(zip(pattern, segments, strict=True))
                if all(wanted == given for wanted, given in pairs if wanted[:1] != "{"):
                    return methods, {wanted[1:-1]: given for wanted, given in pairs if wanted[:1] == "{"}
        raise Refusal(404, "not_found", "there is no such path; /openapi.json lists what there is")


def _parameter(name: str, value: str, kind: Any) -> str:
    """One segment of the path, unquoted and checked."""
    try:
        text = unquote_to_bytes(value).decode("utf-8")
        return str(msgspec.convert(text, kind))
    except UnicodeDecodeError:
        raise Refusal(400, "bad_path", f"{name}: not UTF-8") from None
    except msgspec.ValidationError as error:
        raise Refusal(400, "bad_path", f"{name}: {error}") from None


def query_of(raw: bytes, kind: type[msgspec.Struct]) -> Any:
    """The query as a struct. Raises :class:`Refusal`."""
    if not raw:
        return kind()
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=32, errors="strict")
    except ValueError as error:
        raise Refusal(400, "bad_query", f"the query cannot be read: {error}") from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Refusal(400, "bad_query", "a name occurs twice in the query")
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(400, "bad_query", str(error)) from None


def decoded(body: bytes, kind: Any) -> Any:
    """A JSON body as ``kind``. Raises :class:`Refusal` with the place of what is wrong."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(400, "bad_body", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(400, "bad_json", str(error)) from None
