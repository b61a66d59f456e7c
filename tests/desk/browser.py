"""The desk in a real browser: served over HTTP on loopback, looked at by Chromium, checked by axe-core."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import Client
from waitress.server import create_server

from chromium import Chromium

LOOPBACK = "127.0.0.1"
GRAVE = ("serious", "critical")
SHOTS = os.environ.get("TIDEGATE_SCREENSHOTS", "")
"""Where screenshots are put, for people to look at; empty: none are made, which saves a second a page."""
PHONE, SCREEN = 360, 1280
WAYS = ((SCREEN, False), (SCREEN, True), (PHONE, False))
"""Width and whether it is dark: how a page is looked at."""
EVERYTHING = "{resultTypes: ['violations']}"
IN_THE_DARK = (
    "{resultTypes: ['violations'], runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}"
)
"""Rules of axe: the dark changes colours only. What it found in order is not described, which halves its work."""
ON_A_PHONE = (
    "{resultTypes: ['violations'], runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block', "
    "'scrollable-region-focusable', 'label', 'link-name', 'button-name', 'aria-hidden-focus']}}"
)
"""Those that a page laid out otherwise can break, when everything was looked at on a screen."""


class DeskServer:
    """The desk on a free port, between ``with`` and its end."""

    def __enter__(self) -> Self:
        bound = socket.socket()
        bound.bind((LOOPBACK, 0))
        self.url = f"http://{LOOPBACK}:{bound.getsockname()[1]}"
        self._server = create_server(_closing(get_wsgi_application()), sockets=[bound], threads=4, ident="")
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._server.task_dispatcher.shutdown()
        self._thread.join(10)

    def _run(self) -> None:
        try:
            self._server.run()
        except OSError:
            assert not self._server.task_dispatcher.threads  # closed while it waited: how waitress ends


def _closing(application: Any) -> Any:
    """Connections of the server's threads end with each request: the tests' database must be free at the end."""

    def answer(environ: Any, start_response: Any) -> Any:
        try:
            return application(environ, start_response)
        finally:
            connections.close_all()

    return answer


class Visitor:
    """A browser that looks at the desk."""

    def __init__(self, chromium: Chromium, url: str) -> None:
        self.chromium, self.url = chromium, url

    def sign_in(self, person: Any) -> None:
        """As this person, without the form."""
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        for name, morsel in client.cookies.items():
            self.chromium.call(
                "Network.setCookie", name=name, value=morsel.value, url=self.url, httpOnly=True
            )

    def open(self, path: str) -> None:
        """A page of the desk, by its path."""
        self.chromium.open(self.url + path)

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.chromium.js("document.body.innerText"))

    def click(self, selector: str) -> None:
        """The one element that the CSS selector finds; waits until it is there."""
        self.chromium.wait_for(f"document.querySelector({selector!r}) !== null")
        self.chromium.js(f"document.querySelector({selector!r}).click()")

    def fill(self, selector: str, value: str) -> None:
        """Put a value into a field, as if typed."""
        self.chromium.wait_for(f"document.querySelector({selector!r}) !== null")
        self.chromium.js(
            f"(field => {{ field.value = {value!r}; "
            "field.dispatchEvent(new Event('input', {bubbles: true})); "
            f"field.dispatchEvent(new Event('change', {{bubbles: true}})); }})(document.querySelector({selector!r}))"
        )

    def wait_for_text(self, words: str) -> None:
        """Until these words are on the page."""
        self.chromium.wait_for(f"document.body && document.body.innerText.includes({words!r})")

    def shoot(self, name: str) -> None:
        """Screenshots into :data:`SHOTS`, where they are asked for: light, dark, phone; each from top to bottom."""
        if not SHOTS:
            return
        for kind, width, dark in (("light", SCREEN, False), ("dark", SCREEN, True), ("phone", PHONE, False)):
            self.chromium.scheme(dark)
            self.chromium.size(width)
            height = min(int(self.chromium.js("document.documentElement.scrollHeight")), 4_000)
            self.chromium.size(width, max(height, 600))
            self.chromium.js("new Promise(done => setTimeout(done, 250))")  # charts follow the width
            self.chromium.screenshot(Path(SHOTS) / f"{name}-{kind}.png")
        self.chromium.scheme(False)
        self.chromium.size(SCREEN)

    def check(self, phone_only: bool = False) -> None:
        """No serious accessibility violation, nothing wider than a phone, nothing the browser complains of.

        ``phone_only``: for one more language of a page that has been looked at on a screen and in the dark.
        """
        axe = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
        for width, dark in WAYS[-1:] if phone_only else WAYS:
            self.chromium.scheme(dark)
            self.chromium.size(width)
            if not self.chromium.js("Boolean(window.axe)"):
                self.chromium.js(axe + "; true")
            rules = IN_THE_DARK if dark else EVERYTHING if width == SCREEN or phone_only else ON_A_PHONE
            found = self.chromium.js(
                f"axe.run({rules}).then(result => JSON.parse(JSON.stringify(result.violations)))"
            )
            grave = [
                f"{one['id']} ({one['impact']}): {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
                for one in found
                if one["impact"] in GRAVE
            ]
            assert not grave, f"{self.chromium.js('location.pathname')} at {width} px, dark {dark}: {grave}"
        wide = int(self.chromium.js("document.documentElement.scrollWidth"))
        assert wide <= PHONE, f"{self.chromium.js('location.pathname')}: {wide} px wide on a phone"
        self.chromium.scheme(False)
        self.chromium.size(SCREEN)
        assert not self.chromium.complaints, self.chromium.complaints
        elsewhere = [
            one for one in self.chromium.requests if not one.startswith((self.url, "data:", "about:"))
        ]
        assert not elsewhere, f"the page asked elsewhere: {elsewhere}"


@contextmanager
def visiting(chromium: Chromium) -> Iterator[Visitor]:
    """The desk, served for a browser that nobody has used."""
    with DeskServer() as server:
        chromium.size(SCREEN)
        try:
            yield Visitor(chromium, server.url)
        finally:
            chromium.leave()  # otherwise the server waits for its connections
