"""``tidegate matrix``: guard a Matrix homeserver through its official interfaces."""

import asyncio
import json
import logging
import shutil
from pathlib import Path

import click

from tidegate.cli.failures import Refused
from tidegate.cli.node_folder import data_folder
from tidegate.cli.node_log import log_to_stderr

SETTINGS = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("matrix.toml"),
    show_default=True,
    help="The settings file.",
)


@click.group("matrix")
def matrix() -> None:
    """Guard a Matrix homeserver without a module: application service, admin API, polling."""


@matrix.command("init")
@SETTINGS
@click.option("--server-name", required=True, help="The homeserver's name, as in @ann:NAME.")
@click.option(
    "--homeserver", default="http://127.0.0.1:8008", show_default=True, help="Where it answers clients."
)
def init(config: Path, server_name: str, homeserver: str) -> None:
    """Write a commented settings file."""
    from tidegate.messengers.matrix.official.example import example_settings

    if config.exists():
        raise Refused(f"{config} exists already; choose another name, or move it away.")
    try:
        config.write_text(example_settings(server_name, homeserver), "utf-8")
    except OSError as error:
        raise Refused(f"{config}: the settings cannot be written: {error.strerror}.") from None
    click.echo(f"wrote {config}; next: tidegate matrix appservice-registration --config {config}")


@matrix.command("appservice-registration")
@SETTINGS
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("tidegate-registration.yaml"), show_default=True
)
@click.option("--url", help="Where the homeserver finds this process.  [default: appservice.host and port]")
def appservice_registration(config: Path, out: Path, url: str | None) -> None:
    """Write the registration that the homeserver loads, and the two tokens if there are none yet."""
    from tidegate.messengers.matrix.official.errors import SettingsError
    from tidegate.messengers.matrix.official.registration import registration_yaml, write_secret
    from tidegate.messengers.matrix.official.settings import read_settings

    try:
        place = read_settings(config)
        service = place.settings.appservice
        text = registration_yaml(place, url or f"http://{service.host}:{service.port}")
        write_secret(out, text)
    except SettingsError as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{error.filename or out}: cannot be written: {error.strerror}.") from None
    click.echo(
        f"wrote {out}; name it in homeserver.yaml, let the homeserver read it, and restart the homeserver:\n"
        f"  app_service_config_files: [{out.absolute()}]"
    )


@matrix.command("captcha")
@data_folder
@click.option("--public-url", required=True, help="Where people reach the node's /challenge/.")
@click.option(
    "--verifier", default="http://127.0.0.1:8470", show_default=True, help="Where Synapse reaches the node."
)
@click.option(
    "--templates",
    type=click.Path(path_type=Path, file_okay=False),
    help="Copy the pages for registration into this folder, which Synapse must be able to read.",
)
def captcha(folder: Path, public_url: str, verifier: str, templates: Path | None) -> None:
    """Print what homeserver.yaml needs for a captcha of the node's own at registration; it holds a secret."""
    from tidegate.messengers.matrix.captcha import PAGE_MODULE, TEMPLATES, captcha_secret, homeserver_settings
    from tidegate.node.keys import keys_of
    from tidegate.node.requests import StorageError

    try:
        secret = captcha_secret(keys_of(folder).ticket)
        if templates is not None:
            shutil.copytree(TEMPLATES, templates, dirs_exist_ok=True)
    except StorageError as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{templates}: the pages cannot be copied: {error.strerror}.") from None
    for name, value in homeserver_settings(public_url, verifier, secret).items():
        click.echo(f"{name}: {json.dumps(value)}")
    if templates is not None:
        click.echo(
            f"modules:\n  - module: {PAGE_MODULE}\n    config:\n      templates: {templates.absolute()}"
        )


@matrix.command("run")
@SETTINGS
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def run(config: Path, log_level: str) -> None:
    """Run the adapter until it is told to stop."""
    try:
        from tidegate.messengers.matrix.official.adapter import Adapter
    except ModuleNotFoundError as error:
        raise Refused(f"{error.name} is not installed: pip install 'tidegate[matrix]'.") from None
    from tidegate.messengers.matrix.official.errors import AdapterError
    from tidegate.messengers.matrix.official.settings import read_settings

    log_to_stderr(log_level)
    # Every request of the client library would be a line with an account in it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    try:
        adapter = Adapter(read_settings(config))
        asyncio.run(adapter.run())
    except AdapterError as error:
        raise Refused(str(error)) from None
