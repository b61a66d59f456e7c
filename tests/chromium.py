"""A real browser for the tests: Chromium without a window, driven over its own protocol through a pipe.

https://chromedevtools.github.io/devtools-protocol/ describes the methods that :meth:`Chromium.call` takes.
"""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_S = 60.0
POLL_S = 0.05
ABOVE_THE_PROTOCOLS = 10
ON_3_AND_4 = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Becomes the browser, which reads commands on descriptor 3 and writes to 4."""
QUIET = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root, and open nothing but pages of ours
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-features=SpareRendererForSitePerProcess",  # a process in reserve for each page costs as much as the page
    # Whatever a page might ask for elsewhere goes nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def chromium_or_skip() -> str:
    """The path of a browser; without one the test is skipped, and says so."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")


class Chromium:
    """One browser with one page, between ``with`` and its end; :meth:`anew` makes it one that nobody has used."""

    def __init__(self, program: str) -> None:
        self._profile = Path(tempfile.mkdtemp(prefix="tidegate-chromium-"))
        to_browser, to_us = os.pipe(), os.pipe()
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, ABOVE_THE_PROTOCOLS) for end in (to_browser[0], to_us[1])]
        asked = [
            program,
            *QUIET,
            "--remote-debugging-pipe",
            f"--user-data-dir={self._profile}",
            "--no-startup-window",
        ]
        with (self._profile / "errors").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", ON_3_AND_4, *map(str, theirs), *asked],
                pass_fds=theirs,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        for end in (to_browser[0], to_us[1], *theirs):
            os.close(end)
        self._out, self._in = to_browser[1], to_us[0]
        self._rest = b""
        self._asked = 0
        self._session = self._context = ""
        self.requests: list[str] = []
        """Addresses that the page has asked for."""
        self.complaints: list[str] = []
        """Errors of scripts, violations of the content security policy, and what else the console says in red."""

    def __enter__(self) -> Self:
        self.anew()
        return self

    def anew(self) -> None:
        """A page that knows nothing of the one before: no cookies, storage, cache, history or settings."""
        self.leave()
        self._context = self.call("Target.createBrowserContext")["browserContextId"]
        page = self.call("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.requests.clear()
        self.complaints.clear()

    def leave(self) -> None:
        """Close the page and its connections; :meth:`anew` opens another."""
        self._session = ""
        if self._context:
            self.call("Target.disposeBrowserContext", browserContextId=self._context)
            self._context = ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._out)
        os.close(self._in)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its result."""
        self._asked += 1
        message = {"id": self._asked, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._asked:
                assert "error" not in heard, f"{method}: {heard['error']}"
                result: dict[str, Any] = heard["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._in, 1 << 16)
            assert piece, (
                f"the browser has ended:\n{(self._profile / 'errors').read_text(errors='replace')[-2000:]}"
            )
            self._rest += piece
        raw, self._rest = self._rest.split(b"\0", 1)
        heard: dict[str, Any] = json.loads(raw)
        self._note(heard.get("method", ""), heard.get("params", {}))
        return heard

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")

    def open(self, address: str) -> None:
        """Go there and wait until the page is complete."""
        self.js("window.tidegateLeft = true")
        self.call("Page.navigate", url=address)
        self.wait_for("!window.tidegateLeft && document.readyState === 'complete'")

    def js(self, expression: str) -> Any:
        """The value of an expression in the page, awaited when it is a promise."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, condition: str, seconds: float = WAIT_S) -> None:
        """Until the expression is true. Fails with the page's text when that takes too long."""
        until = time.monotonic() + seconds
        while True:
            try:
                if self.js(condition):
                    return
            except AssertionError as error:
                # The page is just being replaced by the next one: its world has gone, and the question with it.
                if not any(words in str(error) for words in ("context", "navigated or closed")):
                    raise
            if time.monotonic() > until:
                raise AssertionError(
                    f"{condition} did not come about on the page:\n{self.js('document.body.innerText')}"
                )
            time.sleep(POLL_S)

    def press(self, key: str) -> None:
        """One key: ``Tab``, ``Enter`` or ``Space``."""
        codes = {"Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Space": (" ", 32, " ")}
        name, code, text = codes[key]
        about = {"key": name, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def scheme(self, dark: bool) -> None:
        """Dark or light, as the system would ask for it."""
        value = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def size(self, width: int, height: int = 800, scale: float = 1.0) -> None:
        """Of the page, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 500,
        )

    def scripts(self, allowed: bool) -> None:
        """Whether pages opened from now on may run scripts; ours through :meth:`js` always may."""
        self.call("Emulation.setScriptExecutionDisabled", value=not allowed)

    def screenshot(self, file: Path) -> None:
        """The page as PNG."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
