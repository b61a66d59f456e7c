"""Registration on a real Synapse with a captcha of our own, by program and by a person with a browser."""

import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from guarded import RELEASES, synapse_or_skip

from challenge_site import Site
from challenge_solving import solution_of
from chromium import Chromium, chromium_or_skip
from tidegate.messengers.matrix.captcha import PAGE_MODULE, TEMPLATES, homeserver_settings
from tidegate.messengers.matrix.homeserver import Answer, Homeserver
from tidegate.messengers.matrix.homeserver_config import HomeserverSettings, ModuleSettings

MODULE_SOURCE = Path(__file__).parents[3] / "packages" / "tidegate-synapse" / "src"
PAGE = ModuleSettings(PAGE_MODULE, {"templates": str(TEMPLATES)})
FALLBACK = "/_matrix/client/v3/auth/m.login.recaptcha/fallback/web"


@dataclass
class Guarded:
    """A homeserver on which nobody registers without the node's word."""

    homeserver: Homeserver
    site: Site

    def register(self, name: str, **auth: str) -> Answer:
        """One request to register; without ``auth`` the one that opens a session."""
        body: dict[str, Any] = {"username": name, "password": "correct horse battery", "inhibit_login": True}
        if auth:
            body["auth"] = auth
        return self.homeserver.request("POST", "/_matrix/client/v3/register", body)

    def session(self, name: str) -> str:
        opened = self.register(name)
        assert opened.status == 401
        session: str = opened.body["session"]
        return session

    def with_response(self, name: str, response: str) -> Answer:
        """Show a captcha's response, then go through the stage that follows it."""
        session = self.session(name)
        shown = self.register(name, type="m.login.recaptcha", session=session, response=response)
        if shown.status != 401 or "m.login.recaptcha" not in shown.body.get("completed", ()):
            return shown
        return self.register(name, type="m.login.dummy", session=session)

    def response(self) -> str:
        """Work done as the page would do it."""
        work = self.site.ask("/challenge/registration.json").json()
        return work["order"] + work["separator"] + solution_of(work["order"], work["target"])


@pytest.fixture(scope="module", params=list(RELEASES))
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    synapse = synapse_or_skip(request.param)
    with (
        pytest.MonkeyPatch.context() as patched,
        Site(tmp_path_factory.mktemp("s") / "node", wait_s=0.5) as site,
    ):
        patched.setenv("PYTHONPATH", str(MODULE_SOURCE))
        more = homeserver_settings(site.url, site.url, site.secret)
        with Homeserver(HomeserverSettings(modules=(PAGE,), more=more), synapse) as homeserver:
            yield Guarded(homeserver, site)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium(chromium_or_skip()) as running:
        yield running


def test_nobody_registers_without_the_captcha(guarded: Guarded) -> None:
    session = guarded.session("mallory")
    refused = guarded.register("mallory", type="m.login.dummy", session=session)
    assert refused.status == 401
    assert "user_id" not in refused.body


@pytest.mark.parametrize("response", ["", "junk", "A" * 72 + "~" + "1." * 15 + "1"])
def test_a_made_up_response_is_refused(guarded: Guarded, response: str) -> None:
    refused = guarded.with_response("mallory", response)
    assert refused.status == 401
    assert refused.body["errcode"] == "M_UNAUTHORIZED"


def test_who_did_the_work_registers_and_nobody_else_by_the_same_work(guarded: Guarded) -> None:
    response = guarded.response()
    registered = guarded.with_response("ann", response)
    assert registered.status == 200
    assert registered.body["user_id"] == "@ann:tide.test"
    again = guarded.with_response("bob", response)
    assert again.status == 401
    assert again.body["errcode"] == "M_UNAUTHORIZED"


def test_a_person_passes_on_the_homeservers_own_page_and_nothing_comes_from_elsewhere(
    guarded: Guarded, browser: Chromium
) -> None:
    session = guarded.session("carol")
    browser.requests.clear()
    browser.open(f"{guarded.homeserver.base_url}{FALLBACK}?session={session}")
    browser.js("document.querySelector('button').click()")
    browser.wait_for("document.title === 'Done'")
    ours = (guarded.homeserver.base_url, guarded.site.url)
    assert [address for address in browser.requests if not address.startswith(ours)] == []
    assert [one for one in browser.complaints if "favicon" not in one] == []
    done = guarded.register("carol", type="m.login.dummy", session=session)
    assert done.body.get("user_id") == "@carol:tide.test"


def test_a_person_without_scripts_enters_a_code(guarded: Guarded, browser: Chromium) -> None:
    path = "/challenge/registration"
    begun = guarded.site.ask(path, {"step": "wait"})
    wait = begun.headers["location"].partition("wait=")[2]
    code = None
    for _ in range(100):
        page = guarded.site.ask(path, {"step": "confirm", "wait": wait})
        code = re.search(r'class="code">([^<]+)<', page.text)
        if code:
            break
        time.sleep(0.05)
    assert code
    session = guarded.session("dave")
    browser.scripts(allowed=False)
    browser.open(f"{guarded.homeserver.base_url}{FALLBACK}?session={session}")
    browser.js(f"document.getElementById('code').value = {code[1]!r}")
    browser.js("document.querySelector('form').requestSubmit()")
    browser.wait_for("document.title === 'Done'")
    browser.scripts(allowed=True)
    done = guarded.register("dave", type="m.login.dummy", session=session)
    assert done.body.get("user_id") == "@dave:tide.test"


def test_a_wrong_code_brings_the_page_back_with_the_error(guarded: Guarded, browser: Chromium) -> None:
    session = guarded.session("erin")
    browser.scripts(allowed=False)
    browser.open(f"{guarded.homeserver.base_url}{FALLBACK}?session={session}")
    browser.js("document.getElementById('code').value = 'nonsense'")
    browser.js("document.querySelector('form').requestSubmit()")
    browser.wait_for("document.querySelector('[role=alert]') !== null")
    browser.scripts(allowed=True)
    browser.open(f"{guarded.homeserver.base_url}{FALLBACK}?session={session}")
    assert browser.js("document.querySelector('.g-recaptcha')") is None, "the page is Synapse's own"


def test_without_the_verifier_nobody_registers_and_everybody_else_goes_on(guarded: Guarded) -> None:
    """The last test of a homeserver: it takes the node away for a while."""
    response = guarded.response()
    login = guarded.homeserver.register_by_secret("frank", "correct horse battery")
    guarded.site.end(signal.SIGTERM)
    refused = guarded.with_response("grace", response)
    assert refused.status == 500, "it was open to everybody"
    assert (
        guarded.homeserver.request(
            "GET", "/_matrix/client/v3/account/whoami", token=login["access_token"]
        ).status
        == 200
    )
    guarded.site.start()
    assert guarded.with_response("grace", response).body.get("user_id") == "@grace:tide.test"
