"""``tidegate actions``: what a messenger could not carry out."""

import click
from rich.console import Console
from rich.table import Table

from tidegate.cli.node_client import NodeClient, asks_node

MOST_SHOWN = 1_000


@click.group()
def actions() -> None:
    """Look after actions that a messenger could not carry out."""


@actions.command()
@asks_node
def dead(node: NodeClient) -> None:
    """Actions that were given up, oldest first (scope admin)."""
    found = node.ask("GET", "/v1/actions/dead", query={"limit": MOST_SHOWN}).json()["dead"]
    if not found:
        click.echo("no action was given up")
        return
    table = Table("id", "account", "rung", "decided", "attempts", "error", box=None, header_style="bold")
    for one in found:
        table.add_row(one["id"], one["account"], one["rung"], one["time"], str(one["attempts"]), one["error"])
    Console(highlight=False, markup=False).print(table)
    if len(found) == MOST_SHOWN:
        click.echo(f"the oldest {MOST_SHOWN:,}; there may be more", err=True)


@actions.command()
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@asks_node
def retry(node: NodeClient, identifiers: tuple[str, ...]) -> None:
    """Have actions tried again that were given up (scope admin)."""
    for identifier in identifiers:
        node.ask("POST", "/v1/actions/{}/retry", identifier)
        click.echo(f"{identifier} is due again")
