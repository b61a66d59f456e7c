"""The homeserver this module runs in: the official API, and the few private things behind it."""

import functools
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from synapse.api.errors import SynapseError
from synapse.logging.context import current_context
from synapse.module_api import ModuleApi

from tidegate_synapse.alarms import Alarms
from tidegate_synapse.capabilities import Capabilities
from tidegate_synapse.lines import client_software, network_address
from tidegate_synapse.settings import Settings

logger = logging.getLogger("tidegate_synapse")

CLIENT_REQUESTS = "/_matrix/client/"


class Origin(NamedTuple):
    """Where a request came from."""

    ip: str | None
    client: str | None


NOWHERE = Origin(None, None)
"""Nothing a person's own client asked for: made by the server, an admin, another server or another worker."""


class Host:
    """Everything that the parts of the module share."""

    def __init__(self, settings: Settings, api: ModuleApi) -> None:
        self.settings = settings
        self.api = api
        self.hs: Any = api._hs
        self.store: Any = self.hs.get_datastores().main
        self.capabilities = Capabilities()
        self.alarms = Alarms(logger)
        self.counts: Counter[str] = Counter()
        self.server_name: str = api.server_name
        self.worker: str = api.worker_name or ""
        self.is_main = api.worker_app is None
        self.notices_user: str | None = self.hs.config.servernotices.server_notices_mxid
        self._domain = f":{self.server_name}"

    def is_local(self, user: str) -> bool:
        """Whether the user belongs to this homeserver."""
        return user.endswith(self._domain)

    def is_of_appservice(self, user: str) -> bool:
        """Whether a bridge or another application service speaks for this user."""
        return bool(
            self.store.get_if_app_services_interested_in_user(user)
            or self.store.get_app_service_by_user_id(user)
        )

    def now_s(self) -> float:
        """Unix seconds."""
        return time.time()

    def background(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run an async function on its own; gives a Deferred, None when it failed (Synapse logs that)."""
        return self.api.run_as_background_process(name, function, *arguments)

    def safely(self, what: str, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function of ours from within Synapse's own work, which is done and must be answered."""
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001 -- logged and counted
            self.failed(what, error)

    def failed(self, where: str, error: Exception) -> None:
        """Something of ours went wrong: Synapse goes on, the operator hears of it."""
        self.counts["failures"] += 1
        self.alarms.raise_(
            f"failure in {where}",
            f"tidegate: {where} failed; Synapse goes on as if Tidegate were not there",
            exception=error,
        )


def origin_of(host: Host, user: str) -> Origin:
    """Where this user's request comes from that is being served; nowhere when it is not the user's own."""
    origin = client_origin() if host.is_local(user) else None
    return origin if origin is not None and acting_user() == user else NOWHERE


def client_origin() -> Origin | None:
    """Where the client request being served came from; None when it is not a client's request."""
    request: Any = current_context().request
    if request is None or not request.url.startswith(CLIENT_REQUESTS):
        return None
    return Origin(network_address(request.ip_address), client_software(request.user_agent))


def acting_user() -> str | None:
    """Who is really behind the request being served: an admin who acts for a user, not the user."""
    request: Any = current_context().request
    return None if request is None else request.authenticated_entity


def fail_open(answer: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Turn a plain method into a callback of Synapse that can neither wait nor break anything.

    The method is not async: it has nothing to wait with. Whatever it raises apart from the refusals we mean is
    logged, counted and answered with ``answer``. The class has a ``host``.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        async def callback(self: Any, *arguments: Any, **named: Any) -> Any:
            try:
                return method(self, *arguments, **named)
            except SynapseError:
                raise
            except Exception as error:  # noqa: BLE001 -- an exception here is a 500 to the sender
                self.host.failed(method.__qualname__, error)
                return answer

        return callback

    return decorate
