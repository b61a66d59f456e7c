"""What the kill test proves about actions: delivered at least once, in effect once, and all as the ledger wants."""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tidegate.cli.bench.kill_caller import Caller
from tidegate.cli.bench.kill_clients import Enforcer, Standing
from tidegate.cli.bench.kill_proof import Broken
from tidegate.engine.rungs import Rung
from tidegate.node.database import opened
from tidegate.node.ledger_file import FILE as LEDGER
from tidegate.node.ledger_file import SCHEMA, pseudonym_of
from tidegate.statements.decision import rfc3339

SETTLED_WITHIN_S = 30.0
LOOK_AGAIN_S = 0.1
SHOWN = 3
"""Differences that a failure lists."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What went out to the messenger."""

    actions: int
    """That the ledger entered."""
    delivered: int
    """Of them, that the messenger was handed at least once; the others were superseded before."""
    deliveries: int
    changes: int
    """Deliveries that changed anything."""
    standing: int
    """Accounts above allow at the end."""


def effects(
    folder: Path, enforcer: Enforcer, key: Callable[[str], int], erased: set[str], caller: Caller
) -> Effects:
    """Wait until nothing is left to do, and compare messenger and ledger. The node is running. Raises Broken.

    ``key``: pseudonym of an account. ``erased``: accounts that the ledger has forgotten, while the messenger has not.
    """
    until_s = time.monotonic() + SETTLED_WITHIN_S
    while differences := _differences(folder, enforcer.standing, key, erased) or _told_otherwise(
        enforcer, erased, caller
    ):
        if time.monotonic() > until_s:
            raise Broken(
                f"{len(differences)} accounts do not stand where the ledger wants them after "
                f"{SETTLED_WITHIN_S:.0f} s: {'; '.join(differences[:SHOWN])}"
            )
        time.sleep(LOOK_AGAIN_S)
    return _exactly_once(folder, enforcer)


def _differences(
    folder: Path, standing: dict[str, Standing], key: Callable[[str], int], erased: set[str]
) -> list[str]:
    """Accounts that are not, or not yet, where the last decision about them puts them."""
    db = _ledger(folder)
    try:
        waiting = db.execute("select count(*) from action where state = 'due'").fetchone()[0]
        rows = db.execute("select pseudonym, decided, decided_until from account").fetchall()
    finally:
        db.close()
    wanted = {pseudonym_of(row[0]): Standing(Rung(row[1]).word, rfc3339(row[2])) for row in rows}
    actual = {key(name): one for name, one in standing.copy().items()}
    forgotten = {key(name) for name in erased}
    nowhere = Standing("allow", None)
    found = [
        f"{account:016x} stands on {actual.get(account, nowhere)}, decided was {wanted.get(account, nowhere)}"
        for account in (wanted.keys() | actual.keys()) - forgotten
        if actual.get(account, nowhere) != wanted.get(account, nowhere)
    ]
    return [f"{waiting} actions wait", *found] if waiting else found


def _told_otherwise(enforcer: Enforcer, erased: set[str], caller: Caller) -> list[str]:
    """Accounts about which a messenger that starts without a memory would be told something else, or not told yet."""
    _, answer = caller.ask("GET", "/v1/standing")
    told = {one["account"]: Standing(one["rung"], one["until"]) for one in answer["standing"]}
    actual = enforcer.standing.copy()
    return [
        f"{name}: /v1/standing says {told.get(name)}, in effect is {actual.get(name)}"
        for name in (told.keys() | actual.keys()) - erased
        if told.get(name) != actual.get(name)
    ]


def _exactly_once(folder: Path, enforcer: Enforcer) -> Effects:
    db = _ledger(folder)
    try:
        rows = db.execute(
            "select coalesce(action.id, decision.id), action.number, state from action "
            "left join decision on decision.number = action.decision"
        ).fetchall()
    finally:
        db.close()
    numbers = {identifier: number for identifier, number, _ in rows}
    for identifier, _, state in rows:
        if state in ("dead", "held"):
            raise Broken(f"action {identifier} is {state}")
        if state == "done" and not enforcer.delivered[identifier]:
            raise Broken(f"action {identifier} is taken for done and was never delivered")
    for identifier, count in enforcer.changed.items():
        if count > 1:
            raise Broken(f"action {identifier} took effect {count} times")
    for account, order in enforcer.order.items():
        kept = [numbers[identifier] for identifier in order if identifier in numbers]
        if kept != sorted(kept):
            raise Broken(f"actions about {account} took effect out of order: {json.dumps(kept)}")
    return Effects(
        actions=len(rows),
        delivered=sum(identifier in enforcer.delivered for identifier in numbers),
        deliveries=enforcer.delivered.total(),
        changes=enforcer.changed.total(),
        standing=len(enforcer.standing),
    )


def _ledger(folder: Path) -> sqlite3.Connection:
    return opened(folder / LEDGER, SCHEMA, read_only=True)
