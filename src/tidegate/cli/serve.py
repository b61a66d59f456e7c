"""``tidegate serve``: one node, from its folder to its last answer."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Coroutine
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click
import msgspec
import uvloop
from rich.console import Console

from tidegate.cli.failures import Refused, told_plainly
from tidegate.cli.node_folder import data_folder, make_folder
from tidegate.cli.node_log import log_to_stderr
from tidegate.cli.serve_desk import Desk
from tidegate.cli.warm_up import prepare
from tidegate.messengers.matrix.captcha import captcha_routes, captcha_secret
from tidegate.node.api.admission import Busy
from tidegate.node.api.coalescing import Stopped
from tidegate.node.api.listening import Listener, check_tls, close_all, listeners
from tidegate.node.api.serving import Serving
from tidegate.node.api.tokens import TokenError, Tokens
from tidegate.node.challenge.challenges import Challenges
from tidegate.node.challenge.holders import NodeHolders
from tidegate.node.challenge.routes import challenge_routes
from tidegate.node.node import Node
from tidegate.node.requests import PolicyChange, RequestError, StorageError
from tidegate.node.settings import SETTINGS_FILE, Mode, NodeSettings, SettingsError, read_settings

log = logging.getLogger("tidegate.serve")
FAULT = 70
"""Exit code when a fault of the node's own stopped it (EX_SOFTWARE); a restart recovers from the journal."""
WHAT_MODES_DO = {
    Mode.SHADOW: "decides and records, acts on nobody",
    Mode.PERCENTAGE: "acts on {share:g} % of accounts",
    Mode.ENFORCE: "acts on everybody",
}


