"""``tidegate ruling``: a person has decided about an account."""

import click

from tidegate.cli.node_client import NodeClient, asks_node
from tidegate.engine.policy.units import parse_duration
from tidegate.engine.rungs import Rung
from tidegate.node.requests import Finding


def _seconds(context: click.Context, option: click.Parameter, given: str | None) -> float | None:
    if given is None:
        return None
    seconds = parse_duration(given)
    if seconds is None:
        raise click.BadParameter(f"{given!r} is not a length of time; write 30m, 6h, 3d or 2w")
    return seconds


@click.command()
@click.argument("account")
@click.argument("finding", type=click.Choice([str(finding) for finding in Finding]))
@click.option(
    "--rung",
    type=click.Choice([rung.word for rung in Rung if rung is not Rung.ALLOW]),
    help="With abusive: put the account on exactly this rung, up or down.",
)
@click.option(
    "--for",
    "duration_s",
    metavar="TIME",
    callback=_seconds,
    help="How long the rung lasts, such as 6h or 3d; without it, as long as the ladder says.",
)
@click.option(
    "--label", "label_only", is_flag=True, help="Count it for reputation and training alone; move no rung."
)
@click.option("--by", default="", help="Who decided; without it, the token's name.")
@click.option("--note", default="", help="Why, for the record.")
@asks_node
def ruling(
    node: NodeClient,
    account: str,
    finding: str,
    rung: str | None,
    duration_s: float | None,
    label_only: bool,
    by: str,
    note: str,
) -> None:
    """Say what a person found out about ACCOUNT (scope admin).

    `legitimate` undoes every measure and keeps the account from being more than warned; `abusive` suspends it, unless
    --rung names another measure.
    """
    asked = {"account": account, "finding": finding, "by": by, "note": note}
    more = {"rung": rung, "duration_s": duration_s, "label_only": label_only or None}
    node.ask(
        "POST", "/v1/rulings", json=asked | {name: value for name, value in more.items() if value is not None}
    )
    click.echo(f"{account} was found {finding}; it is on record and the node decides by it")
