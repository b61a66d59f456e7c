"""A snapshot brings an engine back bit for bit, or says what is wrong with it."""

from pathlib import Path

import numpy as np
import pytest

from tidegate.cli.bench.events import Traffic, as_events
from tidegate.cli.in_force import decide_by
from tidegate.engine.engine import Engine
from tidegate.node.snapshots import (
    MAGIC,
    SnapshotDamaged,
    describe,
    fill,
    keep_newest,
    set_aside,
    snapshots_in,
    write_snapshot,
)

IN_FORCE = decide_by()


def engine() -> Engine:
    return Engine(IN_FORCE.policy, IN_FORCE.model, pepper=IN_FORCE.pepper)


@pytest.fixture(scope="module")
def busy() -> Engine:
    made, traffic = engine(), Traffic(3_000, zipf=True)
    for columns in (traffic.sign_ups(), traffic.hellos(), traffic.usual(20_000)):
        made.observe(as_events(columns))
    return made


def written(folder: Path, source: Engine) -> Path:
    return write_snapshot(
        folder, source.state_parts(), sequence=source.sequence, journal_digest=bytes(16), policy_mark=5
    )


def restored(path: Path) -> Engine:
    described = describe(path)
    made = engine()
    fill(described, made.prepare_state({name: part["bytes"] for name, part in described.parts.items()}))
    made.adopt_state()
    return made


def test_a_restored_engine_decides_as_the_one_it_came_from(tmp_path: Path, busy: Engine) -> None:
    path = written(tmp_path, busy)
    again = restored(path)
    assert again.digest() == busy.digest()
    twin = restored(path)
    later = as_events(Traffic(3_000, zipf=True, seed=2).usual(5_000))
    later["time"] += busy.watermark - later["time"][0] + 1
    assert again.observe(later).decisions.tobytes() == twin.observe(later).decisions.tobytes()
    assert again.digest() == twin.digest() != busy.digest()


def test_any_changed_byte_is_noticed(tmp_path: Path, busy: Engine) -> None:
    path = written(tmp_path, busy)
    raw = path.read_bytes()
    rng = np.random.default_rng(1)
    for at in [0, len(MAGIC), len(raw) - 1, len(raw) - 20, *rng.integers(0, len(raw), 40).tolist()]:
        changed = bytearray(raw)
        changed[at] ^= 0x40
        path.write_bytes(changed)
        with pytest.raises(SnapshotDamaged, match=path.name):
            restored(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_file_cut_off_anywhere_is_noticed(tmp_path: Path, busy: Engine, share: float) -> None:
    path = written(tmp_path, busy)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(SnapshotDamaged, match=path.name):
        restored(path)


def test_half_written_snapshots_are_none(tmp_path: Path, busy: Engine) -> None:
    path = written(tmp_path, busy)
    path.rename(path.with_name(f".{path.name}.17.part"))
    assert snapshots_in(tmp_path) == []


def test_the_newest_are_kept_and_a_damaged_one_stays_for_a_person(tmp_path: Path, busy: Engine) -> None:
    source = written(tmp_path, busy)
    for sequence in (1, 2, 3):
        (source.parent / f"{sequence:016d}.snapshot").write_bytes(source.read_bytes())
    aside = set_aside(source)
    assert [path.stem for path in keep_newest(tmp_path, 2)] == [f"{3:016d}", f"{2:016d}"]
    assert aside.exists()
    assert aside.suffix == ".damaged"
