"""The official-only adapter as one process: the application service, the polls, and the actions."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import uvicorn

from tidegate.messengers.matrix.official.admin_api import AdminApi
from tidegate.messengers.matrix.official.appservice import Appservice
from tidegate.messengers.matrix.official.delivery import Delivery
from tidegate.messengers.matrix.official.enforcement import Enforcer
from tidegate.messengers.matrix.official.errors import (
    ListenError,
    NeedsAttention,
    SettingsError,
    Unavailable,
)
from tidegate.messengers.matrix.official.node_client import NodeClient
from tidegate.messengers.matrix.official.polling import Pace, Registrations, Reports
from tidegate.messengers.matrix.official.ration import Rations
from tidegate.messengers.matrix.official.settings import Place, is_open_to_others, read_token
from tidegate.messengers.matrix.official.state import State

log = logging.getLogger(__name__)
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
RATION_CHECK_S = 60.0
"""How often it is looked whether a spent ration has become free with time."""
SHUTDOWN_S = 5
CONNECTIONS = 16


class Adapter:
    """Everything between one homeserver and one node."""

    def __init__(self, place: Place) -> None:
        """Open everything. Raises SettingsError and StateError."""
        self.place = place
        for file in _secrets(place):
            if file.exists() and is_open_to_others(file):
                log.warning("%s can be read by everybody on this machine; chmod 600 it", file)
        self.admin, self.node = AdminApi(place), NodeClient(place)
        self.state = State(place.data)
        self.rations = Rations(self.state, place.settings.enforcement.window_h)
        self.delivery = Delivery(self.state, self.node, self.rations)
        self.app = Appservice(place, self.admin, self.delivery)
        self.enforcer = Enforcer(place, self.admin, self.node, self.state, self.rations)
        pace = Pace(place.settings.polling.requests_per_s)
        self.registrations = Registrations(place, self.admin, self.state, self.delivery, pace)
        self.reports = Reports(place, self.admin, self.state, self.delivery, pace)

    async def run(self) -> None:
        """Until SIGINT or SIGTERM. Raises :class:`ListenError`, StateError, and SettingsError for a wrong token."""
        try:
            await self._check_access()
            server = _Server(self._listening())
            polling = self.place.settings.polling
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(work)
                    for work in (
                        _every(polling.registrations_s, self.registrations.round, "new accounts"),
                        _every(polling.sessions_s, self.registrations.sessions_round, "new devices"),
                        _every(polling.reports_s, self.reports.round, "reports"),
                        self._actions(),
                        self._settle_rations(),
                        self._ping(server),
                    )
                ]
                try:
                    await server.serve_until_told()
                finally:
                    for task in running:
                        task.cancel()
        except BaseExceptionGroup as group:
            # One part has failed for good; the first reason is the one to tell.
            raise group.exceptions[0] from None
        finally:
            await self.admin.close()
            await self.node.close()
            self.state.close()

    def _listening(self) -> uvicorn.Config:
        service = self.place.settings.appservice
        return uvicorn.Config(
            self.app,
            host=service.host,
            port=service.port,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )

    async def _check_access(self) -> None:
        """A wrong token is an error now; a homeserver or node that is not up yet is waited for later."""
        for name, check in (("homeserver", self.admin.check_access), ("node", self.node.check_access)):
            try:
                await check()
            except Unavailable as error:
                log.warning("the %s does not answer yet: %s", name, error)
            except NeedsAttention as error:
                raise SettingsError(str(error)) from None

    async def _actions(self) -> None:
        """Ask for actions, carry them out, say so; each is confirmed by itself."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                for action in await self.node.actions():
                    result = await self.enforcer.apply(action)
                    if result.done:
                        log.info("%s is on rung %s", action.account, action.rung)
                    else:
                        log.warning(
                            "%s could not be put on rung %s: %s", action.account, action.rung, result.error
                        )
                    await self.node.confirm([result])
                retry_s = FIRST_RETRY_S
            except (Unavailable, NeedsAttention) as error:
                log.warning("no actions: %s", error)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, LONGEST_RETRY_S)

    async def _settle_rations(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.rations.wake.wait(), RATION_CHECK_S)
            self.rations.wake.clear()
            due = self.rations.changed or set(self.rations.accounts())
            self.rations.changed = set()
            for account in due:
                try:
                    await self.enforcer.settle(account)
                except (Unavailable, NeedsAttention) as error:
                    log.warning("the ration of %s waits: %s", account, error)
                    self.rations.changed.add(account)

    async def _ping(self, server: "_Server") -> None:
        """Have the homeserver call us once, so that a wrong url or token in the registration is told at the start."""
        await server.listening.wait()
        service, homeserver = self.place.settings.appservice, self.place.settings.homeserver
        token = read_token(
            self.place.file(service.as_token_file), "the application service's token (as_token)"
        )
        path = f"{homeserver.url.rstrip('/')}/_matrix/client/v1/appservice/{service.id}/ping"
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=homeserver.timeout_s) as http:
                answer = await http.post(path, headers={"Authorization": f"Bearer {token}"}, json={})
        except httpx.HTTPError as error:
            log.warning("whether the homeserver reaches us is not known: %s", error or type(error).__name__)
            return
        if answer.status_code == 200:
            log.info("the homeserver reaches the application service")
            return
        log.error(
            "the homeserver does not deliver events: %s %s. Is the registration named in app_service_config_files, is "
            "its url this process, and was the homeserver restarted since?",
            answer.status_code,
            answer.text[:300],
        )


async def _every(pace_s: float, round_: Callable[[], Awaitable[None]], what: str) -> None:
    """A poll at its pace; when it fails, with growing gaps."""
    wait_s = pace_s
    while True:
        try:
            await round_()
            wait_s = pace_s
        except Unavailable as error:
            log.warning("%s could not be asked for: %s", what, error)
            wait_s = min(wait_s * 2, max(LONGEST_RETRY_S, pace_s))
        except NeedsAttention as error:
            log.error("%s could not be asked for: %s", what, error)
            wait_s = max(LONGEST_RETRY_S, pace_s)
        await asyncio.sleep(wait_s)


class _Server(uvicorn.Server):
    """Uvicorn without handlers of its own: on a signal the polls end in order, too."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours are set by :meth:`serve_until_told`."""
        yield

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(None)
        log.info("listening on http://%s:%d", self.config.host, self.config.port)
        self.listening.set()

    async def serve_until_told(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._stop)
        try:
            await self.serve()
        except SystemExit:
            # How uvicorn says that it cannot bind; it has logged why.
            where = f"{self.config.host}:{self.config.port}"
            raise ListenError(
                f"nothing can listen on {where}: see appservice.host and appservice.port"
            ) from None
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)

    def _stop(self) -> None:
        self.should_exit = True


def _secrets(place: Place) -> list[Path]:
    settings = place.settings
    names = (
        settings.homeserver.admin_token_file,
        settings.appservice.as_token_file,
        settings.appservice.hs_token_file,
        settings.node.token_file,
    )
    return [place.file(name) for name in names]
