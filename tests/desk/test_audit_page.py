"""The record's page and its commands: found by who, what, about; checked on demand; taken along."""

import csv
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from tidegate.desk.audit import views
from tidegate.desk.audit.chain import record
from tidegate.desk.audit.digests import Sealed, digest_of, seal_of, sealing_key
from tidegate.desk.audit.head_file import head_file
from tidegate.desk.audit.models import Head, Record

pytestmark = pytest.mark.django_db
LIST = "/desk/record/"


@pytest.fixture(autouse=True)
def no_head_file() -> Iterator[None]:
    head_file().unlink(missing_ok=True)
    yield
    head_file().unlink(missing_ok=True)


def text(answer: Any) -> str:
    if answer.streaming:
        return b"".join(answer.streaming_content).decode()
    return str(answer.content.decode())


def numbers(page: str) -> list[int]:
    return [
        int(one.split("</th>")[0].replace(",", ""))
        for one in page.split('<th scope="row" class="number">')[1:]
    ]


def test_pages_go_back_to_the_first_record(signed_in: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(120):
        record("maria", "case.ruled", str(number))
    auditor, seen, address = signed_in("auditor"), [], LIST
    while address:
        with django_assert_max_num_queries(6):
            page = text(auditor.get(address))
        seen += numbers(page)
        address = LIST + page.split('class="button" href="')[1].split('"')[0] if ">Earlier<" in page else ""
    assert seen == list(range(120, 0, -1))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"who": "maria"}, [3, 1]),
        ({"did": "account.revealed"}, [2, 1]),
        ({"about": "00ab"}, [3, 2]),
        ({"who": "maria", "about": "00ab"}, [3]),
        ({"who": "nobody"}, []),
        ({"before": "3"}, [2, 1]),
        ({"before": "nonsense"}, [3, 2, 1]),
        ({"before": "9" * 40, "who": "a\u0000b"}, []),
    ],
)
def test_records_are_found_by_who_what_and_about(
    signed_in: Any, asked: dict[str, str], found: list[int]
) -> None:
    record("maria", "account.revealed", "00cd", why="a court order")
    record("paul", "account.revealed", "00ab", why="<script>")
    record("maria", "case.ruled", "00ab")
    page = text(signed_in("auditor").get(LIST, asked))
    assert numbers(page) == found
    assert "<script>" not in page.split("<main")[1]


def test_the_record_is_checked_on_demand_a_stretch_at_a_time(
    signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "STRETCH", 10)
    for number in range(15):
        record("maria", "case.ruled", str(number))
    auditor = signed_in("auditor")
    first = text(auditor.post(f"{LIST}check/", follow=True))
    assert "Intact from the first record to record 10 of 15." in first
    assert 'name="after" value="10"' in first
    second = text(auditor.post(f"{LIST}check/", {"after": "10"}, follow=True))
    assert "Intact from record 11 to record 15, the last one." in second
    assert Record.objects.get(did="record.checked").details == {"intact": True, "last": 15, "after": 10}
    Record.objects.filter(number=3).update(who="nobody")
    assert "Not intact: record 3 was changed" in text(auditor.post(f"{LIST}check/", follow=True))


def test_what_the_filter_finds_is_taken_along_as_csv_and_that_is_recorded(signed_in: Any) -> None:
    record("maria", "policy.edited", '=cmd|" /C calc"!A0', note='with "quotes", commas')
    record("paul", "case.ruled", "00ab")
    answer = signed_in("auditor").post(f"{LIST}export/", {"who": "maria"})
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    said = text(answer)
    assert said.endswith("\r\n")
    (one,) = csv.DictReader(io.StringIO(said))
    assert one["about"].startswith("'=")
    assert one["details"] == '{"note":"with \\"quotes\\", commas"}'
    assert one["time"] == Record.objects.get(number=1).time.isoformat(timespec="microseconds")
    exported = Record.objects.get(did="record.exported")
    assert (exported.who, exported.details) == ("the-auditor", {"asked": {"who": "maria"}})


def test_whoever_may_not_see_the_record_sees_nothing_of_it(signed_in: Any) -> None:
    for role in ("analyst", "reviewer", "senior"):
        assert signed_in(role).get(LIST).status_code == 403
        assert signed_in(role).post(reverse("audit:export")).status_code == 403


# -- the commands ------------------------------------------------------------------------------------------

_FILL = """
import sys
from pathlib import Path
from tidegate.desk.setup import migrate, set_up
set_up(Path(sys.argv[1]))
migrate()
from tidegate.desk.audit.chain import record
for number in range(5):
    record("maria", "case.ruled", str(number))
"""


def run(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def audit(folder: Path, *arguments: str) -> tuple[int, str]:
    return run("-m", "tidegate.cli.main", "audit", *arguments, "--data", folder)


def test_the_commands_work_without_a_node_and_tell_by_exit_code(tmp_path: Path) -> None:
    import sqlite3

    folder = tmp_path / "node"
    folder.mkdir(mode=0o700)
    assert audit(folder, "verify") == (
        2,
        f"Error: {folder}: not a node's folder: it holds no keys. Name the folder with --data\n",
    )
    code, said = run("-c", _FILL, folder)
    assert code == 0, said
    code, head = audit(folder, "head")
    assert code == 0
    assert head.startswith("5:")
    code, said = audit(folder, "verify", "--head", head.strip())
    assert (code, said) == (0, f"the record is intact, 5 records; its head is {head}")
    assert audit(folder, "verify", "--head", "five")[0] == 2
    with sqlite3.connect(folder / "desk.sqlite") as database:
        database.execute("delete from audit_record where number = 5")
        database.execute(
            "update audit_head set number = 4, digest = (select digest from audit_record where number = 4)"
        )
    code, said = audit(folder, "verify", "--head", head.strip())
    assert code == 1
    assert "broken: record 5 is missing, by the head noted in --head 5:" in said
    assert f"broken: record 5 is missing, by the head noted in {folder / 'desk-record.head'}" in said


def test_a_record_made_elsewhere_with_other_keys_is_not_ours(db: Any) -> None:
    for number in range(3):
        record("maria", "case.ruled", str(number))
    from tidegate.desk.audit.verifying import verify

    key, before = b"another desk's", ""
    for one in Record.objects.order_by("number"):
        one.before, one.digest = before, digest_of(one)
        one.before, before = before, one.digest
        one.seal = seal_of(key, Sealed.RECORD, one.number, one.digest)
        one.save()
    Head.objects.update(digest=before, seal=seal_of(key, Sealed.HEAD, 3, before))
    assert sealing_key() != key
    assert verify().findings[0] == "record 1 was not written by this desk: its seal is wrong"
