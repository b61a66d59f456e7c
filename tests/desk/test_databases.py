"""The desk on SQLite and on PostgreSQL: the same migrations, the same data, the same rules."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegate.messengers.matrix.postgres import PostgresCluster, PostgresMissingError

HERE = Path(__file__).parent
ROOMS = (
    "test_copying.py",
    "test_review_taking.py",
    "test_audit_chain.py",
    "test_cases_names.py",
    "test_steps_race.py",
)
"""What rests on transactions, locks, constraints and JSON."""
RUN_S = 300
AGAIN = """
from django.core.management import call_command
from tidegate.desk.ledger.models import Account, Decision
call_command("migrate", verbosity=0)
call_command("makemigrations", check=True, dry_run=True, verbosity=0)
print(Account.objects.count(), Decision.objects.count())
"""
"""Migrates once more, fails where models and migrations differ, and counts."""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The address of a database of its own."""
    try:
        cluster = PostgresCluster()
    except PostgresMissingError as missing:
        pytest.skip(str(missing))
    with cluster:
        where = cluster.connection
        yield f"postgresql://{where['user']}@/{where['dbname']}?host={where['host']}"


def desk(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tidegate.cli.main", "desk", *arguments],
        env=dict(os.environ) | {"TIDEGATE_DATA": str(folder)},
        text=True,
        capture_output=True,
        timeout=RUN_S,
        check=False,
    )


def check_a_full_desk(folder: Path) -> None:
    """Fill it, migrate again, and find that models and migrations agree and nothing was lost."""
    filled = desk(folder, "fill", "--accounts", "60", "--decisions", "600")
    assert filled.returncode == 0, filled.stderr
    shown = desk(folder, "manage", "shell", "--verbosity", "0", "--command", AGAIN)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.split() == ["60", "600"], shown.stdout + shown.stderr


def test_a_full_desk_on_sqlite_is_migrated_and_keeps_its_data(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    check_a_full_desk(tmp_path)
    again = desk(tmp_path, "fill", "--accounts", "60", "--decisions", "600")
    assert again.returncode != 0 and "holds decisions already" in again.stderr


def test_a_full_desk_on_postgresql_is_migrated_and_keeps_its_data(tmp_path: Path, postgresql: str) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "node.toml").write_text(f'[desk]\ndatabase = "{postgresql}"\n')
    check_a_full_desk(tmp_path)


def test_the_rooms_that_rest_on_the_database_hold_on_postgresql_too(postgresql: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            *(str(HERE / name) for name in ROOMS),
        ],
        env=dict(os.environ) | {"TIDEGATE_TEST_DATABASE": postgresql},
        cwd=HERE.parents[1],
        text=True,
        capture_output=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
