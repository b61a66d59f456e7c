"""What a ban does besides the lock: sessions end, and what was sent is redacted if the operator wants that."""

from collections.abc import Callable
from typing import Any

from synapse.api.errors import SynapseError
from synapse.types import UserID, create_requester

from tidegate_synapse.host import Host, logger

REDACTION_REASON = "The account was closed."
REDACTED_EVENTS_PER_ROOM = 1_000


class Closing:
    """Never deactivates: an appeal must find the account as it was, apart from what its options say."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._delete_devices: Callable[..., Any] | None = None
        self._delete_tokens: Callable[..., Any] | None = None
        self._redact: Callable[..., Any] | None = None

    def register(self) -> None:
        """Look for what the two options need, when they are on."""
        settings, capabilities, hs = self._host.settings, self._host.capabilities, self._host.hs
        if settings.log_out_on_ban:
            self._delete_devices = capabilities.private(
                "ban: devices",
                "devices of a banned account deleted",
                "delete_all_devices_for_user",
                lambda: hs.get_device_handler().delete_all_devices_for_user,
                "user_id",
            )
            self._delete_tokens = capabilities.private(
                "ban: tokens",
                "access tokens of a banned account deleted",
                "delete_access_tokens_for_user",
                lambda: hs.get_auth_handler().delete_access_tokens_for_user,
                "user_id",
            )
        if settings.redact_on_ban:
            self._redact = capabilities.private(
                "ban: redaction",
                "messages of a banned account redacted",
                "start_redact_events",
                lambda: hs.get_admin_handler().start_redact_events,
                "user_id",
                "rooms",
                "requester",
                "use_admin",
                "reason",
                keyword="limit",
            )

    async def close(self, account: str) -> None:
        """Once for each ban. Raises what Synapse raises: the action then comes again."""
        if self._redact is not None:
            await self._redact_events(account)
        if self._delete_devices is not None:
            await self._delete_devices(account)
        if self._delete_tokens is not None:
            await self._delete_tokens(account)

    async def _redact_events(self, account: str) -> None:
        assert self._redact is not None
        # An empty list means "everywhere" only in the admin API; here every room must be named.
        store = self._host.store
        rooms = sorted(
            {
                *await store.get_rooms_for_user(account),
                *await store.get_rooms_user_currently_banned_from(account),
            }
        )
        requester = create_requester(UserID.from_string(account), authenticated_entity=self._host.server_name)
        try:
            task = await self._redact(
                account,
                rooms,
                requester.serialize(),
                False,  # as the account itself: an admin would have to be in each room
                REDACTION_REASON,
                limit=REDACTED_EVENTS_PER_ROOM,
            )
        except SynapseError as error:
            if "already in progress" not in error.msg:
                raise
        else:
            logger.info("tidegate: redacting what %s sent in %d rooms (task %s)", account, len(rooms), task)
