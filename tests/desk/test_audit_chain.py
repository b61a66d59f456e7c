"""The record of who did what: nothing is changed, removed, put in, reordered or cut off unseen."""

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction

from tidegate.desk.audit import verifying
from tidegate.desk.audit.chain import record
from tidegate.desk.audit.digests import Sealed, digest_of, seal_of, sealing_key
from tidegate.desk.audit.head_file import Noted, head_file, note_head, read_head_file
from tidegate.desk.audit.models import Head, Record
from tidegate.desk.audit.verifying import verify, verify_stretch

COUNT = 12


@pytest.fixture(autouse=True)
def no_head_file() -> Iterator[None]:
    head_file().unlink(missing_ok=True)
    yield
    head_file().unlink(missing_ok=True)


@pytest.fixture
def written(db: Any) -> list[Any]:
    """Twelve records, and the file with their head."""
    made = [record("maria", "case.ruled", f"{number:016x}", note="why", share=0.5) for number in range(COUNT)]
    note_head(COUNT)
    return made


def words() -> str:
    return "; ".join(verify().findings)


def test_what_was_written_is_intact(written: Any) -> None:
    verdict = verify()
    assert (verdict.intact, verdict.checked, verdict.last, verdict.digest) == (
        True,
        COUNT,
        COUNT,
        written[-1].digest,
    )
    assert not verdict.notes
    assert read_head_file() == Noted(COUNT, written[-1].digest)


def test_an_empty_record_is_intact(db: Any) -> None:
    assert verify().intact
    assert verify().checked == 0


@pytest.mark.parametrize(
    "edit",
    [
        {"who": "somebody-else"},
        {"did": "case.seen"},
        {"about": "f" * 16},
        {"said": '{"note":"another","share":0.5}'},
        {"time": timedelta(microseconds=1)},
        {"before": "0" * 64},
        {"digest": "0" * 64},
        {"seal": "0" * 64},
    ],
    ids=lambda edit: next(iter(edit)),
)
@pytest.mark.parametrize("number", [1, 7, COUNT])
def test_any_edit_is_found_where_it_is(written: Any, edit: dict[str, Any], number: int) -> None:
    if "time" in edit:
        edit = {"time": written[number - 1].time + edit["time"]}
    Record.objects.filter(number=number).update(**edit)
    assert f"record {number:,} " in words()


def test_an_edit_with_its_digest_made_anew_is_found(written: Any) -> None:
    """By somebody who knows how digests are made, and rewrites the chain to its end and the head with it."""
    before = Record.objects.get(number=6).digest
    for number in range(7, COUNT + 1):
        one = Record.objects.get(number=number)
        one.who, one.before = "somebody-else", before
        one.digest = before = digest_of(one)
        one.save()
    Head.objects.update(digest=before)
    assert "record 7 was not written by this desk" in words()
    assert f"record {COUNT} is not the one noted in {head_file()}" in words()


@pytest.mark.parametrize("gone", [[1], [7], [7, 8, 9], [COUNT]], ids=str)
def test_a_deletion_is_found(written: Any, gone: list[int]) -> None:
    Record.objects.filter(number__in=gone).delete()
    shown = f"record {gone[0]} is missing" if len(gone) == 1 else "records 7 to 9 are missing"
    assert shown in words()


def test_a_deletion_with_everything_behind_it_moved_up_is_found(written: Any) -> None:
    Record.objects.filter(number=5).delete()
    for number in range(6, COUNT + 1):
        Record.objects.filter(number=number).update(number=number - 1)
    assert "record 5 does not follow" in words()
    assert "record 5 was changed" in words()


def test_an_insertion_is_found_in_the_middle_and_beyond_the_end(written: Any) -> None:
    forged = Record(
        number=COUNT + 1, time=datetime.now(UTC), who="maria", did="case.ruled", before=written[-1].digest
    )
    forged.digest = digest_of(forged)
    forged.seal = "0" * 64
    forged.save(force_insert=True)
    assert f"records {COUNT + 1} to {COUNT + 1} lie beyond the head" in words()
    Head.objects.update(number=COUNT + 1, digest=forged.digest)
    assert f"record {COUNT + 1} was not written by this desk" in words()
    assert "the seal of the head in the table is wrong" in words()


