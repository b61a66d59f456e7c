"""Rulings over the API and from the command line: a rung, a time, a label."""

import time
from datetime import datetime

import pytest
from running_node import RunningNode
from test_api_actions import known
from test_node_commands import run


def shown(node: RunningNode, account: str) -> tuple[str, float | None]:
    """Its rung, and in how many hours it ends."""
    with node.client("read") as client:
        answer = client.get(f"/v1/accounts/{account}").json()
    until = answer["until"] and (datetime.fromisoformat(answer["until"]).timestamp() - time.time()) / 3_600.0
    return answer["rung"], until


def test_a_rung_and_its_time_are_named_over_the_api(running: RunningNode) -> None:
    known(running, "@named:test")
    asked = {"account": "@named:test", "finding": "abusive", "rung": "lock", "duration_s": 7_200}
    with running.client("admin") as client:
        assert client.post("/v1/rulings", json=asked).status_code == 200
        rung, hours = shown(running, "@named:test")
        assert rung == "lock" and hours is not None and 1.9 < hours <= 2.0
        lowered = {"account": "@named:test", "finding": "abusive", "rung": "warn"}
        assert client.post("/v1/rulings", json=lowered).status_code == 200
        rung, hours = shown(running, "@named:test")
        assert rung == "warn" and hours is not None and 23.9 < hours <= 24.0


def test_a_label_moves_no_rung_over_the_api(running: RunningNode) -> None:
    known(running, "@labelled:test")
    asked = {"account": "@labelled:test", "finding": "abusive", "label_only": True}
    with running.client("admin") as client:
        assert client.post("/v1/rulings", json=asked).status_code == 200
    assert shown(running, "@labelled:test") == ("allow", None)


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"finding": "legitimate", "rung": "warn"}, 409, "goes with the finding abusive alone"),
        ({"finding": "abusive", "duration_s": 90}, 409, "a duration needs the rung"),
        ({"finding": "abusive", "rung": "allow"}, 400, "rung"),
        ({"finding": "abusive", "rung": "warn", "duration_s": 59}, 400, "duration_s"),
        ({"finding": "abusive", "rung": "warn", "label_only": True}, 409, "a label moves no rung"),
    ],
)
def test_what_does_not_go_together_is_refused_over_the_api(
    running: RunningNode, more: dict[str, object], status: int, words: str
) -> None:
    known(running, "@refused:test")
    with running.client("admin") as client:
        answer = client.post("/v1/rulings", json={"account": "@refused:test"} | more)
    assert answer.status_code == status and words in answer.json()["error"]["message"], answer.text
    assert shown(running, "@refused:test") == ("allow", None)


def test_the_command_names_a_rung_and_a_time(running: RunningNode) -> None:
    known(running, "@typed:test")
    done = run(running, "ruling", "@typed:test", "abusive", "--rung", "budget", "--for", "6h")
    assert done.exit_code == 0, done.output
    rung, hours = shown(running, "@typed:test")
    assert rung == "budget" and hours is not None and 5.9 < hours <= 6.0
    assert run(running, "ruling", "@typed:test", "abusive", "--label").exit_code == 0
    assert shown(running, "@typed:test")[0] == "budget"
    wrong = run(running, "ruling", "@typed:test", "abusive", "--rung", "lock", "--for", "soon")
    assert wrong.exit_code == 2 and "write 30m, 6h, 3d or 2w" in wrong.output
    refused = run(running, "ruling", "@typed:test", "legitimate", "--rung", "lock")
    assert refused.exit_code == 2 and "goes with the finding abusive alone" in refused.output
