"""Many requests, one commit; and what happens when the commit cannot be made."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from running_node import RunningNode, event, eventually, few, lines

from tidegate.node.api import coalescing
from tidegate.node.api.admission import Admission, Busy
from tidegate.node.api.coalescing import SHORT_LINES, SLOW_S, SLOWNESS_BORNE_S, Coalescer, Stopped
from tidegate.node.api.meters import Meters
from tidegate.node.node import Node
from tidegate.node.requests import Answer, Delivery, Receipt, Request, StorageError

MEGABYTE = 1 << 20


def coalescer(
    take: Callable[[Sequence[Request]], list[Answer]],
    *,
    requests: int = 1_000,
    batch_lines: int = 65_536,
    on_fault: Callable[[], None] = lambda: None,
) -> Coalescer:
    admission = Admission(MEGABYTE, requests)
    return Coalescer(take, admission, batch_lines=batch_lines, meter=Meters(), on_fault=on_fault)


def delivery(number: int, count: int = 1) -> Delivery:
    return Delivery(lines(event(f"@c{number}:test", id=f"{number}-{i}") for i in range(count)))


def test_what_arrives_together_is_committed_together(tmp_path: Path) -> None:
    node = Node.open(tmp_path / "data")

    async def run() -> list[Answer]:
        one = coalescer(node.take)
        answers = await asyncio.gather(*(one.submit(delivery(i)) for i in range(200)))
        await one.close()
        return answers

    try:
        before = node.counts["batches"]
        answers = asyncio.run(run())
        assert all(isinstance(answer, Receipt) and answer.accepted == 1 for answer in answers)
        assert node.counts["batches"] - before == 1
        assert node.journal.end >= 200
    finally:
        node.close(snapshot=False)


@pytest.mark.parametrize("size", [1, SHORT_LINES])
def test_answers_belong_to_their_requests_and_batches_are_bounded(size: int) -> None:
    """Short batches are taken in the event loop's thread, long ones in the other: the order is the same."""
    batches: list[list[int]] = []

    def take(requests: Sequence[Request]) -> list[Answer]:
        numbers = [request.first_number for request in requests if isinstance(request, Delivery)]
        batches.append(numbers)
        return [Receipt(sequence=number) for number in numbers]

    async def run() -> list[Answer]:
        one = coalescer(take, batch_lines=10 * (size + 1))
        answers = await asyncio.gather(
            *(one.submit(Delivery(b"x\n" * size, first_number=i)) for i in range(25))
        )
        await one.close()
        return answers

    answers = asyncio.run(run())
    assert [answer.sequence for answer in answers if isinstance(answer, Receipt)] == list(range(25))
    assert [number for batch in batches for number in batch] == list(range(25))
    assert [len(batch) for batch in batches] == [10, 10, 5]


def test_more_than_the_queue_holds_is_refused_at_once() -> None:
    async def run() -> None:
        one = coalescer(lambda requests: [Receipt() for _ in requests], requests=3)
        accepted = [one.submit(delivery(i)) for i in range(3)]
        with pytest.raises(Busy) as busy:
            one.submit(delivery(3))
        assert busy.value.retry_after_s >= 1
        await asyncio.gather(*accepted)
        await one.submit(delivery(4))
        await one.close()

    asyncio.run(run())


def test_closing_answers_what_was_submitted_and_takes_nothing_more() -> None:
    async def run() -> None:
        one = coalescer(lambda requests: [Receipt() for _ in requests])
        accepted = [one.submit(delivery(i, SHORT_LINES)) for i in range(5)]
        await one.close()
        assert all(future.done() and isinstance(future.result(), Receipt) for future in accepted)
        with pytest.raises(Stopped):
            one.submit(delivery(9))

    asyncio.run(run())


def test_storage_that_fails_fails_the_batch_and_not_the_node() -> None:
    failing = True

    def take(requests: Sequence[Request]) -> list[Answer]:
        if failing:
            raise StorageError("the disk is full")
        return [Receipt() for _ in requests]

    async def run() -> None:
        nonlocal failing
        one = coalescer(take)
        said = await asyncio.gather(*(one.submit(delivery(i)) for i in range(3)), return_exceptions=True)
        assert [str(error) for error in said] == ["the disk is full"] * 3
        failing = False
        assert isinstance(await one.submit(delivery(1)), Receipt)
        await one.close()

    asyncio.run(run())


def test_a_fault_stops_the_node_rather_than_let_it_decide_otherwise_than_its_journal() -> None:
    faults = []

    def take(requests: Sequence[Request]) -> list[Answer]:
        raise ZeroDivisionError("a bug")

    async def run() -> None:
        one = coalescer(take, batch_lines=2, on_fault=lambda: faults.append(1))
        said = await asyncio.gather(*(one.submit(delivery(i)) for i in range(5)), return_exceptions=True)
        assert all(isinstance(error, Stopped) for error in said)
        with pytest.raises(Stopped):
            one.submit(delivery(9))
        await one.close()

    asyncio.run(run())
    assert faults == [1]