def test_an_exchange_of_two_records_is_found(written: Any) -> None:
    Record.objects.filter(number=4).update(number=1_000)
    Record.objects.filter(number=5).update(number=4)
    Record.objects.filter(number=1_000).update(number=5)
    assert "record 4 does not follow" in words()
    assert "record 5 was changed" in words()


def test_a_tail_cut_off_is_found_even_when_the_head_in_the_table_was_set_back(written: Any) -> None:
    Record.objects.filter(number__gt=9).delete()
    assert "records 10 to 12 are missing, by the head in the table" in words()
    last = Record.objects.get(number=9)
    Head.objects.update(number=9, digest=last.digest, seal=last.seal)
    assert f"records 10 to 12 are missing, by the head noted in {head_file()}" in words()
    # A record's own seal does not pass for the head's.
    assert "the seal of the head in the table is wrong" in words()


def test_a_database_set_back_to_an_old_copy_is_found_and_the_evidence_stays(written: Any) -> None:
    last = Record.objects.get(number=9)
    Record.objects.filter(number__gt=9).delete()
    Head.objects.update(
        number=9, digest=last.digest, seal=seal_of(sealing_key(), Sealed.HEAD, 9, last.digest)
    )
    assert words() == f"records 10 to 12 are missing, by the head noted in {head_file()}"
    for number in range(5):
        record("maria", "case.ruled", str(number))
    note_head(14)
    assert words() == f"record 12 is not the one noted in {head_file()}"
    assert read_head_file() == Noted(COUNT, written[-1].digest)


def test_without_the_file_a_head_noted_elsewhere_finds_a_cut_tail(written: Any) -> None:
    head_file().unlink()
    last = Record.objects.get(number=9)
    Record.objects.filter(number__gt=9).delete()
    Head.objects.update(
        number=9, digest=last.digest, seal=seal_of(sealing_key(), Sealed.HEAD, 9, last.digest)
    )
    assert verify().intact
    assert "is not there" in verify().notes[0]
    noted = {"my notebook": Noted(COUNT, written[-1].digest)}
    assert verify(noted).findings == ["records 10 to 12 are missing, by the head noted in my notebook"]
    assert not verify({"my notebook": Noted(3, "0" * 64)}).intact
    assert verify({"my notebook": Noted(3, written[2].digest)}).intact


@pytest.mark.parametrize("said", ["", "12", "x:y:z", "12:{digest}:" + "0" * 64, "11:{digest}:{seal}"])
def test_a_file_that_this_desk_did_not_write_is_told(written: Any, said: str) -> None:
    seal = head_file().read_text().strip().split(":")[2]
    head_file().write_text(said.format(digest=written[-1].digest, seal=seal))
    assert str(head_file()) in words()


