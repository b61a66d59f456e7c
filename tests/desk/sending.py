"""Logs in which somebody sends in bulk: what the tests of the desk let a node hear."""

import json
import time


def bulk_sender(account: str, strangers: int = 40, *, ago_s: float = 7_200.0, step_s: float = 20.0) -> str:
    """A new account that writes to so many strangers, one after another, and some of them block and report it."""
    now = time.time() - ago_s
    lines = [
        {
            "time": now,
            "type": "register",
            "actor": account,
            "ip": "203.0.113.9",
            "device": f"device of {account}",
        }
    ]
    for number in range(strangers):
        at = now + 60 + number * step_s
        chat, target = f"{account}-{number}", f"@stranger{number}:example.org"
        lines.append(
            {
                "time": at, "type": "message", "actor": account, "target": target, "chat": chat, "members": 2,
                "size": 180, "ip": "203.0.113.9", "device": f"device of {account}",
            }
        )  # fmt: skip
        if number % 5 == 4:
            lines.append(
                {"time": at + 5, "type": "report", "actor": target, "target": account, "reason": "spam"}
            )
        elif number % 3 == 2:
            lines.append({"time": at + 5, "type": "block", "actor": target, "target": account})
    return "\n".join(json.dumps(line) for line in sorted(lines, key=lambda line: float(str(line["time"]))))
