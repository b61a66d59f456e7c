"""``tidegate ruling``: a person has decided about an account."""

import click

from tidegate.cli.node_client import NodeClient, asks_node
from tidegate.node.requests import Finding


@click.command()
@click.argument("account")
@click.argument("finding", type=click.Choice([str(finding) for finding in Finding]))
@click.option("--by", default="", help="Who decided; without it, the token's name.")
@click.option("--note", default="", help="Why, for the record.")
@asks_node
def ruling(node: NodeClient, account: str, finding: str, by: str, note: str) -> None:
    """Say what a person found out about ACCOUNT (scope admin).

    `legitimate` undoes every measure and keeps the account from being more than warned; `abusive` suspends it.
    """
    asked = {"account": account, "finding": finding, "by": by, "note": note}
    node.ask("POST", "/v1/rulings", json=asked)
    click.echo(f"{account} was found {finding}; it is on record and the node decides by it")
