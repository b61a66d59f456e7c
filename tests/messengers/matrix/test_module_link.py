"""The module's link, over a network that breaks: the node has every event once, however often an answer is lost."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from module_source import SOURCE
from wire import Wire

from tidegate.messengers.matrix.node_process import MODULE_TOKEN, NodeProcess

LINES = 3_000
ANSWERS_BEFORE_A_CUT = 2
"""Answers of the node that get through on one connection; the next is lost and the connection with it."""

PROGRAM = """
import json, sys, time
from twisted.internet import defer, reactor, task
from tidegate_synapse.backlog import Backlog
from tidegate_synapse.lines import event_line
from tidegate_synapse.link import Link
from tidegate_synapse.node import Node

address, token_file, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

class Handler:
    def apply(self, action):
        return defer.succeed({"id": action["id"], "done": True})
    def adopt(self, standing):
        return defer.succeed(True)

backlog = Backlog(100_000)
link = Link(reactor, Node(reactor, address, token_file), backlog, "test/1", 0.02, 50, Handler(), True)
link.start()
written = 0

def write():
    global written
    for _ in range(min(25, count - written)):
        written += 1
        link.add(event_line(time.time(), "login", f"@u{written}:tide.test"))
    if written == count and not len(backlog):
        print(json.dumps({"sent": link.sent, "duplicates": link.duplicates, "dropped": backlog.dropped}))
        reactor.stop()

task.LoopingCall(write).start(0.02)
reactor.run()
"""


@pytest.fixture
def node() -> Iterator[NodeProcess]:
    with NodeProcess() as running:
        yield running


def journal(node: NodeProcess) -> int:
    """Events in the node's journal."""
    with urllib.request.urlopen(f"{node.base_url}/metrics", timeout=30) as page:
        found = re.search(r"^tidegate_journal_sequence(?:_total)? (\d+)", page.read().decode(), re.MULTILINE)
    assert found, "the node's metrics do not count its journal"
    return int(found[1])


def test_lost_answers_lead_neither_to_lost_nor_to_doubled_events(synapse: Path, node: NodeProcess) -> None:
    before = journal(node)
    wire = Wire(node.base_url, cut_after=ANSWERS_BEFORE_A_CUT)
    token = str(node.folder / MODULE_TOKEN)
    command = [str(synapse), "-c", PROGRAM, wire.address, token, str(LINES)]
    try:
        done = subprocess.run(
            command, env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        wire.close()
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)
    assert wire.cuts > 3 and counted["duplicates"] > 0 and counted["dropped"] == 0
    assert counted["sent"] == LINES
    assert journal(node) - before == LINES
