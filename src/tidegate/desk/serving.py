"""Serving the desk beside a node: a web server with a few threads, in the node's process but not in its event loop."""

import logging
import socket
import sys
from threading import Thread
from typing import Any

from django.core.wsgi import get_wsgi_application
from waitress.server import create_server

from tidegate.desk import node_link
from tidegate.desk.following import Following
from tidegate.desk.node_link import NodeLink
from tidegate.desk.settings import DeskSettings
from tidegate.desk.setup import migrate
from tidegate.node.settings import SettingsError

log = logging.getLogger(__name__)
BACKLOG = 1_024
MOST_CONNECTIONS = 512
BODY_BYTES = 32 << 20
"""The largest form: an appeal with its attachments."""
IDLE_S = 60


def desk_socket(desk: DeskSettings) -> socket.socket:
    """The desk's address, bound. Raises :class:`~tidegate.node.settings.SettingsError` when that cannot be."""
    family = socket.AF_INET6 if ":" in desk.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((desk.host, desk.port))
    except OSError as error:
        bound.close()
        raise SettingsError(
            f"[desk] host and port: cannot listen on {desk.host}:{desk.port}: {error.strerror}; name another port, or "
            "enabled = false"
        ) from None
    return bound


def behind(proxy: str) -> dict[str, Any]:
    """What waitress is told of the one proxy that may say for whom, and by which scheme, it asks."""
    if not proxy:
        return {}
    headers = {"x-forwarded-for", "x-forwarded-proto"}
    return {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": headers}


def _forget_with(link: NodeLink) -> None:
    """What the node erases leaves the desk too. Models can be imported only when Django is ready."""
    from tidegate.desk.accounts import forgetting

    link.on_erasure(forgetting.note)


class DeskServing:
    """The desk of one node, from :meth:`start` to :meth:`stop`."""

    def __init__(self, desk: DeskSettings, link: NodeLink, bound: socket.socket) -> None:
        """``bound``: from :func:`desk_socket`. Brings the database up to date. Raises django.db.Error."""
        migrate()
        node_link.connect(link)
        _forget_with(link)
        self.url = f"http://{desk.host}:{desk.port}/"
        self._following = Following(link)
        self._server = create_server(
            get_wsgi_application(),
            sockets=[bound],
            threads=desk.threads,
            backlog=BACKLOG,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=IDLE_S,
            max_request_body_size=BODY_BYTES,
            ident="",
            clear_untrusted_proxy_headers=True,
            **behind(desk.proxy),
        )
        self._thread = Thread(target=self._run, name="desk-server", daemon=True)

    def start(self) -> None:
        self._following.start()
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, finish those at hand, and end."""
        self._server.close()
        self._server.task_dispatcher.shutdown()
        self._thread.join(10)
        self._following.stop()
        node_link.connect(None)

    def _run(self) -> None:
        try:
            self._server.run()
        except OSError as error:
            # Closed while it waited for the next request: how waitress ends.
            if sys.is_finalizing():
                raise
            log.debug("the desk's server has ended: %s", error)
