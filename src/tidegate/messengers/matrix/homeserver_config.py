"""What a throw-away homeserver is told: everything on loopback, nothing to or from other servers."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER_NAME = "tide.test"
"""A name that can never exist outside (RFC 6761)."""
NOTICES_USER = "notices"
LOOPBACK = "127.0.0.1"

PLENTY = {"per_second": 1000, "burst_count": 10_000}
UNHURRIED: dict[str, Any] = {
    "rc_message": PLENTY,
    "rc_registration": PLENTY,
    "rc_room_creation": PLENTY,
    "rc_joins": {"local": PLENTY, "remote": PLENTY},
    "rc_joins_per_room": PLENTY,
    "rc_invites": {"per_room": PLENTY, "per_user": PLENTY, "per_issuer": PLENTY},
    "rc_login": {"address": PLENTY, "account": PLENTY},
    "rc_reports": PLENTY,
}
"""Limits out of the way. Synapse's own (a message in five seconds, a room a minute, five invites received) would stop
a conversation played faster than people type, and would stop a bulk sender before Tidegate has seen anything."""


@dataclass(frozen=True, slots=True)
class ModuleSettings:
    """A Synapse module to load, as it stands in ``homeserver.yaml``."""

    module: str
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HomeserverSettings:
    """What differs from one throw-away homeserver to the next."""

    postgres: dict[str, str] | None = None
    """How to connect to PostgreSQL; None: SQLite in the homeserver's folder."""
    modules: tuple[ModuleSettings, ...] = ()
    own_limits: bool = False
    """Keep the rate limits that Synapse comes with; else they are put out of the way."""
    more: dict[str, Any] = field(default_factory=dict)
    """Further settings of ``homeserver.yaml``; they win over ours."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one throw-away homeserver lives, and its secrets."""

    folder: Path
    port: int
    metrics_port: int
    shared_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    macaroon_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def config(self) -> Path:
        return self.folder / "homeserver.yaml"

    @property
    def log(self) -> Path:
        return self.folder / "homeserver.log"

    @property
    def sqlite(self) -> Path:
        return self.folder / "homeserver.db"


def _listener(port: int, **kind: Any) -> dict[str, Any]:
    return {"port": port, "bind_addresses": [LOOPBACK], **kind}


def homeserver_config(place: Place, settings: HomeserverSettings) -> dict[str, Any]:
    """The contents of ``homeserver.yaml``."""
    database: dict[str, Any] = {"name": "sqlite3", "args": {"database": str(place.sqlite)}}
    if settings.postgres is not None:
        pool = {"cp_min": 1, "cp_max": 5}
        database = {"name": "psycopg2", "args": {**settings.postgres, **pool}}
    client = {"names": ["client"], "compress": False}
    return {
        "server_name": SERVER_NAME,
        "public_baseurl": f"http://{LOOPBACK}:{place.port}/",
        "pid_file": str(place.folder / "homeserver.pid"),
        "listeners": [
            # x_forwarded: a client says from which address it comes, so that one machine can play many networks.
            _listener(place.port, type="http", tls=False, x_forwarded=True, resources=[client]),
            _listener(place.metrics_port, type="metrics"),
        ],
        "enable_metrics": True,
        "database": database,
        "log_config": str(place.folder / "log.yaml"),
        "media_store_path": str(place.folder / "media"),
        "signing_key_path": str(place.folder / "signing.key"),
        "registration_shared_secret": place.shared_secret,
        "macaroon_secret_key": place.macaroon_secret,
        "form_secret": place.macaroon_secret,
        "report_stats": False,
        # No other server is asked for anything or listened to.
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "enable_registration": True,
        "enable_registration_without_verification": True,
        "bcrypt_rounds": 4,  # passwords of throw-away accounts need not cost a quarter of a second each
        "server_notices": {
            "system_mxid_localpart": NOTICES_USER,
            "system_mxid_display_name": "Notices",
            "room_name": "Notices",
        },
        "modules": [{"module": m.module, "config": m.config} for m in settings.modules],
        **({} if settings.own_limits else UNHURRIED),
        **settings.more,
    }


def log_config(log: Path) -> dict[str, Any]:
    """The contents of Synapse's logging configuration: one file, written as things happen."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s [%(request)s] %(message)s"}},
        "handlers": {
            "file": {
                "class": "logging.FileHandler",
                "formatter": "plain",
                "filename": str(log),
                "encoding": "utf-8",
            }
        },
        "loggers": {"synapse.storage.SQL": {"level": "INFO"}},
        "root": {"level": "INFO", "handlers": ["file"]},
    }
