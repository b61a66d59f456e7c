"""``tidegate desk fill``: made-up accounts and decisions, to see and measure a desk that is full."""

from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import click
from rich.console import Console

from tidegate.cli.failures import Refused
from tidegate.cli.node_folder import data_folder


@click.command()
@click.option("--accounts", type=click.IntRange(min=1), default=1_000_000, show_default=True)
@click.option("--decisions", type=click.IntRange(min=1), default=10_000_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@data_folder
def fill(accounts: int, decisions: int, seed: int, folder: Path) -> None:
    """Fill an empty desk with made-up accounts, decisions, cases and appeals (synthetic), to measure its pages.

    Never for a desk that is used: nothing tells what is made up from what is real but the policy's name.
    """
    from tidegate.cli.desk import ready

    ready(folder)
    from tidegate.desk.filling import Sizes, fill
    from tidegate.desk.filling_people import fill_people

    with Console(stderr=True).status("filling") as status:
        try:
            now = datetime.now(UTC)
            for name, done in chain(fill(Sizes(accounts, decisions), seed, now), fill_people(seed, now)):
                status.update(f"filling: {done:,} {name}")
        except ValueError as error:
            raise Refused(f"{error}.") from None
    click.echo(f"{accounts:,} accounts and {decisions:,} decisions (synthetic) in the desk of {folder}")
