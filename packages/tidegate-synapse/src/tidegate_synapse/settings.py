"""What an operator writes under ``config:`` in ``homeserver.yaml``, checked when Synapse reads it."""

import difflib
import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

_USER_PATTERN = re.compile(r"@[^:\s]+:\S+|@\S*\*\S*")


class SettingsError(Exception):
    """The settings cannot be used; ``name`` is the setting, the message says what would be right."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _node(value: object) -> str:
    text = _text(value).rstrip("/")
    if text.startswith("unix:"):
        text = text.removeprefix("unix:")
    if text.startswith(("/", "http://", "https://")) and text not in ("http:", "https:", ""):
        return text
    raise ValueError(
        "must be the path of a Unix socket (/var/lib/tidegate/node.sock) or an address (http://127.0.0.1:8470)"
    )


def _file(value: object) -> str:
    text = _text(value)
    if not text.startswith("/"):
        raise ValueError("must be an absolute path, such as /etc/tidegate/synapse.token")
    return text


def _name(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[!-~]{0,64}", text):
        raise ValueError("must be a word of at most 64 visible ASCII characters")
    return text


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _users(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(one, str) and _USER_PATTERN.fullmatch(one) for one in value
    ):
        raise ValueError('must be a list of user ids such as "@ann:example.org" or "@bot*:example.org"')
    return tuple(value)


def _user(value: object) -> str:
    text = _text(value)
    if text and ("*" in text or not _USER_PATTERN.fullmatch(text)):
        raise ValueError("must be one full user id, such as @notices:example.org")
    return text


def _template(value: object) -> str:
    text = _text(value)
    if text and (not text.startswith(("https://", "http://")) or "{ticket}" not in text):
        raise ValueError("must be an address with {ticket} in it: https://example.org/challenge/{ticket}")
    return text


def _whole(least: int, most: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least:,} to {most:,}")
        return value

    return check


def _setting(check: Callable[[object], Any], **rest: Any) -> Any:
    return field(metadata={"check": check}, **rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; only ``node`` and ``token_file`` are required."""

    node: str = _setting(_node)
    """Path of the node's Unix socket, or ``http(s)://host:port``."""
    token_file: str = _setting(_file)
    """File with a token of the node that has the scopes ``ingest`` and ``act``; read again when refused."""
    name: str = _setting(_name, default="")
    """Name of this source at the node; empty: the server's name."""
    exempt: tuple[str, ...] = _setting(_users, default=())
    """Users on whom no measure is ever applied; ``*`` stands for anything. Server admins always are."""
    first_contacts_per_day: int = _setting(_whole(0, 1000), default=5)
    """People a budgeted account may write to for the first time within any 24 hours."""
    messages_per_minute: int = _setting(_whole(1, 10_000), default=20)
    """Messages a budgeted account may send in a minute, to anybody."""
    challenge_url: str = _setting(_template, default="")
    """Where a challenge is solved; empty: the address the node gives with the ticket."""
    notices_from: str = _setting(_user, default="")
    """Local user who sends notices where ``server_notices`` are not configured."""
    redact_on_ban: bool = _setting(_flag, default=False)
    """Redact what a banned account has sent. Not undone by an appeal."""
    log_out_on_ban: bool = _setting(_flag, default=True)
    """Delete a banned account's devices and tokens. Not undone by an appeal: the holder logs in anew."""
    backlog_lines: int = _setting(_whole(1_000, 10_000_000), default=100_000)
    """Lines kept while the node is away; beyond that the oldest are dropped."""
    flush_interval_ms: int = _setting(_whole(1, 60_000), default=100)
    """How long a line waits for company."""
    flush_lines: int = _setting(_whole(1, 10_000), default=200)
    """So many lines are sent without waiting any longer."""
    rooms_remembered: int = _setting(_whole(100, 1_000_000), default=20_000)
    """Rooms whose members are kept in memory."""

    def is_exempt(self, user: str) -> bool:
        """Whether the operator has excluded this user from measures."""
        return any(fnmatch.fnmatchcase(user, pattern) for pattern in self.exempt)


_CHECKS: dict[str, Callable[[object], Any]] = {one.name: one.metadata["check"] for one in fields(Settings)}
_REQUIRED = ("node", "token_file")


def read_settings(config: Mapping[str, Any]) -> Settings:
    """The settings in ``config``; raises :class:`SettingsError` naming the first that cannot be used."""
    for name in config:
        if name not in _CHECKS:
            nearest = difflib.get_close_matches(str(name), _CHECKS, n=1)
            hint = f"did you mean {nearest[0]}? " if nearest else ""
            raise SettingsError(
                str(name), f"there is no setting {name!r}; {hint}The settings are {', '.join(_CHECKS)}"
            )
    for name in _REQUIRED:
        if name not in config:
            raise SettingsError(name, f"{name} is required; README.md of tidegate-synapse shows both lines")
    values = {}
    for name, value in config.items():
        try:
            values[name] = _CHECKS[name](value)
        except ValueError as error:
            raise SettingsError(name, f"{name} {error}, not {value!r}") from None
    return Settings(**values)
