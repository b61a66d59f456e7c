"""Options that several commands take, in the same words."""

from pathlib import Path

import click

from tidegate.events.detect import FORMATS

log_format = click.option(
    "--format", type=click.Choice(FORMATS), default="auto", show_default=True, help="Format of the logs."
)
key_file = click.option(
    "--key-file", type=click.Path(path_type=Path), help="Secret key of the pseudonyms (16 bytes or 32 hex)."
)
