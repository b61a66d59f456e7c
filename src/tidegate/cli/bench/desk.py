"""The rows about the desk: how fast its pages are when it is full, and many people at once. ``tidegate bench --desk``."""

import importlib.util
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tidegate.cli.bench.process import run_child
from tidegate.cli.bench.result import NotMeasuredError, Row, Target
from tidegate.messengers.matrix.homeserver import free_ports
from tidegate.messengers.matrix.postgres import PostgresCluster, PostgresMissingError

DATABASES = ("sqlite", "postgresql")
FOLDER_VARIABLE = "TIDEGATE_BENCH_FOLDER"
"""Names a folder in which the full SQLite desk is kept from one run to the next: filling it takes minutes."""
FULL = (1_000_000, 10_000_000, 200)
"""Accounts, decisions, simultaneous reviewers."""
QUICK = (500, 2_000, 10)
PAGE = Target(300, "ms", 1_000, digits=0)
ERRORS = Target(0, "errors", digits=0)
SECONDS = Target(0, "s")


def desk_rows(names: list[str], quick: bool) -> Iterator[Row]:
    """Rows for each of the databases. Raises NotMeasuredError when one is not there, or Refused."""
    if importlib.util.find_spec("django") is None:
        raise NotMeasuredError("Django is not installed: pip install 'tidegate[desk]'")
    for name in names:
        yield from _rows_on(name, *(QUICK if quick else FULL))


def _rows_on(database: str, accounts: int, decisions: int, reviewers: int) -> Iterator[Row]:
    with ExitStack() as stack:
        folder = _folder(stack, database)
        address = ""
        if database == "postgresql":
            try:
                cluster = stack.enter_context(PostgresCluster())
            except PostgresMissingError as missing:
                raise NotMeasuredError(str(missing)) from None
            where = cluster.connection
            address = f"postgresql://{where['user']}@/{where['dbname']}?host={where['host']}"
        node, desk = free_ports(2)
        (folder / "node.toml").write_text(
            f"[listen]\nport = {node}\n[campaigns]\nenabled = false\n"
            f'[desk]\nport = {desk}\nsecond_factor = "optional"\ndatabase = "{address}"\n',
            "utf-8",
        )
        result = folder / "cost.json"
        sizes = (str(accounts), str(decisions), str(reviewers))
        command = [sys.executable, "-m", "tidegate.cli.bench.desk_run", str(folder), *sizes]
        run_child([*command, f"http://127.0.0.1:{desk}", str(result)])
        yield from _rows_of(database, json.loads(result.read_text("utf-8")))


def _folder(stack: ExitStack, database: str) -> Path:
    kept = os.environ.get(FOLDER_VARIABLE)
    if kept and database == "sqlite":
        folder = Path(kept)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-bench-desk-")))


def _rows_of(database: str, cost: dict[str, Any]) -> Iterator[Row]:
    held = f"{cost['accounts']:,} accounts and {cost['decisions']:,} decisions on {database}"
    for page in cost["pages"]:
        seconds = page["seconds"]
        row = Row(f"desk-{database}-{page['name']}", f"{page['name']}, {held}", PAGE, seconds)
        row.n, row.n_of, row.seconds = len(seconds), "requests", sum(seconds)
        row.note = f"as a client sees it, one at a time; {page['size_bytes']:,} bytes"
        yield row
    together = cost["together_s"]
    wrong = sum(count for status, count in cost["statuses"].items() if status != "200")
    row = Row(
        f"desk-{database}-together",
        f"requests of {cost['reviewers']} reviewers at once not answered with a page, {held}",
        ERRORS,
        [float(wrong)],
    )
    row.n, row.n_of, row.seconds = len(together), "requests", cost["took_s"]
    row.note = (
        f"latency median {statistics.median(together):.1f} s, longest {together[-1]:.1f} s; "
        f"{len(together) / cost['took_s']:.0f} pages/s on this machine, client and server together"
    )
    yield row
    yield Row(
        f"desk-{database}-fill",
        f"filling with {held}",
        SECONDS,
        [cost["filled_s"]],
        seconds=cost["filled_s"],
        is_target=False,
        note="0 when a full desk was there already",
    )
