"""Events over HTTP: durable before they are acknowledged, each once, refused with the exact reason."""

import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from running_node import RunningNode, event, few, lines

from tidegate.node.api.messages import Taken


def post(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    return client.post(
        "/v1/events", content=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


def test_events_are_counted_and_bad_lines_described(running: RunningNode) -> None:
    body = (
        lines([event("@a1:test", id="a1-1"), event("@a1:test", id="a1-1"), event(type="mesage")]) + b"{oops\n"
    )
    with running.client("ingest") as client:
        answer = post(client, body)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["accepted"], said["duplicates"], said["rejected"]) == (1, 1, 2)
    assert [(one["line"], one["reason"]) for one in said["rejections"]] == [
        (3, "unknown_type"),
        (4, "not_json"),
    ]
    assert "did you mean message" in said["rejections"][0]["message"]
    assert set(said) == set(Taken.__struct_fields__)
    assert said["sequence"] == running.node.journal.end


def test_what_was_acknowledged_is_in_the_journal(running: RunningNode) -> None:
    with running.client("ingest") as client:
        before = running.node.journal.end
        answer = post(client, lines(event(f"@durable{i}:test") for i in range(50)))
    assert answer.json()["sequence"] == before + 50
    assert sum(len(stretch.events) for stretch in running.node.journal.read(before)) == 50


def test_lines_numbered_by_their_source_count_once(running: RunningNode) -> None:
    body = lines(event(f"@numbered{i}:test") for i in range(4))
    with running.client("ingest") as client:
        first = post(client, body, tidegate_source="hs1", tidegate_sequence="1").json()
        again = post(client, body, tidegate_source="hs1", tidegate_sequence="1").json()
        overlapping = post(client, body, tidegate_source="hs1", tidegate_sequence="3").json()
        other = post(client, body, tidegate_source="hs2", tidegate_sequence="1").json()
    assert [one["accepted"] for one in (first, again, overlapping, other)] == [4, 0, 2, 4]
    assert [one["duplicates"] for one in (first, again, overlapping, other)] == [0, 4, 2, 0]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"tidegate_sequence": "1"}, "needs Tidegate-Source"),
        ({"tidegate_source": "x", "tidegate_sequence": "0"}, "from 1"),
        ({"tidegate_source": "x", "tidegate_sequence": "-1"}, "from 1"),
        ({"tidegate_source": "x", "tidegate_sequence": "1.0"}, "from 1"),
        ({"tidegate_source": "x", "tidegate_sequence": "9" * 19}, "from 1"),
        ({"tidegate_source": "x" * 129, "tidegate_sequence": "1"}, "128"),
        ({"tidegate_source": "a b", "tidegate_sequence": "1"}, "visible"),
    ],
)
def test_counting_that_makes_no_sense_is_refused(
    running: RunningNode, headers: dict[str, str], words: str
) -> None:
    with running.client("ingest") as client:
        answer = post(client, lines([event()]), **headers)
    assert (answer.status_code, code(answer)) == (400, "bad_header")
    assert words in answer.json()["error"]["message"]


def test_a_body_with_message_content_is_refused_whole(running: RunningNode) -> None:
    before = running.node.journal.end
    with running.client("ingest") as client:
        answer = post(client, lines([event("@c:test"), event("@c:test", body="a secret")]))
    assert (answer.status_code, code(answer)) == (400, "content_refused")
    assert "body" in answer.text and "a secret" not in answer.text
    assert running.node.journal.end == before


def test_an_event_from_the_future_is_rejected(running: RunningNode) -> None:
    with running.client("ingest") as client:
        ahead = float(event()["time"]) + 400  # type: ignore[arg-type]
        answer = post(client, lines([event(time=ahead)]))
    assert answer.json()["rejections"][0]["reason"] == "bad_time"


def test_an_empty_body_is_no_mistake(running: RunningNode) -> None:
    with running.client("ingest") as client:
        answer = post(client, b"")
    assert answer.status_code == 200 and answer.json()["accepted"] == 0


# -- checks ------------------------------------------------------------------------------------------------------------


def test_a_check_says_where_the_actor_stands(running: RunningNode) -> None:
    with running.client("check") as client:
        one = client.post("/v1/check", json=event("@check:test", id="check-1"))
        again = client.post("/v1/check", json=event("@check:test", id="check-1"))
    assert one.status_code == 200
    assert one.json() == {
        "account": "@check:test",
        "rung": "allow",
        "until": None,
        "enforced": "allow",
        "duplicate": False,
        "sequence": running.node.journal.end,
    }
    assert again.json()["duplicate"] is True


