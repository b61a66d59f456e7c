"""Compiling the kernels once a machine, and noticing when what was compiled before is out of date.

The machine code is kept beside the sources and chosen by the date of the file that holds an entry point. A
change in a file whose functions vanished into that entry point would go unnoticed, so a digest of each room's
sources is kept with the code, and code of another digest is thrown away.
"""

import hashlib
import os
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console

import tidegate

ROOMS = ("events", "engine", "world")
SCANNING = ("events", "engine")
USUAL_SECONDS = {"events": 15, "engine": 25, "world": 10}
"""Of compiling each room on one core of a usual machine, for the one line that is said meanwhile."""
_PACKAGE = Path(tidegate.__file__ or "").parent
_STAMP = "kernels.sha256"


def _digest(room: str) -> str:
    """Of everything the machine code of a room follows from: its sources, those below it, the compiler."""
    below = {"events": ("events",), "engine": ("events/compiled.py", "events/columns.py", "engine")}
    h = hashlib.sha256(f"numba {version('numba')} numpy {version('numpy')}".encode())
    for part in below.get(room, ("events/compiled.py", "events/columns.py", room)):
        place = _PACKAGE / part
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            h.update(file.relative_to(_PACKAGE).as_posix().encode())
            h.update(file.read_bytes())
    return h.hexdigest()


def _stamp(room: str) -> Path:
    return _PACKAGE / room / "__pycache__" / _STAMP


def out_of_date(rooms: tuple[str, ...]) -> list[str]:
    """Rooms whose machine code is missing or was made from other sources."""
    late = []
    for room in rooms:
        stamp = _stamp(room)
        if not stamp.is_file() or stamp.read_text() != _digest(room):
            late.append(room)
    return late


def forget(rooms: list[str]) -> None:
    """Throw machine code away. Processes that run keep theirs; those that load it meanwhile compile anew."""
    for room in rooms:
        _stamp(room).unlink(missing_ok=True)
        for pattern in ("*.nbi", "*.nbc"):
            for file in (_PACKAGE / room).rglob(pattern):
                file.unlink(missing_ok=True)


def prepare(console: Console, rooms: tuple[str, ...] = SCANNING) -> None:
    """Compile what is out of date, saying so; nothing at all when everything is ready."""
    late = out_of_date(rooms)
    if not late or "NUMBA_CACHE_DIR" in os.environ:  # a cache of one's own is one's own to look after
        return
    seconds = sum(USUAL_SECONDS[room] for room in late)
    about = f"compiling the kernels for this machine, once; about {seconds} s"
    console.print(about, style="dim", soft_wrap=True)
    digests = {room: _digest(room) for room in late}
    forget(late)
    began = time.monotonic()
    if set(late) & set(SCANNING):
        compile_scanning()
    if "world" in late:
        compile_world()
    for room, digest in digests.items():
        _write_stamp(_stamp(room), digest)
    console.print(f"compiled in {time.monotonic() - began:.0f} s", style="dim")


def _write_stamp(stamp: Path, digest: str) -> None:
    try:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest)
    except OSError:
        # The package is installed where this user may not write: Numba then keeps the code in the user's own
        # cache, and whoever installs a new version there gets new files with new dates.
        return


def compile_scanning() -> None:
    """Run every kernel of reading and deciding once, on a tiny log in each format."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tidegate.cli.explain import Explainer
    from tidegate.cli.in_force import decide_by
    from tidegate.engine.engine import Engine
    from tidegate.events.log import open_log

    in_force = decide_by()
    engine = Engine(in_force.policy, in_force.model)
    columns = {
        "time": [1.6e9, 1.6e9 + 1],
        "type": ["register", "message"],
        "actor": ["a", "a"],
        "target": [None, "b"],
    }
    rows = [
        "1.6e9,register,a,,192.0.2.1,+4915112345678,web",
        "2020-09-13T12:27:00Z,message,a,b,2001:db8::1,,web",
    ]
    lines = [
        '{"time":1600000000,"type":"register","actor":"a","ip":"192.0.2.1","phone":"+4915112345678","client":"web"}',
        '{"time":"2020-09-13T12:27:00Z","type":"message","actor":"a","target":"b","ip":"2001:db8::1","size":9}',
    ]
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "a.parquet"
        pq.write_table(pa.table(columns), table)
        texts = {
            "a.jsonl": "\n".join(lines),
            "a.csv": "time,type,actor,target,ip,phone,client\n" + "\n".join(rows),
            "a.txt": "1 2 1600000000\n2 1 1600000001",
        }
        for name, text in texts.items():
            (Path(folder) / name).write_text(text + "\n")
        for path in [table, *(Path(folder) / name for name in texts)]:
            for chunk in open_log([path], pseudonyms=in_force.pseudonyms):
                chunk.names(np.arange(1), "actor")
                engine.observe(chunk.events)
                engine.check(chunk.events[-1])
    engine.end_rungs(engine.watermark)
    engine.rung_of(1)
    Explainer.warm_up()


def compile_world() -> None:
    """Run every kernel of the simulator once."""
    from tidegate.events.pseudonym import Pseudonyms
    from tidegate.world import WorldSettings, simulate

    simulate(WorldSettings(people=300, days=2)).events(Pseudonyms())


@click.command()
@click.option("--force", is_flag=True, help="Throw away what was compiled before.")
def warm_up(force: bool) -> None:
    """Compile the kernels for this machine, so that no later command waits for it."""
    console = Console(stderr=True, highlight=False)
    if force:
        forget(list(ROOMS))
    prepare(console, ROOMS)
