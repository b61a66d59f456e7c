"""The captcha's verifier answers Synapse as Google's does, and believes only work that was done for it, once."""

import base64
import hashlib
import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from challenge_site import Answer, Site
from challenge_solving import solution_of, solved_form
from chromium import Chromium, chromium_or_skip
from tidegate.messengers.matrix.captcha import PATH, captcha_routes, captcha_secret
from tidegate.node.challenge.challenges import Challenges
from tidegate.node.challenge.settings import ChallengeSettings
from tidegate.node.keys import keys_of


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site") / "node", wait_s=0.5) as running:
        yield running


def order(site: Site, **headers: str) -> dict[str, Any]:
    """Work to be done before registering."""
    given = site.ask("/challenge/registration.json", **headers)
    assert given.status == 200
    work: dict[str, Any] = given.json()
    return work


def response_to(work: dict[str, Any]) -> str:
    return f"{work['order']}~{solution_of(work['order'], work['target'])}"


def verify(site: Site, response: str, *, remoteip: str = "203.0.113.7", **other: str) -> Answer:
    """As Synapse asks."""
    return site.ask(PATH, {"secret": site.secret, "response": response, "remoteip": remoteip} | other)


def refusal(*codes: str) -> dict[str, Any]:
    return {"success": False, "error-codes": list(codes)}


def test_work_that_was_done_counts_once(site: Site) -> None:
    response = response_to(order(site))
    assert verify(site, response).json() == {"success": True}
    assert verify(site, response).json() == refusal("timeout-or-duplicate")


def test_a_solution_for_less_work_or_another_order_does_not_count(site: Site) -> None:
    one, other = order(site), order(site)
    easy = f"{one['order']}~{solution_of(one['order'], 1 << 31)}"
    swapped = f"{other['order']}~{response_to(one).partition('~')[2]}"
    for response in (easy, swapped):
        assert verify(site, response).json() == refusal("invalid-input-response")


@pytest.mark.parametrize("secret", ["wrong", "ü", "0" * 64])
def test_without_the_secret_nothing_is_looked_at(site: Site, secret: str) -> None:
    response = response_to(order(site))
    assert verify(site, response, secret=secret).json() == refusal("invalid-input-secret")
    assert verify(site, response, secret="").json() == refusal("missing-input-secret")
    assert verify(site, response).json() == {"success": True}, "it was used up by somebody without the secret"


@pytest.mark.parametrize(
    "response", ["", "x", "~", "A" * 72, "A" * 72 + "~1.1", "x" * 600, "\u0000", "٣" * 72]
)
def test_what_nobody_gave_out_does_not_count(site: Site, response: str) -> None:
    code = "invalid-input-response" if response else "missing-input-response"
    assert verify(site, response).json() == refusal(code)


def test_the_answer_is_always_200_because_synapse_takes_anything_else_for_an_outage(site: Site) -> None:
    assert {verify(site, response).status for response in ("", "x", response_to(order(site)))} == {200}


def test_work_for_an_accounts_challenge_does_not_register_anybody(site: Site) -> None:
    form = solved_form(site.ask(site.challenge()).text)
    assert verify(site, f"{form['order']}~{form['solution']}").json() == refusal("invalid-input-response")


def test_work_for_registering_does_not_pass_an_accounts_challenge(site: Site) -> None:
    text, _, solution = response_to(order(site)).partition("~")
    assert site.ask(site.challenge(), {"order": text, "solution": solution}).status == 422


def test_who_has_no_script_gets_a_code_after_a_wait(site: Site) -> None:
    path = "/challenge/registration"
    begun = site.ask(path, {"step": "wait"})
    assert begun.status == 303
    wait = re.search(r"wait=([^&]+)", begun.headers["location"])
    assert wait
    assert verify(site, wait[1]).json() == refusal("invalid-input-response")
    found = None
    for _ in range(100):
        found = re.search(r'class="code">([^<]+)<', site.ask(path, {"step": "confirm", "wait": wait[1]}).text)
        if found:
            break
        time.sleep(0.05)
    assert found
    assert verify(site, found[1]).json() == {"success": True}
    assert verify(site, found[1]).json() == refusal("timeout-or-duplicate")


