"""``tidegate desk``: the people who work at the desk, and its database."""

import secrets
import sys
from pathlib import Path

import click

from tidegate.cli.desk_fill import fill
from tidegate.cli.desk_follow_again import follow_again
from tidegate.cli.desk_labels import labels
from tidegate.cli.failures import Refused
from tidegate.cli.node_folder import data_folder, make_folder
from tidegate.node.requests import StorageError
from tidegate.node.settings import SettingsError

ROLES = ("analyst", "reviewer", "senior", "auditor", "administrator")
PASSWORD_BYTES = 15


def ready(folder: Path) -> None:
    """Make the folder, get Django ready for it, and bring its database up to date. Raises Refused."""
    make_folder(folder)
    try:
        from tidegate.desk.setup import migrate, set_up
    except ModuleNotFoundError as missing:
        raise Refused(f"the desk needs {missing.name}: pip install 'tidegate[desk]'") from None
    try:
        set_up(folder)
    except (SettingsError, StorageError) as error:
        raise Refused(str(error)) from None
    from django.db import Error

    try:
        migrate()
    except Error as error:
        raise Refused(f"the desk's database cannot be used: {str(error).strip()}") from None


@click.group()
def desk() -> None:
    """Look after the desk: who may sign in, its database."""


@desk.command("add-person")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option(
    "--password-from-stdin", is_flag=True, help="Read the password from standard input instead of making one."
)
@data_folder
def add_person(name: str, role: str, password_from_stdin: bool, folder: Path) -> None:
    """Let somebody sign in. Prints the password, this once."""
    ready(folder)
    from django.core.exceptions import ValidationError

    from tidegate.desk.access.adding import add

    password = (
        sys.stdin.readline().rstrip("\n") if password_from_stdin else secrets.token_urlsafe(PASSWORD_BYTES)
    )
    try:
        add(name, role, password)
    except ValidationError as error:
        raise Refused("; ".join(error.messages)) from None
    if not password_from_stdin:
        click.echo(password)
    click.echo(f"{name} can sign in as {role}; a second factor is set up at the first sign-in", err=True)


@desk.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@data_folder
def manage(arguments: tuple[str, ...], folder: Path) -> None:
    """Django's own commands, for whoever looks after the database: check, migrate, makemigrations, dbshell, …"""
    make_folder(folder)
    from django.core.management import execute_from_command_line

    from tidegate.desk.setup import set_up

    try:
        set_up(folder)
    except (SettingsError, StorageError) as error:
        raise Refused(str(error)) from None
    execute_from_command_line(["tidegate desk manage", *arguments])


desk.add_command(fill)
desk.add_command(labels)
desk.add_command(follow_again)
