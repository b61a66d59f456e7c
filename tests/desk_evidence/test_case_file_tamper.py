"""Whatever is changed in a sealed case is found, and named."""

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tampering import (
    CASE,
    REGISTER,
    Files,
    change,
    put_register,
    put_rows,
    read,
    reseal_chain,
    rows,
    unseal,
)

from tidegate.desk.evidence.custody.authorities import Authority, stamp
from tidegate.desk.evidence.custody.contents import CaseContents, CaseFileError
from tidegate.desk.evidence.custody.tokens import roots_from
from tidegate.desk.evidence.custody.verdict import Verdict
from tidegate.desk.evidence.custody.verifying import verify
from tidegate.desk.evidence.custody.writing import write_case_file


def findings(path: Path) -> str:
    verdict = verify(path)
    assert not verdict.intact
    return "\n".join(verdict.findings)


def test_an_untouched_case_is_intact_and_vouched_for(sealed: Path) -> None:
    verdict = verify(sealed)
    assert verdict.findings == [] and verdict.unchecked == []
    assert verdict.vouched_for
    assert (verdict.exhibits, verdict.custody_rows, verdict.tokens, len(verdict.seals)) == (2, 5, 5, 2)


def test_the_same_case_makes_the_same_manifest(
    tmp_path: Path, case_contents: CaseContents, sealed: Path
) -> None:
    again = tmp_path / "again.zip"
    write_case_file(again, case_contents)
    assert read(again)[1]["manifest-sha256.txt"] == read(sealed)[1]["manifest-sha256.txt"]


# -- one byte --------------------------------------------------------------------------------------------


def payload(sealed: Path) -> list[str]:
    return [name for name in read(sealed)[1] if name.startswith("data/")]


