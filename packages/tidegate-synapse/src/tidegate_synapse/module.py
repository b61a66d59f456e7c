"""``tidegate_synapse.Tidegate``: where the parts are wired together."""

import secrets
from collections.abc import Mapping
from typing import Any

from synapse.logging.context import PreserveLoggingContext, make_deferred_yieldable
from synapse.module_api import ModuleApi
from synapse.module_api.errors import ConfigError
from twisted.internet.defer import ensureDeferred

from tidegate_synapse.accepted import AcceptedEvents
from tidegate_synapse.backlog import Backlog
from tidegate_synapse.complaints import Complaints
from tidegate_synapse.guard import Guard
from tidegate_synapse.host import Host, logger
from tidegate_synapse.link import Link
from tidegate_synapse.measures import Measures
from tidegate_synapse.node import Node
from tidegate_synapse.room_loader import RoomLoader
from tidegate_synapse.rooms import Rooms
from tidegate_synapse.rungs import read_challenge
from tidegate_synapse.settings import Settings, SettingsError, read_settings
from tidegate_synapse.signals import Signals
from tidegate_synapse.standing import Standings
from tidegate_synapse.status import Status

TICK_MS = 5_000
SOURCE_NAME_CHARACTERS = 100
"""A node takes 128, and the number of this start comes behind."""


class Tidegate:
    """The module. Each process of Synapse has its own, with its own numbered source of events.

    What runs where: every process answers the hot path and sends what it sees itself, and no event is seen by two.
    The main process alone applies and confirms actions; a worker only reads who is restricted.
    """

    def __init__(self, settings: Settings, api: ModuleApi) -> None:
        self._settings = settings
        self._host = host = Host(settings, api)
        reactor = host.hs.get_reactor()
        rooms = Rooms(settings.rooms_remembered)
        local, remote = Standings(), Standings()
        backlog = Backlog(settings.backlog_lines)
        self._node = Node(reactor, settings.node, settings.token_file)
        self._link = Link(
            reactor,
            self._node,
            backlog,
            self._source(),
            settings.flush_interval_ms / 1000,
            settings.flush_lines,
            self,
            polls_actions=host.is_main,
        )
        self._measures = Measures(host, local, remote, self._challenge_wanted)
        loader = RoomLoader(host, rooms)
        accepted = AcceptedEvents(host, rooms, loader, (local, remote), self._link.add)
        Guard(host, local, remote, rooms).register()
        accepted.register()
        Signals(host, accepted, loader, self._link.add).register()
        Complaints(host, accepted, loader, self._link.add).register()
        self._measures.register()
        Status(host, backlog, self._link, rooms, local).register()
        self._tell()
        reactor.callLater(0, self._start)

    @staticmethod
    def parse_config(config: Mapping[str, Any]) -> Settings:
        """Called by Synapse when it reads ``homeserver.yaml``."""
        try:
            return read_settings(config)
        except SettingsError as error:
            raise ConfigError(str(error), path=[error.name]) from None

    # What the link hands over. Each call is a background process of Synapse's, and none raises.

    async def apply(self, action: dict[str, Any]) -> dict[str, Any]:
        """Carry out one action; the entry for the confirmation."""
        outcome = await self._host.background("tidegate_apply", self._measures.apply, action)
        entry = {"id": action.get("id")}
        if outcome is None:
            return entry | {"done": False, "error": "it failed on the homeserver; Synapse's log says how"}
        if outcome.done:
            return entry | {"done": True}
        return entry | {"done": False, "error": outcome.error, "permanent": outcome.permanent}

    async def adopt(self, standing: list[dict[str, Any]]) -> bool:
        """Make the node's list so."""
        return bool(await self._host.background("tidegate_adopt", self._measures.adopt, standing))

    def _start(self) -> None:
        with PreserveLoggingContext():
            self._host.background("tidegate_start", self._load)

    async def _load(self) -> None:
        """Restrictions first, so that nobody slips through while the node is looked for."""
        host = self._host
        try:
            if host.is_main:
                await self._measures.load()
        except Exception as error:  # noqa: BLE001 -- the node's own list will do
            host.failed("loading the measures in force", error)
        host.api.looping_background_call(
            self._measures.tick, TICK_MS, desc="tidegate_tick", run_on_all_instances=True
        )
        with PreserveLoggingContext():
            self._link.start()

    def _challenge_wanted(self, account: str) -> None:
        self._host.background("tidegate_challenge", self._fetch_challenge, account)

    async def _fetch_challenge(self, account: str) -> None:
        with PreserveLoggingContext():
            asked = ensureDeferred(self._link.challenge(account))
        answer = await make_deferred_yieldable(asked)
        challenge = read_challenge(answer, self._settings.challenge_url)
        if challenge is not None:
            self._measures.challenge_ready(account, challenge)
        elif answer:
            self._host.alarms.raise_(
                "challenge address",
                "tidegate: the node gives challenges without an address; set challenge_url in the module's config. "
                "Until then nobody is challenged",
            )

    def _source(self) -> str:
        """Counting starts anew with each start of the process, so each start is another source."""
        name = self._settings.name or self._host.server_name
        worker = f"/{self._host.worker}" if self._host.worker else ""
        return f"{name}{worker}"[:SOURCE_NAME_CHARACTERS] + f"/{secrets.token_hex(8)}"

    def _tell(self) -> None:
        capabilities = self._host.capabilities
        off = [row for row in capabilities.rows if not row.on]
        logger.info(
            "tidegate: guarding %s with the node at %s. %d capabilities on, %d off:\n%s",
            self._host.server_name,
            self._node.address,
            len(capabilities.rows) - len(off),
            len(off),
            capabilities.table(),
        )
        for row in off:
            logger.warning("tidegate: OFF: %s (%s): %s", row.name, row.meaning, row.why_not)
        if not self._host.is_main:
            logger.warning(
                "tidegate: this is the worker %s: it sends what it sees and answers from the node's list of "
                "restricted accounts, read every few seconds; measures are applied on the main process. Messages "
                "stored by another process than the one that took the request carry no network address. "
                "Deployments with workers have not been tested",
                self._host.worker,
            )
