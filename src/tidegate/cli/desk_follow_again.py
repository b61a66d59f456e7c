"""``tidegate desk follow-again``: after the node's ledger was put back from an older backup than the desk's database."""

from pathlib import Path

import click

from tidegate.cli.failures import Refused
from tidegate.cli.node_folder import data_folder
from tidegate.node.folder_lock import locked
from tidegate.node.ledger_file import FILE
from tidegate.node.requests import StorageError
from tidegate.node.settings import SETTINGS_FILE, SettingsError, read_settings
from tidegate.node.sqlite_ledger import SqliteLedger


@click.command("follow-again")
@data_folder
def follow_again(folder: Path) -> None:
    """Drop what the desk copied and the node's ledger does not know any more, and copy from there at the next start.

    The node must not run. Rulings, appeals, cases and the record stay.
    """
    if not (folder / FILE).exists():
        raise Refused(f"{folder}: no ledger there to follow")
    from tidegate.cli.desk import ready

    ready(folder)
    from django.db import Error

    from tidegate.desk.following_again import NothingInCommon
    from tidegate.desk.following_again import follow_again as fit

    try:
        with locked(folder):
            ledger = SqliteLedger(folder, read_settings(folder / SETTINGS_FILE))
            try:
                fitted = fit(lambda uid: getattr(ledger.decision(uid), "number", None))
            finally:
                ledger.close()
    except (StorageError, SettingsError, NothingInCommon) as error:
        raise Refused(str(error)) from None
    except Error as error:
        raise Refused(f"the desk's database cannot be used: {str(error).strip()}") from None
    click.echo(
        f"{fitted.dropped:,} decisions dropped; the desk copies on from number {fitted.after:,} when the node runs again"
    )
