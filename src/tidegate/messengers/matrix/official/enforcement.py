"""From the node's actions to what a homeserver can do without a module; every step may be repeated.

Tidegate lifts only what it did itself: before a measure it reads whether somebody else has already taken it, and
remembers the answer. An intent is written down before the call, so a crash between the two does not make ours theirs.
"""

import asyncio
import logging
import time

from tidegate.engine.rungs import Rung
from tidegate.messengers.matrix.official.admin_api import Account, AdminApi
from tidegate.messengers.matrix.official.errors import ApplyError, NeedsAttention, NotThere, Unavailable
from tidegate.messengers.matrix.official.node_client import Action, NodeClient, Result
from tidegate.messengers.matrix.official.ration import Rations
from tidegate.messengers.matrix.official.settings import Means, Place
from tidegate.messengers.matrix.official.state import State
from tidegate.messengers.matrix.official.words import means_of, notice_text, spent_text

log = logging.getLogger(__name__)
SUSPENDED, LOCKED = "suspended", "locked"
REDACTION_POLLS = 10
REDACTION_POLL_S = 1.0
REDACTION_REASON = "spam"
FAILURES_TOLD = 3
ERROR_CHARACTERS = 1_000
"""A node takes no longer reasons."""
STEPS_KEPT_S = 90 * 86_400.0


