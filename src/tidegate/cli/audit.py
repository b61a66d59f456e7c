"""``tidegate audit``: whether the desk's record of who did what is as it was written."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.failures import Refused
from tidegate.cli.node_folder import data_folder
from tidegate.node.requests import StorageError
from tidegate.node.settings import SettingsError

if TYPE_CHECKING:
    from tidegate.desk.audit.head_file import Noted

BROKEN = 1
"""Exit code when the record is not intact."""


@click.group()
def audit() -> None:
    """Check the record of who did what at the desk.

    The node need not run; it may.
    """


@audit.command()
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="NUMBER:DIGEST",
    help="A head that was noted elsewhere, as `tidegate audit head` prints it: that record must be there, and the same. "
    "May be given several times.",
)
@data_folder
def verify(heads: tuple[str, ...], folder: Path) -> None:
    """Look at every record. Exit code 1 when one was changed, removed, put in, reordered, or cut off at the end."""
    _open(folder)
    from django.db import Error

    from tidegate.desk.audit.head_file import Noted
    from tidegate.desk.audit.verifying import verify as verify_all

    noted = {f"--head {one}": _noted(one, Noted) for one in heads}
    try:
        verdict = verify_all(noted)
    except Error as error:
        raise _unusable(error) from None
    for words in verdict.findings:
        click.echo(f"broken: {words}")
    if verdict.wrong > len(verdict.findings):
        click.echo(f"broken: {verdict.wrong - len(verdict.findings):,} more of the kind")
    for words in verdict.notes:
        click.echo(f"note: {words}")
    if not verdict.intact:
        click.echo(f"the record is not intact ({verdict.checked:,} records looked at)")
        sys.exit(BROKEN)
    if not verdict.checked:
        click.echo("the record is empty")
        return
    click.echo(
        f"the record is intact, {verdict.checked:,} records; its head is {verdict.last}:{verdict.digest}"
    )


@audit.command()
@data_folder
def head(folder: Path) -> None:
    """Print the head of the record, to be noted where nobody who runs this machine can change it."""
    _open(folder)
    from django.db import Error

    from tidegate.desk.audit.models import Head

    try:
        found = Head.objects.filter(pk=1).first()
    except Error as error:
        raise _unusable(error) from None
    if found is None:
        raise Refused("the record is empty: nothing was done at the desk yet")
    click.echo(f"{found.number}:{found.digest}")


def _open(folder: Path) -> None:
    """Get Django ready for a folder that is a node's already. Raises Refused."""
    if not (folder / "keys").is_file():
        raise Refused(f"{folder}: not a node's folder: it holds no keys. Name the folder with --data")
    try:
        from tidegate.desk.setup import set_up
    except ModuleNotFoundError as missing:
        raise Refused(f"the desk needs {missing.name}: pip install 'tidegate[desk]'") from None
    try:
        set_up(folder)
    except (SettingsError, StorageError) as error:
        raise Refused(str(error)) from None


def _noted(text: str, kind: "type[Noted]") -> "Noted":
    found = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text.strip())
    if found is None:
        raise Refused(
            f"--head {text}: expected NUMBER:DIGEST with 64 hexadecimal digits, as `tidegate audit head` prints it"
        )
    return kind(int(found[1]), found[2])


def _unusable(error: Exception) -> Refused:
    return Refused(
        f"the desk's database cannot be read: {str(error).strip()}. `tidegate serve` makes it and brings it up to date"
    )
