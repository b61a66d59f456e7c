"""Plays threads out into messages, typing notices and read receipts.

Within a conversation turns alternate with probability about 0.7; a later turn takes a log-normal minute or,
once in eleven, anything from ten minutes to half a day, so that the gaps between a person's messages are
heavy-tailed (truncated power law of exponent 1.1 to 1.2 between a minute and a day in the two data sets of
reference).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import MISSING_FORWARDS, EventType
from tidegate.events.compiled import compiled, inlined
from tidegate.world.accounts import Accounts
from tidegate.world.log import EventLog
from tidegate.world.played import Events, Floats, Ints, People, add_played, emit, people_of, room_for
from tidegate.world.rhythm import after_sleep
from tidegate.world.threads import Manners, Threads

_MESSAGE = int(EventType.MESSAGE)
_TYPING = int(EventType.TYPING)
_READ = int(EventType.READ)

_LONG_GAP_SHARE = 0.09
_LONG_GAP_LOW_S, _LONG_GAP_HIGH_S = 600.0, 43_200.0
_LONG_GAP_SPAN = float(np.log(_LONG_GAP_HIGH_S / _LONG_GAP_LOW_S))
_MEDIA_SHARE, _MEDIA_BYTES = 0.06, 60_000.0
_CHUNK_MESSAGES = 4_000_000


class _Plan(NamedTuple):
    """Threads as compiled code sees them; the last column indexes the table of manners."""

    start: Floats
    opener: Ints
    other: Ints
    chat: Ints
    length: NDArray[np.int16]
    openings: NDArray[np.int16]
    p_reply: NDArray[np.float32]
    manner: NDArray[np.int16]


@inlined
def message_size(rng: np.random.Generator, median: float, spread: float) -> int:
    """Bytes of ciphertext, padded to 16: log-normal, at times a picture (not when texts are all alike)."""
    size = median * np.exp(spread * rng.standard_normal())
    if spread > 0.5 and rng.random() < _MEDIA_SHARE:
        size = _MEDIA_BYTES * np.exp(rng.standard_normal())
    return 64 + 16 * int(size / 16.0)


@inlined
def next_wait(rng: np.random.Generator, turn: bool, gap_s: float) -> float:
    """Seconds until the next message of a conversation; ``turn`` when it comes from the other side."""
    if rng.random() < _LONG_GAP_SHARE:
        return _LONG_GAP_LOW_S * np.exp(rng.random() ** 1.3 * _LONG_GAP_SPAN)  # type: ignore[no-any-return]
    if turn:
        return gap_s * np.exp(1.1 * rng.standard_normal())  # type: ignore[no-any-return]
    return 18.0 * np.exp(rng.standard_normal())  # type: ignore[no-any-return]


@compiled
def _converse(
    rng: np.random.Generator, plan: _Plan, kinds: Floats, people: People, until: float, out: Events
) -> int:
    n = 0
    accounts = len(people.typing)
    for i in range(len(plan.start)):
        alternation, latency_s, latency_sigma, gap_s, typed, size_s, size_sd, forwarded, opening_gap = kinds[
            plan.manner[i]
        ]
        a, b, chat, openings = plan.opener[i], plan.other[i], plan.chat[i], plan.openings[i]
        t = plan.start[i]
        known = b < accounts and people.here_from[b] <= t and t < people.here_until[b]
        answered = known and rng.random() < plan.p_reply[i]
        limit = max(plan.length[i], openings + 1) if answered else openings
        before, speaker, count = t - 60.0, a, 0
        while count < limit and t < until:
            by_opener = speaker == a
            to = b if by_opener else a
            if rng.random() < people.typing[speaker] * (typed if by_opener else 1.0):
                lead = min(1.0 + 5.0 * rng.standard_exponential(), 0.8 * (t - before))
                n = emit(out, n, t - lead, _TYPING, speaker, to, chat, -1, -1, MISSING_FORWARDS)
            size = message_size(rng, size_s if by_opener else 110.0, size_sd if by_opener else 0.8)
            forwards = 0
            if by_opener and rng.random() < forwarded:
                forwards = 1 + min(int(rng.standard_exponential() * 3.0), 60)
            n = emit(out, n, t, _MESSAGE, speaker, to, chat, 2, size, forwards)
            count += 1
            before = t
            if count == limit:
                break
            if count < openings:
                t += opening_gap * np.exp(0.7 * rng.standard_normal())
                continue
            if count == openings:
                turn = True
                wait = latency_s * np.exp(latency_sigma * rng.standard_normal())
            else:
                turn = rng.random() < alternation
                wait = next_wait(rng, turn, gap_s)
            speaker = to if turn else speaker
            t = after_sleep(rng, t + max(wait, 1.2), people.wake_h[speaker], people.sleep_h[speaker])
            if turn and rng.random() < people.receipts[speaker]:
                seen = t - (t - before) * 0.9 * rng.random() ** 3
                n = emit(
                    out, n, seen, _READ, speaker, a if speaker == b else b, chat, -1, -1, MISSING_FORWARDS
                )
        reader = b if speaker == a else a
        if (known or reader == a) and rng.random() < people.receipts[reader] * (1.0 if answered else 0.8):
            seen = before + 900.0 * np.exp(1.5 * rng.standard_normal())
            seen = after_sleep(rng, seen, people.wake_h[reader], people.sleep_h[reader])
            n = emit(out, n, seen, _READ, reader, speaker, chat, -1, -1, MISSING_FORWARDS)
    return n


def converse(
    rng: np.random.Generator,
    threads: Threads,
    chat: NDArray[np.int32],
    manners: Manners,
    accounts: Accounts,
    log: EventLog,
    origin: NDArray[np.int32] | None = None,
) -> None:
    """Play out threads into ``log``, in chunks so that the scratch space stays small."""
    kinds, people = manners.table(), people_of(accounts)
    most = np.cumsum(np.maximum(threads.length, threads.openings + 1).astype(np.int64))
    bounds = np.searchsorted(most, np.arange(0, int(most[-1]) if len(most) else 0, _CHUNK_MESSAGES))
    for low, high in zip(bounds, [*bounds[1:], len(threads)], strict=True):
        if high == low:
            continue
        part = slice(low, high)
        plan = _Plan(
            threads.start[part],
            threads.opener[part],
            threads.other[part],
            chat[part],
            threads.length[part],
            threads.openings[part],
            threads.p_reply[part],
            threads.manner[part],
        )
        capacity = 3 * int(most[high - 1] - (most[low - 1] if low else 0)) + (high - low)
        out = room_for(capacity)
        n = _converse(rng, plan, kinds, people, log.length_s, out)
        add_played(log, accounts, out, n, origin)
