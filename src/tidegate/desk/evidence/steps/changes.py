"""What has changed since a determination froze what was held, in words. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tidegate.desk.evidence.custody.canonical_json import canonical
from tidegate.desk.evidence.grounds import Facts, RuleSet

MOST = 40
"""Changes told; beyond that their number."""
_Row = Mapping[str, Any]


def changes(frozen: str, facts: Facts, rules: RuleSet) -> list[str]:
    """One sentence each; empty when nothing has. ``frozen``: the inputs of a determination."""
    then = json.loads(frozen)
    now = json.loads(
        canonical({"rules": rules, "rules_sha256": [rule.sha256 for rule in rules.rules], "facts": facts})
    )
    if then == now:
        return []
    told: list[str] = []
    if {**then, "facts": None} != {**now, "facts": None}:
        told.append("The rules of the notice are another version, or were corrected.")
    told += _facts(then["facts"], now["facts"])
    if not told:
        told.append("The same things are held in another order.")
    if len(told) > MOST:
        told = [*told[:MOST], f"And {len(told) - MOST} more."]
    return told


def _facts(then: _Row, now: _Row) -> list[str]:
    told = []
    for field, words in (
        ("subject", "The subject is now {1}, it was {0}."),
        ("role", "The subject is now {1}, it was {0}."),
        ("account", "The account of the case is now {1}, it was {0}."),
        ("subject_id", "The facts are about {1}, they were about {0}."),
    ):
        if then[field] != now[field]:
            told.append(words.format(then[field] or "none", now[field] or "none"))
    before, after = then["account_signals"], now["account_signals"]
    told += [f"A signal about the account is new: {one}." for one in after if one not in before]
    told += [f"A signal about the account is gone: {one}." for one in before if one not in after]
    told += _rows(then["links"], now["links"], ("id",), _link)
    told += _rows(then["exhibits"], now["exhibits"], ("sha256", "observed_at"), _exhibit)
    told += _rows(then["findings"], now["findings"], ("account", "signal", "abuse_at"), _finding)
    told += _rows(then["claims"], now["claims"], ("exhibit", "quote_sha256"), _claim)
    return told


def _rows(then: list[_Row], now: list[_Row], key: tuple[str, ...], name: Callable[[_Row], str]) -> list[str]:
    """What is new, gone and other, by their keys."""
    before = {tuple(row[part] for part in key): row for row in then}
    after = {tuple(row[part] for part in key): row for row in now}
    told = [f"New: {name(after[one])}." for one in after if one not in before]
    told += [f"Gone: {name(before[one])}." for one in before if one not in after]
    for one, row in after.items():
        if one in before and before[one] != row:
            parts = [
                f"{field.replace('_', ' ')} is now {_shown(row[field])}, it was {_shown(before[one][field])}"
                for field in row
                if row[field] != before[one][field]
            ]
            told.append(f"Changed: {name(row)}: {'; '.join(parts)}.")
    return told


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "nothing"
    return str(value) if value not in (None, "") else "nothing"


def _link(row: _Row) -> str:
    return f"link {row['id']} by {', '.join(row['reasons'])} ({row['state']})"


def _exhibit(row: _Row) -> str:
    seen = f"observed {row['observed_at']}" if row["observed_at"] else "undated"
    return f"exhibit {row['sha256'][:12]}, {seen}"


def _finding(row: _Row) -> str:
    return f"finding about {row['account']} of {row['abuse_at']}"


def _claim(row: _Row) -> str:
    return f"quote {row['quote_sha256'][:12]} in exhibit {row['exhibit'][:12]} ({row['state']})"
