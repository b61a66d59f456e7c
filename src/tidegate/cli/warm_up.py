"""Compiling the kernels once a machine, and saying so while somebody waits for it.

Numba keeps the machine code in a folder of its own for each state of the sources
(:func:`tidegate.events.compiled.kernel_cache`); a note there says which rooms have been compiled to the end.
"""

import tempfile
import time
from pathlib import Path

import click
import numba
from rich.console import Console

import tidegate.events.compiled  # noqa: F401 - sets the folder that Numba keeps machine code in

ROOMS = ("events", "engine", "campaigns", "world")
SCANNING = ("events", "engine")
SEARCHING = (*SCANNING, "campaigns")
USUAL_SECONDS = {"events": 15, "engine": 25, "campaigns": 15, "world": 10}
"""Of compiling each room on one core of a usual machine, for the one line that is said meanwhile."""


def _note(room: str) -> Path:
    return Path(numba.config.CACHE_DIR) / f"{room}-compiled-by-numba-{numba.__version__}"


def not_compiled(rooms: tuple[str, ...]) -> list[str]:
    """Rooms whose kernels were never compiled to the end from these sources."""
    return [room for room in rooms if not _note(room).is_file()]


def prepare(console: Console, rooms: tuple[str, ...] = SCANNING) -> None:
    """Compile what was not compiled yet, saying so; nothing at all when everything is ready."""
    missing = not_compiled(rooms)
    if not missing:
        return
    seconds = sum(USUAL_SECONDS[room] for room in missing)
    about = f"compiling the kernels for this machine, once; about {seconds} s"
    console.print(about, style="dim", soft_wrap=True)
    began = time.monotonic()
    if set(missing) & set(SCANNING):
        compile_scanning()
    if "campaigns" in missing:
        compile_searching()
    if "world" in missing:
        compile_world()
    for room in missing:
        _note(room).touch()
    console.print(f"compiled in {time.monotonic() - began:.0f} s", style="dim")


def compile_scanning() -> None:
    """Run every kernel of reading and deciding once, on a tiny log in each format."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tidegate.cli.in_force import decide_by
    from tidegate.engine.engine import Engine
    from tidegate.events.log import open_log
    from tidegate.node import feature_values
    from tidegate.statements.explain import Explainer

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
                engine.newcomers(chunk.events)
    keys, _ = engine.rungs_ending()
    engine.end_rungs(engine.watermark, keys)
    engine.end_rungs(engine.watermark)
    restored = Engine(in_force.policy, in_force.model)
    parts = engine.state_parts()
    for name, target in restored.prepare_state({name: part.nbytes for name, part in parts.items()}).items():
        target[...] = parts[name]
    restored.adopt_state()
    engine.rung_of(1)
    Explainer.warm_up()
    feature_values.warm_up()


def compile_searching() -> None:
    """Run every kernel of the search for campaigns once: on a small fleet, and the ring that complains about one of it.

    Without NetworKit nothing is compiled: there will be no search.
    """
    import importlib.util

    import numpy as np

    from tidegate.campaigns.search import Search
    from tidegate.events.columns import EVENT, EventType

    if importlib.util.find_spec("networkit") is None:
        return
    hour_s, members = 3_600.0, 12
    events = np.zeros(30 * members, EVENT)
    events["time"] = 1.6e9 + 60.0 * np.arange(len(events))
    events["actor"] = 1 + np.arange(len(events)) % members
    events["target"] = 1_000 + np.arange(len(events))
    events["type"], events["members"], events["forwards"] = EventType.MESSAGE, -1, 255
    events["type"][:members] = EventType.REGISTER
    events["network"] = events["device"] = 7
    events["type"][-members:] = EventType.REPORT
    events["target"][-members:] = 500
    search = Search()
    search.observe(events)
    search.find(float(events["time"][-1]) + hour_s)
    search.find(float(events["time"][-1]) + 30 * 24 * hour_s)


def compile_world() -> None:
    """Run every kernel of the simulator once."""
    from tidegate.events.pseudonym import Pseudonyms
    from tidegate.world import WorldSettings, simulate

    simulate(WorldSettings(people=300, days=2)).events(Pseudonyms())


@click.command()
def warm_up() -> None:
    """Compile the kernels for this machine, so that no later command waits for it."""
    prepare(Console(stderr=True, highlight=False), ROOMS)
