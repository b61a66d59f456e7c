"""Who is in which room, as far as it matters: the other one in a room of two, else how many."""

from collections import OrderedDict
from dataclasses import dataclass, field

NAMED_MEMBERS = 16
"""In rooms with more, members are counted and not named."""
TYPING_REMEMBERED = 64


@dataclass(slots=True)
class Room:
    """What is known of one room."""

    named: set[str] | None = field(default_factory=set)
    """Who has joined or is invited; None: too many, only counted."""
    counted: int = 0
    """Members when they are not named."""
    creator: str = ""
    """Of a room whose creation was seen and that is neither a group nor a one-to-one chat yet."""
    created_s: float = 0.0
    creation_id: str = ""
    typing: frozenset[str] = frozenset()
    """Who was typing when it was last told."""
    unknowable: bool = False
    """The homeserver could not say who is in it."""

    @property
    def members(self) -> int:
        """How many have joined or are invited."""
        return self.counted if self.named is None else len(self.named)

    def other(self, account: str) -> str:
        """The other one in a room of two; empty when there is no such person."""
        if self.named is None or len(self.named) != 2 or account not in self.named:
            return ""
        first, second = self.named
        return second if first == account else first

    def enters(self, account: str, was_in: bool) -> None:
        """Somebody joins or is invited; ``was_in``: and had been in before."""
        if self.named is None:
            self.counted += not was_in
            return
        self.named.add(account)
        if len(self.named) > NAMED_MEMBERS:
            self.counted, self.named = len(self.named), None

    def goes(self, account: str, was_in: bool) -> None:
        """Somebody leaves, is removed, or declines."""
        if self.named is None:
            self.counted = max(self.counted - was_in, 1)
        else:
            self.named.discard(account)


class Rooms:
    """The rooms that were last heard of, at most ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rooms: OrderedDict[str, Room] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rooms)

    def get(self, room_id: str) -> Room | None:
        """The room, if it is remembered."""
        room = self._rooms.get(room_id)
        if room is not None:
            self._rooms.move_to_end(room_id)
        return room

    def is_known(self, room_id: str) -> bool:
        """Whether the room's members need no look-up. One that has shrunk does: who is left is not known."""
        room = self._rooms.get(room_id)
        if room is None:
            return False
        return room.unknowable or room.named is not None or room.counted > NAMED_MEMBERS

    def put(self, room_id: str, room: Room) -> Room:
        """Remember a room; the one that was not heard of for longest is forgotten beyond the limit."""
        self._rooms[room_id] = room
        self._rooms.move_to_end(room_id)
        while len(self._rooms) > self._limit:
            self._rooms.popitem(last=False)
        return room
