"""The hot path: what Synapse asks before it lets somebody do something. Answers come from memory."""

import functools
import math
from collections.abc import Mapping
from typing import Any

from synapse.api.errors import Codes, LimitExceededError
from synapse.logging.context import current_context
from synapse.module_api import NOT_SPAM

from tidegate_synapse.host import CLIENT_REQUESTS, Host, fail_open
from tidegate_synapse.lines import MESSAGE_TYPES
from tidegate_synapse.rooms import Rooms
from tidegate_synapse.rungs import Rung
from tidegate_synapse.standing import LIMITED, Refusal, Standing, Standings


class Guard:
    """Answers Synapse's questions about accounts that are restricted; everybody else passes at once."""

    def __init__(self, host: Host, local: Standings, remote: Standings, rooms: Rooms) -> None:
        self.host = host
        self._local, self._remote, self._rooms = local, remote, rooms

    def register(self) -> None:
        """Offer the callbacks to Synapse, each on its own, so that one that is unknown costs only itself."""
        meanings = {
            "check_event_for_spam": "messages of restricted accounts",
            "user_may_create_room": "new rooms of restricted accounts",
            "user_may_invite": "invitations by restricted accounts",
            "user_may_send_3pid_invite": "invitations by e-mail or telephone number",
            "federated_user_may_invite": "invitations by restricted accounts of other servers",
            "user_may_join_room": "joins of locked accounts",
            "user_may_create_room_alias": "aliases made by locked accounts",
            "user_may_publish_room": "rooms published by locked accounts",
        }
        for name, meaning in meanings.items():
            register = functools.partial(
                self.host.api.register_spam_checker_callbacks, **{name: getattr(self, name)}
            )
            self.host.capabilities.official(f"enforce:{name}", meaning, name, register)

    @fail_open(NOT_SPAM)
    def check_event_for_spam(self, event: Any) -> Any:
        """Messages. Events of other servers are never refused here: Synapse would erase their content."""
        standing = self._local.get(event.sender, self.host.now_s())
        if standing is None or event.type not in MESSAGE_TYPES:
            return NOT_SPAM
        delayed = getattr(event.internal_metadata, "delay_id", None) is not None
        if not delayed and not _asked_by_client():
            return NOT_SPAM
        room_id = event.room_id
        room = self._rooms.peek(room_id)
        return self._answer("message", standing, standing.may_send(room_id, room, self.host.now_s()), room_id)

    @fail_open(NOT_SPAM)
    def user_may_create_room(self, user_id: str, room_config: Mapping[str, Any]) -> Any:
        """New rooms; Synapse does not ask about admins."""
        standing = self._standing(user_id)
        if standing is None:
            return NOT_SPAM
        invited = [one for one in room_config.get("invite") or () if isinstance(one, str)]
        unnamed = len(room_config.get("invite_3pid") or ())
        return self._answer("room", standing, standing.may_create(invited, unnamed, self.host.now_s()))

    @fail_open(NOT_SPAM)
    def user_may_invite(self, inviter: str, invitee: str, room_id: str) -> Any:
        """Invitations, also those of createRoom."""
        standing = self._standing(inviter)
        if standing is None:
            return NOT_SPAM
        refusal = standing.may_invite(invitee, room_id, self.host.now_s())
        return self._answer("invitation", standing, refusal, room_id)

    @fail_open(NOT_SPAM)
    def user_may_send_3pid_invite(self, inviter: str, medium: str, address: str, room_id: str) -> Any:
        """Invitations by e-mail or telephone number."""
        standing = self._standing(inviter)
        if standing is None:
            return NOT_SPAM
        refusal = standing.may_invite(f"{medium}:{address}", room_id, self.host.now_s())
        return self._answer("invitation", standing, refusal, room_id)

    @fail_open(NOT_SPAM)
    def federated_user_may_invite(self, event: Any) -> Any:
        """Invitations from other servers, the one thing of theirs that can be refused without harm."""
        now_s = self.host.now_s()
        standing = self._remote.get(event.sender, now_s)
        if standing is None or standing.rung < Rung.BUDGET:
            return NOT_SPAM
        refusal = standing.may_invite(event.state_key, event.room_id, now_s)
        if refusal is None:
            self._remote.paid(standing.account, event.room_id)
            return NOT_SPAM
        self.host.counts["refused:invitation"] += 1
        return Codes.FORBIDDEN

    @fail_open(NOT_SPAM)
    def user_may_join_room(self, user_id: str, room_id: str, is_invited: bool) -> Any:
        """Joins; Synapse does not ask about a room's creator."""
        standing = self._standing(user_id)
        return NOT_SPAM if standing is None else self._answer("join", standing, standing.may_join(room_id))

    @fail_open(NOT_SPAM)
    def user_may_create_room_alias(self, user_id: str, room_alias: Any) -> Any:
        """Aliases."""
        standing = self._standing(user_id)
        return NOT_SPAM if standing is None else self._answer("alias", standing, standing.may_publish())

    @fail_open(NOT_SPAM)
    def user_may_publish_room(self, user_id: str, room_id: str) -> Any:
        """The room directory."""
        standing = self._standing(user_id)
        return NOT_SPAM if standing is None else self._answer("publication", standing, standing.may_publish())

    def _standing(self, user: str) -> Standing | None:
        standing = self._local.get(user, self.host.now_s())
        return standing if standing is not None and _asked_by_client() else None

    def _answer(self, what: str, standing: Standing, refusal: Refusal | None, room_id: str = "") -> Any:
        if refusal is None:
            if room_id in standing.paid:
                self._local.paid(standing.account, room_id)
            return NOT_SPAM
        self.host.counts[f"refused:{what}"] += 1
        if refusal.errcode == LIMITED:
            # A true 429 with Retry-After: Synapse has no other way to say "later" than this exception.
            error = LimitExceededError("tidegate", retry_after_ms=math.ceil(refusal.wait_s * 1000))
            error.msg = refusal.text
            raise error
        # Fields given here replace those of Synapse's own answer, so the person reads our words.
        fields: dict[str, str | int] = {"error": refusal.text, "org.tidegate.rung": standing.rung.word}
        if math.isfinite(standing.until_s):
            fields["org.tidegate.until_ms"] = int(standing.until_s * 1000)
        if refusal.consent_uri:
            fields["consent_uri"] = refusal.consent_uri
        return _code(refusal.errcode), fields


def _asked_by_client() -> bool:
    """A person's own client asks; not the server itself, an admin or a module acting for the person."""
    request: Any = current_context().request
    return request is not None and request.url.startswith(CLIENT_REQUESTS)


def _code(errcode: str) -> Codes:
    try:
        return Codes(errcode)
    except ValueError:  # an older Synapse
        return Codes.FORBIDDEN
