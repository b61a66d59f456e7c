"""``tidegate erase``: forget an account."""

import click

from tidegate.cli.node_client import NodeClient, asks_node


@click.command()
@click.argument("account")
@click.option("--yes", is_flag=True, help="Do not ask.")
@asks_node
def erase(node: NodeClient, account: str, yes: bool) -> None:
    """Forget ACCOUNT: its identifier, what is remembered of it, its decisions and events (scope admin).

    A measure that is in effect on the messenger is not lifted by this.
    """
    if not yes:
        click.confirm(f"Forget {account}? This cannot be undone.", abort=True)
    details = node.ask("DELETE", "/v1/accounts/{}", account).json()["details"]
    gone = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in details.items())
    click.echo(f"{account} is forgotten ({gone})")
