"""A small HTTP client for measuring: many keep-alive connections to one node, each with one request under way.

It runs as a process of its own, so that it takes no time from the node, and speaks just enough HTTP/1.1 for that.

    python -m tidegate.cli.bench.http_load SOCKET TOKEN PATH CONNECTIONS BODIES
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from pathlib import Path

READ_BYTES = 65_536
TIMEOUT_S = 60.0


class Connection:
    """One keep-alive connection over a Unix socket, with its share of the requests."""

    def __init__(self, socket_path: str, requests: list[bytes]) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(socket_path)
        self._requests = iter(requests)
        self._received = b""
        self._began = 0.0
        self.latencies_s: list[float] = []
        self.statuses: Counter[int] = Counter()

    def send_next(self) -> bool:
        """Send the next request; False when there is none left."""
        request = next(self._requests, None)
        if request is None:
            return False
        self._received = b""
        self._began = time.perf_counter()
        self.socket.sendall(request)
        return True

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
        self.latencies_s.append(time.perf_counter() - self._began)
        self.statuses[int(head[9:12])] += 1
        return True


def request(path: str, token: str, body: bytes) -> bytes:
    """The bytes of a POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def run(socket_path: str, requests: list[bytes], connections: int) -> dict[str, object]:
    """Send every request once over so many connections; each waits for its answer before the next."""
    made = [Connection(socket_path, requests[i::connections]) for i in range(connections)]
    selector = selectors.DefaultSelector()
    began = time.perf_counter()
    for one in made:
        if one.send_next():
            selector.register(one.socket, selectors.EVENT_READ, one)
    while selector.get_map():
        ready = selector.select(TIMEOUT_S)
        if not ready:
            raise TimeoutError(f"no answer for {TIMEOUT_S:.0f} s")
        for key, _ in ready:
            if key.data.receive() and not key.data.send_next():
                selector.unregister(key.fileobj)
    seconds = time.perf_counter() - began
    statuses = sum((one.statuses for one in made), Counter())
    latencies_s = sorted(latency for one in made for latency in one.latencies_s)
    return {"seconds": seconds, "statuses": statuses, "latencies_s": latencies_s}


def main() -> None:
    """Bodies are read from a file, one after another, each after its length as a line."""
    socket_path, token, path, connections, file = sys.argv[1:]
    raw, bodies, at = Path(file).read_bytes(), [], 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        length = int(raw[at:end])
        bodies.append(raw[end + 1 : end + 1 + length])
        at = end + 1 + length
    requests = [request(path, token, body) for body in bodies]
    print(json.dumps(run(socket_path, requests, int(connections))))


if __name__ == "__main__":
    main()
