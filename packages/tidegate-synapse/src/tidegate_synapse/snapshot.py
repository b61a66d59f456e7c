"""What an account already has when a rung begins to bind: its rooms, its acquaintances, where the server speaks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidegate_synapse.host import Host
from tidegate_synapse.lines import MESSAGE_TYPES

ROOMS_LOOKED_AT = 5_000
"""Of an account in more rooms, the rest counts as chats that exist."""
ROOMS_AT_ONCE = 100
"""In one transaction."""

_TYPES = tuple(sorted(MESSAGE_TYPES))


@dataclass(slots=True)
class Snapshot:
    """Read once from the database, in the background."""

    joined: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    acquainted: set[str] = field(default_factory=set)
    always_open: set[str] = field(default_factory=set)


async def take_snapshot(host: Host, account: str) -> Snapshot:
    """Look at every room of a local account: is anything written in it, and is it a conversation of two?"""
    snapshot = Snapshot(joined=set(await host.store.get_rooms_for_user(account)))
    for rooms in _chunks(sorted(snapshot.joined)[:ROOMS_LOOKED_AT]):
        written, others = await host.api.run_db_interaction(
            "tidegate_rooms_of_account", _look_at_rooms, account, rooms
        )
        snapshot.fresh.update(set(rooms) - written)
        snapshot.acquainted.update(other for room_id, other in others if room_id in written)
    server = {user for user in (host.notices_user, host.settings.notices_from) if user}
    snapshot.acquainted |= server
    for invitation in await host.store.get_invited_rooms_for_local_user(account):
        if invitation.sender in server:
            snapshot.always_open.add(invitation.room_id)
    return snapshot


def _chunks(rooms: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(rooms), ROOMS_AT_ONCE):
        yield rooms[start : start + ROOMS_AT_ONCE]


def _look_at_rooms(txn: Any, account: str, rooms: Sequence[str]) -> tuple[set[str], list[tuple[str, str]]]:
    """``(rooms with a message in them, (room, the other one) for rooms of two)``."""
    written = set()
    types = ", ".join("?" * len(_TYPES))
    for room_id in rooms:
        # One row suffices, found early along the index on (room_id, topological_ordering).
        txn.execute(
            f"SELECT 1 FROM events WHERE room_id = ? AND type IN ({types}) AND NOT outlier LIMIT 1",
            (room_id, *_TYPES),
        )
        if txn.fetchone():
            written.add(room_id)
    marks = ", ".join("?" * len(rooms))
    txn.execute(
        f"""
        SELECT room_id, MIN(state_key), MAX(state_key) FROM current_state_events
        WHERE type = 'm.room.member' AND membership = 'join' AND room_id IN ({marks})
        GROUP BY room_id HAVING COUNT(*) = 2
        """,
        tuple(rooms),
    )
    others = [(room_id, second if first == account else first) for room_id, first, second in txn.fetchall()]
    return written, others