def test_nobody_stands_in_line_without_asking_for_it(site: Site) -> None:
    assert site.ask("/challenge/registration", {}).status == 400
    assert site.ask("/challenge/registration", {"step": "confirm", "wait": "x"}).status == 404
    assert site.ask("/challenge/registration").status == 200


def test_a_network_that_registers_many_has_more_to_do(tmp_path: Path) -> None:
    with Site(tmp_path / "node", network_free=2) as site:
        here = {"X_Forwarded_For": "203.0.113.99"}
        easy = order(site, **here)["target"]
        for _ in range(2):
            assert verify(site, response_to(order(site))).json() == {"success": True}
        assert order(site, **here)["target"] == pytest.approx(easy / 2, rel=0.001)
        assert order(site, X_Forwarded_For="198.51.100.1")["target"] == easy


def test_an_order_that_was_kept_for_later_is_worth_nothing(tmp_path: Path) -> None:
    import asyncio

    from tidegate.events.pseudonym import Pseudonyms
    from tidegate.node.challenge.registration import RESPONSE_S, Checked, Registration

    moved = [0.0]

    async def story() -> None:
        settings = ChallengeSettings(work_iterations=16_000)
        challenges = Challenges(tmp_path, bytes(32), settings, Pseudonyms(), lambda: time.time() + moved[0])
        registration = Registration(challenges)
        kept, fresh = [await registration.order(0) for _ in range(2)]
        responses = [f"{one.text}~{solution_of(one.text, one.target)}" for one in (kept, fresh)]
        assert await registration.check(responses[1], 0) is Checked.GOOD
        moved[0] = RESPONSE_S + 1
        assert await registration.check(responses[0], 0) is Checked.SPENT
        await challenges.close()

    asyncio.run(story())


def test_every_node_has_a_secret_of_its_own_and_none_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = (captcha_secret(keys_of(tmp_path / name).ticket) for name in ("one", "other"))
    assert one != other
    assert one == captcha_secret(keys_of(tmp_path / "one").ticket)
    from tidegate.events.pseudonym import Pseudonyms

    challenges = Challenges(tmp_path, bytes(32), ChallengeSettings(), Pseudonyms())
    with pytest.raises(ValueError, match="needs a secret"):
        captcha_routes(challenges, "")
    challenges.passes.close()


def test_a_client_that_shows_googles_captcha_itself_can_show_ours(site: Site, tmp_path: Path) -> None:
    """What Element Web does when it finds ``grecaptcha`` already there, under a policy like Element Web's."""
    page = """<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; connect-src *;
    style-src 'self'; script-src 'sha256-%s' %s/challenge/"><div id="mx_recaptcha"></div>
    <script src="%s/challenge/grecaptcha.js"></script><script>%s</script>"""
    client = (
        'if (typeof window.grecaptcha.render === "function") { window.widget = window.grecaptcha.render("mx_recaptcha",'
        ' {sitekey: "whatever", callback: (response) => { window.heard = response; }}); }'
    )
    digest = base64.b64encode(hashlib.sha256(client.encode()).digest()).decode()
    served = (page % (digest, site.url, site.url, client)).encode()

    class Client(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(served)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Client) as server, Chromium(chromium_or_skip()) as browser:
        Thread(target=server.serve_forever, daemon=True).start()
        browser.open(f"http://127.0.0.1:{server.server_port}/")
        assert browser.js("window.widget")
        browser.js("document.querySelector('#mx_recaptcha button').click()")
        browser.wait_for("window.heard")
        assert verify(site, browser.js("window.heard")).json() == {"success": True}
        browser.js("window.heard = ''; document.querySelector('#mx_recaptcha button').click()")
        browser.wait_for("window.heard")
        assert verify(site, browser.js("window.heard")).json() == {"success": True}, (
            "a second try is another order"
        )
        assert browser.complaints == []
        server.shutdown()