@click.command()
@data_folder
@click.option("--host", help="Listen on this address instead of the settings' one.")
@click.option("--port", type=click.IntRange(0, 65_535), help="0: no TCP.")
@click.option("--socket", help="Unix socket, relative to the folder; empty: none.")
@click.option(
    "--insecure",
    is_flag=True,
    help="Listen beyond this machine without TLS. Tokens, and who writes to whom, then travel readable for everybody "
    "between; only for networks that you trust.",
)
@click.option(
    "--desk/--no-desk", default=True, show_default=True, help="Serve the desk too, if it is installed."
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def serve(
    folder: Path,
    host: str | None,
    port: int | None,
    socket: str | None,
    insecure: bool,
    desk: bool,
    log_level: str,
) -> None:
    """Run a node: take events, decide, hand out actions.

    The folder is made at the first start, with keys that never leave it and settings to look through. SIGTERM or Ctrl-C
    stops in order, SIGHUP reads the policy file again.
    """
    log_to_stderr(log_level)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is a policy to read again
    console = Console(stderr=True, highlight=False)
    made = make_folder(folder)
    try:
        settings = _settings(folder, host, port, socket)
        tokens = Tokens(folder)
        check_tls(settings.listen, folder)
        prepare(console)
        with told_plainly():
            began = time.monotonic()
            node = Node.open(folder, settings)
            took_s = time.monotonic() - began
    except (SettingsError, StorageError, TokenError) as error:
        raise Refused(str(error)) from None
    try:
        # Only now: the folder's lock is held, so a socket that lies in the way belongs to nobody.
        opened = listeners(settings.listen, folder, insecure=insecure)
    except SettingsError as error:
        node.close()
        raise Refused(f"{error}.") from None
    beside = Desk(node, folder, insecure=insecure) if desk and settings.desk.get("enabled", True) else None
    for line in _greeting(node, folder, made, tokens, took_s):
        click.echo(line)
    faulty = True
    try:
        faulty = uvloop.run(_serve(node, tokens, opened, folder, beside))
    except StorageError as error:
        raise Refused(str(error)) from None
    finally:
        close_all(opened)
        # After a fault the engine may have seen what the journal has not, or the other way round: no snapshot of that.
        node.close(snapshot=not faulty)
    if faulty:
        sys.exit(FAULT)


def _settings(folder: Path, host: str | None, port: int | None, socket: str | None) -> NodeSettings:
    """The file's, with what the command line says instead. Raises :class:`SettingsError`."""
    settings = read_settings(folder / SETTINGS_FILE)
    given = {"host": host, "port": port, "socket": socket}
    changes = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(settings, listen=msgspec.structs.replace(settings.listen, **changes))


def _greeting(node: Node, folder: Path, made: bool, tokens: Tokens, took_s: float) -> list[str]:
    """What somebody who starts a node wants to know."""
    settings, in_force = node.settings, node.replica.in_force
    doing = WHAT_MODES_DO[settings.enforcement.mode].format(share=settings.enforcement.percentage)
    recovered = node.recovered
    how = f"from snapshot {recovered.snapshot}" if recovered.snapshot else "from the journal alone"
    lines = [
        f"{'made' if made else 'opened'} {folder}: {node.replica.engine.account_count:,} accounts, "
        f"{recovered.replayed:,} events replayed {how}, in {took_s:.1f} s",
        f"mode {settings.enforcement.mode}: {doing}",
        f"policy {in_force.policy_mark}, model {in_force.model_mark}",
    ]
    if not len(tokens):
        lines.append(
            f"no tokens yet, so nobody can use it: tidegate token add NAME --scope ingest --data {folder}"
        )
    return lines


async def _serve(node: Node, tokens: Tokens, opened: list[Listener], folder: Path, desk: Desk | None) -> bool:
    """Until a signal or a fault; True for a fault."""
    challenges = Challenges(folder, node.keys.ticket, node.settings.challenge, node.pseudonyms)
    more = (*challenge_routes(challenges), *captcha_routes(challenges, captcha_secret(node.keys.ticket)))
    serving = Serving(node, tokens, opened, folder, _version(), more=more, now_s=node.now_s)
    challenges.start(NodeHolders(node.vault.names, serving.submit))
    node.also_forget.append(challenges.passes.forget)
    loop = asyncio.get_running_loop()
    running: set[asyncio.Task[Any]] = set()

    def start(work: Coroutine[Any, Any, None]) -> None:
        task = loop.create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)

    def stop(number: signal.Signals) -> None:
        log.info("%s: stopping; what was accepted is being finished", number.name)
        serving.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    loop.add_signal_handler(signal.SIGHUP, lambda: start(_reread_policy(node, serving, folder)))

    def ready() -> None:
        for listener in opened:
            click.echo(f"listening on {listener.words}")
        if desk is not None:
            start(asyncio.to_thread(desk.start, serving.submit_from_thread))
        sys.stdout.flush()

    try:
        await serving.run(ready)
    finally:
        if desk is not None:
            await asyncio.to_thread(desk.stop)
        await challenges.close()
    log.info("stopped: %d events in the journal", int(node.figures()["journal_sequence"]))
    return serving.faulty


async def _reread_policy(node: Node, serving: Serving, folder: Path) -> None:
    """Apply the policy file again; one with an error changes nothing, and every error is told."""
    name = node.settings.policy
    if not name:
        log.warning("SIGHUP: %s names no policy file, so there is none to read again", folder / SETTINGS_FILE)
        return
    file = folder / name
    try:
        await serving.submit(PolicyChange(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        log.error("SIGHUP: %s cannot be read: %s; the policy stays as it was", file, error)
    except RequestError as error:
        log.error("SIGHUP: %s: %s", file, error.message)
        for finding in error.errors:
            log.error("SIGHUP: %s: %s", file, finding)
    except (StorageError, Busy, Stopped) as error:
        log.error("SIGHUP: the policy stays as it was: %s", error)
    else:
        log.info("SIGHUP: %s is in force: %s", file, node.replica.in_force.policy_mark)


def _version() -> str:
    try:
        return version("tidegate")
    except PackageNotFoundError:  # run from a checkout that nobody installed
        return "0"
