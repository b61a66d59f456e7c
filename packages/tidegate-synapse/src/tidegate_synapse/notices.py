"""Words to an account holder: a server notice, else a message from the user the operator named."""

from typing import Any

from tidegate_synapse.host import Host

DIRECT = "m.direct"


class Notices:
    """Finds out once which way is open."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._sender = host.settings.notices_from
        self._manager: Any = None

    def register(self) -> None:
        """Say in the table of capabilities how notices are sent."""
        capabilities = self._host.capabilities
        if self._host.notices_user:
            send = capabilities.private(
                "notices",
                "server notices to account holders",
                "ServerNoticesManager.send_notice",
                lambda: self._host.hs.get_server_notices_manager().send_notice,
                "user_id",
                "event_content",
            )
            if send is not None:
                self._manager = self._host.hs.get_server_notices_manager()
                return
        if self._sender and self._host.is_local(self._sender):
            capabilities.official(
                "notices (by a user)",
                f"messages from {self._sender} to account holders",
                "create_and_send_event_into_room",
                lambda: self._host.api.create_and_send_event_into_room,
            )
        else:
            capabilities.off(
                "notices",
                "notices to account holders",
                "homeserver.yaml",
                "set server_notices, or notices_from (a user of this server) in the module's config",
            )

    async def send(self, account: str, text: str) -> str | None:
        """The room in which ``text`` was said; None when no way is open (logged). Raises what Synapse raises."""
        if self._manager is not None:
            event = await self._manager.send_notice(account, {"msgtype": "m.text", "body": text})
            return str(event.room_id)
        if not self._host.capabilities.has("notices (by a user)"):
            self._host.counts["notices_not_configured"] += 1
            self._host.alarms.raise_(
                "notices",
                f"tidegate: {account} was not told: neither server_notices nor notices_from is configured",
            )
            return None
        room_id = await self._room(account)
        await self._host.api.create_and_send_event_into_room(
            {
                "type": "m.room.message",
                "room_id": room_id,
                "sender": self._sender,
                "content": {"msgtype": "m.notice", "body": text},
            }
        )
        return room_id

    async def _room(self, account: str) -> str:
        """The conversation of the named user with the account, remembered where clients remember theirs."""
        manager = self._host.api.account_data_manager
        known = dict(await manager.get_global(self._sender, DIRECT) or {})
        for room_id in known.get(account, ()):
            members = set(await self._host.store.get_users_in_room(room_id))
            members |= set(await self._host.store.get_invited_users_in_room(room_id))
            if {self._sender, account} <= members:
                return str(room_id)
        room_id, _ = await self._host.api.create_room(
            self._sender,
            {"preset": "trusted_private_chat", "is_direct": True, "invite": [account]},
            ratelimit=False,
        )
        known[account] = [*known.get(account, ()), room_id]
        await manager.put_global(self._sender, DIRECT, known)
        return str(room_id)
