"""Small policies and senders for the tests of rollouts, backtests and shadows."""

import json
import time

_TEXT = """\
name = "{name}"
version = "{version}"
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


def policy_text(name: str, strangers: object, rung: str = "lock", version: str = "1") -> str:
    """Acts on whoever writes to so many strangers within an hour."""
    return _TEXT.format(name=name, strangers=strangers, rung=rung, version=version)


LAX, FIRM = policy_text("lax", 50), policy_text("firm", 20, "challenge")
BANS = policy_text("bans", 60, "ban")


def senders(names: list[str], strangers: int, ago_s: float = 3_000.0) -> str:
    """Each writes to so many strangers, one every second, at the same time."""
    began = time.time() - ago_s
    lines = [
        {"time": began + at, "type": "message", "actor": name, "target": f"{name}-{ago_s:.0f}-{at}"}
        for at in range(strangers)
        for name in names
    ]
    return "\n".join(map(json.dumps, lines))
