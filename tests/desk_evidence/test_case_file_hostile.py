"""Files made to harm whoever opens them are refused with words, and nothing is ever written by names of theirs."""

import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tampering import change

from tidegate.desk.evidence.custody import safe_zip
from tidegate.desk.evidence.custody.safe_zip import RefusedFileError, SafeZip
from tidegate.desk.evidence.custody.verifying import verify


def refused(path: Path) -> str:
    with pytest.raises(RefusedFileError) as told:
        verify(path)
    return str(told.value)


def zip_of(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in entries:
            zipped.writestr(name, content)
    return path


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "bomb.zip", ("case/bagit.txt", b"\0" * (64 << 20)))
    assert path.stat().st_size < 100_000
    assert "a zip bomb" in refused(path)


def test_overlapping_entries_are_refused(tmp_path: Path) -> None:
    """The same packed bytes listed again and again: a few kilobytes that unpack to whatever one likes."""
    path = zip_of(tmp_path / "one.zip", ("case/a", bytes(range(256)) * 64))
    content = path.read_bytes()
    end = content.rindex(b"PK\x05\x06")
    begins = struct.unpack_from("<I", content, end + 16)[0]
    entry = content[begins:end]
    copies = b"".join(entry.replace(b"case/a", f"case/{letter}".encode()) for letter in "abcdefghij")
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 10, 10, len(copies), begins, 0)
    path.write_bytes(content[:begins] + copies + tail)
    assert "overlap" in refused(path)


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "case/../../outside",
        "/etc/outside",
        "case\\..\\outside",
        "C:/outside",
        "case//x",
        "case/./x",
        "case/\x1b[2Jx",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    assert "leads out of the folder" in refused(zip_of(tmp_path / "path.zip", (name, b"x")))


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("case/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "a symbolic link" in refused(zip_of(tmp_path / "link.zip", (info, b"/etc/passwd")))


@pytest.mark.parametrize("twin", ["case/a.txt", "case/A.TXT", "case/\u00e4", "case/a\u0308"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path: Path, twin: str) -> None:
    path = zip_of(tmp_path / "twice.zip", ("case/a.txt", b"1"), ("case/\u00e4", b"1"), (twin, b"2"))
    assert "two files of this name" in refused(path)


def test_huge_counts_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFF0, 0, 0)
    path.write_bytes(tail)
    assert "directory of" in refused(path)
    place = struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**9, 10**9, 10**12, 0)
    path.write_bytes(end64 + place + tail)
    assert "1,000,000,000 files" in refused(path)


def test_more_files_than_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_of(tmp_path / "many.zip", *((f"case/{number}", b"") for number in range(20)))
    monkeypatch.setattr(safe_zip, "MOST_FILES", 19)
    assert "20 files" in refused(path)


def test_an_encrypted_or_oddly_packed_entry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as zipped:
        zipped.writestr("case/a", b"x" * 100)
    assert "packed by method 12" in refused(path)
    content = bytearray(zip_of(path, ("case/a", b"x")).read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert "encrypted" in refused(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_case_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    assert refused(path)
    assert "no such file" in refused(tmp_path / "absent.zip")


def test_another_zip_is_no_case_file(tmp_path: Path) -> None:
    assert "no case file" in refused(zip_of(tmp_path / "other.zip", ("case/readme.txt", b"x")))
    assert "one folder" in refused(zip_of(tmp_path / "other.zip", ("a/bagit.txt", b"x"), ("b/x", b"x")))


@given(
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 1 << 20),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mangled_case_file_is_refused_or_judged_and_never_crashes(
    sealed_once: Path, tmp_path: Path, changes: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(sealed_once.read_bytes())
    for at, value in changes:
        content[at % len(content)] = value
    if cut % 3 == 0:
        del content[cut % len(content) :]
    path = tmp_path / "mangled.zip"
    path.write_bytes(bytes(content))
    try:
        verdict = verify(path)
    except RefusedFileError as error:
        assert str(error)
        return
    assert not verdict.vouched_for or _same_files(path, sealed_once)


def _same_files(one: Path, other: Path) -> bool:
    """Some bytes of a zip, as its dates, are part of no file."""
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
        return {name: first.read(name) for name in first.namelist()} == {
            name: second.read(name) for name in second.namelist()
        }


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_as_a_record_of_the_case_are_judged(
    sealed_once: Path, tmp_path: Path, content: bytes
) -> None:
    """Each of the JSON and list files in turn, with the manifests made to fit."""
    for name in (
        "data/exhibits.json",
        "data/case.json",
        "data/custody/custody.jsonl",
        "data/tokens.tsv",
        "seal/seal.tsv",
    ):
        path = tmp_path / "odd.zip"
        path.write_bytes(sealed_once.read_bytes())
        change(path, lambda files, name=name: files.update({name: content}), carefully=True)  # type: ignore[misc]
        assert not verify(path).intact


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/exhibits.json", b"[" * 100_000),
        ("data/exhibits.json", b"[{}]"),
        ("data/exhibits.json", b'[{"number": 1, "clocks": {"system": 1}}]'),
        ("data/exhibits.json", b"{}"),
        ("data/case.json", b"[]"),
        ("data/case.json", b'{"authorities": [1, {"name": 1}], "determinations": [3], "format": []}'),
        ("data/case.json", b'{"authorities": {"a": 1}, "determinations": 7}'),
        ("data/custody/custody.jsonl", b'{"number": "1"}\n[]\nnull\n' + b"[" * 9_000 + b"\n"),
        ("data/custody/custody.jsonl", b""),
        ("data/tokens.tsv", b"a\tb\n\t\t\t\t\n"),
        ("data/tokens.tsv", b"data/tokens/x.tsr\tdata/case.json\tx\t1\tFirst authority\n"),
        ("seal/seal.tsv", b"seal/manifest-1.tsr\tdata/case.json\tx\t1\tFirst authority\n"),
        ("bagit.txt", b"BagIt-Version: 9\n"),
    ],
)
def test_records_that_make_no_sense_are_found(sealed: Path, name: str, content: bytes) -> None:
    change(sealed, lambda files: files.update({name: content}), carefully=True)
    assert not verify(sealed).intact


def test_reading_is_bounded_by_what_the_zip_declares(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", ("case/a", b"x" * 10_000))
    with SafeZip(path) as zipped:
        assert b"".join(zipped.pieces("case/a")) == b"x" * 10_000
        with pytest.raises(RefusedFileError, match="9,999 are the most"):
            zipped.read("case/a", 9_999)
