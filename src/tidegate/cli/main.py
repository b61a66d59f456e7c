"""``tidegate``: the command line. Commands are imported when they are called, so that ``--help`` is quick."""

import importlib
import importlib.util
from importlib.metadata import PackageNotFoundError, version

import click

COMMANDS: dict[str, str] = {
    "scan": "Replay logs: which accounts would be acted on, when, and why.",
    "demo": "Simulate a small world, scan it, compare with the truth.",
    "world": "Simulate a messenger: its log, and the truth about its accounts.",
    "train": "Train the model on simulated worlds.",
    "calibrate": "Set the score thresholds to a false-positive budget.",
    "evaluate": "Measure what is stopped, how soon, and who is wronged.",
    "backtest": "Replay logs under another policy and compare.",
    "bench": "Measure throughput, latency and memory on this machine.",
    "serve": "Run a node: take events, decide, hand out actions.",
    "desk": "Look after the desk: who may sign in, its database.",
    "case": "Check a sealed case file: what is intact and what is not.",
    "claims": "Find public claims of bulk or automated messaging in texts.",
    "audit": "Check the record of who did what at the desk.",
    "token": "Make, list and revoke the tokens of a node.",
    "policy": "Show or replace the policy of a running node.",
    "ruling": "Tell a node what a person found out about an account.",
    "erase": "Have a node forget an account.",
    "actions": "Look after actions that a messenger could not carry out.",
    "breaker": "Look at the circuit breakers of a node, and close them.",
    "matrix": "Guard a Matrix homeserver through its official interfaces, without a module.",
    "docs": "Write the reference pages that follow from the code.",
    "warm-up": "Compile the kernels for this machine.",
}
"""Every command and its one line. ``warm-up`` is ``warm_up`` in :mod:`tidegate.cli.warm_up`, and so on."""
HIDDEN = frozenset({"warm-up", "docs"})


def _module(name: str) -> str:
    return f"tidegate.cli.{name.replace('-', '_')}"


class LazyCommands(click.Group):
    """Knows the commands by name and imports one when it is called; without its module it does not exist."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if importlib.util.find_spec(_module(name)) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(_module(cmd_name))
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, COMMANDS[name]) for name in self.list_commands(ctx) if name not in HIDDEN]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _version() -> str:
    try:
        return version("tidegate")
    except PackageNotFoundError:  # run from a checkout that nobody installed
        return "of this checkout"


@click.group(
    cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(_version(), prog_name="tidegate")
def main() -> None:
    """Keep bulk and automated senders off a private messenger, without reading a message.

    Start with `tidegate demo`, then `tidegate scan YOUR_LOG`.
    """


if __name__ == "__main__":
    main()
