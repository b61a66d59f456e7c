"""A node's ledger that was put back from an older backup is noticed, told, and followed again once somebody says so."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

from desk.sending import bulk_sender
from tidegate.desk.following import Following, trouble
from tidegate.desk.following_again import NothingInCommon, follow_again
from tidegate.desk.ledger.copying import LedgerWentBack, copy_decisions
from tidegate.desk.ledger.models import Account, Cursor, Decision, Tally, stored
from tidegate.desk.review.models import Ruled
from tidegate.desk.review.ruling import rule
from tidegate.engine.rungs import Rung
from tidegate.node.ledger_file import FILE

pytestmark = pytest.mark.django_db
MALLORY, TRUDY = "@mallory:example.org", "@trudy:example.org"
WAIT_S = 20.0


class Restored:
    """A node whose folder, or whose ledger alone, can be put back to what it was."""

    def __init__(self, beside: Any) -> None:
        self.opened, self.folder, self.running = type(beside), beside.node.folder, beside

    @property
    def backup(self) -> Path:
        return self.folder.parent / "backup"

    def keep(self) -> None:
        """A backup, as it is now."""
        self.running.copy()
        self.running.close()
        shutil.copytree(self.folder, self.backup)
        self.running = self.opened(self.folder)

    def put_back(self) -> None:
        self.running.close()
        shutil.rmtree(self.folder)
        shutil.copytree(self.backup, self.folder)
        self.running = self.opened(self.folder)

    def put_back_the_ledger_alone(self) -> None:
        self.running.close()
        for beside in ("-wal", "-shm"):
            (self.folder / f"{FILE}{beside}").unlink(missing_ok=True)
        shutil.copy(self.backup / FILE, self.folder / FILE)
        self.running = self.opened(self.folder)


@pytest.fixture
def restored(beside: Any) -> Iterator[Restored]:
    made = Restored(beside)
    yield made
    made.running.close()


def copied_two(restored: Restored) -> None:
    """The desk has copied two senders; the backup knows the first one only."""
    restored.running.hear(bulk_sender(MALLORY))
    restored.keep()
    restored.running.hear(bulk_sender(TRUDY))
    restored.running.copy()
    assert Account.objects.count() == 2


def tallied() -> int:
    return int(Tally.objects.aggregate(Sum("decided"))["decided__sum"] or 0)


def test_it_is_told_and_nothing_is_copied(restored: Restored) -> None:
    copied_two(restored)
    restored.put_back()
    before = Decision.objects.count(), Cursor.objects.get().number
    with pytest.raises(LedgerWentBack, match="follow-again"):
        copy_decisions(restored.running.link, 1_000)
    assert (Decision.objects.count(), Cursor.objects.get().number) == before


def test_a_ledger_alone_is_made_whole_from_the_journal(restored: Restored) -> None:
    copied_two(restored)
    restored.put_back_the_ledger_alone()
    assert restored.running.node.drain(WAIT_S)
    held = [one.decision.id for one in restored.running.link.decisions_after(0, 1_000)]
    assert held == list(Decision.objects.order_by("number").values_list("uid", flat=True))
    assert copy_decisions(restored.running.link, 1_000) == 0


def test_another_ledger_that_is_longer_is_noticed_too(restored: Restored, tmp_path: Path) -> None:
    restored.running.hear(bulk_sender(MALLORY))
    restored.running.copy()
    copied = Cursor.objects.get().number
    other = restored.opened(_made(tmp_path / "other"))
    try:
        for number in range(3):
            other.hear(bulk_sender(f"@other{number}:example.org"))
        assert other.node.drain(60) and other.link.last_number() > copied
        found = [one.number for one in other.link.decisions_after(0, 1_000)]
        assert copied in found, "both ledgers have a decision with this number"
        with pytest.raises(LedgerWentBack, match="another than the one"):
            copy_decisions(other.link, 1_000)
        with pytest.raises(NothingInCommon):
            follow_again(lambda uid: getattr(other.node.ledger.decision(uid), "number", None))
    finally:
        other.close()


def test_followed_again_the_copy_is_whole_once_more_and_rulings_stay(restored: Restored, people: Any) -> None:
    copied_two(restored)
    trudy = Account.objects.get(pk=stored(restored.running.key(TRUDY)))
    ruled = rule(people["senior"], trudy, "change", note="a ring", rung=Rung(trudy.rung))
    restored.put_back()
    ledger = restored.running.node.ledger
    fitted = follow_again(lambda uid: getattr(ledger.decision(uid), "number", None))
    assert fitted.dropped > 0
    restored.running.copy()
    held = restored.running.link.decisions_after(0, 1_000)
    assert [one.decision.id for one in held] == list(
        Decision.objects.order_by("number").values_list("uid", flat=True)
    )
    assert tallied() == len(held)
    for account in Account.objects.all():
        assert account.decisions == account.history.count()
        assert account.rung == restored.running.link.standing(account.key).rung
    assert list(Ruled.objects.all()) == [ruled]


@pytest.mark.django_db(transaction=True)
def test_the_page_now_says_what_to_do_and_the_rest_is_tended(
    restored: Restored, signed_in: Callable[[str], Any]
) -> None:
    copied_two(restored)
    restored.put_back()
    tended: list[str] = []
    one = Following(restored.running.link, lambda: tended.append(trouble()))
    one.start()
    try:
        end_s = time.monotonic() + WAIT_S
        while not trouble() or not tended:
            assert time.monotonic() < end_s, "the following thread did not get there"
            time.sleep(0.02)
        shown = signed_in("reviewer").get("/desk/").content.decode()
        assert "cannot follow the node" in shown and "tidegate desk follow-again" in shown
    finally:
        one.stop()


def test_the_command_says_why_not(beside: Any, tmp_path: Path) -> None:
    folder = _made(tmp_path / "empty")
    refused = _command(folder)
    assert refused.returncode != 0 and "no ledger there" in refused.stderr
    busy = _command(beside.node.folder)
    assert busy.returncode != 0 and "another node is running" in busy.stderr
    beside.close()
    nothing = _command(beside.node.folder)
    assert nothing.returncode != 0 and "no decision in common" in nothing.stderr


def _command(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tidegate.cli.main", "desk", "follow-again"],
        env=dict(os.environ) | {"TIDEGATE_DATA": str(folder)},
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder
