"""The OpenAPI 3.1 description, made from the table of routes, so that it cannot say anything else."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tidegate.node.api.messages import ErrorBody
from tidegate.node.api.routing import Answered, Route
from tidegate.node.settings import NodeSettings

REFERENCE = "#/components/schemas/{name}"
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    }
}


def described(routes: Sequence[Route], settings: NodeSettings, version: str) -> dict[str, Any]:
    """The whole description."""
    kinds = [kind for route in routes for kind in _kinds(route)]
    _, components = msgspec.json.schema_components([*kinds, ErrorBody], ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, settings)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tidegate node",
            "version": version,
            "description": "Takes events of a messenger, decides which accounts send in bulk or by machine, and "
            "hands out what to do about them. It never takes message content.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token made by `tidegate token add`.",
                }
            },
        },
    }


def description_of(routes: Sequence[Route], settings: NodeSettings, version: str) -> bytes:
    """The same as a document of JSON."""
    return msgspec.json.encode(described(routes, settings, version))


def answers_of(route: Route) -> dict[int, Answered]:
    """Every status this route can answer with, those that follow from what it is included."""

    def error(description: str) -> Answered:
        return Answered(description, ErrorBody)

    found = dict(route.answers)
    if route.scope is not None:
        found.setdefault(401, error("No token, or none that is accepted."))
        found.setdefault(403, error(f"The token does not allow `{route.scope}`."))
        found.setdefault(503, error("The node's storage fails, or the node is stopping."))
    if route.body is not None:
        found.setdefault(400, error("The request cannot be understood."))
        found.setdefault(408, error("The body did not arrive in time."))
        found.setdefault(413, error("The body is too large."))
        found.setdefault(415, error("The body is compressed."))
        found.setdefault(429, error("Too much is waiting."))
    if route.query is not None or route.parameters:
        found.setdefault(400, error("The request cannot be understood."))
    if route.takes:
        found.setdefault(429, error("Too much is waiting."))
    return dict(sorted(found.items()))


def _kinds(route: Route) -> list[Any]:
    found = [answer.type for answer in route.answers.values() if answer.type is not None]
    if route.body is not None and route.body.type is not None:
        found.append(route.body.type)
    return found


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=REFERENCE)
    return dict(schema)


def _operation(route: Route, settings: NodeSettings) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": _identifier(route), "summary": route.summary}
    if route.description:
        operation["description"] = route.description
    parameters = [*_in_path(route), *_in_query(route), *_in_headers(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.scope is not None:
        operation["security"] = [{"token": []}]
        operation["x-scope"] = str(route.scope)
    if route.body is not None:
        limit = route.body.limit_bytes or settings.limits.body_bytes
        schema = route.body.schema or (_schema(route.body.type) if route.body.type else {"type": "string"})
        content: dict[str, Any] = {"schema": schema}
        if route.body.example:
            content["example"] = _example(route)
        operation["requestBody"] = {
            "required": True,
            "description": f"{route.body.description} At most {limit:,} bytes.",
            "content": {route.body.media_type: content},
        }
    operation["responses"] = {str(status): _response(status, a) for status, a in answers_of(route).items()}
    return operation


def _example(route: Route) -> Any:
    assert route.body is not None
    if route.body.media_type == "application/json":
        return msgspec.json.decode(route.body.example)
    return route.body.example


def _response(status: int, answer: Answered) -> dict[str, Any]:
    schema = _schema(answer.type) if answer.type is not None else {"type": "string"}
    response: dict[str, Any] = {
        "description": answer.description,
        "content": {answer.media_type: {"schema": schema}},
    }
    if status in (429, 503) and answer.type is ErrorBody:
        response["headers"] = _RETRY_AFTER
    return response


def _in_path(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _schema(kind)}
        for name, kind in route.parameters.items()
    ]


def _in_query(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = msgspec.json.schema(route.query)
    properties = schema["$defs"][route.query.__name__]["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": about}
        for name, about in properties.items()
    ]


def _in_headers(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": header.name,
            "in": "header",
            "required": False,
            "description": header.description,
            "schema": dict(header.schema),
        }
        for header in route.headers
    ]


def _identifier(route: Route) -> str:
    words = route.path.replace("{", "by_").replace("}", "").replace("/v1/", "").strip("/").replace(".", "_")
    return f"{route.method.lower()}_{words.replace('/', '_')}"
