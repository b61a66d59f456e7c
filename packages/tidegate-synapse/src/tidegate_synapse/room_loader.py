"""Fetches the members of rooms that are not in memory, in the background; what waits for them waits in order."""

from collections.abc import Callable
from typing import Any

from tidegate_synapse.host import Host
from tidegate_synapse.rooms import Room, Rooms

WAITING_LIMIT = 10_000
"""Events waiting for their room, in all rooms together; beyond that they are dropped and counted."""

WhenKnown = Callable[[Room, str | None], None]


class RoomLoader:
    """One query a room, however many events wait for it."""

    def __init__(self, host: Host, rooms: Rooms) -> None:
        self._host, self._rooms = host, rooms
        self._waiting: dict[str, list[tuple[str | None, WhenKnown]]] = {}
        self._count = 0

    def when_known(self, room_id: str, then: Callable[[Room], None]) -> None:
        """Call ``then`` with the room: at once when it is in memory, else when it has been fetched."""
        room = self._rooms.get(room_id)
        if room is not None and room_id not in self._waiting:
            then(room)
        else:
            self._wait(room_id, None, lambda room, _: then(room))

    def when_membership_known(self, room_id: str, replaced_event: str | None, then: WhenKnown) -> None:
        """Call ``then`` with the room and the membership in the event that was replaced, if there was one."""
        self._wait(room_id, replaced_event, then)

    def _wait(self, room_id: str, replaced_event: str | None, then: WhenKnown) -> None:
        if self._count >= WAITING_LIMIT:
            self._host.counts["lost:room_unknown"] += 1
            self._host.alarms.raise_(
                "rooms", f"tidegate: {WAITING_LIMIT:,} events wait for their rooms to be read; dropping more"
            )
            return
        self._count += 1
        waiting = self._waiting.get(room_id)
        if waiting is not None:
            waiting.append((replaced_event, then))
            return
        self._waiting[room_id] = [(replaced_event, then)]
        self._host.background("tidegate_load_room", self._load, room_id)

    async def _load(self, room_id: str) -> None:
        room = None
        try:
            room = self._rooms.get(room_id)
            if room is None:
                joined = await self._host.store.get_users_in_room(room_id)
                invited = await self._host.store.get_invited_users_in_room(room_id)
                room = self._rooms.get(room_id) or Room.of_members(joined, invited)
                if joined:  # else an invitation to a room of another server, whose members are not known here
                    self._rooms.put(room_id, room)
            while self._waiting[room_id]:
                replaced_event, then = self._waiting[room_id].pop(0)
                self._count -= 1
                before = await self._membership(replaced_event) if replaced_event else None
                then(room, before)
        except Exception as error:  # noqa: BLE001 -- the other rooms go on
            self._host.failed("loading a room", error)
        finally:
            left = self._waiting.pop(room_id, [])
            self._count -= len(left)
            self._host.counts["lost:room_unknown"] += len(left)

    async def _membership(self, event_id: str) -> str | None:
        event: Any = await self._host.store.get_event(event_id, allow_none=True)
        return None if event is None else event.content.get("membership")
