"""``tidegate policy``: which policy a node decides by."""

from pathlib import Path

import click

from tidegate.cli.failures import Refused
from tidegate.cli.node_client import NodeClient, asks_node


@click.group()
def policy() -> None:
    """Show or replace the policy of a running node."""


@policy.command()
@asks_node
def show(node: NodeClient) -> None:
    """The policy in force, as it was written (scope read)."""
    click.echo(node.ask("GET", "/v1/policy").text, nl=False)


@policy.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@asks_node
def put(node: NodeClient, file: Path) -> None:
    """Decide by FILE from now on (scope admin). It is checked whole; with any mistake in it nothing changes."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Refused(f"{file}: the policy cannot be read: {error.strerror}.") from None
    done = node.ask("PUT", "/v1/policy", content=content).json()
    click.echo(f"{file} is in force from event {done['sequence']:,} on")
