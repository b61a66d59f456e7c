"""``tidegate case``: check a sealed case file, and measure what cases rest on."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.desk.evidence.custody.safe_zip import RefusedFileError
from tidegate.desk.evidence.custody.verdict import Verdict
from tidegate.desk.evidence.custody.verifying import verify as verify_file

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

NOT_INTACT, CANNOT, NOT_VOUCHED_FOR = 1, 2, 3
"""Exit codes of ``verify``."""


class CannotError(click.ClickException):
    """The command cannot do what was asked; the message says why."""

    exit_code = CANNOT


@click.group()
def case() -> None:
    """Check a sealed case file, and measure what cases rest on."""


@case.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--roots",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PEM file of root certificates, as an authority publishes them: time stamps must lead to one of them. Without "
    "it the roots in the file are used, and their fingerprints are printed for comparison. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
def verify(file: Path, roots: tuple[Path, ...], as_json: bool) -> None:
    """Say what in a case file is intact and what is not. Nothing but the file is needed.

    Exit code 0: intact, and sealed by a time-stamp authority. 1: not intact. 2: no case file, or one that is dangerous
    to open. 3: nothing is wrong with it, but something could not be checked, or no authority sealed it.
    """
    try:
        verdict = verify_file(file, _trusted(roots))
    except RefusedFileError as error:
        raise CannotError(str(error)) from None
    if as_json:
        click.echo(
            json.dumps(asdict(verdict) | {"intact": verdict.intact, "vouched_for": verdict.vouched_for})
        )
    else:
        _tell(verdict, bool(roots))
    if not verdict.vouched_for:
        sys.exit(NOT_INTACT if not verdict.intact else NOT_VOUCHED_FOR)


def _trusted(roots: tuple[Path, ...]) -> "list[Certificate]":
    found: list[Certificate] = []
    for path in roots:
        try:
            from tidegate.desk.evidence.custody.tokens import TokenError, roots_from

            found += roots_from(path.read_bytes())
        except ModuleNotFoundError as missing:
            raise CannotError(f"--roots needs {missing.name}: pip install 'tidegate[evidence]'") from None
        except (OSError, TokenError) as error:
            raise CannotError(f"--roots {path}: {error}") from None
    return found


def _tell(verdict: Verdict, with_roots: bool) -> None:
    """In words: first what is wrong, last what it comes to."""
    click.echo(f"case {_printable(verdict.case_id)}: {_printable(verdict.title)}")
    for words in verdict.findings:
        click.echo(f"not intact: {words}")
    if verdict.wrong > len(verdict.findings):
        click.echo(f"not intact: {verdict.wrong - len(verdict.findings):,} more findings")
    for words in verdict.unchecked:
        click.echo(f"not checked: {words}")
    for words in verdict.notes:
        click.echo(f"note: {words}")
    click.echo(
        f"looked at: {verdict.files:,} files, {verdict.exhibits:,} exhibits, {verdict.custody_rows:,} custody rows, "
        f"{verdict.tokens:,} good time stamps beside the seal's"
    )
    for seal in verdict.seals:
        click.echo(
            f"sealed at {seal.at} by {_printable(seal.authority)} ({_printable(seal.signer)}), "
            f"root SHA-256 {seal.root_sha256}"
        )
    if verdict.seals and not with_roots:
        click.echo(
            "note: the roots lie in the file itself; compare the fingerprints with what the authorities publish, or give "
            "their roots with --roots"
        )
    click.echo(_conclusion(verdict))


def _printable(text: str) -> str:
    """A text of the file's maker, without what would move the cursor."""
    return text if text.isprintable() else ascii(text)


def _conclusion(verdict: Verdict) -> str:
    if not verdict.intact:
        return f"the case file is NOT intact: {verdict.wrong:,} findings"
    if verdict.vouched_for:
        return "the case file is intact: every exhibit, row and time stamp is as it was sealed"
    return "nothing is wrong with the case file in itself, but nobody else vouches for it, or not all could be checked"


@case.command()
@click.option("--exhibits", default=1_000, show_default=True, help="Of 20 kB each.")
@click.option("--write", type=click.Path(path_type=Path), help="Results page to put the table into.")
def measure(exhibits: int, write: Path | None) -> None:
    """Measure how long a case file takes to be written and to be checked."""
    from tidegate.cli.case_measure import measure_verifying

    measure_verifying(exhibits, write)


@case.command("evaluate-linking")
@click.option("--records", default=100_000, show_default=True, help="In each generated set.")
@click.option("--sets", default=3, show_default=True, help="Generated sets, each from its own seed.")
@click.option("--write", type=click.Path(path_type=Path), help="Results page to put the table into.")
def evaluate_linking(records: int, sets: int, write: Path | None) -> None:
    """Measure how well generated records are linked, and how long it takes."""
    from tidegate.cli.case_measure import measure_linking

    measure_linking(records, sets, write)
