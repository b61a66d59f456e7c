"""``tidegate bench --node``: what is sent to a node, how it is timed, and that every row is made."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tidegate.cli.bench import command as bench_module
from tidegate.cli.bench import node as node_module
from tidegate.cli.bench.http_load import Load, request
from tidegate.cli.bench.module import used_by
from tidegate.cli.bench.node_sizes import NODE_QUICK
from tidegate.cli.bench.requests import BATCH_LINES, bodies_of, request_rows, synced_appends
from tidegate.cli.bench.result import Row, Target
from tidegate.cli.bench.world_traffic import world_traffic
from tidegate.cli.failures import Refused
from tidegate.cli.main import main
from tidegate.events.log import open_log
from tidegate.events.pseudonym import Pseudonyms
from tidegate.messengers.matrix.homeserver import VENV_VARIABLE

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REQUEST_ROWS = [
    "node-events",
    "node-events-uniform",
    "node-check-p50",
    "node-check-p99",
    "node-check-200-p50",
    "node-check-200-p99",
    "node-check-1000-p50",
    "node-check-1000-p99",
    "floor-http",
]
"""Those of the first two nodes; the third is the second with other traffic."""


@pytest.fixture(autouse=True)
def _kernels_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several test processes at once must not throw each other's machine code away."""
    monkeypatch.setattr(bench_module, "prepare", lambda *_: None)


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", "--node", "--quick", *arguments])


# -- the load ------------------------------------------------------------------------------------------------------


@contextmanager
def answering(path: Path, stalls_s: dict[int, float]) -> Iterator[str]:
    """A server on a Unix socket with one connection, which stalls before its n-th answer."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        caller, _ = listening.accept()
        with caller:
            number = 0
            while caller.recv(65_536):
                time.sleep(stalls_s.get(number, 0.0))
                caller.sendall(ANSWER)
                number += 1

    served = threading.Thread(target=serve)
    served.start()
    try:
        yield str(path)
    finally:
        served.join(10.0)
        listening.close()


def loaded(path: Path, count: int, interval_s: float, stalls_s: dict[int, float]) -> dict[str, Any]:
    with answering(path, stalls_s) as address:
        load = Load(address, [request("/v1/check", "secret", b"{}")] * count, 1)
        found = load.run(interval_s)
        load.close()
        return found


def test_as_fast_as_they_are_answered_each_request_is_answered_once(tmp_path: Path) -> None:
    found = loaded(tmp_path / "a", 40, 0.0, {})
    assert found["statuses"] == {200: 40} and len(found["latencies_s"]) == 40


def test_at_a_steady_rate_a_stall_is_charged_to_everybody_who_had_to_wait(tmp_path: Path) -> None:
    found = loaded(tmp_path / "a", 40, 0.01, {5: 0.3})
    assert found["statuses"] == {200: 40}
    # Ten more fell due in the first 0.1 s of the stall, and each of them waited for the rest of it.
    assert sum(latency >= 0.2 for latency in found["latencies_s"]) >= 10


def test_at_a_steady_rate_nothing_is_sent_before_it_is_due(tmp_path: Path) -> None:
    steady = loaded(tmp_path / "a", 21, 0.01, {})
    assert steady["seconds"] >= 20 * 0.01
    assert min(steady["latencies_s"]) >= 0.0


def test_a_load_without_bodies_asks_with_get() -> None:
    assert request("/healthz", "secret", b"").startswith(b"GET /healthz HTTP/1.1\r\n")
    assert request("/v1/check", "secret", b"{}").endswith(b"Content-Length: 2\r\n\r\n{}")


def test_appends_are_synced_and_kept(tmp_path: Path) -> None:
    taken = synced_appends(tmp_path / "file", 10)
    assert len(taken) == 10 and taken == sorted(taken) and taken[0] > 0.0
    assert (tmp_path / "file").stat().st_size == 10_000


# -- the traffic ---------------------------------------------------------------------------------------------------


def test_a_messengers_own_traffic_is_a_sound_log_that_ends_now(tmp_path: Path) -> None:
    traffic = world_traffic(100, 2)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(bodies_of(traffic.before + traffic.measured, BATCH_LINES)))
    read = open_log([log], pseudonyms=Pseudonyms())
    events = np.concatenate([chunk.events for chunk in read])
    assert not read.summary.rejected
    assert len(events) == len(traffic.before) + len(traffic.measured)
    assert np.all(np.diff(events["time"]) >= 0.0)
    assert time.time() - 600 < events["time"][-1] <= time.time()
    days = (events["time"][-1] - events["time"][len(traffic.before)]) / 86_400
    assert 0.5 < days <= 1.0
    assert len(np.unique(events["actor"])) > 100


# -- the rows ------------------------------------------------------------------------------------------------------


def test_rows_about_requests_are_made_and_say_how_many_were_decided_about() -> None:
    rows = list(islice(request_rows(NODE_QUICK), len(REQUEST_ROWS)))
    assert [row.name for row in rows] == REQUEST_ROWS
    assert all(row.median > 0 and row.n > 0 for row in rows)
    assert [row.name for row in rows if row.is_target] == ["node-events", "node-check-p50", "node-check-p99"]
    for row in rows:
        assert ("lead to a decision" in row.note) == row.name.startswith("node-events"), row


def test_without_synapse_the_module_is_left_out_and_the_page_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VENV_VARIABLE, str(tmp_path))
    result = bench("--only", "module", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["rows"] == []
    assert len(found["missing"]) == 1 and "make synapse" in found["missing"][0]


def test_when_one_part_fails_the_others_are_written_and_the_command_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def failing(_: object) -> Iterator[Row]:
        yield Row("first", "made before it failed", Target(1, "s"), [0.5], 1, "times")
        raise Refused("broken on purpose")

    def sound(_: object) -> Iterator[Row]:
        yield Row("second", "made afterwards", Target(1, "s"), [0.5], 1, "times")

    monkeypatch.setattr(node_module, "MEASUREMENTS", dict.fromkeys(bench_module.NODE_MEASUREMENTS, sound))
    monkeypatch.setitem(node_module.MEASUREMENTS, "restart", failing)
    page = tmp_path / "results.md"
    result = bench("--write", str(page))
    assert result.exit_code == 2 and "restart: broken on purpose" in result.output
    text = page.read_text("utf-8")
    assert "made before it failed" in text and "made afterwards" in text
    assert "Not measured: restart: broken on purpose" in text


def test_synapses_own_account_is_read_block_by_block() -> None:
    page = """# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
synapse_util_metrics_block_ru_utime_seconds_total{block_name="tidegate_synapse.guard.Guard.check",server_name="t"} 0.25
synapse_util_metrics_block_ru_stime_seconds_total{block_name="tidegate_synapse.guard.Guard.check",server_name="t"} 0.05
synapse_util_metrics_block_ru_utime_seconds_total{block_name="tidegate_synapse.accepted",server_name="t"} 1.5e-05
synapse_util_metrics_block_ru_utime_seconds_total{block_name="persist_events",server_name="t"} 9.0
synapse_util_metrics_block_time_seconds_total{block_name="tidegate_synapse.accepted",server_name="t"} 7.0
"""
    used = used_by(page)
    assert used.process_s == 12.5
    assert used.blocks_s == pytest.approx({"check": 0.3, "accepted": 1.5e-05})
    assert used.blocks_wall_s == 7.0
    with pytest.raises(Refused):
        used_by("")
