"""The one decorator for compiled code, typed, so that strict checking sees through it.

``fastmath`` stays off: with it the same log gives different bits on different machines, and decisions must not.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit

F = TypeVar("F", bound=Callable[..., Any])

# Counters that age by the same factor are neighbours in memory: let them be multiplied four or eight at a time.
config.SLP_VECTORIZE = 1


def _sources_digest() -> str:
    """A digest of every source that machine code, or a constant in it, may come from."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for room in ("events", "engine", "campaigns", "world"):
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def kernel_cache() -> Path:
    """Where compiled kernels of exactly these sources are kept, below ``NUMBA_CACHE_DIR`` or the user's cache folder.

    Numba looks only at the file of the function itself; a kernel whose inlined parts changed would stay in use.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    base = Path(chosen) if chosen else Path.home() / ".cache"
    folder = base / "tidegate" / f"kernels-{_sources_digest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home: compile anew in each process rather than fail
        folder = Path(tempfile.mkdtemp(prefix="tidegate-kernels-"))
    return folder


config.CACHE_DIR = str(kernel_cache())


def compiled(function: F) -> F:
    """Compile ``function`` on its first call and keep the machine code for the next start."""
    return cast(F, njit(cache=True, fastmath=False, nogil=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """Like :func:`compiled`, for a small function that must vanish into its callers' loops.

    It is called from compiled code only: without wrappers for Python a first start takes half as long.
    """
    decorator = njit(
        cache=True,
        fastmath=False,
        nogil=True,
        error_model="numpy",
        forceinline=True,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
    )
    return cast(F, decorator(function))
