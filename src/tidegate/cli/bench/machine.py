"""Which machine was measured, how busy it was, and how a measurement keeps to one core."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

BUSY_LOAD_A_CORE = 0.5
"""Above this load average for each core, figures say more about the neighbours than about Tidegate."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What figures depend on."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str
    numba: str
    numpy: str
    load_at_start: float

    @property
    def is_busy(self) -> bool:
        return self.load_at_start > BUSY_LOAD_A_CORE * self.cores

    @property
    def words(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gb:.0f} GB, {self.system}, Python {self.python}, "
            f"Numba {self.numba}, NumPy {self.numpy}, load average at the start {self.load_at_start:.2f}"
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"busy": self.is_busy}


def this_machine() -> Machine:
    """The machine as it is now."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
        load = os.getloadavg()[0]
    except (AttributeError, ValueError, OSError):  # Windows has neither
        memory, load = float("nan"), float("nan")
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gb=memory,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        numba=version("numba"),
        numpy=version("numpy"),
        load_at_start=load,
    )


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _threads() -> list[int]:
    """Every thread of this process: an affinity set for one holds for that one only."""
    folder = Path("/proc/self/task")
    return [int(task.name) for task in folder.iterdir()] if folder.is_dir() else [0]


@contextmanager
def one_core() -> Iterator[bool]:
    """Keep this process on one core inside the ``with``; yields whether the system can do that."""
    if sys.platform != "linux":
        yield False
        return
    allowed = os.sched_getaffinity(0)
    threads = _threads()
    for thread in threads:
        os.sched_setaffinity(thread, {max(allowed)})
    try:
        yield True
    finally:
        for thread in _threads():
            os.sched_setaffinity(thread, allowed)


def resident_bytes() -> int:
    """Memory this process holds now; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.is_file() else 0
