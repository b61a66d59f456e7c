"""A small HTTP client for measuring: keep-alive connections to one node, each with at most one request under way.

It runs as a process of its own, so that it takes no time from the node, and speaks just enough HTTP/1.1 for that.

    python http_load.py SOCKET TOKEN PATH CONNECTIONS BODIES [REQUESTS_A_SECOND]

Without a rate the loop is closed: each connection sends its next request as soon as it is answered, so the node is
saturated. With one the loop is open: requests fall due at even intervals whether or not the node keeps up, any free
connection takes the next, and a latency counts from when the request was due. A node that stalls is then charged for
everybody who would have had to wait (no coordinated omission; G. Tene, "How NOT to measure latency", 2013).
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

READ_BYTES = 65_536
TIMEOUT_S = 60.0
SPIN_S = 0.0003
"""So long before a request is due we look again and again: the system wakes a sleeper some 0.1 ms late."""


class Connection:
    """One keep-alive connection over a Unix socket."""

    def __init__(self, socket_path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(socket_path)
        self._received = b""
        self._due = 0.0
        self.latencies_s: list[float] = []
        self.statuses: Counter[int] = Counter()

    def send(self, request: bytes, due: float) -> None:
        """Send a request whose latency counts from ``due`` (``time.perf_counter``)."""
        self._received, self._due = b"", due
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come; True when the answer is complete. Raises ConnectionError when the node hangs up."""
        more = self.socket.recv(READ_BYTES)
        if not more:
            raise ConnectionError("the node closed the connection")
        self._received += more
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._received[:end].lower()
        at = head.find(b"content-length:")
        if len(self._received) < end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0]):
            return False
        self.latencies_s.append(time.perf_counter() - self._due)
        self.statuses[int(head[9:12])] += 1
        return True


def request(path: str, token: str, body: bytes) -> bytes:
    """The bytes of a POST; of a GET when the body is empty."""
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode("ascii") + body


class Load:
    """All requests, once, over so many connections."""

    def __init__(self, socket_path: str, requests: list[bytes], connections: int) -> None:
        self._requests: Iterator[bytes] = iter(requests)
        self._left = len(requests)
        self._connections = [Connection(socket_path) for _ in range(connections)]
        # select() takes waits of microseconds, epoll only whole milliseconds.
        self._selector = selectors.SelectSelector()
        for one in self._connections:
            self._selector.register(one.socket, selectors.EVENT_READ, one)
        self._free = list(reversed(self._connections))

    def close(self) -> None:
        """Hang up."""
        self._selector.close()
        for one in self._connections:
            one.socket.close()

    def run(self, interval_s: float) -> dict[str, Any]:
        """Send them, one due every ``interval_s``; 0: as soon as a connection is free."""
        began = time.perf_counter()
        sent = answered = 0
        total, free = self._left, self._free
        while answered < total:
            while sent < total and free:
                now = time.perf_counter()
                due = began + sent * interval_s if interval_s else now
                if due > now:
                    break
                free.pop().send(next(self._requests), due)
                sent += 1
            wait_s = TIMEOUT_S
            if interval_s and sent < total and free:
                wait_s = max(began + sent * interval_s - time.perf_counter() - SPIN_S, 0.0)
            ready = self._selector.select(wait_s)
            if not ready and wait_s == TIMEOUT_S:
                raise TimeoutError(f"no answer for {TIMEOUT_S:.0f} s")
            for key, _ in ready:
                if key.data.receive():
                    free.append(key.data)
                    answered += 1
        ended = time.perf_counter()
        statuses = sum((one.statuses for one in self._connections), Counter())
        latencies_s = sorted(latency for one in self._connections for latency in one.latencies_s)
        return {
            "seconds": ended - began,
            "ended": ended,
            "statuses": statuses,
            "latencies_s": latencies_s,
        }


def main() -> None:
    """Bodies are read from a file, one after another, each after its length as a line."""
    socket_path, token, path, connections, file, *rate = sys.argv[1:]
    raw, bodies, at = Path(file).read_bytes(), [], 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        length = int(raw[at:end])
        bodies.append(raw[end + 1 : end + 1 + length])
        at = end + 1 + length
    requests = [request(path, token, body) for body in bodies]
    interval_s = 1.0 / float(rate[0]) if rate else 0.0
    print(json.dumps(Load(socket_path, requests, int(connections)).run(interval_s)))


if __name__ == "__main__":
    main()
