"""A node at work, kept to one core, and what is asked of it over its socket."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from tidegate.cli.bench import http_load
from tidegate.cli.failures import Refused
from tidegate.node.api.tokens import Scope, add_token

START_TIMEOUT_S = 120.0
DRAIN_TIMEOUT_S = 300.0
POLL_S = 0.02
NOT_THERE = "/"
"""A path that a node has nothing under: answering that costs HTTP and nothing else."""


class Answers(msgspec.Struct):
    """What a load came to (:mod:`tidegate.cli.bench.http_load`)."""

    seconds: float
    ended: float
    """``time.perf_counter`` of the last answer; the clock is the machine's, not the process's."""
    statuses: dict[int, int]
    latencies_s: list[float]
    """In order of size."""
    processor_s: float = 0.0
    """What the node used meanwhile."""

    def latency_s(self, share: float) -> float:
        """The latency that ``share`` of the answers do not exceed."""
        return self.latencies_s[min(int(share * len(self.latencies_s)), len(self.latencies_s) - 1)]


@dataclass(frozen=True, slots=True)
class Serving:
    """A node at work."""

    pid: int
    socket: Path
    token: str
    """To hand in events, to check, and to read the metrics."""

    def figure(self, name: str) -> float:
        """``tidegate_NAME`` of the node's metrics, summed over its labels."""
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)), base_url="http://node"
        ) as client:
            page = client.get("/metrics", headers={"Authorization": f"Bearer {self.token}"}).text
        found = re.findall(rf"^tidegate_{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", page, re.M)
        return sum(float(value) for value in found)

    def decisions(self) -> int:
        """Made since it started."""
        return int(self.figure("decisions_total"))

    def load(
        self,
        path: str,
        connections: int,
        bodies: Sequence[bytes],
        rate: float | None = None,
        expected: int = 200,
    ) -> Answers:
        """The bodies as requests, ``rate`` a second or as fast as they are answered; GET where a body is empty.

        Raises Refused when one was answered otherwise than with ``expected``.
        """
        with tempfile.NamedTemporaryFile() as file:
            for body in bodies:
                file.write(b"%d\n" % len(body) + body)
            file.flush()
            # By its file: as a module it would load all of Tidegate first.
            command = [sys.executable, "-I", http_load.__file__]
            command += [str(self.socket), self.token, path, str(connections), file.name]
            used = processor_seconds(self.pid)
            done = subprocess.run(
                [*command, *([] if rate is None else [str(rate)])], capture_output=True, text=True
            )
            used = processor_seconds(self.pid) - used
        if done.returncode != 0:
            raise Refused(f"the load could not be sent: {done.stderr[-1_000:]}")
        found = msgspec.convert(json.loads(done.stdout), Answers, strict=False)
        if set(found.statuses) != {expected}:
            raise Refused(f"the node answered {found.statuses}, not {expected} throughout")
        found.processor_s = used
        return found

    def events(self, connections: int, bodies: Sequence[bytes]) -> Answers:
        """Bodies of events, each line taken and every decision in the ledger; ``seconds`` until then.

        Raises Refused when the node did not take a line.
        """
        lines = sum(body.count(b"\n") for body in bodies)
        before = self.figure("events_accepted_total")
        found = self.load("/v1/events", connections, bodies)
        until = time.monotonic() + DRAIN_TIMEOUT_S
        waited = False
        while self.figure("ledger_waiting_decisions") > 0:
            if time.monotonic() > until:
                raise Refused(f"decisions wait for the ledger longer than {DRAIN_TIMEOUT_S:.0f} s")
            waited = True
            time.sleep(POLL_S)
        if waited:
            found.seconds += time.perf_counter() - found.ended
        taken = self.figure("events_accepted_total") - before
        if taken != lines:
            raise Refused(f"the node took {taken:,.0f} of {lines:,} lines")
        return found


@contextmanager
def serving(folder: Path) -> Iterator[Serving]:
    """``tidegate serve`` with the settings it comes with, on ``folder``, kept to one core."""
    folder.mkdir(mode=0o700, parents=True)
    token = add_token(folder, "bench", (Scope.INGEST, Scope.CHECK, Scope.READ), time.time())
    command = [
        sys.executable,
        "-m",
        "tidegate.cli.main",
        "serve",
        "--no-desk",
        "--data",
        str(folder),
        "--port",
        "0",
    ]
    with (folder / "serve.log").open("wb") as out:
        node = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            path = folder / "node.sock"
            until = time.monotonic() + START_TIMEOUT_S
            while not path.exists():
                if node.poll() is not None or time.monotonic() > until:
                    raise Refused(f"the node did not start: {(folder / 'serve.log').read_text()[-2_000:]}")
                time.sleep(0.05)
            time.sleep(0.5)
            pin(node.pid)
            yield Serving(node.pid, path, token)
        finally:
            node.terminate()
            node.wait(START_TIMEOUT_S)


def processor_seconds(pid: int) -> float:
    """What a process has used so far; 0 where the system does not say."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.is_file():
        return 0.0
    fields = stat.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pin(pid: int) -> None:
    """Keep every thread of a process on the last core, where the system can do that."""
    if sys.platform == "linux":
        cores = os.sched_getaffinity(0)
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {max(cores)})
