"""Tokens: stored only as hashes, noticed when they change, and never enough when the scope is another."""

import json
import stat
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from tidegate.cli.main import main
from tidegate.node.api import tokens as tokens_module
from tidegate.node.api.tokens import FILE, Scope, TokenError, Tokens, add_token, read_tokens, revoke_token

NOW_S = 1_767_225_600.0


def bearer(secret: str) -> bytes:
    return b"Bearer " + secret.encode()


def test_a_token_is_known_by_its_hash_alone(tmp_path: Path) -> None:
    secret = add_token(tmp_path, "synapse", [Scope.INGEST, Scope.ACT], NOW_S)
    text = (tmp_path / FILE).read_text()
    assert secret.startswith("tg_") and len(secret) == 46
    assert secret not in text and secret[3:] not in text
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    found = Tokens(tmp_path).bearer(bearer(secret))
    assert found is not None
    assert (found.name, found.scopes, found.created) == (
        "synapse",
        {Scope.INGEST, Scope.ACT},
        "2026-01-01T00:00:00Z",
    )


@pytest.mark.parametrize(
    "header", [b"", b"tg_x", b"Basic dXNlcg==", b"Bearer ", b"Bearer tg_", b"Bearer \xff\x00"]
)
def test_what_is_no_token_opens_nothing(tmp_path: Path, header: bytes) -> None:
    add_token(tmp_path, "one", [Scope.READ], NOW_S)
    assert Tokens(tmp_path).bearer(header) is None


def test_the_scheme_is_written_in_any_case(tmp_path: Path) -> None:
    secret = add_token(tmp_path, "one", [Scope.READ], NOW_S)
    assert Tokens(tmp_path).bearer(b"bearer " + secret.encode()) is not None


def test_a_running_node_notices_new_and_revoked_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = add_token(tmp_path, "old", [Scope.READ], NOW_S)
    tokens = Tokens(tmp_path)
    new = add_token(tmp_path, "new", [Scope.READ], NOW_S)
    assert tokens.bearer(bearer(new)) is not None
    assert tokens.bearer(bearer(old)) is not None
    revoke_token(tmp_path, "old")
    monkeypatch.setattr(tokens_module, "LOOK_AGAIN_S", 0.0)
    tokens.bearer(bearer("tg_unknown"))  # looks at the file
    assert tokens.bearer(bearer(old)) is None
    assert tokens.bearer(bearer(new)) is not None


def test_a_file_broken_by_hand_does_not_lock_everybody_out(tmp_path: Path) -> None:
    secret = add_token(tmp_path, "one", [Scope.READ], NOW_S)
    tokens = Tokens(tmp_path)
    (tmp_path / FILE).write_text("{oops")
    assert tokens.bearer(bearer("tg_unknown")) is None
    assert tokens.bearer(bearer(secret)) is not None
    with pytest.raises(TokenError, match="not a file of tokens"):
        Tokens(tmp_path)


def test_tokens_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    makers = [
        threading.Thread(target=add_token, args=(tmp_path, f"t{i}", [Scope.READ], NOW_S)) for i in range(16)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert sorted(token.name for token in read_tokens(tmp_path / FILE)) == sorted(f"t{i}" for i in range(16))


def test_names_are_unique_and_readable(tmp_path: Path) -> None:
    add_token(tmp_path, "one", [Scope.READ], NOW_S)
    with pytest.raises(TokenError, match="already"):
        add_token(tmp_path, "one", [Scope.READ], NOW_S)
    for name in ("", " x", "a b", "a\nb", "x" * 65, "é"):
        with pytest.raises(TokenError, match="name"):
            add_token(tmp_path, name, [Scope.READ], NOW_S)
    with pytest.raises(TokenError, match="there are: one"):
        revoke_token(tmp_path, "two")


def test_the_commands_show_a_secret_once(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path / "node")]
    run = CliRunner()
    added = run.invoke(main, ["token", "add", "synapse", "--scope", "ingest", "--scope", "act", *data])
    assert added.exit_code == 0, added.output
    secret = added.stdout.strip()
    assert Tokens(tmp_path / "node").bearer(bearer(secret)) is not None
    listed = run.invoke(main, ["token", "list", *data])
    assert "synapse" in listed.output and "act ingest" in listed.output and secret not in listed.output
    digest = json.loads((tmp_path / "node" / FILE).read_text())["tokens"][0]["sha256"]
    assert digest not in listed.output
    assert run.invoke(main, ["token", "revoke", "synapse", *data]).exit_code == 0
    assert "no tokens" in run.invoke(main, ["token", "list", *data]).output
    wrong = run.invoke(main, ["token", "revoke", "synapse", *data])
    assert wrong.exit_code == 2 and "no token named" in wrong.output
