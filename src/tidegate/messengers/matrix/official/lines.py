"""What a homeserver's events say, as lines of the log contract.

Every struct below names all that is ever decoded of an event: what is not named is passed over unread. Of an encrypted
message that is the length of its ciphertext, of an unencrypted one nothing but its type.
"""

import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from tidegate.messengers.matrix.official.rooms import TYPING_REMEMBERED, Room, Rooms

MESSAGE_TYPES = frozenset(
    {
        "m.room.encrypted",
        "m.room.message",
        "m.sticker",
        "m.poll.start",
        "org.matrix.msc3381.poll.start",
        "m.call.invite",
    }
)
"""What reaches a person's eye, as Tidegate's Synapse module counts it. Reactions and redactions do not."""
ROOM_TYPES = MESSAGE_TYPES | {"m.room.member", "m.room.create"}
EPHEMERAL_TYPES = frozenset({"m.typing", "m.receipt"})
NOTHING = msgspec.Raw(b"")
READ_RECEIPTS = ("m.read", "m.read.private")
IN_ROOM = ("join", "invite")


class Line(msgspec.Struct, omit_defaults=True):
    """One line of the log contract."""

    time: float
    type: str
    actor: str
    target: str = ""
    chat: str = ""
    members: int = 0
    size: int | None = None
    ip: str = ""
    device: str = ""
    client: str = ""
    id: str = ""


class Membership(msgspec.Struct):
    """Of a membership event's content."""

    membership: str = ""
    is_direct: bool = False


class _Unsigned(msgspec.Struct):
    prev_content: msgspec.Raw = NOTHING


class RoomEvent(msgspec.Struct):
    """Of an event in a room."""

    type: str
    event_id: str
    room_id: str
    sender: str
    origin_server_ts: int
    content: msgspec.Raw
    state_key: str | None = None
    unsigned: _Unsigned | None = None


class EphemeralEvent(msgspec.Struct):
    """Of a typing notice or of receipts."""

    type: str
    content: msgspec.Raw
    room_id: str = ""


class _Typing(msgspec.Struct):
    user_ids: list[str] = msgspec.field(default_factory=list)


class _Receipt(msgspec.Struct):
    ts: int = 0


class _Encrypted(msgspec.Struct):
    ciphertext: msgspec.Raw = NOTHING


class _OneDevice(msgspec.Struct):
    body: str


_read_room_event = msgspec.json.Decoder(RoomEvent).decode
_read_ephemeral = msgspec.json.Decoder(EphemeralEvent).decode
_read_membership = msgspec.json.Decoder(Membership).decode
_read_typing = msgspec.json.Decoder(_Typing).decode
_read_receipts = msgspec.json.Decoder(dict[str, dict[str, dict[str, _Receipt]]]).decode
_read_encrypted = msgspec.json.Decoder(_Encrypted).decode
_read_devices = msgspec.json.Decoder(dict[str, _OneDevice]).decode


def read_room_event(raw: msgspec.Raw) -> RoomEvent | None:
    """The event; None when it has not the form of one."""
    try:
        return _read_room_event(raw)
    except msgspec.MsgspecError:
        return None


def read_ephemeral(raw: msgspec.Raw) -> EphemeralEvent | None:
    """The ephemeral event; None when it has not the form of one."""
    try:
        return _read_ephemeral(raw)
    except msgspec.MsgspecError:
        return None


def membership_of(raw: msgspec.Raw) -> Membership:
    """The content of a membership event; an empty one when there is none or it has not the form of one."""
    try:
        return _read_membership(raw)
    except msgspec.MsgspecError:
        return Membership()


