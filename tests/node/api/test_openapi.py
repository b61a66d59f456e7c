"""The description of the API says what the node does: every route is in it, and nothing it answers is missing."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from running_node import RunningNode, event, free_port, settings

from tidegate.node.api.openapi import answers_of, described
from tidegate.node.api.routes import routes_for
from tidegate.node.api.tokens import Scope
from tidegate.node.settings import Listen, NodeSettings

EXAMPLES = 12
"""Of each operation and phase: a number and not a time, so that a busy machine tries no less."""
LONGEST_S = 300.0
CONTRACT = {
    "POST /v1/events": "ingest",
    "POST /v1/check": "check",
    "GET /v1/accounts/{id}": "read",
    "DELETE /v1/accounts/{id}": "admin",
    "GET /v1/campaigns": "read",
    "GET /v1/campaigns/{id}": "read",
    "GET /v1/actions": "act",
    "POST /v1/actions/confirm": "act",
    "GET /v1/actions/dead": "admin",
    "POST /v1/actions/{id}/retry": "admin",
    "GET /v1/standing": "act",
    "POST /v1/rulings": "admin",
    "POST /v1/proofs": "act",
    "GET /v1/policy": "read",
    "PUT /v1/policy": "admin",
    "GET /v1/breakers": "read",
    "POST /v1/breakers/{rung}/reset": "admin",
    "GET /healthz": None,
    "GET /metrics": "read",
    "GET /openapi.json": None,
}

SERIALIZERS = """
import schemathesis

@schemathesis.serializer("application/x-ndjson", "application/toml")
def as_text(context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
"""

# What a schema cannot say: a time lies in the past, one header needs another, a policy is TOML of a certain kind; and a
# body of events is not refused because of lines that are.
CONFIG = """
hooks = "serializers.py"
request-timeout = 70.0

[[operations]]
include-path = ["/v1/check", "/v1/policy"]
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path = "/v1/events"
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.enabled = false

[[operations]]
include-path = "/v1/actions"
parameters = { wait = 0.05 }
"""


def test_every_route_of_the_contract_is_described_and_no_other() -> None:
    document = described(routes_for(NodeSettings()).all, NodeSettings(), "test")
    found = {
        f"{method.upper()} {path}": operation.get("x-scope")
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert found == CONTRACT | {"HEAD /healthz": None}
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(set(names)) == len(names)


def test_what_needs_a_token_says_so_and_needs_it(running: RunningNode) -> None:
    with running.client(None) as client:
        document = client.get("/openapi.json").json()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                answer = client.request(method, re.sub(r"\{\w+\}", "lock", path))
                needed = operation.get("security") is not None
                assert (answer.status_code in (401, 400)) == needed, f"{method} {path}: {answer.status_code}"


@pytest.mark.parametrize("scope", [str(scope) for scope in Scope])
def test_a_token_opens_what_its_scope_says_and_nothing_else(running: RunningNode, scope: str) -> None:
    with running.client(scope) as client:
        for name, needed in CONTRACT.items():
            method, path = name.split()
            path = path.replace("{id}", "0123456789abcdef").replace("{rung}", "lock")
            params = {"wait": 0} if path == "/v1/actions" else None
            answer = client.request(method, path, params=params)
            allowed = needed in (None, scope)
            assert (answer.status_code == 403) != allowed, f"{name}: {answer.status_code}"


def test_every_answer_has_a_type_and_every_refusal_that_can_pass_says_when() -> None:
    for route in routes_for(NodeSettings()).all:
        answers = answers_of(route)
        assert 200 in answers
        if route.takes:
            assert {429, 503} <= set(answers)
        if route.body is not None:
            assert {400, 413} <= set(answers)


def test_a_fuzzer_finds_no_fault_and_nothing_undescribed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Schemathesis: examples, boundaries, random and wrong data, and sequences of requests, all checks it has."""
    caplog.set_level("CRITICAL")  # breakers are reset by the hundred
    port = free_port()
    (tmp_path / "serializers.py").write_text(SERIALIZERS)
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with RunningNode(tmp_path / "data", settings(listen=Listen(port=port))) as node:
        with node.client() as client:
            known = event("@ann:example.org")
            assert client.post("/v1/check", content=json.dumps(known)).status_code == 200
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/openapi.json"),
                *("-H", f"Authorization: Bearer {node.secrets['all']}", "--max-examples", str(EXAMPLES)),
                *("--seed", "1", "--continue-on-failure", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
        )
        assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
        assert f"Tested: {len(CONTRACT)}" in done.stdout
        with node.client() as client:
            assert client.get("/healthz").status_code == 200
    assert not node.faulty
