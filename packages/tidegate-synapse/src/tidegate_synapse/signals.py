"""What people do apart from sending: sign-ups, sessions, typing, reading.

Two things that Synapse would also tell are not sent. ``m.direct`` is written by clients on their own when a
conversation is opened or accepted; nobody has saved anybody, so it is no ``contact``. One-time keys are claimed by a
client for every device of every member of a room; the log contract has no word for it, and the message or invitation
that follows says the same about people.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from synapse.module_api import NOT_SPAM
from synapse.spam_checker_api import RegistrationBehaviour

from tidegate_synapse.accepted import AcceptedEvents, device_name
from tidegate_synapse.host import NOWHERE, Host, Origin, client_origin, fail_open, origin_of
from tidegate_synapse.lines import (
    client_software,
    event_line,
    network_address,
    phone_number,
)
from tidegate_synapse.room_loader import RoomLoader
from tidegate_synapse.rooms import Room

SIGN_UPS_REMEMBERED = 1_000
"""Between the steps of one sign-up."""


class Signals:
    """Registers for everything this Synapse lets itself be asked about."""

    def __init__(
        self, host: Host, accepted: AcceptedEvents, loader: RoomLoader, emit: Callable[[bytes], None]
    ) -> None:
        self.host = host
        self._accepted, self._loader, self._emit = accepted, loader, emit
        self._origins: OrderedDict[str, Origin] = OrderedDict()
        self._phones: OrderedDict[str, str] = OrderedDict()

    def register(self) -> None:
        """Official callbacks first; then the private methods, each looked at before it is wrapped."""
        capabilities, api, hs = self.host.capabilities, self.host.api, self.host.hs
        capabilities.official(
            "sign-up address",
            "address and client of a sign-up",
            "check_registration_for_spam",
            lambda: api.register_spam_checker_callbacks(
                check_registration_for_spam=self.check_registration_for_spam
            ),
        )
        capabilities.official(
            "sign-up phone",
            "telephone number proven at sign-up",
            "get_username_for_registration",
            lambda: api.register_password_auth_provider_callbacks(
                get_username_for_registration=self.get_username_for_registration
            ),
        )
        capabilities.official(
            "sign-ups",
            "new accounts",
            "on_user_registration",
            lambda: api.register_account_validity_callbacks(on_user_registration=self.on_user_registration),
        )
        if not capabilities.wrap(
            "sessions",
            "logins with their device",
            hs.get_registration_handler,
            "register_device",
            ("user_id", "device_id", "initial_display_name"),
            self._around_device,
        ):
            capabilities.official(
                "sessions (logins only)",
                "logins, without the device made at sign-up",
                "check_login_for_spam",
                lambda: api.register_spam_checker_callbacks(check_login_for_spam=self.check_login_for_spam),
            )
        capabilities.wrap(
            "typing",
            "typing notices",
            hs.get_typing_handler,
            "_push_update_local",
            ("member", "typing"),
            self._around_typing,
        )
        capabilities.wrap(
            "reading",
            "read receipts",
            hs.get_receipts_handler,
            "_handle_new_receipts",
            ("receipts",),
            self._around_receipts,
        )

    # Sign-ups and sessions

    @fail_open(RegistrationBehaviour.ALLOW)
    def check_registration_for_spam(
        self,
        email_threepid: Any,
        username: str | None,
        request_info: Any,
        auth_provider_id: str | None = None,
    ) -> RegistrationBehaviour:
        """Remember where a sign-up comes from; it is no account yet, and none is refused."""
        if username and request_info:
            agent, address = next(iter(request_info))
            _remember(
                self._origins, username.lower(), Origin(network_address(address), client_software(agent))
            )
        return RegistrationBehaviour.ALLOW

    @fail_open(None)
    def get_username_for_registration(
        self, uia_results: Mapping[str, Any], params: Mapping[str, Any]
    ) -> str | None:
        """Remember a proven telephone number. Chooses no name."""
        phone, username = phone_number(uia_results), params.get("username")
        if phone and isinstance(username, str):
            _remember(self._phones, username.lower(), phone)
        return None

    @fail_open(None)
    def on_user_registration(self, user_id: str) -> None:
        """A new account. Ghosts of bridges are none; of accounts made by an admin the address is the admin's."""
        localpart = user_id[1:].partition(":")[0]
        origin, phone = self._origins.pop(localpart, None), self._phones.pop(localpart, None)
        if self.host.is_of_appservice(user_id):
            return
        here = client_origin()
        if here is not None and here.ip is not None:
            origin = here
        self._say("register", user_id, origin or NOWHERE, phone=phone)

    @fail_open(NOT_SPAM)
    def check_login_for_spam(
        self,
        user_id: str,
        device_id: str | None,
        name: str | None,
        request_info: Any,
        provider: str | None = None,
    ) -> Any:
        """The fallback source of sessions."""
        self._session(user_id, device_id)
        return NOT_SPAM

    def _around_device(self, original: Callable[..., Any]) -> Callable[..., Any]:
        # Not the device handler's check_device_registered: that is also asked with every upload of keys.
        async def register_device(user_id: str, *arguments: Any, **named: Any) -> Any:
            registered = await original(user_id, *arguments, **named)
            self.host.safely("sessions", lambda: self._session(user_id, registered[0]))
            return registered

        return register_device

    def _session(self, user_id: str, device_id: str | None) -> None:
        if not self.host.is_of_appservice(user_id):
            self._say("login", user_id, client_origin() or NOWHERE, device=device_name(user_id, device_id))

    # Typing and reading

    def _around_typing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def _push_update_local(member: Any, typing: bool) -> Any:
            if typing:
                self.host.safely("typing", self._typing, member.user_id, member.room_id)
            return original(member=member, typing=typing)

        return _push_update_local

    def _typing(self, user: str, room_id: str) -> None:
        origin, now_s = origin_of(self.host, user), self.host.now_s()

        def line(room: Room) -> None:
            self._emit(
                event_line(
                    now_s,
                    "typing",
                    user,
                    target=room.other(user),
                    chat=room_id,
                    ip=origin.ip,
                    client=origin.client,
                )
            )

        self._loader.when_known(room_id, line)

    def _around_receipts(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def _handle_new_receipts(receipts: Any) -> Any:
            new = await original(receipts)
            if new:
                self.host.safely("reading", self._receipts, receipts)
            return new

        return _handle_new_receipts

    def _receipts(self, receipts: Any) -> None:
        for receipt in receipts:
            if not receipt.event_ids or receipt.receipt_type not in ("m.read", "m.read.private"):
                continue
            self._read(receipt.user_id, receipt.room_id, self._accepted.author(receipt.event_ids[0]))

    def _read(self, user: str, room_id: str, author: str | None) -> None:
        if author == user:
            return
        origin, now_s = origin_of(self.host, user), self.host.now_s()

        def line(room: Room) -> None:
            target = author or room.other(user)
            if target is not None:  # whose message was read is all there is to say
                self._emit(
                    event_line(
                        now_s,
                        "read",
                        user,
                        target=target,
                        chat=room_id,
                        ip=origin.ip,
                        client=origin.client,
                    )
                )

        self._loader.when_known(room_id, line)

    def _say(self, kind: str, actor: str, origin: Origin, **fields: str | None) -> None:
        self._emit(event_line(self.host.now_s(), kind, actor, ip=origin.ip, client=origin.client, **fields))


def _remember(memory: OrderedDict[str, Any], key: str, value: object) -> None:
    memory[key] = value
    if len(memory) > SIGN_UPS_REMEMBERED:
        memory.popitem(last=False)