def test_a_file_that_lies_behind_is_a_note_and_no_break(written: Any) -> None:
    record("maria", "case.ruled")
    verdict = verify()
    assert verdict.intact
    assert verdict.notes == [f"{head_file()} lies 1 records behind the table"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses what is no moment")
def test_a_time_that_is_none_is_found(written: Any) -> None:
    for nonsense in ("never", "2026-13-45 00:00:00"):
        with connection.cursor() as cursor:
            cursor.execute("update audit_record set time = %s where number = 5", [nonsense])
        assert not verify().intact


def test_many_breaks_are_counted_and_the_first_said(db: Any) -> None:
    for number in range(30):
        record("maria", "case.ruled", str(number))
    Record.objects.update(who="nobody")
    verdict = verify()
    assert len(verdict.findings) == 20
    assert verdict.wrong == 30


def test_more_than_a_page_is_read_in_pages(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAGE", 5)
    assert verify().checked == COUNT
    Record.objects.filter(number=11).update(who="nobody")
    assert "record 11 was changed" in words()


def test_stretches_together_look_at_everything(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAGE", 5)
    at, seen = 0, []
    while True:
        verdict = verify_stretch(at, 4)
        assert verdict.intact
        seen.append((verdict.last, verdict.end))
        if verdict.last == verdict.end:
            break
        at = verdict.last
    assert seen == [(4, COUNT), (8, COUNT), (COUNT, COUNT)]
    Record.objects.filter(number=8).delete()
    assert verify_stretch(0, 4).intact
    assert not verify_stretch(4, 4).intact
    assert verify_stretch(8, 4).findings[0] == "record 8 is missing"


# -- what is written ---------------------------------------------------------------------------------------


def test_what_was_digested_is_what_is_read_back(db: Any) -> None:
    """Numbers, moments and letters that databases like to change."""
    made = record(
        "maria",
        "thing.done",
        "ümlaut",
        numbers=[1e16, 1.0, -0.0, 0.1, 2**70, 1e-300],
        texts=["\u0000", "\ud800", "é", "e\u0301", '"', "\\"],
        moment=datetime(2026, 1, 1, tzinfo=UTC),
        amount=Decimal("1.10"),
    )
    back = Record.objects.get(number=made.number)
    assert digest_of(back) == made.digest
    assert back.time == made.time
    assert back.details["numbers"] == [1e16, 1.0, -0.0, 0.1, 2**70, 1e-300]
    assert verify().intact


@pytest.mark.parametrize(
    "wrong",
    [
        {"who": "x" * 65},
        {"did": "x" * 65},
        {"about": "x" * 129},
        {"about": "a\nb"},
        {"text": "x" * 70_000},
        {"number": float("nan")},
        {"thing": object()},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cannot_be_written_faithfully_is_refused(db: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        record(**{"who": "maria", "did": "thing.done", **wrong})
    assert not Record.objects.exists()


def test_a_record_goes_with_what_it_is_about(db: Any) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record("maria", "thing.done")
        raise RuntimeError
    assert not Record.objects.exists()
    assert record("maria", "thing.done").number == 1
    assert verify().intact


@pytest.mark.django_db(transaction=True)
def test_the_head_is_in_the_file_as_soon_as_a_transaction_ends() -> None:
    with transaction.atomic():
        record("maria", "thing.done")
        last = record("maria", "thing.done")
        assert read_head_file() is None
    assert read_head_file() == Noted(2, last.digest)
    assert head_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_written_keeps_nobody_from_working(caplog: Any) -> None:
    head_file().mkdir()
    try:
        record("maria", "thing.done")
    finally:
        shutil.rmtree(head_file())
    assert Record.objects.count() == 1
    assert "the head of the record could not be noted" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_many_who_write_at_once_make_one_chain() -> None:
    threads, each = 8, 50
    failed: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for number in range(each):
                record(name, "thing.done", str(number))
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connections.close_all()

    _together([lambda name=f"p{number}": write(name) for number in range(threads)])  # type: ignore[misc]
    assert not failed
    verdict = verify()
    assert verdict.intact, verdict.findings
    assert verdict.checked == threads * each
    assert read_head_file() == Noted(verdict.last, verdict.digest)


@pytest.mark.django_db(transaction=True)
def test_a_record_that_grows_meanwhile_is_no_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAGE", 3)
    done = threading.Event()

    def write() -> None:
        try:
            for number in range(60):
                record("maria", "thing.done", str(number))
        finally:
            done.set()
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    verdicts = [verify()]
    while not done.is_set():
        verdicts.append(verify())
    writer.join()
    assert not [one.findings for one in verdicts if not one.intact]
    assert verify().checked == 60


def _together(work: list[Callable[[], None]]) -> None:
    running = [threading.Thread(target=one) for one in work]
    for one in running:
        one.start()
    for one in running:
        one.join()
