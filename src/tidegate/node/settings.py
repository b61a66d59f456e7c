"""The settings of a node: one TOML file in its folder, every value with a default."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tidegate.node.challenge.settings import ChallengeSettings

SETTINGS_FILE = "node.toml"


class Mode(StrEnum):
    """Whether decisions lead to actions."""

    SHADOW = "shadow"
    """Decide and record; act on nobody."""
    PERCENTAGE = "percentage"
    """Act on a stated share of accounts, always the same ones."""
    ENFORCE = "enforce"
    """Act on everybody."""


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A section of the file; unknown names are errors."""


class Listen(Section, frozen=True, kw_only=True):
    """Where the API is offered. Loopback unless somebody writes otherwise."""

    host: str = "127.0.0.1"
    port: int = 8470
    """0: no TCP."""
    socket: str = "node.sock"
    """Unix socket, relative to the folder; empty: none."""
    socket_mode: str = "0660"
    tls_certificate: str = ""
    tls_key: str = ""
    metrics_open: bool = False
    """Offer /metrics without a token."""


class Limits(Section, frozen=True, kw_only=True):
    """Nothing in a node is unbounded."""

    body_bytes: int = 4 << 20
    lines: int = 10_000
    queue_bytes: int = 64 << 20
    """Bodies waiting to be made durable; beyond that, 429."""
    queue_requests: int = 4_096
    batch_events: int = 65_536
    """Events made durable together."""
    clock_skew_s: float = 300.0
    """How far ahead of the node's clock an event may lie."""
    ledger_queue: int = 65_536
    """Decisions waiting for the ledger; beyond that, ingestion waits."""


class Snapshots(Section, frozen=True, kw_only=True):
    """How much would have to be replayed after a crash."""

    every_events: int = 5_000_000
    every_s: float = 600.0
    keep: int = 2


class Retention(Section, frozen=True, kw_only=True):
    """How long things are kept, in days; 0: for ever."""

    log_days: float = 30.0
    decisions_days: float = 365.0
    reasons_days: float = 180.0
    """Features and reasons of a decision; the decision itself stays for ``decisions_days``."""
    idle_days: float = 180.0
    """Accounts, networks and devices without a sign of life are forgotten."""
    vault_access_days: float = 365.0


class Enforcement(Section, frozen=True, kw_only=True):
    """How decisions become actions."""

    mode: Mode = Mode.SHADOW
    percentage: float = 100.0
    exempt: tuple[str, ...] = ()
    """Accounts that are never acted on; ``*`` at the end stands for anything."""
    attempts: int = 12
    """Then an action is a dead letter."""
    first_retry_s: float = 2.0
    longest_retry_s: float = 900.0
    lease_s: float = 30.0
    """A messenger that was handed an action and says nothing for so long is taken to have failed."""


class Breaker(Section, frozen=True, kw_only=True):
    """When acting stops although deciding goes on."""

    factor: float = 5.0
    """This many times the expected daily rate."""
    least: int = 20
    """Fewer actions than this in a day never trip it."""
    expected: dict[str, float] = msgspec.field(
        default_factory=lambda: {"challenge": 4.0, "budget": 4.0, "lock": 2.0, "suspend": 1.0, "ban": 0.5}
    )
    """Decisions per day and 1,000 accounts by rung, as a backtest of the same policy counted them."""


class Campaigns(Section, frozen=True, kw_only=True):
    """The search for accounts that act together; it needs NetworKit."""

    enabled: bool = True
    every_s: Annotated[float, msgspec.Meta(ge=10.0)] = 300.0
    """Between two looks, by the log's own time."""
    window_days: Annotated[float, msgspec.Meta(ge=1.0, le=90.0)] = 14.0
    """What lies further back is not looked at."""


class Notices(Section, frozen=True, kw_only=True):
    """What account holders are told."""

    public_url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^\s?#]+[^\s?#/])?$", max_length=200)] = ""
    """Where people reach the desk's public pages, without a slash at the end; empty: notices carry no link."""


class NodeSettings(Section, frozen=True, kw_only=True):
    """All of it."""

    listen: Listen = Listen()
    limits: Limits = Limits()
    snapshots: Snapshots = Snapshots()
    retention: Retention = Retention()
    enforcement: Enforcement = Enforcement()
    breaker: Breaker = msgspec.field(default_factory=Breaker)
    challenge: ChallengeSettings = ChallengeSettings()
    campaigns: Campaigns = Campaigns()
    notices: Notices = Notices()
    desk: dict[str, Any] = msgspec.field(default_factory=dict)
    """Of the desk, which reads them itself."""
    policy: str = ""
    """A policy file, relative to the folder; empty: the shipped one."""
    model: bool = True


class SettingsError(Exception):
    """The settings file cannot be used; the message says where and what would be right."""


def read_settings(file: Path) -> NodeSettings:
    """The settings in ``file``; the defaults when there is none. Raises :class:`SettingsError`."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return NodeSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: the settings cannot be read: {error}") from None
    try:
        return msgspec.convert(tomllib.loads(text), NodeSettings)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file}: {error}") from None
