"""``tidegate world``: simulate a messenger and write its log, and the truth about its accounts."""

import time
from pathlib import Path
from typing import Literal

import click
from rich.console import Console

from tidegate.cli.failures import Refused, folder_for
from tidegate.cli.warm_up import ROOMS, prepare
from tidegate.cli.wording import duration, plural, size
from tidegate.world import World, WorldSettings, simulate


def write_world(settings: WorldSettings, out: Path, form: Literal["parquet", "jsonl"]) -> tuple[World, Path]:
    """Simulate and write; returns the world and the path of its log. Raises Refused when that fails."""
    world = simulate(settings)
    try:
        return world, world.write(folder_for(out), form)
    except OSError as error:
        raise Refused(f"{out}: the world cannot be written: {error.strerror}.") from None


@click.command()
@click.option(
    "--people", type=int, default=2_000, show_default=True, help="Honest accounts; attackers come on top."
)
@click.option("--days", type=int, default=14, show_default=True, help="Length of the log.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("world"),
    show_default=True,
    help="Folder for events and truth.csv.",
)
@click.option(
    "--format", "form", type=click.Choice(["parquet", "jsonl"]), default="parquet", show_default=True
)
def world(people: int, days: int, seed: int, out: Path, form: Literal["parquet", "jsonl"]) -> None:
    """Simulate people, groups, shops and attackers; write their log and who is who."""
    console = Console(highlight=False)
    try:
        settings = WorldSettings(people=people, days=days, seed=seed)
    except ValueError as error:
        raise Refused(f"{error}.") from None
    prepare(Console(stderr=True, highlight=False), ROOMS)
    began = time.monotonic()
    made, path = write_world(settings, out, form)
    table = made.accounts
    attackers = int((table.family != "honest").sum())
    console.print(
        f"{plural(len(made), 'event')} of {plural(len(table), 'account')} ({attackers:,} of attackers) over "
        f"{plural(days, 'day')}, in {duration(time.monotonic() - began)}.",
        soft_wrap=True,
    )
    console.print(f"  {path}  the log, {size(path.stat().st_size)}", soft_wrap=True)
    console.print(f"  {out / 'truth.csv'}  who is who", soft_wrap=True)
    console.print(f"Next: tidegate scan {path}", style="dim", soft_wrap=True)
