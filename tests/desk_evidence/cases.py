"""Case files for the tests: small, with everything in them, stamped by authorities of the tests' own."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from held_facts import DECIDER, NOW, facts

from tidegate.desk.evidence.custody.authorities import Authority, NoAnswerError, stamp
from tidegate.desk.evidence.custody.authorities_named import NamedAuthority, TokenRecord
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.custody.chain import CustodyEvent, following
from tidegate.desk.evidence.custody.clocks import Clocks
from tidegate.desk.evidence.custody.contents import CaseContents, Head
from tidegate.desk.evidence.custody.exhibits import ExhibitContent, Part, sha256_of
from tidegate.desk.evidence.custody.local_authority import local_authority
from tidegate.desk.evidence.custody.warc import Exchange, warc_of
from tidegate.desk.evidence.grounds import NOTICE_2019, determine

SERVER = [
    ("Content-Type", "text/html"),
    ("Content-Encoding", "gzip"),
    ("Date", "Mon, 23 Nov 2026 00:00:00 GMT"),
]


def authority_or_skip(folder: Path, name: str) -> Authority:
    try:
        return local_authority(folder, name)
    except NoAnswerError as absent:
        pytest.skip(str(absent))


def page(number: int) -> bytes:
    return f"<p>Page {number}: we send a million messages a day, \u0645\u0631\u062d\u0628\u0627.</p>".encode()


def exhibit(number: int, authorities: list[Authority], captured: datetime) -> ExhibitContent:
    decoded = page(number)
    raw = gzip.compress(decoded, mtime=0)
    tokens = [stamp(authority, raw) for authority in authorities]
    return ExhibitContent(
        title=f"Sales page {number} <b>\u0645</b>",
        kind="page",
        raw=Part(raw, "application/gzip"),
        decoded=Part(decoded, "text/html"),
        source=f"https://shop{number}.example/<script>",
        clocks=Clocks(moment(captured), tsa=tuple(moment(one.at) for one in tokens)),
        warc=warc_of(Exchange(f"https://shop{number}.example/", captured, "200 OK", SERVER, raw), "tests"),
        renderings=(Part(b"\x89PNG made for the test", "image/png"),),
        tokens=tuple(TokenRecord(one.token, one.authority, moment(one.at)) for one in tokens),
        operator="officer",
        tool="tests 1",
    )


def custody_of(exhibits: list[ExhibitContent], begun: datetime) -> list[CustodyEvent]:
    rows: list[CustodyEvent] = []
    for number, one in enumerate(exhibits):
        sha256 = sha256_of(one.raw.content)
        for did in ("captured", "viewed"):
            at = begun + timedelta(seconds=number)
            rows.append(following(rows[-1] if rows else None, at, "officer", did, sha256))
    return rows


def contents(first: Authority, second: Authority, exhibits: int = 2) -> CaseContents:
    begun = datetime.now(UTC)
    held = [exhibit(number, [first, second], begun) for number in range(1, exhibits + 1)]
    custody = custody_of(held, begun)
    head = custody[1]
    made = stamp(first, f"{head.number}:{head.digest}\n".encode())
    return CaseContents(
        id="case-7",
        title="Case 7: <i>bulk sender</i>",
        officer="officer",
        made_at=datetime.now(UTC),
        tool="tidegate tests",
        exhibits=held,
        custody=custody,
        authorities=[NamedAuthority(one.name, one.roots_pem) for one in (first, second)],
        heads=[Head(head.number, head.digest, (TokenRecord(made.token, made.authority, moment(made.at)),))],
        determinations=[determine(facts(), NOTICE_2019, DECIDER, NOW)],
        record={"elements": {"identity": "shown by exhibit 1"}, "notices": []},
    )