def test_one_slow_batch_is_an_accident_and_several_are_a_slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is slow, batches are taken in the other thread, and the event loop stays free."""
    now_s = 0.0
    monkeypatch.setattr(coalescing, "time", SimpleNamespace(perf_counter=lambda: now_s))
    here = threading.current_thread()

    async def run() -> list[bool]:
        takes: list[bool] = []
        lasts_s = iter([SLOW_S * 1.5, *[0.0] * 20, *[SLOW_S * 1.5] * 6, 0.0])

        def take(requests: Sequence[Request]) -> list[Answer]:
            nonlocal now_s
            now_s += next(lasts_s)
            takes.append(threading.current_thread() is here)
            return [Receipt() for _ in requests]

        one = coalescer(take)
        for number in range(28):
            await one.submit(delivery(number))
        await one.close()
        return takes

    takes = asyncio.run(run())
    assert all(takes[:24]) and not takes[-1]


def test_a_single_batch_that_hangs_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(coalescing, "time", SimpleNamespace(perf_counter=lambda: now_s))
    threads: list[threading.Thread] = []

    def take(requests: Sequence[Request]) -> list[Answer]:
        nonlocal now_s
        now_s += 2 * SLOWNESS_BORNE_S
        threads.append(threading.current_thread())
        return [Receipt() for _ in requests]

    async def run() -> None:
        one = coalescer(take)
        await one.submit(delivery(1))
        await one.submit(delivery(2))
        await one.close()

    asyncio.run(run())
    assert threads[0] is threading.current_thread() and threads[1] is not threads[0]


# -- with a disk that is full ------------------------------------------------------------------------------------------


def journal_pages(node: RunningNode, most: int | None) -> None:
    """Let the journal grow no further than ``most`` pages, as a full disk would."""
    db = node.node.journal._db
    db.execute(f"pragma max_page_count = {most or 1 << 30}")


def test_a_full_disk_is_said_and_nothing_is_lost(folder: Path) -> None:
    """Events are refused with 503 while the disk is full, and taken once it is not; the node runs on all the time."""
    with RunningNode(folder, few(body_bytes=MEGABYTE)) as node, node.client() as client:

        def post(number: int) -> httpx.Response:
            body = lines(event(f"@full{number}-{i}:test", id=f"f{number}-{i}") for i in range(400))
            return client.post("/v1/events", content=body)

        assert post(0).status_code == 200
        journal_pages(node, 1)
        refused = eventually(lambda: (answer := post(1)).status_code == 503 and answer)
        assert refused.json()["error"]["code"] == "storage_failing"
        assert "disk is full" in refused.json()["error"]["message"]
        assert int(refused.headers["retry-after"]) >= 1
        failing = client.get("/healthz")
        assert failing.status_code == 503 and "disk is full" in failing.json()["troubles"][0]
        journal_pages(node, None)
        taken = post(1)
        assert taken.status_code == 200 and taken.json()["accepted"] == 400
        assert client.get("/healthz").status_code == 200


def test_a_fault_is_told_and_the_next_start_recovers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunningNode(folder) as node, node.client() as client:
        assert client.post("/v1/events", content=lines([event("@before:test")])).status_code == 200

        def broken(batch: object) -> None:
            raise RuntimeError("a bug between journal and engine")

        monkeypatch.setattr(node.node, "_observe", broken)
        answer = client.post("/v1/events", content=lines([event("@during:test")]))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "stopped")
        node.stop()
        assert node.faulty
        monkeypatch.undo()
    with RunningNode(folder) as node, node.client() as client:
        for account in ("@before:test", "@during:test"):
            assert client.get(f"/v1/accounts/{account}").status_code == 200


def test_a_group_is_taken_in_one_batch_or_not_at_all() -> None:
    """However small batches are, and whatever waits already."""
    batches: list[int] = []

    def take(requests: Sequence[Request]) -> list[Answer]:
        batches.append(len(requests))
        return [Receipt()] * len(requests)

    async def run() -> None:
        one = coalescer(take, requests=4, batch_lines=1)
        first = one.submit(delivery(0))
        group = one.submit_together([delivery(1), delivery(2), delivery(3)])
        with pytest.raises(Busy):
            one.submit_together([delivery(4), delivery(5)])
        await asyncio.gather(first, *group)
        await asyncio.gather(*one.submit_together([delivery(number) for number in range(9)]))
        await one.close()

    asyncio.run(run())
    assert 3 in batches and 9 in batches and sum(batches) == 13