class Enforcer:
    """Carries out actions on one homeserver, one at a time."""

    def __init__(
        self, place: Place, admin: AdminApi, node: NodeClient, state: State, rations: Rations
    ) -> None:
        self._place, self._admin, self._node = place, admin, node
        self._state, self._rations = state, rations
        self._settings = place.settings.enforcement
        self._turn = asyncio.Lock()
        self._means = means_of(self._settings)
        for account, rung in state.db.execute("SELECT account, rung FROM standing").fetchall():
            if rung != Rung.BAN.word and self._means[Rung[rung.upper()]] is Means.RATION:
                rations.begin(account, self._allowed(Rung[rung.upper()]))
        rations.changed.update(rations.accounts())

    def _allowed(self, rung: Rung) -> int:
        return self._settings.first_contacts if rung is Rung.BUDGET else 0

    async def apply(self, action: Action) -> Result:
        """Put an account on a rung. Raises StateError when nothing can be remembered."""
        try:
            async with self._turn:
                await self._apply(action)
            return Result(action.id, True)
        except ApplyError as error:
            return Result(action.id, False, str(error)[:ERROR_CHARACTERS], error.permanent)
        except (Unavailable, NeedsAttention) as error:
            return Result(action.id, False, str(error)[:ERROR_CHARACTERS], False)

    async def settle(self, account: str) -> None:
        """Suspend a rationed account that has spent its ration, or let it write again.

        Raises Unavailable and NeedsAttention; then it is still to be done.
        """
        async with self._turn:
            row = self._state.db.execute(
                "SELECT rung, action, spent FROM standing WHERE account = ?", (account,)
            ).fetchone()
            if row is None or not self._rations.is_rationed(account):
                return
            rung, action, was_spent = Rung[row[0].upper()], row[1], bool(row[2])
            spent = self._rations.is_spent(account)
            if spent == was_spent:
                return
            if spent:
                await self._set(account, SUSPENDED, True)
                await self._tell(account, spent_text(self._place.settings), f"{action}-spent")
            else:
                await self._set(account, SUSPENDED, False)
            with self._state.together() as db:
                db.execute("UPDATE standing SET spent = ? WHERE account = ?", (int(spent), account))
                db.execute("DELETE FROM steps WHERE action = ?", (f"{action}-spent",))
            log.info(
                "%s has %s its first contacts on rung %s",
                account,
                "spent" if spent else "regained",
                rung.word,
            )

    # --- One action ---------------------------------------------------------------------------------------------

    async def _apply(self, action: Action) -> None:
        account = action.account
        try:
            rung = Rung[action.rung.upper()]
        except KeyError:
            raise ApplyError(f"{action.rung!r} is no rung this adapter knows", True) from None
        known = await self._may_act(account, rung)
        if known is None:
            return
        untold = ""
        if rung is Rung.BAN:
            if not known.locked:
                # At once, for a notice may take seconds; and locked only after it, for a locked account cannot read it.
                await self._set(account, SUSPENDED, True)
            untold = await self._notice(action, rung)
        self._stand(account, rung, action)
        await self._bring_about(account, rung, action)
        if rung is Rung.BAN:
            await self._close_down(account, action)
        else:
            untold = await self._notice(action, rung)
        if rung is Rung.ALLOW:
            with self._state.together() as db:
                db.execute("DELETE FROM standing WHERE account = ?", (account,))
        if untold:
            raise ApplyError(f"the measure is in force, but the account holder was not told: {untold}", False)

    async def _may_act(self, account: str, rung: Rung) -> Account | None:
        """What is in force; None when there is nothing to do. Raises :class:`ApplyError`."""
        if not self._place.is_local(account):
            raise ApplyError(f"{account} is not an account of {self._place.settings.server_name}", True)
        if self._place.is_ignored(account):
            raise ApplyError(f"{account} is ignored by the settings of the Matrix adapter", True)
        try:
            known = await self._admin.account(account)
        except NotThere:
            if rung is Rung.ALLOW:
                return None
            raise ApplyError(f"the homeserver has no account {account}", True) from None
        if known.admin and rung is not Rung.ALLOW:
            raise ApplyError(f"{account} is a server administrator; those are never acted on", True)
        return None if known.deactivated else known

    def _stand(self, account: str, rung: Rung, action: Action) -> None:
        """Remember the rung, and begin or end the ration that goes with it."""
        measure = self._means.get(rung)
        with self._state.together() as db:
            db.execute(
                "INSERT INTO standing VALUES (?, ?, ?, 0) "
                "ON CONFLICT (account) DO UPDATE SET rung = excluded.rung, action = excluded.action",
                (account, rung.word, action.id),
            )
            if measure is Means.RATION:
                self._rations.begin(account, self._allowed(rung))
            else:
                self._rations.end(account)
                db.execute("UPDATE standing SET spent = 0 WHERE account = ?", (account,))

    async def _bring_about(self, account: str, rung: Rung, action: Action) -> None:
        """First what is stricter than now, then what is lifted: an account is never free in between."""
        measure = self._means.get(rung)
        spent = measure is Means.RATION and self._rations.is_spent(account)
        wanted = {LOCKED: rung is Rung.BAN, SUSPENDED: measure is Means.SUSPEND or spent}
        with self._state.together() as db:
            db.execute("UPDATE standing SET spent = ? WHERE account = ?", (int(spent), account))
        for name, on in sorted(wanted.items(), key=lambda item: not item[1]):
            changed_by_us = await self._set(account, name, on)
            if not on and not changed_by_us and self._node_believes(action, name):
                raise ApplyError(
                    f"{account} is {name}, and {self._state.file} does not say that Tidegate did it, so it stays. If "
                    "nobody meant it, lift it through the admin API",
                    True,
                )

    def _node_believes(self, action: Action, name: str) -> bool:
        """Whether the rung before this one was ours to carry out by that measure."""
        previous = action.previous
        if name == LOCKED:
            return previous == Rung.BAN.word
        return previous in (rung.word for rung, how in self._means.items() if how is Means.SUSPEND)

    async def _set(self, account: str, name: str, on: bool) -> bool:
        """Take or lift a measure; False when it stays although it should be lifted and nobody knows whose it is."""
        db = self._state.db
        row = db.execute(
            "SELECT ours FROM measures WHERE account = ? AND measure = ?", (account, name)
        ).fetchone()
        known = await self._admin.account(account)
        is_on = known.suspended if name == SUSPENDED else known.locked
        if on:
            if is_on and row is None:
                self._remember(account, name, ours=False)
            elif not is_on:
                self._remember(account, name, ours=True)
                await self._call(account, name, True)
            return True
        if is_on and row is None:
            return False
        if is_on and not row[0]:
            log.info("%s stays %s: it was before Tidegate acted", account, name)
        elif is_on:
            await self._call(account, name, False)
        with self._state.together():
            db.execute("DELETE FROM measures WHERE account = ? AND measure = ?", (account, name))
        return True

    def _remember(self, account: str, name: str, ours: bool) -> None:
        with self._state.together() as db:
            db.execute("INSERT OR REPLACE INTO measures VALUES (?, ?, ?)", (account, name, int(ours)))

    async def _call(self, account: str, name: str, on: bool) -> None:
        if name == SUSPENDED:
            await self._admin.set_suspended(account, on)
        else:
            await self._admin.set_locked(account, on)

    # --- Notices ------------------------------------------------------------------------------------------------

    async def _notice(self, action: Action, rung: Rung) -> str:
        """Tell the account holder; why that failed, or nothing."""
        if not action.notice or not self._settings.notices:
            return ""
        try:
            link = await self._challenge_link(action.account) if rung is Rung.CHALLENGE else ""
            text = notice_text(self._place.settings, action, rung, link)
            await self._tell(action.account, text, action.id)
        except (Unavailable, NeedsAttention) as error:
            log.warning("%s", error)
            return str(error)
        return ""

    async def _challenge_link(self, account: str) -> str:
        challenge = await self._node.challenge(account)
        template = self._settings.challenge_url
        return template.replace("{ticket}", challenge.ticket) if template else challenge.url

    async def _tell(self, account: str, text: str, action: str) -> None:
        if not self._settings.notices or self._step(action, "notice"):
            return
        await self._admin.send_notice(account, text, f"tidegate-{action}")
        self._done(action, "notice", "sent")

    # --- A ban --------------------------------------------------------------------------------------------------

    async def _close_down(self, account: str, action: Action) -> None:
        """What a ban adds to the lock."""
        if self._settings.ban_deletes_devices:
            devices = [device.device_id for device in await self._admin.devices(account)]
            if devices:
                await self._admin.delete_devices(account, devices)
        if self._settings.ban_redacts:
            await self._redact(account, action)

    async def _redact(self, account: str, action: Action) -> None:
        if self._step(action.id, "redacted"):
            return
        task = self._step(action.id, "redaction")
        if not task:
            task = await self._admin.redact_all(account, REDACTION_REASON)
            self._done(action.id, "redaction", task)
        for _ in range(REDACTION_POLLS):
            try:
                progress = await self._admin.redaction(task)
            except NotThere:
                log.warning("the homeserver no longer knows how the removal of what %s wrote went", account)
                break
            if progress.status == "failed":
                raise ApplyError(f"locked, but what it wrote could not be removed: {progress.error}", True)
            if progress.status == "complete":
                _say_failures(account, progress.failed_redactions)
                break
            await asyncio.sleep(REDACTION_POLL_S)
        else:
            raise ApplyError("locked; what it wrote is still being removed", False)
        self._done(action.id, "redacted", task)

    # --- Steps --------------------------------------------------------------------------------------------------

    def _step(self, action: str, step: str) -> str:
        """What came of a step that was done before, or the empty text."""
        row = self._state.db.execute(
            "SELECT value FROM steps WHERE action = ? AND step = ?", (action, step)
        ).fetchone()
        return str(row[0]) if row else ""

    def _done(self, action: str, step: str, value: str) -> None:
        now_s = time.time()
        with self._state.together() as db:
            db.execute("INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?)", (action, step, value, now_s))
            db.execute("DELETE FROM steps WHERE time_s < ?", (now_s - STEPS_KEPT_S,))


def _say_failures(account: str, failed: dict[str, str]) -> None:
    if failed:
        some = "; ".join(f"{event}: {why}" for event, why in list(failed.items())[:FAILURES_TOLD])
        log.warning("%d events of %s could not be removed: %s", len(failed), account, some)