def test_one_byte_in_any_file_is_found_and_the_file_named(sealed: Path, tmp_path: Path) -> None:
    folder, files = read(sealed)
    register = json.loads(files[REGISTER])
    for name in files:
        copy = tmp_path / "copy.zip"
        copy.write_bytes(sealed.read_bytes())

        def flip(changed: Files, name: str = name) -> None:
            content = bytearray(changed[name])
            content[len(content) // 2] ^= 1
            changed[name] = bytes(content)

        change(copy, flip)
        said = findings(copy)
        assert name in said, f"{name} was changed, said was: {said}"
        for entry in register:
            if name == entry["file"]:
                assert f"exhibit {entry['number']}, " in said
    assert folder == "case-7"


def test_one_byte_changed_within_the_zip_itself_is_found(sealed: Path) -> None:
    with zipfile.ZipFile(sealed) as zipped:
        info = next(one for one in zipped.infolist() if "/exhibits/" in one.filename)
    content = bytearray(sealed.read_bytes())
    content[info.header_offset + 30 + len(info.filename) + 5] ^= 1
    sealed.write_bytes(bytes(content))
    said = findings(sealed)
    assert "exhibit 1, " in said and "was changed" in said


def test_an_exhibit_exchanged_with_all_lists_made_anew_is_found_by_its_time_stamps_and_the_seal(
    sealed: Path,
) -> None:
    """Name, register, custody and manifests all fit the new bytes: only the authorities know better."""

    def exchange(files: Files) -> None:
        import hashlib

        register = json.loads(files[REGISTER])
        old, new = register[0]["file"], b"another page altogether"
        digest = hashlib.sha256(new).hexdigest()
        del files[old]
        name = f"data/exhibits/{digest}.gz"
        files[name] = new
        changed = [
            row | {"exhibit": digest} if row["exhibit"] in old and row["exhibit"] else row
            for row in rows(files)
        ]
        register[0] |= {
            "file": name,
            "raw_sha256": digest,
            "decoded_sha256": digest,
            "decoded_file": "",
            "warc": "",
        }
        files["data/tokens.tsv"] = files["data/tokens.tsv"].replace(old.encode(), name.encode())
        put_rows(files, changed, linked=True)
        put_register(files, register)

    change(sealed, exchange, carefully=True)
    said = findings(sealed)
    assert "the time stamp of exhibit 1" in said and "time stamp of other bytes" in said
    assert "the seal of the case" in said


def test_a_file_put_in_or_taken_out_is_found(sealed: Path) -> None:
    change(sealed, lambda files: files.update({"data/exhibits/more.html": b"x"}))
    assert "in no manifest" in findings(sealed)
    gone = next(name for name in payload(sealed) if "/warc/" in name)
    change(sealed, lambda files: files.pop(gone) and None)
    assert f"{gone}) is missing" in findings(sealed)


# -- custody ---------------------------------------------------------------------------------------------


def test_a_removed_custody_row_is_named(sealed: Path) -> None:
    change(
        sealed,
        lambda files: put_rows(files, [r for r in rows(files) if r["number"] != 3], linked=False),
        carefully=True,
    )
    assert "custody row 3 is missing before row 4" in findings(sealed)


def test_the_last_rows_cannot_be_cut_off(sealed: Path) -> None:
    change(sealed, lambda files: put_rows(files, rows(files)[:3], linked=False), carefully=True)
    assert "does not end with the sealing" in findings(sealed)


def test_a_reordered_chain_is_named(sealed: Path) -> None:
    def swap(files: Files) -> None:
        changed = rows(files)
        changed[1], changed[2] = changed[2], changed[1]
        put_rows(files, changed, linked=False)

    change(sealed, swap, carefully=True)
    assert "custody row 2 stands at line 3, after row 3: out of order" in findings(sealed)


def test_a_changed_row_shows_in_the_next_one(sealed: Path) -> None:
    def rename(files: Files) -> None:
        changed = rows(files)
        changed[1]["who"] = "somebody else"
        put_rows(files, changed, linked=False)

    change(sealed, rename, carefully=True)
    assert "custody row 3 does not follow from the row before it" in findings(sealed)


def test_a_chain_made_anew_contradicts_the_stamped_head_even_without_the_seal(sealed: Path) -> None:
    def rename(files: Files) -> None:
        changed = rows(files)
        changed[0]["who"] = "somebody else"
        put_rows(files, changed, linked=True)
        unseal(files)

    change(sealed, rename, carefully=True)
    said = findings(sealed)
    assert "data/custody/heads/2.txt: the custody chain has no such row any more" in said


# -- clocks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "value", "words"),
    [
        (
            "system",
            (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="microseconds"),
            "by this machine's clock",
        ),
        ("system", "2099-01-01T00:00:00.000000+00:00", "has not come yet"),
        ("system", "yesterday", "cannot be read"),
    ],
    ids=["an hour ahead", "not come yet", "unreadable"],
)
def test_a_wrong_clock_is_named(sealed: Path, clock: str, value: str, words: str) -> None:
    def wrong(files: Files) -> None:
        register = json.loads(files[REGISTER])
        register[1]["clocks"][clock] = value
        put_register(files, register)
        unseal(files)

    change(sealed, wrong, carefully=True)
    said = findings(sealed)
    assert "exhibit 2, " in said and words in said


def test_a_recorded_stamp_that_the_token_does_not_bear_is_named(sealed: Path) -> None:
    def wrong(files: Files) -> None:
        register = json.loads(files[REGISTER])
        register[0]["clocks"]["tsa"][1] = "2020-01-01T00:00:00.000000+00:00"
        put_register(files, register)
        unseal(files)

    change(sealed, wrong, carefully=True)
    assert "time stamp 2 is recorded as of 2020-01-01" in findings(sealed)


# -- time stamps -----------------------------------------------------------------------------------------


def test_a_token_from_another_authority_is_named(
    sealed: Path, authorities: tuple[Authority, Authority]
) -> None:
    """The second one's token in the place of the first one's, over the same bytes."""

    def exchange(files: Files) -> None:
        lines = [line.split("\t") for line in files["data/tokens.tsv"].decode().splitlines()]
        first, second = lines[0], lines[1]
        assert first[1] == second[1] and first[4] != second[4]
        first[0], first[3] = second[0], second[3]
        files["data/tokens.tsv"] = "".join("\t".join(line) + "\n" for line in lines).encode()
        unseal(files)

    change(sealed, exchange, carefully=True)
    said = findings(sealed)
    assert (
        "is said to be from 'First authority', but it does not come from there; it names CN=Second one"
        in said
    )


