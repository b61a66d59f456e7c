"""The figures of ``tidegate case``: checking a case file, linking generated records."""

import random
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from tidegate.cli.bench.machine import this_machine
from tidegate.cli.bench.page import Section, write_section
from tidegate.cli.bench.result import Row, Target
from tidegate.desk.evidence.custody.authorities import Authority, NoAnswerError, stamp
from tidegate.desk.evidence.custody.authorities_named import NamedAuthority, TokenRecord
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.custody.chain import CustodyEvent, following
from tidegate.desk.evidence.custody.clocks import Clocks
from tidegate.desk.evidence.custody.contents import CaseContents
from tidegate.desk.evidence.custody.exhibits import ExhibitContent, Part, sha256_of
from tidegate.desk.evidence.custody.local_authority import local_authority
from tidegate.desk.evidence.custody.verifying import verify
from tidegate.desk.evidence.custody.writing import write_case_file
from tidegate.desk.evidence.linking.generated import Measured
from tidegate.desk.evidence.linking.generated import measure as measure_records

EXHIBIT_BYTES = 20_000
VERIFY_RUNS = 5
MOST_VERIFY_S, MOST_LINK_S, LEAST_PRECISION, LEAST_RECALL = 5.0, 60.0, 0.97, 0.80
FIRST_SEED = 9_000
"""Seeds from here on were never used to set weights."""
VERIFYING = Section(
    "case-verify", "## Checking a case file", "*synthetic* exhibits", "These figures are about speed."
)
LINKING = Section(
    "linking", "## Linking", "*generated* records", "Generator and linker are of the same authors."
)


def measure_verifying(exhibits: int, page: Path | None) -> None:
    """Print, and write, the time to check a file of so many exhibits, with and without a time stamp on each."""
    machine = this_machine()
    target = Target(MOST_VERIFY_S, "s")
    rows = []
    with tempfile.TemporaryDirectory(prefix="tidegate-case-") as folder:
        authority = _authority(Path(folder, "authority"))
        plain = _contents(exhibits, authority)
        kinds = [("sealed once", plain)]
        if authority is not None:
            click.echo(f"stamping {exhibits:,} exhibits …", err=True)
            kinds.append(("a time stamp on every exhibit, and sealed", _stamped(plain, authority)))
        for what, contents in kinds:
            path = Path(folder, "case.zip")
            begun = time.perf_counter()
            write_case_file(path, contents, [authority] if authority else [])
            wrote = time.perf_counter() - begun
            row = Row(what, f"check {exhibits:,} exhibits, {what}", target, n=exhibits, n_of="exhibits")
            for _ in range(VERIFY_RUNS):
                begun = time.perf_counter()
                verdict = verify(path)
                row.runs.append(time.perf_counter() - begun)
                assert verdict.intact, verdict.findings
            row.seconds = sum(row.runs)
            row.note = f"written in {wrote:.1f} s, {path.stat().st_size / 1e6:.1f} MB"
            rows.append(row)
    for row in rows:
        click.echo(
            f"{row.what}: {row.middle} ({row.spread}), target {row.target_words}: {row.verdict}; {row.note}"
        )
    if page is not None:
        lines = [
            f"Made on {datetime.now(UTC):%Y-%m-%d} by `tidegate case measure --exhibits {exhibits} --write {page}`, "
            f"{VERIFYING.traffic} of {EXHIBIT_BYTES // 1000} kB. {machine.words}.",
            "",
            "| what | target | median of five (spread) | | note |",
            "|---|---|---|---|---|",
            *(
                f"| {row.what} | {row.target_words} | {row.middle} ({row.spread}) | {row.verdict} | {row.note} |"
                for row in rows
            ),
        ]
        write_section(page, "\n".join(lines), VERIFYING)


def _authority(folder: Path) -> Authority | None:
    try:
        return local_authority(folder)
    except NoAnswerError as absent:
        click.echo(f"without time stamps: {absent}", err=True)
        return None


def _contents(exhibits: int, authority: Authority | None) -> CaseContents:
    rng = random.Random(1)
    now = datetime.now(UTC)
    held = [
        ExhibitContent(
            f"Page {number}", "page", Part(rng.randbytes(EXHIBIT_BYTES), "text/html"), Clocks(moment(now))
        )
        for number in range(1, exhibits + 1)
    ]
    custody: list[CustodyEvent] = []
    for one in held:
        custody.append(
            following(
                custody[-1] if custody else None, now, "officer", "captured", sha256_of(one.raw.content)
            )
        )
    named = [NamedAuthority(authority.name, authority.roots_pem)] if authority else []
    return CaseContents("measured", "A measured case", "officer", now, "tidegate", held, custody, named)


def _stamped(contents: CaseContents, authority: Authority) -> CaseContents:
    held = []
    for one in contents.exhibits:
        assert isinstance(one.raw.content, bytes)
        made = stamp(authority, one.raw.content)
        token = TokenRecord(made.token, made.authority, moment(made.at))
        held.append(replace(one, tokens=(token,), clocks=replace(one.clocks, tsa=(token.at,))))
    return replace(contents, exhibits=held)


def measure_linking(records: int, sets: int, page: Path | None) -> None:
    """Print, and write, precision, recall and time on generated sets."""
    machine = this_machine()
    found: list[Measured] = []
    for seed in range(FIRST_SEED, FIRST_SEED + sets):
        click.echo(f"linking the set of seed {seed} …", err=True)
        found.append(measure_records(records, seed))
    head = (
        "| seed | records | companies | precision | recall | any shared identifier: precision / recall | "
        "successors proposed: precision / recall | hubs | seconds |"
    )
    rows = [
        f"| {one.seed} | {one.records:,} | {one.companies:,} | {one.precision:.3f} | {one.recall:.3f} | "
        f"{one.precision_of_any:.4f} / {one.reachable:.3f} | {one.successor_precision:.2f} / "
        f"{one.successor_recall:.2f} | {one.hubs:,} | {one.seconds:.1f} |"
        for one in found
    ]
    table = "\n".join([head, "|" + "---|" * 9, *rows])
    click.echo(table)
    seconds = statistics.median(one.seconds for one in found)
    met = (
        min(one.precision for one in found) >= LEAST_PRECISION
        and min(one.recall for one in found) >= LEAST_RECALL
        and seconds <= MOST_LINK_S
    )
    goal = (
        f"Target: precision ≥ {LEAST_PRECISION} at recall ≥ {LEAST_RECALL:.2f}, ≤ {MOST_LINK_S:.0f} s for 100,000 "
        f"records: {'met' if met else '**not met**'}."
    )
    click.echo(goal)
    if page is not None:
        text = (
            f"Made on {datetime.now(UTC):%Y-%m-%d} by `tidegate case evaluate-linking --records {records} --sets {sets} "
            f"--write {page}`, {LINKING.traffic}. {machine.words}.\n\n{goal} Over pairs of records. "
            "Generator, weights and linker are of the same authors; the weights were set on other seeds. "
            f"A successor is a proposal for a person, not a merge.\n\n{table}"
        )
        write_section(page, text, LINKING)
