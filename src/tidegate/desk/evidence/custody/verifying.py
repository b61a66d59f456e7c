"""Check a case file with nothing but the file: what is intact, what is not, and who vouches for it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.desk.evidence.custody.bag_check import OpenedBag
from tidegate.desk.evidence.custody.chain import SEALED, TAKEN_IN, CustodyEvent, walk
from tidegate.desk.evidence.custody.clocks import remarks
from tidegate.desk.evidence.custody.contents import FORMAT
from tidegate.desk.evidence.custody.layout import CASE, CUSTODY, HEADS, MANIFEST, REGISTER, SEAL, TOKENS
from tidegate.desk.evidence.custody.records_check import RegisterEntry, json_of, register_of
from tidegate.desk.evidence.custody.safe_zip import SafeZip
from tidegate.desk.evidence.custody.stamps_check import NEEDS, StampCheck
from tidegate.desk.evidence.custody.verdict import Verdict
from tidegate.desk.evidence.custody.warc import wrong_with
from tidegate.desk.evidence.grounds.determination import digest

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MOST_JSON_BYTES = 256 << 20
MOST_WARC_BYTES = 256 << 20
_HEAD = re.compile(rb"([0-9]{1,12}):([0-9a-f]{64})\n")


def verify(path: Path, trusted: "Sequence[Certificate]" = (), now: datetime | None = None) -> Verdict:
    """Check everything. ``trusted``: roots that every time stamp must lead to, beside those in the file.

    Raises RefusedFileError when it is no case file, or one that it would be dangerous to read.
    """
    verdict = Verdict()
    with SafeZip(path) as zipped:
        bag = OpenedBag(zipped, verdict)
        register = register_of(
            json_of(bag.read(REGISTER, MOST_JSON_BYTES), REGISTER, list, verdict), REGISTER, verdict
        )
        called = {name: words for entry in register for name, words in entry.files().items()}
        bag.check(called)
        case = json_of(bag.read(CASE, MOST_JSON_BYTES), CASE, dict, verdict) or {}
        _check_case(case, bag, verdict)
        chain = _check_custody(bag, register, verdict)
        _check_files(bag, register, verdict)
        stamps = _check_stamps(bag, case, called, trusted, verdict)
        _check_clocks(register, chain, stamps, now or datetime.now(UTC), verdict)
        _check_warcs(bag, register, verdict)
    if not verdict.seals:
        verdict.note(
            "no authority's time stamp seals this file: nobody but whoever made it says when it was made"
        )
    return verdict


def _check_case(case: dict[str, Any], bag: OpenedBag, verdict: Verdict) -> None:
    verdict.case_id, verdict.title = str(case.get("id", "")), str(case.get("title", ""))
    if case and case.get("format") != FORMAT:
        verdict.find(f"{CASE} is of format {ascii(case.get('format'))[:60]}; this version reads {FORMAT}")
    if case and case.get("id") != bag.folder:
        verdict.find(
            f"{CASE} is about case {ascii(case.get('id'))[:80]}, the folder is {ascii(bag.folder)[:80]}"
        )
    determinations = case.get("determinations", [])
    for number, one in enumerate(determinations if isinstance(determinations, list) else [], 1):
        inputs = one.get("inputs") if isinstance(one, dict) else None
        if not isinstance(inputs, str) or digest(inputs) != one.get("inputs_sha256"):
            verdict.find(f"determination {number}: what was held was changed after it was frozen")


def _check_custody(bag: OpenedBag, register: list[RegisterEntry], verdict: Verdict) -> list[CustodyEvent]:
    walked = walk(bag.read(CUSTODY, MOST_JSON_BYTES) or b"")
    chain = walked.events
    verdict.custody_rows = len(chain)
    for words in walked.findings:
        verdict.find(words)
    last = chain[-1] if chain else None
    if last is None or last.did != SEALED:
        verdict.find("the custody chain does not end with the sealing: rows are missing at its end")
    else:
        for name in (REGISTER, CASE):
            if last.details.get(name) != bag.digests.get(name):
                verdict.find(f"{name} is not the one that the last custody row says was sealed")
    digests = {one.number: one.digest for one in chain}
    for name in sorted(bag.names):
        if name.startswith(HEADS):
            found = _HEAD.fullmatch(bag.read(name, 200) or b"")
            if found is None or digests.get(int(found[1])) != found[2].decode():
                verdict.find(f"{name}: the custody chain has no such row any more")
    known = {entry.raw_sha256 for entry in register}
    for row in chain:
        if row.exhibit and row.exhibit not in known:
            verdict.find(f"custody row {row.number} is about an exhibit that is not here, {row.exhibit}")
    taken = {row.exhibit for row in chain if row.did in TAKEN_IN}
    for entry in register:
        if entry.raw_sha256 not in taken:
            verdict.find(f"{entry.called}: no custody row says how it was got")
    return chain


def _check_files(bag: OpenedBag, register: list[RegisterEntry], verdict: Verdict) -> None:
    """Whether the register's digests are those of its files."""
    verdict.exhibits = len(register)
    listed: set[str] = set()
    for entry in register:
        listed.update(entry.files())
        pairs = [(entry.file, entry.raw_sha256), (entry.decoded_file or entry.file, entry.decoded_sha256)]
        for name, sha256 in pairs:
            if name not in bag.names:
                verdict.find(f"{entry.called}: {name!a} is missing")
            elif bag.digests[name] != sha256 and name not in bag.unreadable:
                verdict.find(
                    f"{entry.called}: the register says SHA-256 {sha256!a}, {name} has {bag.digests[name]}"
                )
    for folder in ("exhibits", "decoded", "warc", "renderings"):
        for name in sorted(bag.names):
            if name.startswith(f"data/{folder}/") and name not in listed:
                verdict.find(f"{name} belongs to no exhibit of the register")


