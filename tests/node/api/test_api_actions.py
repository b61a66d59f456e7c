"""The messenger's side: told as soon as something is to be done, told again until it says that it is done."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_node import RunningNode, event, eventually

from tidegate.node.api import polling


def known(node: RunningNode, account: str) -> None:
    """The node hears of an account."""
    with node.client("check") as client:
        assert client.post("/v1/check", json=event(account)).status_code == 200


def rule(node: RunningNode, account: str, finding: str = "abusive") -> httpx.Response:
    with node.client("admin") as client:
        return client.post("/v1/rulings", json={"account": account, "finding": finding, "by": "reviewer 7"})


def poll(client: httpx.Client, **query: object) -> list[dict[str, Any]]:
    answer = client.get("/v1/actions", params={"wait": 10, **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["actions"])


def poll_for(client: httpx.Client, account: str) -> dict[str, Any]:
    """The next action about that account; what other tests left behind is carried out on the way."""
    while True:
        mine = None
        for action in poll(client):
            if action["account"] == account:
                mine = action
            else:
                confirm(client, id=action["id"], done=True)
        if mine is not None:
            return mine


def confirm(client: httpx.Client, **result: object) -> dict[str, int]:
    answer = client.post("/v1/actions/confirm", json={"results": [result]})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def standing(client: httpx.Client) -> dict[str, str]:
    """Rungs by account."""
    return {one["account"]: one["rung"] for one in client.get("/v1/standing").json()["standing"]}


@pytest.fixture
def acting(running: RunningNode) -> Iterator[httpx.Client]:
    with running.client("act") as client:
        yield client


def test_a_waiting_messenger_is_told_at_once(running: RunningNode, acting: httpx.Client) -> None:
    known(running, "@told:test")
    got: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: got.append(poll_for(acting, "@told:test")))
    waiting.start()
    eventually(lambda: running.serving.services.pollers.waiting)
    assert rule(running, "@told:test").status_code == 200
    waiting.join(20)
    (action,) = got
    assert (action["account"], action["rung"], action["previous"]) == ("@told:test", "suspend", "allow")
    assert action["attempt"] == 1 and action["notice"] and action["until"]
    assert action["reasons"] == [
        {"text": "a person found the account abusive", "value": None, "rule": "ruling"}
    ]


def test_an_undo_follows_a_ruling_the_other_way(running: RunningNode, acting: httpx.Client) -> None:
    known(running, "@undo:test")
    rule(running, "@undo:test")
    up = poll_for(acting, "@undo:test")
    assert confirm(acting, id=up["id"], done=True) == {"confirmed": 1, "unknown": 0, "dead": 0}
    assert standing(acting)["@undo:test"] == "suspend"
    rule(running, "@undo:test", "legitimate")
    down = poll_for(acting, "@undo:test")
    assert (down["rung"], down["previous"], down["until"]) == ("allow", "suspend", None)
    confirm(acting, id=down["id"], done=True)
    assert "@undo:test" not in standing(acting)


def test_what_is_not_confirmed_comes_again_and_then_goes_to_people(
    running: RunningNode, acting: httpx.Client
) -> None:
    known(running, "@failing:test")
    rule(running, "@failing:test")
    attempts = []
    for _ in range(3):
        action = poll_for(acting, "@failing:test")
        attempts.append(action["attempt"])
        said = confirm(acting, id=action["id"], done=False, error="the homeserver is down")
    assert attempts == [1, 2, 3] and said["dead"] == 1
    with running.client("admin") as admin:
        (dead,) = admin.get("/v1/actions/dead").json()["dead"]
        assert (dead["account"], dead["attempts"], dead["error"]) == (
            "@failing:test",
            3,
            "the homeserver is down",
        )
        assert admin.get("/v1/actions/dead", params={"after": 10**9}).json()["dead"] == []
        assert admin.post(f"/v1/actions/{dead['id']}/retry").json() == {"id": dead["id"]}
        assert admin.post(f"/v1/actions/{dead['id']}/retry").status_code == 404
    again = poll_for(acting, "@failing:test")
    assert again["id"] == action["id"]


def test_a_messenger_that_falls_silent_is_told_again(running: RunningNode, acting: httpx.Client) -> None:
    known(running, "@silent:test")
    rule(running, "@silent:test")
    first = poll_for(acting, "@silent:test")
    second = poll_for(acting, "@silent:test")
    assert (second["id"], second["attempt"]) == (first["id"], 2)


def test_results_nobody_asked_for_are_counted_as_unknown(acting: httpx.Client) -> None:
    assert confirm(acting, id="0123456789abcdef", done=True) == {"confirmed": 0, "unknown": 1, "dead": 0}


def test_nothing_due_is_an_empty_answer_after_the_wait(folder: Path) -> None:
    with RunningNode(folder) as node, node.client("act") as client:
        began_s = time.monotonic()
        assert poll(client, wait=0.3) == []
        assert time.monotonic() - began_s >= 0.3


@pytest.mark.parametrize(
    "query",
    [
        "wait=61",
        "wait=-1",
        "wait=x",
        "wait=nan",
        "limit=0",
        "limit=1.5",
        "wait=1&wait=2",
        "other=1",
        "wait=%ff",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(acting: httpx.Client, query: str) -> None:
    answer = acting.get(f"/v1/actions?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_query")


def test_those_who_wait_are_bounded(folder: Path) -> None:
    with RunningNode(folder) as node, node.client("act") as client:
        pollers = node.serving.services.pollers
        waiting = [
            threading.Thread(target=poll, args=(node.client("act"),), kwargs={"wait": 3})
            for _ in range(polling.MOST_POLLERS)
        ]
        for one in waiting:
            one.start()
        eventually(lambda: pollers.waiting == polling.MOST_POLLERS)
        refused = client.get("/v1/actions", params={"wait": 1})
        for one in waiting:
            one.join(20)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_pollers")
        assert "retry-after" in refused.headers
        assert pollers.waiting == 0


def test_a_client_that_goes_away_takes_nothing_with_it(folder: Path) -> None:
    with RunningNode(folder) as node, node.client("act") as client:
        known(node, "@gone:test")
        with pytest.raises(httpx.ReadTimeout):
            client.get("/v1/actions", params={"wait": 30}, timeout=0.3)
        eventually(lambda: node.serving.services.pollers.waiting == 0)
        rule(node, "@gone:test")
        assert poll_for(client, "@gone:test")["attempt"] == 1


# -- people ------------------------------------------------------------------------------------------------------------


def test_an_account_shows_where_it_stands_and_why(running: RunningNode, acting: httpx.Client) -> None:
    known(running, "@who/is:test")
    rule(running, "@who/is:test")
    with running.client("read") as client:
        shown = eventually(
            lambda: (found := client.get("/v1/accounts/%40who%2Fis%3Atest").json())["decisions"] and found
        )
        nobody = client.get("/v1/accounts/@nobody:test")
    assert (shown["account"], shown["rung"], shown["known"]) == ("@who/is:test", "suspend", True)
    assert shown["statement"] == "a person found the account abusive"
    assert shown["decisions"][0]["reasons"][0]["rule"] == "ruling"
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (404, "unknown_account")


def test_an_erased_account_was_never_heard_of(running: RunningNode) -> None:
    known(running, "@erased:test")
    with running.client("admin") as client:
        gone = client.delete("/v1/accounts/@erased:test")
        again = client.delete("/v1/accounts/@erased:test")
    assert gone.status_code == 200 and gone.json()["details"]["identifiers"] == 1
    assert again.status_code == 404
    with running.client("read") as client:
        assert client.get("/v1/accounts/@erased:test").status_code == 404


def test_a_proof_counts_for_accounts_that_exist(running: RunningNode, acting: httpx.Client) -> None:
    known(running, "@proved:test")
    assert acting.post("/v1/proofs", json={"account": "@proved:test"}).status_code == 200
    assert acting.post("/v1/proofs", json={"account": "@nobody:test"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "truncated"),
        (b'{"account": "@a:test"}', "finding"),
        (b'{"account": "@a:test", "finding": "guilty"}', "finding"),
        (b'{"account": "", "finding": "abusive"}', "account"),
        (b'{"account": "@a:test", "finding": "abusive", "extra": 1}', "extra"),
        (b'{"account": "\\ud800", "finding": "abusive"}', "surrogate"),
        (b"\xff", ""),
    ],
)
def test_a_ruling_that_cannot_be_read_says_where(running: RunningNode, body: bytes, words: str) -> None:
    with running.client("admin") as client:
        answer = client.post("/v1/rulings", content=body)
    assert answer.status_code == 400 and words in answer.json()["error"]["message"]


def test_a_policy_is_replaced_whole_or_not_at_all(running: RunningNode) -> None:
    good = 'extends = "default"\nname = "ours"\nversion = "7"\n'
    bad = good + '[[rule]]\nname = "never-sleeps"\nwhen = "nothing > 1"\nenabled = 3\n'
    with running.client("admin") as admin, running.client("read") as reader:
        assert admin.put("/v1/policy", content=good).status_code == 200
        refused = admin.put("/v1/policy", content=bad)
        in_force = reader.get("/v1/policy")
    assert refused.status_code == 422
    assert len(refused.json()["error"]["errors"]) >= 2
    assert in_force.text == good
    assert in_force.headers["content-type"] == "application/toml"


def test_breakers_are_shown_and_closed_by_people(running: RunningNode) -> None:
    with running.client("read") as reader, running.client("admin") as admin:
        shown = reader.get("/v1/breakers").json()["breakers"]
        closed = admin.post("/v1/breakers/lock/reset", json={"held": "release"})
        wrong = admin.post("/v1/breakers/lock/reset", json={"held": "maybe"})
        none = admin.post("/v1/breakers/warn/reset", json={"held": "drop"})
        nonsense = admin.post("/v1/breakers/fly/reset", json={"held": "drop"})
    assert [one["rung"] for one in shown] == ["challenge", "budget", "lock", "suspend", "ban"]
    assert not any(one["open"] for one in shown)
    assert closed.json() == {"rung": "lock", "held": 0}
    assert [answer.status_code for answer in (wrong, none, nonsense)] == [400, 404, 400]
