"""The rows about a node. ``tidegate bench --node``."""

from collections.abc import Callable, Iterator

from tidegate.cli.bench.kill_proof import Broken
from tidegate.cli.bench.kills import kill_test, scratch_folder
from tidegate.cli.bench.module import module_rows
from tidegate.cli.bench.node_sizes import NODE_FULL, NODE_QUICK, NodeSizes
from tidegate.cli.bench.requests import batches, request_rows
from tidegate.cli.bench.restart import restart_rows
from tidegate.cli.bench.result import Row, Target
from tidegate.cli.failures import Refused

__all__ = ["MEASUREMENTS", "NODE_FULL", "NODE_QUICK", "batches"]

KILL_SEED = 1


def kill_row(sizes: NodeSizes) -> Row:
    """The kill test. Raises Refused with the promise that was not kept."""
    row = Row(
        "node-kills", "kills under load, nothing lost and nothing doubled", Target(200, "kills", 1, True, 0)
    )
    try:
        with scratch_folder() as folder:
            report = kill_test(sizes.kills, KILL_SEED, folder)
    except Broken as broken:
        raise Refused(f"the kill test found a promise that was not kept: {broken}") from None
    row.runs, row.n, row.n_of, row.seconds = [float(report.kills)], report.kills, "kills", report.seconds
    row.note = (
        f"seed {report.seed}; {report.events_acknowledged:,} events acknowledged, {report.lines_sent_again:,} lines sent "
        f"again, {report.decisions:,} decisions, {report.actions:,} actions, {report.proofs} clean replays compared, "
        f"longest recovery {report.longest_recovery_s:.2f} s"
    )
    return row


MEASUREMENTS: dict[str, Callable[[NodeSizes], Iterator[Row]]] = {
    "requests": request_rows,
    "module": module_rows,
    "restart": restart_rows,
    "kills": lambda sizes: iter((kill_row(sizes),)),
}
