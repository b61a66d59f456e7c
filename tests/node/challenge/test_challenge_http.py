"""Challenges over HTTP, on a node that is a process of its own and may be killed."""

import json
import re
import signal
import time
from pathlib import Path

import pytest

from challenge_site import ACCOUNT, Site
from challenge_solving import order_in, solved_form


def in_time(site: Site, address: str) -> str:
    """The page of a wait, once it can be confirmed."""
    for _ in range(200):
        page = site.ask(address).text
        if 'value="confirm"' in page:
            return page
        time.sleep(0.05)
    raise AssertionError(f"the wait does not end: {page}")


def test_the_messenger_gets_an_address_for_an_account_it_names(site: Site) -> None:
    body = json.dumps({"account": ACCOUNT}).encode()
    answer = site.ask("/v1/challenges", body=body, Authorization=f"Bearer {site.token}")
    given = answer.json()
    assert answer.status == 200
    assert given["url"] == f"{site.url}/challenge/{given['ticket']}"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", given["expires"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"account": "@nobody:example.org"}, 404, "unknown_account"),
        ({}, 400, "bad_body"),
        ({"account": ACCOUNT, "lifetime": 9}, 400, "bad_body"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(
    site: Site, body: dict[str, object], status: int, code: str
) -> None:
    raw = json.dumps(body).encode()
    answer = site.ask("/v1/challenges", body=raw, Authorization=f"Bearer {site.token}")
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)


def test_a_challenge_is_given_to_nobody_without_a_token(site: Site) -> None:
    assert site.ask("/v1/challenges", body=b'{"account":"x"}').status == 401


def test_a_solved_challenge_passes_and_shows_so_from_then_on(site: Site) -> None:
    before = site.proofs()
    path = site.challenge()
    page = site.ask(path, Accept_Language="de")
    assert page.status == 200
    assert "Prüfung starten" in page.text
    passed = site.ask(path, solved_form(page.text), Accept_Language="de")
    assert passed.status == 200
    assert "Fertig, vielen Dank" in passed.text
    again = site.ask(path, solved_form(page.text))
    assert again.status == 200
    assert "Done, thank you" in again.text
    assert site.proofs() == before + 1


def test_a_wrong_answer_is_refused_with_a_new_order(site: Site) -> None:
    path = site.challenge()
    page = site.ask(path).text
    form = solved_form(page)
    refused = site.ask(path, form | {"solution": "1" + ".1" * 15})
    assert refused.status == 422
    assert order_in(refused.text)[0] != form["order"]
    assert site.ask(path, solved_form(refused.text)).status == 200


def test_too_many_wrong_answers_are_told_when_to_come_back(site: Site) -> None:
    path = site.challenge()
    answers = [site.ask(path, {"order": "", "solution": ""}) for _ in range(11)]
    assert [answer.status for answer in answers] == [422] * 10 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 600


def test_a_link_that_nobody_gave_is_a_page_that_says_what_to_do(site: Site) -> None:
    answer = site.ask("/challenge/" + "A" * 72, Accept_Language="fr")
    assert answer.status == 404
    assert "plus valable" in answer.text


def test_who_has_no_script_waits_and_confirms(site: Site) -> None:
    before = site.proofs()
    path = site.challenge()
    begun = site.ask(path, {"step": "wait"})
    assert begun.status == 303
    address = path + begun.headers["location"]
    wait = re.search(r"wait=([^&]+)", address)
    assert wait
    assert site.ask(path, {"step": "confirm", "wait": wait[1]}).status == 200
    assert site.proofs() == before, "it was confirmed before its time"
    in_time(site, address)
    done = site.ask(path, {"step": "confirm", "wait": wait[1]})
    assert "Done, thank you" in done.text
    assert site.proofs() == before + 1


def test_pages_are_kept_by_nobody_and_shown_in_no_frame(site: Site) -> None:
    headers = site.ask(site.challenge()).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "set-cookie" not in headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 5_000, 413),
        (b"\xff\xfe", 400),
        (b"&".join(b"a%d=1" % n for n in range(50)), 400),
        (b"", 422),
        (b"step=nonsense", 422),
        (b"step=confirm&wait=nonsense", 422),
        (b"order=a&order=b&solution=%00", 422),
    ],
)
def test_a_form_that_is_none_of_ours_passes_nothing(site: Site, body: bytes, status: int) -> None:
    before = site.proofs()
    assert site.ask(site.challenge(), body=body).status == status
    assert site.proofs() == before


def test_challenges_are_described_with_the_rest_of_the_api(site: Site) -> None:
    paths = site.ask("/openapi.json").json()["paths"]
    assert set(paths["/challenge/{ticket}"]) == {"get", "post"}
    assert "security" not in paths["/challenge/{ticket}"]["get"]
    assert paths["/v1/challenges"]["post"]["security"]


def test_a_node_that_is_killed_has_lost_no_link_and_no_pass(tmp_path: Path) -> None:
    with Site(tmp_path / "node") as site:
        passed, open_ = site.challenge(), ""
        form = solved_form(site.ask(passed).text)
        assert site.ask(passed, form).status == 200
        site.end(signal.SIGKILL)
        assert site.proofs() == 1
        site.start()
        assert "Done, thank you" in site.ask(passed, form).text
        open_ = site.challenge()
        page = site.ask(open_).text
        site.end(signal.SIGKILL)
        site.start()
        assert "Done, thank you" in site.ask(open_, solved_form(page)).text
        assert site.proofs() == 2


def test_only_our_own_proxys_word_counts_for_where_somebody_comes_from(tmp_path: Path) -> None:
    with Site(tmp_path / "node", network_free=1, account_days=0, proxies=2) as site:

        def target(forwarded: str) -> int:
            return order_in(site.ask(site.challenge(), X_Forwarded_For=forwarded).text)[1]

        easy = target("192.0.2.1, 203.0.113.7, 10.0.0.1")
        path = site.challenge()
        form = solved_form(site.ask(path).text)
        site.ask(path, form, X_Forwarded_For="192.0.2.1, 203.0.113.7, 10.0.0.1")
        time.sleep(0.01)
        assert target("198.51.100.1, 203.0.113.200, 10.0.0.1") < easy, "whatever somebody wrote before it"
        assert target("203.0.113.7, 198.51.100.1, 10.0.0.1") == easy
        assert target("nonsense") == easy
