"""Who is in which room, for the rooms seen lately."""

from collections import OrderedDict
from collections.abc import Iterable

JOIN, INVITE = "join", "invite"

CROWD_MEMBERS = 1_000
"""Of larger rooms only the number of members is kept."""
MEMBERSHIPS_REMEMBERED = 1_000_000
"""In all rooms together."""
WRITERS_REMEMBERED = 2
"""Two suffice to say whether anybody but a given account has written."""


class Room:
    """Members of one room, kept up to date from its membership events."""

    __slots__ = ("crowd", "direct", "memberships", "writers")

    def __init__(self) -> None:
        self.memberships: dict[str, str] = {}
        """User to ``join`` or ``invite``; empty for a crowd."""
        self.crowd = 0
        """Number of members when there are too many to list, else 0."""
        self.direct = False
        """Declared to be a conversation of two by whoever began it."""
        self.writers: set[str] | None = None
        """The first few who have written; None when the room was not watched from its beginning."""

    @classmethod
    def just_created(cls) -> "Room":
        """A room nobody has joined or written in yet."""
        room = cls()
        room.writers = set()
        return room

    @classmethod
    def of_members(cls, joined: Iterable[str], invited: Iterable[str]) -> "Room":
        """A room as the database has it."""
        room = cls()
        room.memberships = dict.fromkeys(invited, INVITE) | dict.fromkeys(joined, JOIN)
        if len(room.memberships) > CROWD_MEMBERS:
            room.crowd, room.memberships = len(room.memberships), {}
        return room

    def members(self) -> int:
        """People in the room or invited to it."""
        return self.crowd or len(self.memberships)

    def other(self, user: str) -> str | None:
        """The other one in a room of two; None when there are fewer or more, or ``user`` is in neither."""
        if len(self.memberships) != 2 or user not in self.memberships:
            return None
        first, second = self.memberships
        return second if first == user else first

    def is_direct(self) -> bool:
        """A conversation of two: declared so, or simply two people."""
        return self.direct or (not self.crowd and len(self.memberships) == 2)

    def change(self, user: str, membership: str, before: str | None) -> None:
        """Enter a membership event; ``before`` is what the user was until now, if anything."""
        there, was_there = membership in (JOIN, INVITE), before in (JOIN, INVITE)
        if self.crowd:
            self.crowd = max(self.crowd + there - was_there, 1)
        elif there:
            self.memberships[user] = membership
            if len(self.memberships) > CROWD_MEMBERS:
                self.crowd, self.memberships = len(self.memberships), {}
        else:
            self.memberships.pop(user, None)

    def writes(self, user: str) -> None:
        """Somebody has written."""
        if self.writers is not None and len(self.writers) < WRITERS_REMEMBERED:
            self.writers.add(user)


class Rooms:
    """The rooms used most recently, bounded by their number and by the memberships in them."""

    def __init__(self, most_rooms: int, most_memberships: int = MEMBERSHIPS_REMEMBERED) -> None:
        self._most_rooms, self._most_memberships = most_rooms, most_memberships
        self._rooms: OrderedDict[str, Room] = OrderedDict()
        self._counted: dict[str, int] = {}
        self._memberships = 0

    def __len__(self) -> int:
        return len(self._rooms)

    def get(self, room_id: str) -> Room | None:
        """The room, if it is remembered; it then stays for longer."""
        room = self._rooms.get(room_id)
        if room is not None:
            self._rooms.move_to_end(room_id)
        return room

    def peek(self, room_id: str) -> Room | None:
        """The room, if it is remembered, without counting as a use."""
        return self._rooms.get(room_id)

    def put(self, room_id: str, room: Room) -> None:
        """Remember a room, and forget the ones longest unused."""
        self._rooms[room_id] = room
        self._rooms.move_to_end(room_id)
        self.recount(room_id)

    def forget(self, room_id: str) -> None:
        """Nobody of this server is in the room any more, so it can no longer be followed."""
        if self._rooms.pop(room_id, None) is not None:
            self._memberships -= self._counted.pop(room_id)

    def recount(self, room_id: str) -> None:
        """Members have come or gone."""
        room = self._rooms.get(room_id)
        if room is None:
            return
        size = len(room.memberships)
        self._memberships += size - self._counted.get(room_id, 0)
        self._counted[room_id] = size
        while len(self._rooms) > self._most_rooms or (
            self._memberships > self._most_memberships and len(self._rooms) > 1
        ):
            forgotten, _ = self._rooms.popitem(last=False)
            self._memberships -= self._counted.pop(forgotten)
