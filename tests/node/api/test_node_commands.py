"""The commands that ask a running node, as people type them."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from running_node import RunningNode, event, eventually, free_port

from tidegate.cli.main import main
from tidegate.node.settings import Listen


def run(node: RunningNode, *words: str, scope: str = "all", more: dict[str, str] | None = None) -> Result:
    variables = {"TIDEGATE_TOKEN": node.secrets[scope], "COLUMNS": "160"} | (more or {})
    return CliRunner(env=variables).invoke(main, [*words, "--data", str(node.folder)])


def known(node: RunningNode, account: str) -> None:
    with node.client("check") as client:
        assert client.post("/v1/check", json=event(account)).status_code == 200


def test_a_policy_is_shown_and_replaced(running: RunningNode, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text('extends = "default"\nname = "ours"\nversion = "1"\n')
    done = run(running, "policy", "put", str(file))
    assert done.exit_code == 0 and "in force from event" in done.output
    assert run(running, "policy", "show").output == file.read_text()
    file.write_text('extends = "default"\nname = 1\nversion = 3\n')
    refused = run(running, "policy", "put", str(file))
    assert refused.exit_code == 2
    assert "policy:2:" in refused.output and "policy:3:" in refused.output
    assert 'name = "ours"' in run(running, "policy", "show").output


def test_a_ruling_is_in_effect_and_an_account_can_be_forgotten(running: RunningNode) -> None:
    known(running, "@odd/name ?#:test")
    done = run(running, "ruling", "@odd/name ?#:test", "abusive", "--note", "seen by two people")
    assert done.exit_code == 0, done.output
    shown = running.node.account("@odd/name ?#:test")
    assert shown is not None and shown.rung.word == "suspend"
    asked = CliRunner(env={"TIDEGATE_TOKEN": running.secrets["all"]}).invoke(
        main, ["erase", "@odd/name ?#:test", "--data", str(running.folder)], input="n\n"
    )
    assert asked.exit_code == 1 and running.node.account("@odd/name ?#:test") is not None
    assert run(running, "erase", "@odd/name ?#:test", "--yes").exit_code == 0
    again = run(running, "erase", "@odd/name ?#:test", "--yes")
    assert again.exit_code == 2 and "never heard of" in again.output


def test_dead_letters_are_listed_and_tried_again(running: RunningNode) -> None:
    assert "no action was given up" in run(running, "actions", "dead").output
    known(running, "@dead:test")
    run(running, "ruling", "@dead:test", "abusive")
    with running.client("act") as client:

        def mine() -> str | None:
            due = client.get("/v1/actions", params={"wait": 1}).json()["actions"]
            return next((str(one["id"]) for one in due if one["account"] == "@dead:test"), None)

        result = {"id": eventually(mine), "done": False, "error": "no such room", "permanent": True}
        client.post("/v1/actions/confirm", json={"results": [result]})
    listed = run(running, "actions", "dead")
    assert "@dead:test" in listed.output and "no such room" in listed.output
    assert run(running, "actions", "retry", str(result["id"])).exit_code == 0
    again = run(running, "actions", "retry", str(result["id"]))
    assert again.exit_code == 2 and "was given up" in again.output


def test_breakers_are_shown_and_closed(running: RunningNode) -> None:
    shown = run(running, "breaker", "show")
    assert shown.exit_code == 0 and shown.output.count("closed") == 5
    closed = run(running, "breaker", "reset", "lock", "--held", "drop")
    assert closed.exit_code == 0 and "0 held measures were dropped" in closed.output


def test_a_token_that_is_not_enough_is_told_plainly(running: RunningNode, tmp_path: Path) -> None:
    forbidden = run(running, "breaker", "show", scope="ingest")
    assert forbidden.exit_code == 2 and "does not have the scope read" in forbidden.output
    none = run(running, "breaker", "show", more={"TIDEGATE_TOKEN": ""})
    assert none.exit_code == 2 and "TIDEGATE_TOKEN or --token-file" in none.output
    file = tmp_path / "token"
    file.write_text(running.secrets["read"] + "\n")
    given = run(running, "breaker", "show", "--token-file", str(file), more={"TIDEGATE_TOKEN": ""})
    assert given.exit_code == 0


def test_a_node_is_found_over_tcp_too(folder: Path) -> None:
    port = free_port()
    folder.mkdir(mode=0o700)
    (folder / "node.toml").write_text(f'[listen]\nport = {port}\nsocket = ""\n')
    with RunningNode(folder, None, listen=Listen(port=port, socket="")) as node:
        assert run(node, "policy", "show").exit_code == 0
        elsewhere = run(node, "policy", "show", "--node", f"http://127.0.0.1:{free_port()}")
        assert elsewhere.exit_code == 2 and "does not answer" in elsewhere.output


@pytest.mark.parametrize("command", ["serve", "token", "policy", "ruling", "erase", "actions", "breaker"])
def test_every_command_is_listed_and_explains_itself(command: str) -> None:
    assert f"  {command} " in CliRunner().invoke(main, ["--help"]).output
    shown = CliRunner(env=dict(os.environ)).invoke(main, [command, "--help"])
    assert shown.exit_code == 0 and len(shown.output.splitlines()) > 5
