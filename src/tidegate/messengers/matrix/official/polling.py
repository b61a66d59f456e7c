"""What no official interface pushes, asked for at a stated pace: new accounts, their devices, reports."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from tidegate.messengers.matrix.official.admin_api import AdminApi, Device
from tidegate.messengers.matrix.official.delivery import Delivery
from tidegate.messengers.matrix.official.errors import NotThere, Unsupported
from tidegate.messengers.matrix.official.lines import Line
from tidegate.messengers.matrix.official.settings import Place
from tidegate.messengers.matrix.official.state import State

log = logging.getLogger(__name__)
OVERLAP_MS = 600_000
"""Lists are read this far behind the newest entry seen: entries may become visible later than they happened (a report
of a room whose statistics are not yet counted; a worker whose clock is behind)."""
HOUR_S = 3600.0
IDENTIFIER_BYTES = 255
SHARE = 0.5
"""Of the permitted requests between two rounds, what one round may spend on looking at single accounts."""


class Pace:
    """At most so many requests a second, of all polls together."""

    def __init__(self, requests_per_s: float) -> None:
        self._gap_s = 1.0 / requests_per_s
        self._next_s = 0.0

    async def wait(self) -> None:
        """Until the next request may be made."""
        now_s = time.monotonic()
        self._next_s = max(self._next_s, now_s) + self._gap_s
        await asyncio.sleep(self._next_s - self._gap_s - now_s)


class Entry(Protocol):
    """One entry of a list that is read from its newest end."""

    @property
    def key(self) -> str:
        """What tells it from the others."""

    @property
    def time_ms(self) -> int:
        """Unix milliseconds."""


Listed = TypeVar("Listed", bound=Entry)


class Newest:
    """Reads what is new in a list, newest first, without missing or repeating an entry.

    Entries newer than the cursor are remembered by key. A round reads at most ``pages`` pages; when that is not enough
    the next round goes on where this one stopped, and the cursor moves only when the end was reached.
    """

    def __init__(self, state: State, kind: str, page: int, pages: int) -> None:
        self._state, self._kind, self._page, self._pages = state, kind, page, pages
        self._start = 0
        self._newest_ms = 0
        if not state.get(self._cursor):
            # Nothing that lies before the first start: it would be told long after it happened. Whole seconds, as the
            # homeserver keeps an account's birth.
            with state.together():
                state.put(self._cursor, str(int(time.time()) * 1000))

    @property
    def _cursor(self) -> str:
        return f"cursor_{self._kind}"

    async def unseen(
        self, read: Callable[[int, int], Awaitable[Sequence[Listed]]], pace: Pace
    ) -> tuple[list[Listed], bool]:
        """Entries that :meth:`took` has not been told of, oldest first; whether these were all."""
        cursor_ms = int(self._state.get(self._cursor))
        found: list[Listed] = []
        for _ in range(self._pages):
            await pace.wait()
            page = await read(self._start, self._page)
            fresh = [entry for entry in page if entry.time_ms >= cursor_ms]
            found += [entry for entry in fresh if not self._is_seen(entry.key)]
            self._newest_ms = max([self._newest_ms, *(entry.time_ms for entry in fresh)])
            if len(fresh) < self._page:
                self._start = 0
                return found[::-1], True
            self._start += len(page)
        return found[::-1], False

    def took(self, entries: Sequence[Listed], complete: bool) -> None:
        """These are dealt with. Part of :meth:`State.together`."""
        db = self._state.db
        for entry in entries:
            db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (self._kind, entry.key, entry.time_ms))
        if complete and self._newest_ms:
            cursor_ms = max(int(self._state.get(self._cursor)), self._newest_ms - OVERLAP_MS)
            self._state.put(self._cursor, str(cursor_ms))
            db.execute("DELETE FROM seen WHERE kind = ? AND time_ms < ?", (self._kind, cursor_ms))
            self._newest_ms = 0

    def _is_seen(self, key: str) -> bool:
        asked = "SELECT 1 FROM seen WHERE kind = ? AND key = ?"
        return self._state.db.execute(asked, (self._kind, key)).fetchone() is not None


class _Report:
    """A report, whichever list it stands in."""

    def __init__(self, kind: str, number: int, time_ms: int, actor: str, target: str, chat: str) -> None:
        self.key, self.time_ms = str(number), time_ms
        # The number is the homeserver's own, so a report told twice is known by it.
        self.line = Line(
            time=time_ms / 1000, type="report", actor=actor, target=target, chat=chat, id=f"{kind}:{number}"
        )


class Reports:
    """Reports of messages and of accounts."""

    def __init__(self, place: Place, admin: AdminApi, state: State, delivery: Delivery, pace: Pace) -> None:
        self._admin, self._state, self._delivery, self._pace = admin, state, delivery, pace
        self._hold_s = place.settings.appservice.hold_s
        self._is_ignored = place.is_ignored
        page, pages = place.settings.polling.page, place.settings.polling.pages
        self._events = Newest(state, "event_report", page, pages)
        self._users: Newest | None = Newest(state, "user_report", page, pages)

    async def round(self) -> None:
        """Pass on what is new. Raises what the admin API and the node raise."""
        await self._one_list(self._events, self._event_reports)
        if self._users is None:
            return
        try:
            await self._one_list(self._users, self._user_reports)
        except Unsupported as error:
            log.warning("reports of accounts are not polled any more: %s", error)
            self._users = None

    async def _one_list(
        self, newest: Newest, read: Callable[[int, int], Awaitable[Sequence[_Report]]]
    ) -> None:
        found, complete = await newest.unseen(read, self._pace)
        lines = [
            report.line for report in found if report.line.target and not self._is_ignored(report.line.target)
        ]
        # Delivered first, remembered then: after a crash in between the node knows them by their ids.
        await self._delivery.deliver(lines, self._hold_s)
        with self._state.together():
            newest.took(found, complete)

    async def _event_reports(self, start: int, limit: int) -> list[_Report]:
        found = await self._admin.newest_event_reports(start, limit)
        return [
            _Report("event_report", one.id, one.received_ts, one.user_id, one.sender or "", one.room_id)
            for one in found
        ]

    async def _user_reports(self, start: int, limit: int) -> list[_Report]:
        found = await self._admin.newest_user_reports(start, limit)
        return [
            _Report("user_report", one.id, one.received_ts, one.user_id, one.target_user_id, "")
            for one in found
        ]


class _NewAccount:
    def __init__(self, account: str, created_ms: int) -> None:
        self.key, self.time_ms = account, created_ms


class Registrations:
    """New accounts with the address and device they were first used from, and later their new devices."""

    def __init__(self, place: Place, admin: AdminApi, state: State, delivery: Delivery, pace: Pace) -> None:
        self._polling, self._is_ignored = place.settings.polling, place.is_ignored
        self._hold_s = place.settings.appservice.hold_s
        self._admin, self._state, self._delivery, self._pace = admin, state, delivery, pace
        self._newest = Newest(state, "account", self._polling.page, self._polling.pages)

    async def round(self) -> None:
        """Find new accounts; pass on those whose address is known or has been waited for long enough."""
        found, complete = await self._newest.unseen(self._accounts, self._pace)
        with self._state.together() as db:
            for new in found:
                if not self._is_ignored(new.key):
                    db.execute("INSERT OR IGNORE INTO watched VALUES (?, ?, 0, 0)", (new.key, new.time_ms))
            self._newest.took(found, complete)
        waiting = self._state.db.execute(
            "SELECT account, created_ms FROM watched WHERE passed_on = 0 ORDER BY looked_s, created_ms LIMIT ?",
            (self._at_once(self._polling.registrations_s),),
        ).fetchall()
        for account, created_ms in waiting:
            await self._pass_on(account, created_ms)

    async def sessions_round(self) -> None:
        """Look at accounts under watch for new devices: those first that were not looked at for longest."""
        polling, now_s = self._polling, time.time()
        with self._state.together() as db:
            db.execute(
                "DELETE FROM watched WHERE passed_on = 1 AND (created_ms < ? OR account NOT IN "
                "(SELECT account FROM watched WHERE passed_on = 1 ORDER BY created_ms DESC LIMIT ?))",
                ((now_s - polling.watch_h * HOUR_S) * 1000, polling.watched),
            )
            db.execute("DELETE FROM devices WHERE account NOT IN (SELECT account FROM watched)")
        due = self._state.db.execute(
            "SELECT account FROM watched WHERE passed_on = 1 AND looked_s < ? ORDER BY looked_s LIMIT ?",
            (now_s - polling.sessions_s / 2, self._at_once(polling.sessions_s)),
        ).fetchall()
        for (account,) in due:
            devices = await self._devices(account)
            new = [device for device in devices if not self._is_known(account, device.device_id)]
            lines = [_login(account, device) for device in new if device.last_seen_ts]
            await self._delivery.deliver(lines, self._hold_s)
            with self._state.together():
                self._looked(account)
                self._know(account, [device for device in new if device.last_seen_ts])

    def _at_once(self, gap_s: float) -> int:
        """Accounts that one round looks at, when rounds are ``gap_s`` apart; the others have their turn in the next."""
        return max(int(gap_s * self._polling.requests_per_s * SHARE), 1)

    async def _accounts(self, start: int, limit: int) -> list[_NewAccount]:
        return [
            _NewAccount(one.name, one.creation_ts) for one in await self._admin.newest_accounts(start, limit)
        ]

    async def _pass_on(self, account: str, created_ms: int) -> None:
        devices = await self._devices(account)
        used = sorted(
            (device for device in devices if device.last_seen_ip), key=lambda one: one.last_seen_ts or 0
        )
        line = Line(
            time=created_ms / 1000,
            type="register",
            actor=account,
            id=f"register:{account}"[:IDENTIFIER_BYTES],
        )
        if used:
            first = used[0]
            line.ip, line.device = first.last_seen_ip or "", _named(account, first)
            line.client = _short(first.last_seen_user_agent)
        elif time.time() - created_ms / 1000 < self._polling.address_wait_s:
            with self._state.together():
                self._looked(account)
            return
        else:
            await self._add_whois(line)
        await self._delivery.deliver([line], self._hold_s)
        with self._state.together() as db:
            db.execute("UPDATE watched SET passed_on = 1 WHERE account = ?", (account,))
            self._looked(account)
            self._know(account, used[:1])

    async def _add_whois(self, line: Line) -> None:
        """The device may be gone already; the address it was used from is not."""
        await self._pace.wait()
        try:
            connections = await self._admin.whois(line.actor)
        except NotThere:
            return
        if connections:
            first = min(connections, key=lambda one: one.last_seen)
            line.ip, line.client = first.ip, _short(first.user_agent)

    async def _devices(self, account: str) -> Sequence[Device]:
        await self._pace.wait()
        try:
            return await self._admin.devices(account)
        except NotThere:
            return []

    def _looked(self, account: str) -> None:
        self._state.db.execute("UPDATE watched SET looked_s = ? WHERE account = ?", (time.time(), account))

    def _is_known(self, account: str, device: str) -> bool:
        asked = "SELECT 1 FROM devices WHERE account = ? AND device = ?"
        return self._state.db.execute(asked, (account, device)).fetchone() is not None

    def _know(self, account: str, devices: Sequence[Device]) -> None:
        rows = [(account, device.device_id) for device in devices]
        self._state.db.executemany("INSERT OR IGNORE INTO devices VALUES (?, ?)", rows)


def _login(account: str, device: Device) -> Line:
    return Line(
        time=(device.last_seen_ts or 0) / 1000,
        type="login",
        actor=account,
        ip=device.last_seen_ip or "",
        device=_named(account, device),
        client=_short(device.last_seen_user_agent),
        id=f"login:{account}:{device.device_id}"[:IDENTIFIER_BYTES],
    )


def _named(account: str, device: Device) -> str:
    """A device by its account and name: clients choose the names, so anybody could choose somebody else's."""
    name = f"{account}/{device.device_id}"
    return name if len(name.encode()) <= IDENTIFIER_BYTES else ""


def _short(text: str | None) -> str:
    """A user agent within the bytes of the contract."""
    return (text or "").encode()[:IDENTIFIER_BYTES].decode(errors="ignore")
