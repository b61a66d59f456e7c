"""What people say about others: messages, rooms and users reported, users ignored.

The free text of a report may quote a message, so it never leaves this file's callers.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tidegate_synapse.accepted import AcceptedEvents
from tidegate_synapse.host import Host, Origin, origin_of
from tidegate_synapse.lines import event_line, ignored_difference
from tidegate_synapse.room_loader import RoomLoader
from tidegate_synapse.rooms import Room

IGNORED_AT_ONCE = 500
"""Changes of one list of ignored users that are sent; a longer one is an import and no opinion of today."""
IGNORED_LIST = "m.ignored_user_list"


class Complaints:
    """Synapse has no callback for any of these: its methods are wrapped, if they look as expected."""

    def __init__(
        self, host: Host, accepted: AcceptedEvents, loader: RoomLoader, emit: Callable[[bytes], None]
    ) -> None:
        self.host = host
        self._accepted, self._loader, self._emit = accepted, loader, emit

    def register(self) -> None:
        """Wrap what is there."""
        capabilities, hs = self.host.capabilities, self.host.hs
        capabilities.wrap(
            "blocks",
            "users ignored and no longer ignored",
            hs.get_account_data_handler,
            "add_account_data_for_user",
            ("user_id", "account_data_type", "content"),
            self._around_account_data,
        )
        store = lambda: self.host.store  # noqa: E731
        capabilities.wrap(
            "reports of messages",
            "messages reported",
            store,
            "add_event_report",
            ("room_id", "event_id", "user_id", "reason", "content", "received_ts"),
            self._around_event_report,
        )
        capabilities.wrap(
            "reports of rooms",
            "rooms reported",
            store,
            "add_room_report",
            ("room_id", "user_id", "reason", "received_ts"),
            self._around_room_report,
        )
        capabilities.wrap(
            "reports of users",
            "users reported",
            store,
            "add_user_report",
            ("target_user_id", "user_id", "reason", "received_ts"),
            self._around_user_report,
        )

    def _around_event_report(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def add_event_report(
            room_id: str, event_id: str, user_id: str, reason: Any, content: Any, received_ts: int
        ) -> Any:
            number = await original(room_id, event_id, user_id, reason, content, received_ts)
            author = self._accepted.author(event_id)
            self.host.safely(
                "reports",
                self._report_of_event,
                user_id,
                author,
                event_id,
                origin_of(self.host, user_id),
                number,
            )
            return number

        return add_event_report

    def _report_of_event(
        self, user: str, author: str | None, event_id: str, origin: Origin, number: object
    ) -> None:
        if author is None:
            self.host.background(
                "tidegate_reported_event", self._reported_event, user, event_id, origin, number
            )
        else:
            self._report(user, author, "message", origin, number)

    async def _reported_event(self, user: str, event_id: str, origin: Origin, number: object) -> None:
        event = await self.host.store.get_event(event_id, allow_none=True)
        if event is not None:
            self._report(user, event.sender, "message", origin, number)

    def _around_room_report(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def add_room_report(room_id: str, user_id: str, reason: Any, received_ts: int) -> Any:
            number = await original(room_id, user_id, reason, received_ts)
            origin = origin_of(self.host, user_id)
            self.host.background(
                "tidegate_reported_room", self._reported_room, user_id, room_id, origin, number
            )
            return number

        return add_room_report

    async def _reported_room(self, user: str, room_id: str, origin: Origin, number: object) -> None:
        """About whoever invited the reporter, or the other one of two; a room of many is nobody in particular."""
        invitation = await self.host.store.get_invite_for_local_user_in_room(user, room_id)
        if invitation is not None:
            self._report(user, invitation.sender, "room", origin, number)
            return

        def report(room: Room) -> None:
            other = room.other(user)
            if other is not None:
                self._report(user, other, "room", origin, number)

        self._loader.when_known(room_id, report)

    def _around_user_report(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def add_user_report(target_user_id: str, user_id: str, reason: Any, received_ts: int) -> Any:
            number = await original(target_user_id, user_id, reason, received_ts)
            self.host.safely(
                "reports",
                self._report,
                user_id,
                target_user_id,
                "user",
                origin_of(self.host, user_id),
                number,
            )
            return number

        return add_user_report

    def _report(self, user: str, target: str, about: str, origin: Origin, number: object) -> None:
        if user != target:
            self._say("report", user, origin, target=target, reason=about, id=f"{about} report {number}")

    def _around_account_data(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def add_account_data_for_user(user_id: str, account_data_type: str, content: Any) -> Any:
            if account_data_type != IGNORED_LIST:
                return await original(user_id, account_data_type, content)
            before = None
            try:
                before = await self.host.store.ignored_users(user_id)
            except Exception as error:  # noqa: BLE001 -- the user's list is saved all the same
                self.host.failed("blocks", error)
            answer = await original(user_id, account_data_type, content)
            if before is not None:
                self.host.safely("blocks", self._ignored, user_id, frozenset(before), content)
            return answer

        return add_account_data_for_user

    def _ignored(self, user: str, before: frozenset[str], content: Mapping[str, Any]) -> None:
        added, removed = ignored_difference(before, content)
        if len(added) + len(removed) > IGNORED_AT_ONCE:
            self.host.counts["lost:ignored_list_import"] += 1
            return
        origin = origin_of(self.host, user)
        for kind, others in (("block", added), ("unblock", removed)):
            for other in sorted(others - {user}):
                self._say(kind, user, origin, target=other)

    def _say(self, kind: str, actor: str, origin: Origin, **fields: str | None) -> None:
        self._emit(event_line(self.host.now_s(), kind, actor, ip=origin.ip, client=origin.client, **fields))
