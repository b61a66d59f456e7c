"""Carries out what the node decided: one account, one rung, however often it is asked.

Restrictions up to ``lock`` live in memory (:mod:`tidegate_synapse.standing`); ``suspend`` and ``ban`` are Synapse's own
suspension and lock, written down before they are set, so that a crash in between cannot make us forget them.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from synapse.logging.context import PreserveLoggingContext, make_deferred_yieldable
from twisted.internet.defer import DeferredLock

from tidegate_synapse.applied import Applied, Record
from tidegate_synapse.budget import FirstContacts, MessageRate
from tidegate_synapse.closing import Closing
from tidegate_synapse.host import Host, logger
from tidegate_synapse.notices import Notices
from tidegate_synapse.rungs import Action, Challenge, NotUnderstoodError, Rung, read_action
from tidegate_synapse.snapshot import Snapshot, take_snapshot
from tidegate_synapse.standing import Standing, Standings

CHALLENGE_RENEWED_S = 900.0
"""A challenge is replaced so long before its end, so that whoever is sent there has time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is confirmed to the node."""

    done: bool
    error: str = ""
    permanent: bool = False


DONE = Outcome(True)


class Measures:
    """Applies actions one after the other. On a worker only what lives in memory."""

    def __init__(
        self,
        host: Host,
        local: Standings,
        remote: Standings,
        challenge_wanted: Callable[[str], object],
    ) -> None:
        self._host, self._local, self._remote = host, local, remote
        self._challenge_wanted = challenge_wanted
        self._applied = Applied(host.api)
        self._notices = Notices(host)
        self._closing = Closing(host)
        self._turn = DeferredLock()
        self._set_status: dict[str, Callable[..., Any]] = {}
        """``suspended`` and ``locked`` to Synapse's own methods. Whoever else calls them is a person."""

    def register(self) -> None:
        """Look at what this Synapse can do."""
        if not self._host.is_main:
            return
        self._notices.register()
        self._closing.register()
        for name, attribute, flag in (
            ("suspend", "set_user_suspended_status", "suspended"),
            ("ban", "set_user_locked_status", "locked"),
        ):
            self._host.capabilities.wrap(
                name,
                f"accounts {flag} by Synapse itself",
                lambda: self._host.store,
                attribute,
                ("user_id", flag),
                functools.partial(self._around_status, flag),
            )

    def _around_status(self, flag: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """Notice when a person suspends or locks an account by hand: from then on that is theirs to lift."""
        self._set_status[flag] = original

        async def set_status(user_id: str, status: bool) -> Any:
            answer = await original(user_id, status)
            self._host.background("tidegate_changed_by_hand", self._changed_by_hand, user_id, flag)
            return answer

        return set_status

    async def _changed_by_hand(self, account: str, flag: str) -> None:
        record = self._applied.get(account)
        if getattr(record, flag):
            setattr(record, flag, False)
            await self._applied.save(record)
            logger.info("tidegate: %s of %s was changed by hand and is left alone from now on", flag, account)

    # What the link calls

    async def load(self) -> None:
        """At start, before the node is asked: what was in force binds again."""
        await self._applied.load()
        for record in self._applied.all():
            await self._one_at_a_time(self._restore, record)

    async def apply(self, fields: Mapping[str, Any]) -> Outcome:
        """One action of the node."""
        try:
            action = read_action(fields)
        except NotUnderstoodError as error:
            return Outcome(False, str(error), permanent=True)
        outcome: Outcome = await self._one_at_a_time(self._apply, action)
        self._host.counts[f"applied:{action.rung.word}" if outcome.done else "not_applied"] += 1
        return outcome

    async def adopt(self, standing: Iterable[Mapping[str, Any]]) -> bool:
        """The node's list of everybody above ``allow``: make it so, silently, and free everybody else."""
        listed = {}
        for fields in standing:
            try:
                action = read_action(fields)
            except NotUnderstoodError as error:
                self._host.alarms.raise_("standing", f"tidegate: {error}")
            else:
                listed[action.account] = replace(action, id="")
        known = {record.account for record in self._applied.all() if record.rung > Rung.ALLOW}
        known |= {*self._local.accounts(), *self._remote.accounts()}
        for account in sorted(known - set(listed)):
            await self._one_at_a_time(self._apply, Action(account, Rung.ALLOW))
        for action in listed.values():
            if not self._is_in_force(action):
                await self._one_at_a_time(self._apply, action)
        return True

    async def tick(self) -> None:
        """Every few seconds: rungs whose time is over end, new admins are free, challenges are kept fresh."""
        now_s = self._host.now_s()
        for record in self._applied.all():
            if record.rung > Rung.ALLOW and record.until_s <= now_s:
                await self._one_at_a_time(self._apply, Action(record.account, Rung.ALLOW))
        for standings in (self._local, self._remote):
            for account in standings.accounts():
                standing = standings.get(account, now_s)
                if standing is None or await self._is_admin(account):
                    await self._one_at_a_time(self._apply, Action(account, Rung.ALLOW))
                elif standing.rung == Rung.CHALLENGE and self._needs_challenge(standing, now_s):
                    self._challenge_wanted(account)

    def challenge_ready(self, account: str, challenge: Challenge) -> None:
        """The node has given a challenge for this account."""
        standing = self._local.get(account, self._host.now_s())
        if standing is not None:
            standing.challenge = challenge

    @staticmethod
    def _needs_challenge(standing: Standing, now_s: float) -> bool:
        return standing.challenge is None or now_s > standing.challenge.until_s - CHALLENGE_RENEWED_S

    # One account

    async def _one_at_a_time(self, function: Callable[..., Any], *arguments: Any) -> Any:
        await make_deferred_yieldable(self._turn.acquire())
        try:
            return await function(*arguments)
        finally:
            with PreserveLoggingContext():
                self._turn.release()

    async def _apply(self, action: Action) -> Outcome:
        account = action.account
        if action.has_ended(self._host.now_s()):
            action = replace(action, rung=Rung.ALLOW, notice="")
        if not self._host.is_main:
            await self._bind(action)
            return DONE
        obstacle = await self._obstacle(account) if action.rung > Rung.ALLOW else None
        wanted = Action(account, Rung.ALLOW, id=action.id) if obstacle else action
        record = self._applied.get(account)
        if action.id and record.action_id == action.id:
            return obstacle or DONE
        if wanted.notice and wanted.id and record.noticed_id != wanted.id:
            await self._tell(wanted, record)
        await self._bind(wanted)
        await self._switch(record, wanted)
        if wanted.rung == Rung.BAN and record.rung != Rung.BAN:
            await self._closing.close(account)
        if obstacle is not None:
            logger.info("tidegate: %s is left alone: %s", account, obstacle.error)
        elif not record.stands(wanted):
            logger.info("tidegate: %s is now on rung %s", account, wanted.rung.word)
        record.rung, record.until_s, record.notice = wanted.rung, wanted.until_s, wanted.notice
        record.action_id = wanted.id or record.action_id
        if record.is_empty() and not wanted.id:
            await self._applied.tidy(record)
        else:
            await self._applied.save(record)
        return obstacle or DONE

    async def _restore(self, record: Record) -> None:
        if await self._obstacle(record.account) is not None:  # exempt since
            await self._apply(Action(record.account, Rung.ALLOW))
        elif record.rung > Rung.WARN:
            await self._bind(Action(record.account, record.rung, record.until_s, record.notice))

    async def _obstacle(self, account: str) -> Outcome | None:
        """Why nothing can or may be done about this account."""
        host = self._host
        if not host.is_local(account):
            return None
        if host.settings.is_exempt(account) or account in (host.notices_user, host.settings.notices_from):
            return Outcome(False, f"{account} is exempt in the module's settings", permanent=True)
        if host.is_of_appservice(account):
            return Outcome(False, f"{account} belongs to an application service", permanent=True)
        if await self._is_admin(account):
            return Outcome(False, f"{account} is an admin of the homeserver", permanent=True)
        if await host.store.get_user_by_id(account) is None:
            return Outcome(False, f"there is no user {account} on {host.server_name}", permanent=True)
        return None

    async def _is_admin(self, account: str) -> bool:
        return self._host.is_local(account) and bool(await self._host.store.is_server_admin(account))

    def _is_in_force(self, action: Action) -> bool:
        if self._host.is_main and not self._applied.get(action.account).stands(action):
            return False
        standings = self._local if self._host.is_local(action.account) else self._remote
        standing = standings.get(action.account, self._host.now_s())
        if action.rung <= Rung.WARN:
            return standing is None
        return standing is not None and (standing.rung, standing.until_s) == (action.rung, action.until_s)

    async def _bind(self, action: Action) -> None:
        """In memory: from here on the hot path knows. The rooms are read first, so it never knows half."""
        account, settings = action.account, self._host.settings
        local = self._host.is_local(account)
        standings = self._local if local else self._remote
        if action.rung <= Rung.WARN:
            standings.remove(account)
            return
        snapshot = await take_snapshot(self._host, account) if local else Snapshot()
        standings.put(
            Standing(
                account,
                action.rung,
                action.until_s,
                action.notice,
                snapshot.joined,
                snapshot.fresh,
                snapshot.acquainted,
                snapshot.always_open,
                contacts=FirstContacts(settings.first_contacts_per_day),
                rate=MessageRate(settings.messages_per_minute),
            )
        )
        if action.rung == Rung.CHALLENGE and local:
            self._challenge_wanted(account)

    async def _tell(self, action: Action, record: Record) -> None:
        """The notice goes out before anything is closed. If it cannot be sent, the measure is taken all the same."""
        if not self._host.is_local(action.account):
            return
        try:
            await self._notices.send(action.account, action.notice)
        except Exception as error:  # noqa: BLE001 -- reported; a measure must not hang on a message
            self._host.failed("sending a notice", error)
            return
        record.noticed_id = action.id
        await self._applied.save(record)

    async def _switch(self, record: Record, action: Action) -> None:
        """Synapse's own suspension and lock. Where this Synapse has none, memory alone refuses."""
        if not self._host.is_local(action.account):
            return
        for flag, rung, getter in (
            ("suspended", Rung.SUSPEND, "get_user_suspended_status"),
            ("locked", Rung.BAN, "get_user_locked_status"),
        ):
            wanted, set_status = action.rung == rung, self._set_status.get(flag)
            if wanted == getattr(record, flag):
                continue
            if set_status is None:
                self._host.alarms.raise_(flag, f"tidegate: this Synapse has no way to have an account {flag}")
            elif not wanted:
                await set_status(action.account, False)
                setattr(record, flag, False)
                await self._applied.save(record)
            elif not await getattr(self._host.store, getter)(action.account):  # else it is a person's to lift
                setattr(record, flag, True)
                await self._applied.save(record)
                await set_status(action.account, True)
