"""Logs through one or more engines, with progress on the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tidegate.cli.campaign_watch import CampaignWatch
from tidegate.cli.failures import Interrupted
from tidegate.cli.replay import Replay, run_together
from tidegate.cli.terminal import progress
from tidegate.events.log import Log


def read_through(
    replays: Sequence[Replay],
    log: Log,
    paths: Sequence[Path],
    console: Console,
    watch: CampaignWatch | None = None,
) -> None:
    """Read ``log``, opened from ``paths``, to its end. Raises LogError, or Interrupted on Ctrl-C."""
    _, total = log.progress
    with progress(console, total) as told:
        told.source(str(paths[0]) if len(paths) == 1 else f"{len(paths)} logs")
        try:
            run_together(replays, log, told, watch)
        except KeyboardInterrupt:
            read, _ = log.progress
            share = 100 * read // max(total, 1)
            raise Interrupted(
                f"interrupted after {replays[0].events:,} events ({share} % of the log); nothing was written."
            ) from None
