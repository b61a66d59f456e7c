"""What an account holder is told: plain words for each rung, without a threshold that could be tuned against.

One table, so that it can be translated as a whole. ``{until}`` stands for the end of a measure.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from tidegate.engine.rungs import Rung
from tidegate.node.enforcement import Measure


@dataclass(frozen=True, slots=True)
class _Words:
    """A sentence for a measure with an end, one for a measure without, and what can be done about it."""

    ending: str
    endless: str
    what_now: str


WHY = "This is because of how the account has been sending messages, not because of what they say."
MISTAKE = "If you think this is a mistake, ask the people who run this service to look at it."

_MEASURES: dict[Rung, _Words] = {
    Rung.WARN: _Words(
        "The way your account has been sending messages looks unusual.",
        "The way your account has been sending messages looks unusual.",
        "Nothing is limited. Please write only to people who expect to hear from you.",
    ),
    Rung.CHALLENGE: _Words(
        "Until {until} you are asked to show that you are a person before you write to somebody new.",
        "You are asked to show that you are a person before you write to somebody new.",
        "Your existing chats are not affected.",
    ),
    Rung.BUDGET: _Words(
        "Until {until} your account can write to only a few new people at a time.",
        "Your account can write to only a few new people at a time.",
        "Each of them who answers lets you write to another. Your existing chats are not affected.",
    ),
    Rung.LOCK: _Words(
        "Your account has been limited until {until}: you cannot start new chats.",
        "Your account has been limited: you cannot start new chats.",
        "Your existing chats are not affected.",
    ),
    Rung.SUSPEND: _Words(
        "Your account has been suspended until {until}: you cannot send messages.",
        "Your account has been suspended: you cannot send messages.",
        "You can still read what others send you.",
    ),
    Rung.BAN: _Words(
        "Your account has been closed until {until}.",
        "Your account has been closed.",
        "It can be opened again if somebody who runs this service finds that it should be.",
    ),
}
STATUS = "See what happened and how to appeal:"
"""What the address of the status page stands after, at the end of a notice."""
_LIFTED = "Your account is no longer limited."
_REOPENED = "Your account has been opened again and is no longer limited."
_MILDER = "Your account is limited less than before."
_UNTOLD = (Rung.ALLOW, Rung.WARN)
"""Nothing was limited, so there is no end of it to tell."""


def notice(measure: Measure, previous: Rung, status: str = "") -> str:
    """What to tell the holder of an account that now stands there and stood on ``previous`` before.

    ``status``: the address of the page about this account, told when something is limited; empty: there is none.

    Empty when there is nothing to tell: a warning that has ended, or an undo of what never took effect.
    """
    if measure.rung is Rung.ALLOW:
        if previous in _UNTOLD:
            return ""
        return _REOPENED if previous is Rung.BAN else _LIFTED
    words = _MEASURES[measure.rung]
    sentence = (
        words.endless if measure.until_s is None else words.ending.format(until=_moment(measure.until_s))
    )
    why = () if measure.rung is Rung.WARN else (WHY,)
    milder = (_MILDER,) if measure.rung < previous else ()
    page = (f"{STATUS} {status}",) if status and measure.rung not in _UNTOLD else ()
    return " ".join((*milder, sentence, *why, words.what_now, MISTAKE, *page))


def status_in(told: str) -> str:
    """The address of the status page that a notice ends with; empty when it ends with none."""
    _, found, address = told.rpartition(f"{STATUS} ")
    return address if found else ""


def _moment(time_s: float) -> str:
    """``14 March 2026, 15:05 UTC``."""
    moment = datetime.fromtimestamp(time_s, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
