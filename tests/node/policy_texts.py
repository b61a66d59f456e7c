"""Small policies and a small log for tests that compare policies on a node."""

import json

DAY_S = 86_400
MIDNIGHT_S = 1_767_225_600  # 1 January 2026
NOW_S = float(MIDNIGHT_S + 2 * DAY_S)
_LADDER = """\
name = "{name}"
version = "1"
[randomisation]
spread = 0.0
period = "1d"
[ladder]
warn = {{ durations = ["1d"] }}
challenge = {{ durations = ["30d"] }}
budget = {{ durations = ["30d"] }}
lock = {{ durations = ["30d"] }}
suspend = {{ durations = ["30d"] }}

[[rule]]
name = "many-strangers"
stage = ["messaging"]
when = "strangers_1h >= {strangers}"
family = "first contact"
rung = "{rung}"
reason = "Wrote to {{strangers_1h}} strangers in about an hour."
notice = "Your account wrote to many new people."
"""


def policy_text(name: str, strangers: object, rung: str = "lock") -> str:
    """Acts on whoever writes to so many strangers within an hour."""
    return _LADDER.format(name=name, strangers=strangers, rung=rung)


LAX, FIRM = policy_text("lax", 50), policy_text("firm", 20, "challenge")


def sender(name: str, strangers: int, start: float, answered: int = 0) -> list[tuple[float, str, str]]:
    """Writes to so many strangers, one every ten seconds; the first ``answered`` of them write back."""
    sent = [(start + 10 * i, name, f"{name}-{i}") for i in range(strangers)]
    return sent + [(start + 10 * i + 4, f"{name}-{i}", name) for i in range(answered)]


def first_day() -> bytes:
    """Somebody writes to many strangers."""
    return lines(sender("flood", 80, MIDNIGHT_S + 3600))


def second_day() -> bytes:
    """Several write to a middling number, and are answered more or less."""
    began = MIDNIGHT_S + DAY_S
    talk = sender("silent", 30, began + 3600)
    talk += sender("organiser", 30, began + 7200, answered=25)
    talk += sender("friendly", 30, began + 10_800, answered=9)
    return lines(talk + sender("quiet", 3, began + 3600))


def lines(talk: list[tuple[float, str, str]]) -> bytes:
    """As a messenger delivers it."""
    return b"".join(
        json.dumps({"time": at, "type": "message", "actor": actor, "target": target}).encode() + b"\n"
        for at, actor, target in sorted(talk)
    )
