"""``tidegate desk labels``: what people found out at the desk, to train and evaluate with."""

import json
from pathlib import Path

import click

from tidegate.cli.node_folder import data_folder
from tidegate.cli.outputs import replacing


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON Lines to write.")
@data_folder
def labels(out: Path, folder: Path) -> None:
    """Write the last finding about each account as a label, by pseudonym."""
    from tidegate.cli.desk import ready

    ready(folder)
    from tidegate.desk.review.labels import labels

    written = 0
    with replacing(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        for label in labels():
            file.write(json.dumps(label) + "\n")
            written += 1
    click.echo(f"{written:,} labels in {out}")
