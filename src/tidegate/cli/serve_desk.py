"""The desk beside a node under ``tidegate serve``: found, bound, started, stopped. The node does not depend on it."""

import importlib.util
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate.node.node import Node
from tidegate.node.requests import Answer, Request, StorageError
from tidegate.node.settings import SettingsError

if TYPE_CHECKING:
    from tidegate.desk.serving import DeskServing

log = logging.getLogger("tidegate.serve")
ANSWER_S = 60.0
"""How long the desk waits for the node to carry something out."""
INSTALL = "pip install 'tidegate[desk]'"


class Desk:
    """Started once the node answers. Whatever goes wrong with it is told, and the node goes on without."""

    def __init__(self, node: Node, folder: Path, *, insecure: bool = False) -> None:
        """``insecure``: also where other machines could reach it without TLS."""
        self._node, self._folder, self._insecure = node, folder, insecure
        self._serving: DeskServing | None = None

    def start(self, submit: Callable[[Sequence[Request], float], list[Answer]]) -> None:
        """``submit``: hands requests to the node's thread and waits. Takes seconds the first time."""
        if importlib.util.find_spec("django") is None:
            log.warning("no desk: Django is not installed (%s)", INSTALL)
            return
        from django.db import Error

        from tidegate.desk.settings import check_exposure
        from tidegate.desk.setup import set_up

        try:
            settings = set_up(self._folder, self._node.settings)
            check_exposure(settings, self._node.settings.notices.public_url, insecure=self._insecure)
            # Models can be imported only now.
            from tidegate.desk.beside_node import BesideNode
            from tidegate.desk.serving import DeskServing, desk_socket

            bound = desk_socket(settings)
            link = BesideNode(self._node, lambda requests: submit(requests, ANSWER_S))
            serving = DeskServing(settings, link, bound)
        except (SettingsError, StorageError, Error) as error:
            log.error("no desk: %s; the node goes on without it", str(error).strip())
            return
        serving.start()
        self._serving = serving
        log.info("desk on %s", serving.url)

    def stop(self) -> None:
        """Finish what is being answered, and end."""
        if self._serving is not None:
            self._serving.stop()
