"""``tidegate breaker``: when acting stopped because far more was decided than expected."""

import click
from rich.console import Console
from rich.table import Table

from tidegate.cli.node_client import NodeClient, asks_node
from tidegate.engine.rungs import RUNGS


@click.group()
def breaker() -> None:
    """Look at the circuit breakers of a node, and close them."""


@breaker.command()
@asks_node
def show(node: NodeClient) -> None:
    """All circuit breakers (scope read)."""
    table = Table("rung", "", "held", "last day", "limit", "since", box=None, header_style="bold")
    for one in node.ask("GET", "/v1/breakers").json()["breakers"]:
        state = "open" if one["open"] else "closed"
        numbers = (f"{one['held']:,}", f"{one['last_day']:,}", f"{one['limit']:,.0f}")
        table.add_row(one["rung"], state, *numbers, one["since"] or "")
    Console(highlight=False, markup=False).print(table)


@breaker.command()
@click.argument("rung", type=click.Choice([rung for rung in RUNGS if rung != "allow"]))
@click.option(
    "--held",
    type=click.Choice(["release", "drop"]),
    required=True,
    help="What to do with the measures it held back: have them carried out, or forget them.",
)
@asks_node
def reset(node: NodeClient, rung: str, held: str) -> None:
    """Close the breaker of RUNG (scope admin). Look first why it opened."""
    done = node.ask("POST", "/v1/breakers/{}/reset", rung, json={"held": held}).json()
    what = "released" if held == "release" else "dropped"
    click.echo(f"the breaker of {rung} is closed; {done['held']:,} held measures were {what}")
