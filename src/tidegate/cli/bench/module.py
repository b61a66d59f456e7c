"""The rows about the Synapse module: what it adds to a message, by Synapse's own account of processor time.

Synapse measures the processor time of every block that is entered, the callbacks of modules among them
(``synapse_util_metrics_block_ru_*``). Linux brings a thread's account up to date by the tick, so most blocks of some
microseconds count nothing and a few count milliseconds: only the mean over many hundred messages says anything. The
same blocks by the clock on the wall are an upper bound: they hold what interrupted the homeserver's thread, and its
waits for the other threads of its process.

Two homeservers, one guarded by a node and one plain, take the same messages in turn: the blocks say what is done while
a sender waits, the two processes what the rest comes to.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx

from tidegate.cli.bench.node_sizes import NodeSizes
from tidegate.cli.bench.result import NotMeasuredError, Row, Target
from tidegate.cli.failures import Refused
from tidegate.messengers.matrix.homeserver import (
    REQUEST_S,
    Homeserver,
    HomeserverError,
    SynapseMissingError,
    find_synapse,
    synapse_version,
)
from tidegate.messengers.matrix.homeserver_config import HomeserverSettings
from tidegate.messengers.matrix.node_process import NodeError, NodeProcess

PAIRS = 5
"""Conversations of two that the messages are spread over."""
CIPHERTEXT_CHARACTERS = 400
ADDED_US = 50.0
"""What the module may add to a message."""
BLOCK = re.compile(
    r"^synapse_util_metrics_block_(ru_utime|ru_stime|time)_seconds_total"
    r'\{[^}]*block_name="(tidegate_synapse\.[^"]+)"[^}]*\} (\S+)$',
    re.M,
)
PROCESS = re.compile(r"^process_cpu_seconds_total (\S+)$", re.M)


@dataclass(frozen=True, slots=True)
class Used:
    """What a homeserver has used, in seconds since its start."""

    process_s: float
    blocks_s: dict[str, float]
    """Processor time of the module, by the last part of the block's name."""
    blocks_wall_s: float
    """The module's blocks together, by the clock."""


def used_by(metrics: str) -> Used:
    """From Synapse's page of metrics. Raises Refused when it does not say what the process used."""
    process = PROCESS.search(metrics)
    if process is None:
        raise Refused("Synapse's metrics do not say how much processor time the process used.")
    blocks: dict[str, float] = {}
    wall_s = 0.0
    for clock, name, seconds in BLOCK.findall(metrics):
        if clock == "time":
            wall_s += float(seconds)
        else:
            last = name.rpartition(".")[2]
            blocks[last] = blocks.get(last, 0.0) + float(seconds)
    return Used(float(process[1]), blocks, wall_s)


@dataclass(slots=True)
class Conversations:
    """People on a homeserver, in pairs, each pair with a room of its own; the messages take turns."""

    homeserver: Homeserver
    _client: httpx.Client = field(init=False)
    _turns: Iterator[tuple[str, str]] = field(init=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.homeserver.base_url, timeout=REQUEST_S)
        turns = []
        for pair in range(PAIRS):
            first, second = (self._token(f"person{2 * pair + one}") for one in range(2))
            room = self._ask("POST", "/createRoom", first, {"preset": "private_chat", "is_direct": True})
            invited = {"user_id": self.homeserver.user_id(f"person{2 * pair + 1}")}
            self._ask("POST", f"/rooms/{room['room_id']}/invite", first, invited)
            self._ask("POST", f"/join/{room['room_id']}", second, {})
            turns += [(room["room_id"], first), (room["room_id"], second)]
        self._turns = itertools.cycle(turns)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _token(self, name: str) -> str:
        return str(self.homeserver.register_by_secret(name, "password of a bench")["access_token"])

    def _ask(self, method: str, path: str, token: str, body: Mapping[str, object]) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "198.18.0.10"}
        answer = self._client.request(method, f"/_matrix/client/v3{path}", json=body, headers=headers)
        if answer.status_code != 200:
            raise Refused(f"Synapse answered {answer.status_code} to {method} {path}: {answer.text[:500]}")
        found: dict[str, str] = answer.json()
        return found

    def send(self, messages: int) -> Used:
        """So many messages, one after another; what the homeserver used for them."""
        before = used_by(self.homeserver.metrics())
        for _ in range(messages):
            room, token = next(self._turns)
            content = {
                "algorithm": "m.megolm.v1.aes-sha2",
                "ciphertext": "A" * CIPHERTEXT_CHARACTERS,
                "session_id": "S" * 43,
            }
            path = f"/rooms/{room}/send/m.room.encrypted/{next(self._numbers)}"
            self._ask("PUT", path, token, content)
        after = used_by(self.homeserver.metrics())
        blocks = {name: s - before.blocks_s.get(name, 0.0) for name, s in after.blocks_s.items()}
        used = {name: s for name, s in blocks.items() if s > 0.0}
        return Used(after.process_s - before.process_s, used, after.blocks_wall_s - before.blocks_wall_s)


