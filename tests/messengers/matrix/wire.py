"""The wire between a homeserver and its node: it can be listened to, and it can break."""

import contextlib
import json
import socket
import threading
from typing import Any

BLOCK_BYTES = 65_536


class Wire:
    """Passes bytes to and fro on loopback, and keeps what was sent to the node.

    With ``cut_after`` each connection breaks after so many answers: the next is swallowed, and both ends are closed.
    """

    def __init__(self, node_url: str, cut_after: int | None = None) -> None:
        self._port, self._cut_after = int(node_url.rpartition(":")[2]), cut_after
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sent: list[bytearray] = []
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """What to take for the node's address."""
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    def sent(self) -> bytes:
        """Everything that was sent to the node, headers and all."""
        return b"\n".join(bytes(sent) for sent in self._sent)

    def events(self) -> list[dict[str, Any]]:
        """The lines among it, in the order of their times."""
        lines = [line for line in self.sent().splitlines() if line.startswith(b'{"time":')]
        return sorted((json.loads(line) for line in lines), key=lambda event: float(event["time"]))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._server.accept()
                node = socket.create_connection(("127.0.0.1", self._port))
                sent = bytearray()
                self._sent.append(sent)
                threading.Thread(target=self._pass, args=(client, node, sent), daemon=True).start()
                threading.Thread(target=self._answer, args=(node, client), daemon=True).start()

    def _pass(self, client: socket.socket, node: socket.socket, sent: bytearray) -> None:
        with contextlib.suppress(OSError):  # cut
            while block := client.recv(BLOCK_BYTES):
                sent.extend(block)
                node.sendall(block)
            node.shutdown(socket.SHUT_WR)

    def _answer(self, node: socket.socket, client: socket.socket) -> None:
        answers = 0
        with contextlib.suppress(OSError):
            while block := node.recv(BLOCK_BYTES):
                answers += block.count(b"HTTP/1.1 200")
                if self._cut_after is not None and answers > self._cut_after:
                    self.cuts += 1
                    break
                client.sendall(block)
        for end in (node, client):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
