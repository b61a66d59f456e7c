"""``tidegate token``: who may ask a node for what."""

import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tidegate.cli.failures import Refused
from tidegate.cli.node_folder import data_folder, make_folder
from tidegate.node.api.tokens import FILE, Scope, TokenError, add_token, read_tokens, revoke_token

SCOPES = (
    "ingest: hand in events; check: hand in one and be told where its actor stands; act: fetch and confirm actions; \
read: look at accounts, policy, metrics; admin: rulings, policy, breakers, erasure"
)


@click.group()
def token() -> None:
    """Make, list and revoke the tokens of a node.

    A running node notices within a second.
    """


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([str(scope) for scope in Scope]),
    multiple=True,
    required=True,
    help=f"What it allows; may be given several times. {SCOPES}.",
)
@data_folder
def add(name: str, scopes: tuple[str, ...], folder: Path) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    make_folder(folder)
    try:
        secret = add_token(folder, name, (Scope(scope) for scope in scopes), time.time())
    except TokenError as error:
        raise Refused(f"{error}.") from None
    click.echo(secret)
    click.echo(f"token {name!r} ({', '.join(scopes)}); it is shown only now, so keep it", err=True)


@token.command("list")
@data_folder
def list_tokens(folder: Path) -> None:
    """Names, scopes and dates. The tokens themselves are stored nowhere."""
    try:
        tokens = read_tokens(folder / FILE)
    except TokenError as error:
        raise Refused(f"{error}.") from None
    if not tokens:
        click.echo(f"no tokens in {folder}; `tidegate token add NAME --scope ingest` makes one")
        return
    table = Table("name", "scopes", "created", box=None, header_style="bold", pad_edge=False)
    for one in tokens:
        table.add_row(one.name, " ".join(sorted(one.scopes)), one.created)
    Console(highlight=False).print(table)


@token.command()
@click.argument("name")
@data_folder
def revoke(name: str, folder: Path) -> None:
    """Make a token worthless."""
    try:
        revoke_token(folder, name)
    except TokenError as error:
        raise Refused(f"{error}.") from None
    click.echo(f"token {name!r} is revoked")