def module_rows(sizes: NodeSizes) -> Iterator[Row]:
    """Messages through a guarded and a plain homeserver in turn.

    Raises NotMeasuredError without Synapse, Refused when it does not do as asked.
    """
    try:
        python = find_synapse()
    except SynapseMissingError as missing:
        raise NotMeasuredError(str(missing)) from None
    try:
        with ExitStack() as running:
            node = running.enter_context(NodeProcess())
            settings = HomeserverSettings(modules=(node.module(),))
            guarded = Conversations(running.enter_context(Homeserver(settings, python)))
            running.callback(guarded.close)
            plain = Conversations(running.enter_context(Homeserver(python=python)))
            running.callback(plain.close)
            for warming in (guarded, plain):
                warming.send(max(sizes.messages // 5, 2 * PAIRS))
            runs = [(guarded.send(sizes.messages), plain.send(sizes.messages)) for _ in range(sizes.runs)]
            taken = int(node.figure("journal_sequence"))
    except (HomeserverError, NodeError) as error:
        raise Refused(f"the module could not be measured: {error}") from None
    if taken < sizes.runs * sizes.messages or not all(one.blocks_wall_s > 0.0 for one, _ in runs):
        raise Refused(f"the node heard of {taken:,} events only: the module is not at work.")
    yield from _rows(
        sizes.messages, runs, f"Synapse {synapse_version(python)} on SQLite, {PAIRS} conversations"
    )


def _rows(messages: int, runs: list[tuple[Used, Used]], about: str) -> Iterator[Row]:
    blocks = Row(
        "module",
        "added to a message by the Synapse module while the sender waits, processor time",
        Target(ADDED_US, "µs", 1e6, digits=1),
        n=messages,
        n_of="messages",
    )
    blocks.runs = [sum(guarded.blocks_s.values()) / messages for guarded, _ in runs]
    names = sorted({name for guarded, _ in runs for name in guarded.blocks_s})
    parts = [
        f"{name} {1e6 * sum(guarded.blocks_s.get(name, 0.0) for guarded, _ in runs) / len(runs) / messages:.1f}"
        for name in names
    ]
    blocks.note = (
        f"{about}; Synapse's block metrics: {', '.join(parts) or 'nothing counted in so few messages'}"
    )
    by_clock = Row(
        "module-clock",
        "the same by the clock",
        blocks.target,
        [guarded.blocks_wall_s / messages for guarded, _ in runs],
        messages,
        "messages",
        note="an upper bound: interruptions and waits for Synapse's other threads count too",
        is_target=False,
    )
    whole = Row(
        "module-whole",
        "one message, processor time of the whole Synapse process with the module",
        Target(0, "ms", 1e3),
        [guarded.process_s / messages for guarded, _ in runs],
        messages,
        "messages",
        is_target=False,
    )
    plain = sorted(plain.process_s / messages for _, plain in runs)[len(runs) // 2]
    more = ", ".join(f"{1e6 * (one.process_s - other.process_s) / messages:+,.0f}" for one, other in runs)
    whole.note = (
        f"{1e3 * plain:.2f} ms without; difference run by run {more} µs, which holds what is sent to the node after the "
        "answer, the measuring itself, and noise"
    )
    for row in (blocks, by_clock, whole):
        row.seconds = sum(one.process_s + other.process_s for one, other in runs)
        yield row
