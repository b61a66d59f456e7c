"""The proof of work: hashcash (Back, *Hashcash*, 2002) over PBKDF2-HMAC-SHA256, as many small puzzles instead of one.

PBKDF2 because browsers bring it in native code: the page needs about twice the processor time of a solver in C, while
SHA-256 in JavaScript needs thirteen times as much (docs/challenge.md). Many small puzzles because the time for one is as
uneven as for radioactive decay: with sixteen, 98 of 100 people finish within 1.6 times the average, and progress can be
shown that means something.
"""

import hashlib
import struct

PUZZLES = 16
ROUNDS = 1_000
"""PBKDF2 iterations of one try: few enough that checking a solution costs the node 10 ms, enough that a browser's way
into its own native code does not dominate."""
SPACE = 1 << 32
"""Values of the first four bytes of a hash, of which the puzzle asks that they be below a target."""
_MOST_CHARACTERS = PUZZLES * 11


def target_of(iterations: int) -> int:
    """What the first four bytes must be below so that all puzzles take ``iterations`` of PBKDF2 on average."""
    tries = max(iterations / (PUZZLES * ROUNDS), 1.0)
    return max(int(SPACE / tries), 1)


def attempt(order: str, puzzle: int, counter: int) -> int:
    """The first four bytes of the hash, as a number."""
    salt = struct.pack(">II", puzzle, counter)
    return int.from_bytes(hashlib.pbkdf2_hmac("sha256", order.encode("ascii"), salt, ROUNDS)[:4])


def solved(order: str, target: int, solution: str) -> bool:
    """Whether ``solution`` solves ``order``: sixteen counters with dots between, in the order of the puzzles.

    Takes 16,000 iterations when it does (some 10 ms), usually 1,000 when it does not.
    """
    if len(solution) > _MOST_CHARACTERS or not solution.isascii():
        return False
    words = solution.split(".")
    if len(words) != PUZZLES or not all(word.isdigit() and len(word) <= 10 for word in words):
        return False
    counters = [int(word) for word in words]
    if max(counters) >= SPACE:
        return False
    return all(attempt(order, puzzle, counter) < target for puzzle, counter in enumerate(counters))