def test_a_seal_over_another_manifest_is_named(
    sealed: Path, authorities: tuple[Authority, Authority]
) -> None:
    token = stamp(authorities[0], b"another manifest").token
    change(sealed, lambda files: files.update({"seal/manifest-1.tsr": token}), carefully=True)
    assert (
        "the seal of the case (seal/manifest-1.tsr) is no good: it is a time stamp of other bytes"
        in findings(sealed)
    )


def test_roots_from_outside_decide_whom_to_believe(
    sealed: Path, authorities: tuple[Authority, Authority]
) -> None:
    first, second = (roots_from(one.roots_pem) for one in authorities)
    both = verify(sealed, (*first, *second))
    assert both.vouched_for and all(seal.trusted for seal in both.seals)
    only = verify(sealed, second)
    assert not only.intact
    assert any("from 'First authority', leads to none of the roots given" in words for words in only.findings)
    assert not any("'Second one', leads" in words for words in only.findings)


def test_a_case_remade_without_its_seal_is_not_vouched_for(sealed: Path) -> None:
    """Somebody who made everything anew can make it fit; then nobody stands for it, and that is said."""

    def anew(files: Files) -> None:
        unseal(files)
        record = json.loads(files[CASE])
        record["title"] = "Another title"
        files[CASE] = json.dumps(record).encode()
        reseal_chain(files)

    change(sealed, anew, carefully=True)
    verdict: Verdict = verify(sealed)
    assert verdict.intact and not verdict.vouched_for
    assert any("no authority's time stamp seals this file" in words for words in verdict.notes)


# -- what was held ---------------------------------------------------------------------------------------


def test_what_was_held_at_the_determination_cannot_be_rewritten(sealed: Path) -> None:
    def more(files: Files) -> None:
        record = json.loads(files[CASE])
        record["determinations"][0]["inputs"] = record["determinations"][0]["inputs"].replace(
            "explicit", "implicit"
        )
        files[CASE] = json.dumps(record).encode()
        reseal_chain(files)
        unseal(files)

    change(sealed, more, carefully=True)
    assert "determination 1: what was held was changed after it was frozen" in findings(sealed)


# -- what makes no case file -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "Case 7/.."}, "an id has"),
        ({"custody": []}, "nobody answers for it"),
        ({"authorities": []}, "whose roots are not given"),
        ({"exhibits": "untitled"}, "printable title"),
    ],
)
def test_contents_that_make_no_case_are_refused(
    case_contents: CaseContents, changes: dict[str, Any], words: str
) -> None:
    if changes.get("exhibits"):
        changes = {"exhibits": [replace(case_contents.exhibits[0], title="\x1b[2J")]}
    with pytest.raises(CaseFileError, match=words):
        replace(case_contents, **changes)


def test_only_an_authority_of_the_case_seals_it_and_nothing_half_written_stays(
    tmp_path: Path, case_contents: CaseContents, authorities: tuple[Authority, Authority]
) -> None:
    stranger = replace(authorities[0], name="Stranger")
    with pytest.raises(CaseFileError, match="not among its authorities"):
        write_case_file(tmp_path / "case.zip", case_contents, [stranger])
    assert list(tmp_path.iterdir()) == []


def test_exhibits_are_read_from_files_too(
    tmp_path: Path, case_contents: CaseContents, authorities: tuple[Authority, Authority], sealed: Path
) -> None:
    """Large ones need not be in memory; the case is the same."""
    first, *others = case_contents.exhibits
    assert isinstance(first.raw.content, bytes)
    on_disk = tmp_path / "page.gz"
    on_disk.write_bytes(first.raw.content)
    held = [replace(first, raw=replace(first.raw, content=on_disk)), *others]
    path = tmp_path / "case.zip"
    write_case_file(path, replace(case_contents, exhibits=held), authorities)
    assert verify(path).vouched_for
    assert read(path)[1]["manifest-sha256.txt"] == read(sealed)[1]["manifest-sha256.txt"]
