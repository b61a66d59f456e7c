"""Events that Synapse has accepted, as lines for the node: messages, memberships, new rooms.

The source is the notifier's ``on_new_room_events``: it is given each event once, after it was stored, by the process
that stored it, and still inside the client's request, so address and user agent are at hand. The module API's
``on_new_event`` tells the same but loads the whole state of the room each time (1-2 ms for 300 members); it is the
fallback.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from synapse.logging.context import current_context
from synapse.util.metrics import Measure

from tidegate_synapse.host import (
    CLIENT_REQUESTS,
    NOWHERE,
    Host,
    Origin,
    acting_user,
    client_origin,
    fail_open,
)
from tidegate_synapse.lines import MESSAGE_TYPES, event_line, identifier, message_size
from tidegate_synapse.room_loader import RoomLoader
from tidegate_synapse.rooms import INVITE, JOIN, Room, Rooms
from tidegate_synapse.standing import Standings

AUTHORS_REMEMBERED = 20_000
"""Of the latest messages, so that a read receipt or a report finds whose message it is about."""
INTENTIONS_REMEMBERED = 10_000
"""Rooms asked for and not yet made."""
BLOCK_NAME = "tidegate_synapse.accepted_events"
"""In Synapse's own metrics of blocks, beside those of the callbacks."""


@dataclass(frozen=True, slots=True)
class Membership:
    """One membership event, as far as it matters here."""

    room_id: str
    event_id: str
    sender: str
    user: str
    membership: str
    direct: bool
    origin: Origin
    time_s: float


