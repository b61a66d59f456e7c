"""Bodies of requests become events, each delivery with a receipt of its own."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.intake import DeliveryReader
from tidegate.node.requests import Delivery

LATEST_S = 2e9
MANY = 12
PSEUDONYMS = Pseudonyms(bytes(range(1, 17)))


def line(actor: str, **more: object) -> bytes:
    return (
        json.dumps({"time": 1.7e9, "type": "message", "actor": actor, "target": "bob", **more}).encode()
        + b"\n"
    )


def reader(line_limit: int = 10_000) -> DeliveryReader:
    return DeliveryReader(PSEUDONYMS, line_limit=line_limit)


@pytest.mark.parametrize("copies", [1, MANY])
def test_events_keep_their_order_and_their_delivery(copies: int) -> None:
    deliveries = [Delivery(line("ann") * copies), Delivery(b""), Delivery(line("cem") * copies)]
    found, reads = reader().read(deliveries, {}, LATEST_S)
    assert found.owner.tolist() == [0] * copies + [2] * copies
    assert found.both([0, 2 * copies - 1]) == [("ann", "bob"), ("cem", "bob")]
    assert [read.lines for read in reads] == [copies, 0, copies]


@pytest.mark.parametrize("copies", [1, MANY])
def test_a_line_that_cannot_be_used_is_named_by_its_place_in_its_own_body(copies: int) -> None:
    broken = (
        line("ann") * copies + b"\n" + b'{"time": 1.7e9, "type": "mesage", "actor": "ann"}\n' + line("ann")
    )
    found, (_, read) = reader().read([Delivery(line("zoe") * copies), Delivery(broken)], {}, LATEST_S)
    assert (read.rejected, read.rejections[0].line, read.rejections[0].reason) == (
        1,
        copies + 2,
        "unknown type",
    )
    assert "did you mean message" in read.rejections[0].message
    assert len(found.events) == 2 * copies + 1


@pytest.mark.parametrize("copies", [1, MANY])
def test_message_content_refuses_its_whole_delivery_and_no_other(copies: int) -> None:
    deliveries = [Delivery(line("ann") * copies), Delivery(line("eve") * copies + line("eve", body="hello"))]
    found, (fine, refused) = reader().read(deliveries, {}, LATEST_S)
    assert fine.refused is None
    assert refused.refused is not None
    assert refused.refused.code == "content_refused"
    assert "hello" not in refused.refused.message
    assert set(found.owner.tolist()) == {0}


def test_lines_that_a_source_delivered_before_are_not_read_again() -> None:
    body = b"".join(line(f"a{i}") for i in range(1, 6))
    found, (read,) = reader().read([Delivery(body, "synapse", 3)], {"synapse": 4}, LATEST_S)
    assert (read.repeated_lines, read.lines) == (2, 3)
    assert [actor for actor, _ in found.both(range(3))] == ["a3", "a4", "a5"]


def test_two_deliveries_of_one_source_in_one_batch_count_on() -> None:
    body = line("a1") + line("a2")
    found, (first, again) = reader().read([Delivery(body, "s", 1), Delivery(body, "s", 1)], {}, LATEST_S)
    assert (first.repeated_lines, again.repeated_lines, len(found.events)) == (0, 2, 2)


def test_an_event_from_the_future_is_rejected() -> None:
    found, (read,) = reader().read([Delivery(line("ann", time=LATEST_S + 1000))], {}, LATEST_S)
    assert len(found.events) == 0
    assert read.rejections[0].reason == "bad time"


def test_a_body_with_too_many_lines_is_refused_whole() -> None:
    found, (read,) = reader(line_limit=3).read([Delivery(line("ann") * 4)], {}, LATEST_S)
    assert read.refused is not None
    assert read.refused.code == "too_many_lines"
    assert len(found.events) == 0


def test_what_only_a_node_may_write_is_rejected_from_a_messenger() -> None:
    for kind in ("ruling", "policy", "campaign", "tick", "proof", "erasure"):
        for copies in (1, MANY):
            found, (read,) = reader().read([Delivery(line("ann", type=kind) * copies)], {}, LATEST_S)
            assert len(found.events) == 0, kind
            assert read.rejected == copies


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), max_size=6))
def test_few_and_many_lines_read_the_same(sizes: list[int]) -> None:
    bodies = [b"".join(line(f"a{i}.{j}", size=j) for j in range(size)) for i, size in enumerate(sizes)]
    together, _ = reader().read([Delivery(body) for body in bodies], {}, LATEST_S)
    apart = [
        reader().read([Delivery(part)], {}, LATEST_S)[0].events
        for body in bodies
        for part in body.splitlines(True)
    ]
    assert together.events.tobytes() == (np.concatenate(apart).tobytes() if apart else b"")
