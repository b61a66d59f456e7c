"""The node's words to this module: rungs, standings, actions. Read from JSON, checked once, here."""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote


class Rung(enum.IntEnum):
    """The ladder, weakest first."""

    ALLOW = 0
    WARN = 1
    CHALLENGE = 2
    BUDGET = 3
    LOCK = 4
    SUSPEND = 5
    BAN = 6

    @property
    def word(self) -> str:
        """As the node writes it."""
        return self.name.lower()


class NotUnderstoodError(Exception):
    """The node said something this module does not know."""


@dataclass(frozen=True, slots=True)
class Action:
    """This account shall now stand on this rung."""

    account: str
    rung: Rung
    until_s: float = math.inf
    """Unix seconds; infinite when there is no end."""
    notice: str = ""
    """Words for the account holder."""
    id: str = ""
    """Empty: a standing that was read, not an action that waits to be confirmed."""

    def has_ended(self, now_s: float) -> bool:
        """Whether its time is over."""
        return self.until_s <= now_s


def read_action(fields: Mapping[str, Any]) -> Action:
    """An action or a standing as the node's JSON gives it; raises :class:`NotUnderstoodError`."""
    account, rung, notice = fields.get("account"), fields.get("rung"), fields.get("notice")
    if not isinstance(account, str) or not account:
        raise NotUnderstoodError(f"an action without an account: {sorted(fields)}")
    if not isinstance(rung, str) or rung.upper() not in Rung.__members__:
        known = ", ".join(one.word for one in Rung)
        raise NotUnderstoodError(f"unknown rung {rung!r} for {account}; this module knows {known}")
    return Action(
        account,
        Rung[rung.upper()],
        _seconds(fields.get("until")),
        notice if isinstance(notice, str) else "",
        str(fields.get("id") or ""),
    )


@dataclass(frozen=True, slots=True)
class Challenge:
    """Where an account holder can show that they are a person."""

    address: str
    until_s: float


def read_challenge(fields: Mapping[str, Any], template: str) -> Challenge | None:
    """The node's challenge, at the operator's address when ``template`` names one; None when there is no address.

    Raises :class:`NotUnderstoodError`.
    """
    ticket, url = fields.get("ticket"), fields.get("url")
    if template and isinstance(ticket, str):
        url = template.replace("{ticket}", quote(ticket, safe=""))
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    return Challenge(url, _seconds(fields.get("expires")))


def _seconds(until: object) -> float:
    if until is None:
        return math.inf
    if isinstance(until, int | float) and not isinstance(until, bool):
        return float(until)
    try:
        return datetime.fromisoformat(str(until)).timestamp()
    except ValueError:
        raise NotUnderstoodError(f"an end that is no RFC 3339 time: {until!r}") from None
