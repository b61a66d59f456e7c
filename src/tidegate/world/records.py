"""From integer-coded columns to ``EVENT`` records."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EVENT, EventType, Reason
from tidegate.events.compiled import compiled
from tidegate.world.naming import Pseudonymiser, chat_names, device_names, dotted
from tidegate.world.outcome import Outcome
from tidegate.world.places import CLIENTS

_REGISTER = int(EventType.REGISTER)


class _Codes(NamedTuple):
    """The columns of a world."""

    time: NDArray[np.float64]
    type: NDArray[np.uint8]
    actor: NDArray[np.int32]
    target: NDArray[np.int32]
    chat: NDArray[np.int32]
    members: NDArray[np.int32]
    size: NDArray[np.int32]
    ip: NDArray[np.int32]
    device: NDArray[np.int32]
    client: NDArray[np.int16]
    forwards: NDArray[np.uint8]
    reason: NDArray[np.uint8]


class _Hashes(NamedTuple):
    """The pseudonym of each code."""

    account: NDArray[np.uint64]
    chat: NDArray[np.uint64]
    network: NDArray[np.uint64]
    device: NDArray[np.uint64]
    client: NDArray[np.uint32]
    phone_range: NDArray[np.uint32]
    reason: NDArray[np.uint8]


@compiled
def _fill(out: Any, codes: _Codes, hashes: _Hashes) -> None:
    for i in range(len(out)):
        event = out[i]
        event.time = codes.time[i]
        event.type = codes.type[i]
        event.actor = hashes.account[codes.actor[i]]
        event.members = codes.members[i]
        event.size = codes.size[i]
        event.forwards = codes.forwards[i]
        event.reason = hashes.reason[codes.reason[i]]
        if codes.target[i] >= 0:
            event.target = hashes.account[codes.target[i]]
        if codes.chat[i] >= 0:
            event.chat = hashes.chat[codes.chat[i]]
        if codes.ip[i] >= 0:
            event.network = hashes.network[codes.ip[i]]
        if codes.device[i] >= 0:
            event.device = hashes.device[codes.device[i]]
        if codes.client[i] >= 0:
            event.client = hashes.client[codes.client[i]]
        if codes.type[i] == _REGISTER:
            event.phone_range = hashes.phone_range[codes.actor[i]]


def to_records(world: Outcome, pseudonyms: Pseudonymiser) -> NDArray[np.void]:
    """``EVENT[len(world)]``, in the order of the log."""
    out = np.zeros(len(world), EVENT)
    prefix, of_address = np.unique(world.addresses >> np.uint32(8), return_inverse=True)
    networks = np.array([pseudonyms.network(dotted(int(p) << 8 | 1)) for p in prefix.tolist()], np.uint64)
    other = int(Reason.OTHER)
    hashes = _Hashes(
        account=pseudonyms.many(world.names.tolist()),
        chat=pseudonyms.many(chat_names(range(world.chats))),
        network=networks[of_address],
        device=pseudonyms.many(device_names(range(world.devices))),
        client=np.array([pseudonyms.client(text) for text in CLIENTS], np.uint32),
        phone_range=_phone_ranges(world, pseudonyms),
        reason=np.array([int(Reason.NONE), other, other, other, other], np.uint8),
    )
    _fill(out, _Codes(*(world.columns[name] for name in _Codes._fields)), hashes)
    return out


def _phone_ranges(world: Outcome, pseudonyms: Pseudonymiser) -> NDArray[np.uint32]:
    """Of each account; 0 where the log carries no numbers."""
    count = len(world.who)
    if "phone" not in world.settings.signals:
        return np.zeros(count, np.uint32)
    ranges, which = np.unique(world.who.phone[:count] // 10_000, return_inverse=True)
    hashes = [pseudonyms.phone_range(f"+{r}0000") for r in ranges.tolist()]
    return np.array(hashes, np.uint32)[which]
