"""The vault names an account only with its key, and writes down who asked."""

import sqlite3
from pathlib import Path

import pytest

from tidegate.node.keys import FILE as KEYS_FILE
from tidegate.node.keys import keys_of
from tidegate.node.requests import StorageError
from tidegate.node.vault import FILE, Vault

KEY = bytes(range(32))
ANN = 2**64 - 3


def test_an_identifier_comes_back_after_reopening(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    vault.keep({ANN: "@ann:example.org", 5: "ünïcode"})
    vault.close()
    assert Vault(tmp_path, KEY).names([ANN, 5, 6]) == {ANN: "@ann:example.org", 5: "ünïcode"}


def test_the_file_alone_names_nobody(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    vault.keep({ANN: "@ann:example.org"})
    vault.close()
    assert all(b"ann" not in path.read_bytes() for path in tmp_path.iterdir())


def test_another_key_does_not_open_it_and_says_so(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    vault.keep({ANN: "@ann:example.org"})
    vault.close()
    assert "sealed under another key" in Vault(tmp_path, bytes(32)).names([ANN])[ANN]


def test_a_sealed_identifier_cannot_be_moved_to_another_account(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    vault.keep({1: "@ann:example.org", 2: "@bob:example.org"})
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("update account set sealed = (select sealed from account order by pseudonym limit 1)")
    db.commit()
    assert sorted(name[:1] for name in vault.names([1, 2]).values()) == ["(", "@"]


def test_a_look_up_is_written_down_even_when_it_finds_nobody(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    assert vault.look_up([ANN], who="analyst", why="appeal 17", now_s=1.7e9) == {}
    assert vault.accesses() == [(1.7e9, "analyst", "appeal 17", ANN)]


def test_an_erasure_takes_the_identifier_and_the_trail_that_leads_to_it(tmp_path: Path) -> None:
    vault = Vault(tmp_path, KEY)
    vault.keep({ANN: "@ann:example.org"})
    vault.look_up([ANN], who="analyst", why="appeal 17", now_s=1.7e9)
    assert vault.erase(ANN, who="officer", now_s=1.7e9) == 1
    assert vault.names([ANN]) == {}
    assert vault.accesses() == [(1.7e9, "officer", "erasure", 0)]


def test_keys_are_made_once_and_are_nobody_elses_business(tmp_path: Path) -> None:
    keys = keys_of(tmp_path)
    assert keys_of(tmp_path) == keys
    assert len({keys.pseudonym, keys.vault, keys.ticket}) == 3
    assert (tmp_path / KEYS_FILE).stat().st_mode & 0o077 == 0


def test_a_journal_without_its_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").touch()
    with pytest.raises(StorageError, match="Put back the file with the keys"):
        keys_of(tmp_path)


def test_a_damaged_key_file_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / KEYS_FILE).write_text("pseudonym 00\n")
    with pytest.raises(StorageError, match="not a file of keys"):
        keys_of(tmp_path)