def ciphertext_bytes(content: msgspec.Raw) -> int | None:
    """Bytes of ciphertext; of all devices together where each gets its own. Base64: four characters for three bytes."""
    try:
        raw = bytes(_read_encrypted(content).ciphertext)
        if raw.startswith(b'"'):
            return (len(raw) - 2) * 3 // 4
        return sum(len(one.body) * 3 // 4 for one in _read_devices(raw).values())
    except msgspec.MsgspecError:
        return None


class Converter:
    """Turns the events of a homeserver into lines, keeping the rooms up to date. No I/O."""

    def __init__(
        self,
        rooms: Rooms,
        is_local: Callable[[str], bool],
        is_ignored: Callable[[str], bool],
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """``is_local``, ``is_ignored``: of an account. ``now_s``: Unix seconds."""
        self._rooms, self._is_local, self._is_ignored, self._now_s = rooms, is_local, is_ignored, now_s

    def rooms_to_look_up(self, events: Sequence[RoomEvent], ephemeral: Sequence[EphemeralEvent]) -> list[str]:
        """Rooms whose members are needed and not known."""
        made_here = {event.room_id for event in events if event.type == "m.room.create"}
        named = [event.room_id for event in events if event.type in ROOM_TYPES]
        named += [event.room_id for event in ephemeral if event.type in EPHEMERAL_TYPES and event.room_id]
        return [
            room_id
            for room_id in dict.fromkeys(named)
            if room_id not in made_here and not self._rooms.is_known(room_id)
        ]

    def lines(self, events: Iterable[RoomEvent], ephemeral: Iterable[EphemeralEvent]) -> list[Line]:
        """The lines of one transaction, in order."""
        found: list[Line] = []
        for event in events:
            if event.type == "m.room.create":
                self._creation(event)
            elif event.type == "m.room.member":
                found += self._membership(event)
            elif event.type in MESSAGE_TYPES:
                found += self._message(event)
        for notice in ephemeral:
            try:
                if notice.type == "m.typing":
                    found += self._typing(notice)
                elif notice.type == "m.receipt":
                    found += self._receipts(notice)
            except msgspec.MsgspecError:
                continue  # a client's content without the form of a receipt says nothing
        return [
            line for line in found if not self._is_ignored(line.actor) and not self._is_ignored(line.target)
        ]

    def _time_s(self, event: RoomEvent) -> float:
        """When it happened. Another server's clock may be wrong, but nothing is delivered before it happened."""
        said_s = event.origin_server_ts / 1000
        return said_s if self._is_local(event.sender) else min(said_s, self._now_s())

    def _room(self, room_id: str) -> Room:
        """Known by now; a room that nobody could say anything about has no members that could be named."""
        return self._rooms.get(room_id) or self._rooms.put(room_id, Room(named=None, unknowable=True))

    def _creation(self, event: RoomEvent) -> None:
        room = Room(creator=event.sender, created_s=self._time_s(event), creation_id=event.event_id)
        self._rooms.put(event.room_id, room)

    def _message(self, event: RoomEvent) -> list[Line]:
        room = self._room(event.room_id)
        if room.members < 2 and not room.unknowable:
            return []  # nobody is there to read it
        size = ciphertext_bytes(event.content) if event.type == "m.room.encrypted" else None
        return [
            Line(
                time=self._time_s(event),
                type="message",
                actor=event.sender,
                target=room.other(event.sender),
                chat=event.room_id,
                members=room.members,
                size=size,
                id=event.event_id,
            )
        ]

    def _membership(self, event: RoomEvent) -> list[Line]:
        person = event.state_key or ""
        if not person:
            return []
        now = membership_of(event.content)
        before = membership_of(event.unsigned.prev_content if event.unsigned else NOTHING)
        room = self._room(event.room_id)
        if now.membership in IN_ROOM:
            room.enters(person, before.membership in IN_ROOM)
        elif now.membership in ("leave", "ban"):
            room.goes(person, before.membership in IN_ROOM)
        if now.membership == before.membership:
            return []  # a new name or picture
        if now.membership == "invite":
            return [*self._became_group(room, event.room_id, now.is_direct), self._line(event, room, person)]
        if now.membership == "join":
            return self._join(event, room, person, before)
        if now.membership == "leave" and event.sender == person and before.membership in IN_ROOM:
            return [self._line(event, room)]
        return []

    def _join(self, event: RoomEvent, room: Room, person: str, before: Membership) -> list[Line]:
        if person == room.creator:
            return []
        if (before.membership == "invite" and before.is_direct) or (room.named and len(room.named) == 2):
            return []  # a conversation of two: nobody enters a group
        return [*self._became_group(room, event.room_id, False), self._line(event, room)]

    def _became_group(self, room: Room, room_id: str, is_direct: bool) -> list[Line]:
        """A new room becomes a group when somebody is invited who is not to be talked with alone."""
        creator, room.creator = room.creator, ""
        if not creator or is_direct:
            return []
        return [
            Line(time=room.created_s, type="group_create", actor=creator, chat=room_id, id=room.creation_id)
        ]

    def _line(self, event: RoomEvent, room: Room, target: str = "") -> Line:
        kind = membership_of(event.content).membership
        return Line(
            time=self._time_s(event),
            type=kind,
            actor=event.sender,
            target=target,
            chat=event.room_id,
            members=room.members,
            id=event.event_id,
        )

    def _typing(self, notice: EphemeralEvent) -> list[Line]:
        """A notice lists everybody who types now; a line is about somebody who has begun to."""
        room = self._room(notice.room_id)
        typing = _read_typing(notice.content).user_ids[:TYPING_REMEMBERED]
        begun = [account for account in typing if account not in room.typing]
        room.typing = frozenset(typing)
        now_s = self._now_s()
        return [self._ephemeral("typing", account, now_s, notice.room_id, room) for account in begun]

    def _receipts(self, notice: EphemeralEvent) -> list[Line]:
        room = self._room(notice.room_id)
        found: dict[str, int] = {}
        for by_kind in _read_receipts(notice.content).values():
            for kind in READ_RECEIPTS:
                for account, receipt in by_kind.get(kind, {}).items():
                    found[account] = max(found.get(account, 0), receipt.ts)
        now_s = self._now_s()
        return [
            self._ephemeral("read", account, min(ts / 1000, now_s) if ts else now_s, notice.room_id, room)
            for account, ts in found.items()
        ]

    def _ephemeral(self, kind: str, account: str, time_s: float, room_id: str, room: Room) -> Line:
        return Line(
            time=time_s,
            type=kind,
            actor=account,
            target=room.other(account),
            chat=room_id,
            members=room.members,
        )