def test_a_check_may_be_spread_over_lines(running: RunningNode) -> None:
    with running.client("check") as client:
        answer = client.post("/v1/check", content=json.dumps(event("@spread:test"), indent=4).encode())
    assert answer.json()["account"] == "@spread:test"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_one_event"),
        (b"  \n ", "not_one_event"),
        (b"{oops", "not_json"),
        (b"{\n oops", "not_json"),
        (b"[]", "not_an_object"),
        (lines([event(type="nothing")]), "unknown_type"),
        (lines([event(text="hello")]), "content_refused"),
        (lines([event()]) * 2, "not_json"),
    ],
    # Bodies hold the time; as names they would differ from one process of the tests to the next.
    ids=[
        "empty",
        "blank",
        "broken",
        "broken on two lines",
        "a list",
        "unknown type",
        "content",
        "two events",
    ],
)
def test_a_check_that_cannot_be_used_says_why(running: RunningNode, body: bytes, reason: str) -> None:
    with running.client("check") as client:
        answer = client.post("/v1/check", content=body)
    assert (answer.status_code, code(answer)) == (400, reason)


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node that takes little at once."""
    chosen = few(body_bytes=2_000, lines=10, queue_bytes=3_000)
    with RunningNode(tmp_path_factory.mktemp("small") / "data", chosen) as node:
        yield node


def test_a_body_may_be_exactly_as_large_as_the_limit(small: RunningNode) -> None:
    body = lines([event("@exact:test")])
    with small.client("ingest") as client:
        fits = post(client, body + b"\n" * 5 + b" " * (2_000 - len(body) - 5))
        larger = post(client, body + b"\n" * 5 + b" " * (2_001 - len(body) - 5))
        after = post(client, body)
    assert fits.status_code == 200
    assert (larger.status_code, code(larger)) == (413, "too_large")
    assert after.status_code == 200


def test_a_body_without_a_length_is_cut_off_at_the_limit(small: RunningNode) -> None:
    with small.client("ingest") as client:
        answer = client.post("/v1/events", content=(b" " * 500 for _ in range(40)))
        after = post(client, lines([event("@cut:test")]))
    assert answer.status_code == 413
    assert after.status_code == 200


def test_a_compressed_body_is_refused_rather_than_read_as_bad_lines(small: RunningNode) -> None:
    with small.client("ingest") as client:
        answer = post(client, b"\x1f\x8b\x08", content_encoding="gzip")
    assert (answer.status_code, code(answer)) == (415, "unsupported_encoding")


def test_too_many_lines_are_refused(small: RunningNode) -> None:
    with small.client("ingest") as client:
        answer = post(client, b"{}\n" * 11)
    assert (answer.status_code, code(answer)) == (413, "too_many_lines")


def test_what_is_in_flight_is_bounded_and_says_when_to_come_back(small: RunningNode) -> None:
    """Two bodies are held open half-way; together with a third they would be more than the queue may hold."""
    half_open = []
    for _ in range(2):
        raw = socket.socket(socket.AF_UNIX)
        raw.connect(small.socket)
        raw.sendall(
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n"
            b"Authorization: Bearer " + small.secrets["ingest"].encode() + b"\r\n\r\n" + b" " * 1400
        )
        half_open.append(raw)
    with small.client("ingest") as client:

        def refused() -> httpx.Response | None:
            answer = post(client, lines([event("@busy:test")]) + b"\n" + b" " * 1_000)
            return answer if answer.status_code == 429 else None

        answer = None
        while answer is None:
            answer = refused()
        assert code(answer) == "busy" and int(answer.headers["retry-after"]) >= 1
        for raw in half_open:
            raw.sendall(b" " * 100)
            assert b"200 OK" in raw.recv(4096)
            raw.close()
        assert post(client, lines([event("@busy:test")])).status_code == 200
    assert small.serving.services.admission.held_bytes == 0


# -- who may -----------------------------------------------------------------------------------------------------------


def test_without_a_token_nothing_is_taken(running: RunningNode) -> None:
    before = running.node.journal.end
    with running.client(None) as client:
        answers = [post(client, lines([event()])), client.post("/v1/check", json=event())]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert all(answer.headers["www-authenticate"] == "Bearer" for answer in answers)
    assert running.node.journal.end == before


@pytest.mark.parametrize("scope", ["check", "act", "read", "admin"])
def test_no_scope_implies_another(running: RunningNode, scope: str) -> None:
    with running.client(scope) as client:
        answer = post(client, lines([event()]))
    assert (answer.status_code, code(answer)) == (403, "forbidden")
    assert "ingest" in answer.json()["error"]["message"]


def test_unknown_paths_and_methods_are_told_apart(running: RunningNode) -> None:
    with running.client() as client:
        nowhere = client.get("/v1/nothing")
        wrong = client.get("/v1/events")
        head = client.head("/healthz")
    assert (nowhere.status_code, code(nowhere)) == (404, "not_found")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert (head.status_code, head.content) == (200, b"")
