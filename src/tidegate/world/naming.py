"""What the accounts, chats, devices and addresses of a world are called."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Pseudonymiser(Protocol):
    """What :meth:`World.events` needs of ``tidegate.events.pseudonym.Pseudonyms``."""

    def many(self, identifiers: list[str]) -> NDArray[np.uint64]: ...
    def network(self, ip: str) -> int: ...
    def phone_range(self, number: str) -> int: ...
    def client(self, text: str) -> int: ...


def name_identities(rng: np.random.Generator, count: int) -> NDArray[np.str_]:
    """Distinct names that tell nothing of their order: a shuffled number in hexadecimal."""
    number = np.unique(rng.integers(1 << 32, 1 << 40, count + count // 8 + 16))
    return _hexadecimal("u", rng.permutation(number)[:count])


def _hexadecimal(prefix: str, number: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.array([f"{prefix}{n:010x}" for n in number.tolist()])


def dotted(address: int) -> str:
    """An IPv4 address in words of eight bits."""
    return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"


def chat_names(numbers: Sequence[int]) -> list[str]:
    return [f"c{n * 2654435761 % 4294967296:08x}" for n in numbers]


def device_names(numbers: Sequence[int]) -> list[str]:
    return [f"d{n * 2246822519 % 4294967296:08x}" for n in numbers]
