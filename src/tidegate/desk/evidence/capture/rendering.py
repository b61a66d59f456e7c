"""What captured bytes look like: a picture and a PDF by a headless Chromium that may run no script and ask nobody."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from tidegate.desk.evidence.custody.printing import BROWSERS

WAIT_S, CPU_S = 40.0, 60
MOST_BYTES = 64 << 20
SIZE = "1280,1600"
RENDERED = ("text/html", "application/xhtml+xml", "text/plain", "image/png", "image/jpeg", "image/webp")
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
"""A document under ``sandbox`` has an origin of its own, runs no script, sends no form and does not refresh itself to
another address; the rest lets nothing be loaded."""


_KINDS = (("image/png", "screenshot", "page.png"), ("application/pdf", "print-to-pdf", "page.pdf"))


class NotRenderedError(Exception):
    """No rendering; the message says why."""


def renderings(content: bytes, media_type: str) -> dict[str, bytes]:
    """By media type (``image/png``, ``application/pdf``). Raises NotRenderedError.

    Of the bytes in hand, never of the live page: a server on loopback hands out just them, under :data:`POLICY`; other
    names lead nowhere, and the profile is thrown away.
    """
    plain = media_type.partition(";")[0].strip().lower()
    if plain not in RENDERED:
        raise NotRenderedError(f"{plain or 'something without a media type'} is not rendered")
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise NotRenderedError("no Chromium is installed here")
    with (
        # A process of the browser's that is just being ended may still write into it.
        tempfile.TemporaryDirectory(prefix="tidegate-render-", ignore_cleanup_errors=True) as folder,
        _served(content, media_type) as served,
    ):
        made = {}
        for kind, flag, name in _KINDS:
            out = Path(folder, name)
            options = [f"--{flag}={out}", f"--window-size={SIZE}", "--no-pdf-header-footer"]
            served.answered = 0
            _run(browser, folder, options, served)
            if not served.answered:
                raise NotRenderedError("Chromium did not get the page, and shows one of its own")
            if not out.is_file() or out.stat().st_size > MOST_BYTES:
                raise NotRenderedError(f"Chromium made no {kind} of up to {MOST_BYTES:,} bytes")
            made[kind] = out.read_bytes()
        return made


@dataclass(slots=True)
class _Served:
    """Where the bytes are, for one browser."""

    host: str
    """A name that nobody can guess, so that no page can ask for it."""
    port: int
    answered: int = 0
    """How often they were handed out whole. Not once: what the browser shows is its own page about an error."""

    @property
    def url(self) -> str:
        return f"http://{self.host}/captured"


@contextlib.contextmanager
def _served(content: bytes, media_type: str) -> Iterator[_Served]:
    """The bytes at an address on loopback while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(ConnectionError):  # the browser has what it wants, or was ended
                self._answer()

        def _answer(self) -> None:
            if self.path != "/captured":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(content)
            served.answered += 1

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: it is one page for one browser."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    served = _Served(f"{secrets.token_hex(8)}.invalid", server.server_port)
    thread = Thread(target=server.serve_forever, name="render-captured", daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _run(browser: str, folder: str, options: list[str], served: _Served) -> None:
    # One name leads to one port of this machine; all others, and this machine itself, lead nowhere.
    rules = f"MAP {served.host} 127.0.0.1:{served.port}, MAP * ~NOTFOUND"
    limit = shutil.which("prlimit")
    command = [limit, f"--cpu={CPU_S}", f"--fsize={MOST_BYTES}"] if limit else []
    command += [
        browser,
        "--headless=new",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]
    command += [f"--host-resolver-rules={rules}", "--dns-prefetch-disable", "--no-proxy-server"]
    command += ["--disable-extensions", "--hide-scrollbars", f"--user-data-dir={folder}/profile", *options]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--no-sandbox")  # Chromium refuses to start otherwise
    running = subprocess.Popen(
        [*command, served.url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        running.wait(WAIT_S)
    except subprocess.TimeoutExpired:
        raise NotRenderedError(f"Chromium did not finish within {WAIT_S:g} seconds") from None
    finally:
        # Its children with it: a page may keep one busy for ever.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    if running.returncode != 0:
        raise NotRenderedError(f"Chromium ended with {running.returncode}")
