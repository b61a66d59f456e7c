"""Memory that grows in place: arrays of records that are never copied to become larger.

On Linux a table lives in one private anonymous mapping, which ``mremap`` enlarges by moving page tables instead of
bytes, and which asks for huge pages (an event touches about twenty cache lines in as many places; with 4 KiB pages each
could also miss the TLB). Elsewhere it is copied.
"""

import ctypes
import mmap
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PROT_READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE
_MAP_PRIVATE_ANONYMOUS = 0x22
_MREMAP_MAYMOVE = 1
_MADV_HUGEPAGE = 14
_PAGE_BYTES = 2 * 1024 * 1024
_FAILED = ctypes.c_void_p(-1).value


def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    ]
    libc.mremap.restype = ctypes.c_void_p
    libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return libc


class Arena:
    """A zeroed array of ``dtype`` records that can grow.

    ``array`` is a view of the whole; views taken before :meth:`grow` must not be used after it.
    """

    def __init__(self, dtype: np.dtype[Any], capacity: int) -> None:
        self._dtype = dtype
        self._libc = _libc() if sys.platform == "linux" else None
        self._bytes = 0
        self._address = 0
        self.array: NDArray[Any] = np.zeros(0, dtype)
        self.grow(capacity)

    @property
    def address(self) -> int:
        """Where the first record lies."""
        return int(self.array.ctypes.data)

    def grow(self, capacity: int) -> None:
        """Make room for at least ``capacity`` records. Raises MemoryError when the system has none."""
        if capacity <= len(self.array):
            return
        if self._libc is None:
            larger = np.zeros(capacity, self._dtype)
            larger[: len(self.array)] = self.array
            self.array = larger
            return
        size = -(-capacity * self._dtype.itemsize // _PAGE_BYTES) * _PAGE_BYTES
        if self._address == 0:
            address = self._libc.mmap(None, size, _PROT_READ_WRITE, _MAP_PRIVATE_ANONYMOUS, -1, 0)
        else:
            address = self._libc.mremap(self._address, self._bytes, size, _MREMAP_MAYMOVE)
        if address is None or address == _FAILED:
            raise MemoryError(
                f"the system refused {size / 1e6:.0f} MB for {capacity:,} records of {self._dtype.itemsize} bytes"
            )
        # Advice only: a kernel without huge pages answers with an error that changes nothing but speed.
        self._libc.madvise(address, size, _MADV_HUGEPAGE)
        self._address, self._bytes = address, size
        buffer = memoryview((ctypes.c_char * size).from_address(address))
        self.array = np.frombuffer(buffer, dtype=self._dtype, count=size // self._dtype.itemsize)

    def __del__(self) -> None:
        if self._libc is not None and self._address:
            self._libc.munmap(self._address, self._bytes)