class AcceptedEvents:
    """Turns accepted events into lines, and keeps the rooms in memory up to date on the way."""

    def __init__(
        self,
        host: Host,
        rooms: Rooms,
        loader: RoomLoader,
        standings: Iterable[Standings],
        emit: Callable[[bytes], None],
    ) -> None:
        self.host = host
        self._rooms, self._loader, self._standings, self._emit = rooms, loader, tuple(standings), emit
        self._authors: OrderedDict[str, str] = OrderedDict()
        self._intentions: OrderedDict[str, bool] = OrderedDict()
        self._clock = host.hs.get_clock()

    def register(self) -> None:
        """Find the cheapest source that this Synapse has."""
        capabilities, api = self.host.capabilities, self.host.api
        meaning = "messages, invitations, joins, leaves, new rooms"
        wrapped = capabilities.wrap(
            "events",
            meaning,
            self.host.hs.get_notifier,
            "on_new_room_events",
            ("events_and_pos", "max_room_stream_token", "extra_users"),
            self._around_notifier,
        )
        if not wrapped:
            capabilities.official(
                "events (slower)",
                f"{meaning}; Synapse loads the room's state for each",
                "on_new_event",
                lambda: api.register_third_party_rules_callbacks(on_new_event=self.on_new_event),
            )
        capabilities.official(
            "intentions",
            "whether a new room is a conversation of two",
            "on_create_room",
            lambda: api.register_third_party_rules_callbacks(on_create_room=self.on_create_room),
        )

    def author(self, event_id: str) -> str | None:
        """Who sent one of the latest messages."""
        return self._authors.get(event_id)

    @fail_open(None)
    def on_create_room(self, requester: Any, config: Mapping[str, Any], is_requester_admin: bool) -> None:
        """Remember what the next room of this user is meant to be. Changes and refuses nothing."""
        space = (config.get("creation_content") or {}).get("type") == "m.space"
        two = config.get("preset") == "trusted_private_chat" and len(config.get("invite") or ()) == 1
        self._intentions[requester.user.to_string()] = bool(config.get("is_direct") or two or space)
        if len(self._intentions) > INTENTIONS_REMEMBERED:
            self._intentions.popitem(last=False)

    @fail_open(None)
    def on_new_event(self, event: Any, state: Any) -> None:
        """The fallback source."""
        self._observe([event])

    def _around_notifier(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def on_new_room_events(
            events_and_pos: Any, max_room_stream_token: Any, extra_users: Any = None
        ) -> Any:
            self._observe([event for event, _ in events_and_pos])
            return await original(events_and_pos, max_room_stream_token, extra_users=extra_users)

        return on_new_room_events

    def _observe(self, events: list[Any]) -> None:
        try:
            if not current_context():  # outside of any context Synapse's measure would only complain
                self._observe_all(events)
                return
            with Measure(self._clock, name=BLOCK_NAME, server_name=self.host.server_name):
                self._observe_all(events)
        except Exception as error:  # noqa: BLE001 -- Synapse's notifications must go on
            self.host.failed("accepted events", error)

    def _observe_all(self, events: list[Any]) -> None:
        for event in events:
            metadata = event.internal_metadata
            if metadata.is_soft_failed() or event.rejected_reason:
                continue
            kind = event.type
            if kind in MESSAGE_TYPES and not event.is_state():
                self._message(event)
            elif kind == "m.room.member":
                self._member(event)
            elif kind == "m.room.create":
                self._create(event)

    def _message(self, event: Any) -> None:
        sender, room_id, event_id = event.sender, event.room_id, event.event_id
        self._authors[event_id] = sender
        if len(self._authors) > AUTHORS_REMEMBERED:
            self._authors.popitem(last=False)
        for standings in self._standings:
            standings.wrote(sender, room_id)
        origin = self._origin(event)
        room = self._rooms.get(room_id)
        if room is not None:
            room.writes(sender)
        if origin is None:
            return
        size = message_size(event.type, event.content)
        device = None
        if origin is not NOWHERE:
            device = device_name(sender, getattr(event.internal_metadata, "device_id", None))
        now_s = self.host.now_s()

        def line(room: Room) -> None:
            members = room.members()
            if members < 2:
                return  # nobody is there to read it
            self._emit(
                event_line(
                    now_s,
                    "message",
                    sender,
                    target=room.other(sender),
                    chat=room_id,
                    members=members,
                    size=size,
                    ip=origin.ip,
                    device=device,
                    client=origin.client,
                    id=event_id,
                )
            )

        if room is not None:
            line(room)
        else:
            self._loader.when_known(room_id, line)

    def _create(self, event: Any) -> None:
        creator, room_id = event.sender, event.room_id
        self._rooms.put(room_id, Room.just_created())
        for standings in self._standings:
            standings.created(creator, room_id)
        not_a_group = self._intentions.pop(creator, False)
        origin = self._origin(event)
        if origin is None or not_a_group:
            return
        self._emit(
            event_line(
                self.host.now_s(),
                "group_create",
                creator,
                chat=room_id,
                ip=origin.ip,
                client=origin.client,
                id=event.event_id,
            )
        )

    def _member(self, event: Any) -> None:
        origin = self._origin(event)
        content = event.content
        change = Membership(
            event.room_id,
            event.event_id,
            event.sender,
            event.state_key,
            content.get("membership", ""),
            content.get("is_direct") is True,
            NOWHERE if origin is None else origin,
            self.host.now_s(),
        )
        room = self._rooms.get(change.room_id)
        say = origin is not None
        if room is not None and not room.crowd:
            self._changed(room, change, room.memberships.get(change.user), say)
            return
        replaced = event.unsigned.get("replaces_state")
        self._loader.when_membership_known(
            change.room_id, replaced, lambda room, before: self._changed(room, change, before, say)
        )

    def _changed(self, room: Room, change: Membership, before: str | None, say: bool) -> None:
        begun_by_creator = room.members() == 0
        if change.membership == INVITE and change.direct:
            room.direct = True
        room.change(change.user, change.membership, before)
        self._rooms.recount(change.room_id)
        if before == JOIN and change.membership != JOIN and not self._is_followed(room):
            self._rooms.forget(change.room_id)
        own = change.sender == change.user
        if change.membership == INVITE and before not in (INVITE, JOIN):
            kind, target = "invite", change.user
        elif (
            change.membership == JOIN
            and own
            and before != JOIN
            and not begun_by_creator
            and not room.is_direct()
        ):
            kind, target = "join", None
        elif change.membership == "leave" and own and before in (INVITE, JOIN):
            kind, target = "leave", None
        else:
            return
        if not say:
            return
        self._emit(
            event_line(
                change.time_s,
                kind,
                change.sender,
                target=target,
                chat=change.room_id,
                members=max(room.members(), 1),
                ip=change.origin.ip,
                client=change.origin.client,
                id=change.event_id,
            )
        )

    def _is_followed(self, room: Room) -> bool:
        if room.crowd:
            return True
        return any(at == JOIN and self.host.is_local(user) for user, at in room.memberships.items())

    def _origin(self, event: Any) -> Origin | None:
        """Where the event came from; None when it is not a person's deed and nothing shall be said of it."""
        sender = event.sender
        if sender == self.host.notices_user:
            return None
        if not self.host.is_local(sender):
            return NOWHERE
        request: Any = current_context().request
        if request is None:  # made by the server itself, or sent later at the user's own wish
            delayed = getattr(event.internal_metadata, "delay_id", None) is not None
            return NOWHERE if delayed else None
        if not request.url.startswith(CLIENT_REQUESTS) or acting_user() != sender:
            return NOWHERE
        return client_origin() or NOWHERE


def device_name(user: str, device_id: object) -> str | None:
    """A device, named with its user: clients choose their device ids, and those of others are public.

    Without the user's name anybody could put somebody else's device next to their own deeds.
    """
    return identifier(f"{user}/{device_id}") if isinstance(device_id, str) and device_id else None
