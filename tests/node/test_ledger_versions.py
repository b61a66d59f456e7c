"""A ledger written by an earlier version is opened, given what it lacks, and keeps what it holds."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ledger_cases import NOW, decided, ledger_in


def test_a_file_without_newer_columns_keeps_its_decisions_and_takes_new_ones(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:example.org", "lock", complaints=1.5)], 1)
    path = ledger.path
    ledger.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("alter table decision drop column complaints")
        db.commit()
    later = ledger_in(tmp_path)
    later.commit([decided("@ann:example.org", "allow", NOW + 60, complaints=2.5)], 2)
    held = later.decisions_after(0)
    assert [one.decision.rung for one in held] == ["lock", "allow"]
    assert [one.decision.complaints for one in held] == [0.0, 2.5]
    later.close()