def _check_stamps(
    bag: OpenedBag,
    case: dict[str, Any],
    called: dict[str, str],
    trusted: "Sequence[Certificate]",
    verdict: Verdict,
) -> dict[tuple[str, str], datetime] | None:
    """When each good token says its file was there; None when no token could be looked at."""
    try:
        check = StampCheck(bag, verdict, case, trusted)
    except ModuleNotFoundError as missing:
        verdict.unchecked.append(NEEDS.format(missing.name))
        return None
    check.check_payload(TOKENS, called)
    check.check_seal(SEAL, MANIFEST)
    return check.times


def _check_clocks(
    register: list[RegisterEntry],
    chain: list[CustodyEvent],
    stamps: dict[tuple[str, str], datetime] | None,
    now: datetime,
    verdict: Verdict,
) -> None:
    taken: dict[str, str] = {}
    for row in chain:
        if row.did in TAKEN_IN:
            taken.setdefault(row.exhibit, row.at)
    for entry in register:
        clocks, times = entry.clocks, tuple[datetime, ...]()
        if stamps is None:
            clocks = replace(clocks, tsa=())
        else:
            found = [stamps.get((token, entry.file)) for token in entry.tokens]
            times = tuple(at for at in found if at is not None)
            if len(times) != len(found):
                verdict.find(
                    f"{entry.called}: not every time stamp that the register names is a good one of it"
                )
                continue
        for remark in remarks(clocks, times, taken.get(entry.raw_sha256, ""), now):
            (verdict.find if remark.wrong else verdict.note)(f"{entry.called}: {remark.words}")


def _check_warcs(bag: OpenedBag, register: list[RegisterEntry], verdict: Verdict) -> None:
    with_warc = [entry for entry in register if entry.warc]
    if not with_warc:
        return
    try:
        import_module("warcio")
    except ModuleNotFoundError:
        verdict.unchecked.append(
            "WARC files were checked by their digests only: to look into them: pip install 'tidegate[evidence]'"
        )
        return
    for entry in with_warc:
        warc = bag.read(entry.warc, MOST_WARC_BYTES)
        if warc is not None and (words := wrong_with(warc, entry.raw_sha256, entry.decoded_sha256)):
            verdict.find(f"{entry.called}: its WARC ({entry.warc}): {words}")
