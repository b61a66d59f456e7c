"""The one decorator for compiled code, typed, so that strict checking sees through it.

``fastmath`` stays off: with it the same log gives different bits on different machines, and decisions must not.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config, njit

# Counters that age by the same factor are neighbours in memory: let them be multiplied four or eight at a time.
config.SLP_VECTORIZE = 1

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile ``function`` on its first call and keep the machine code beside the source for the next start."""
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
