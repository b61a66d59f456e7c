"""What this module has done to which account, kept in Synapse's database.

With it a suspension or lock that an admin set by hand is never lifted by us, restrictions bind again at once when
Synapse starts without the node, and a notice is not sent twice. Account data would not do: users read and write theirs.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from synapse.module_api import ModuleApi

from tidegate_synapse.rungs import Action, Rung

TABLE = "tidegate_measures"

_CREATE = f"""
    CREATE TABLE IF NOT EXISTS {TABLE} (
        user_id TEXT NOT NULL PRIMARY KEY,
        rung TEXT NOT NULL,
        until_ms BIGINT,
        notice TEXT NOT NULL,
        action_id TEXT NOT NULL,
        noticed_id TEXT NOT NULL,
        suspended SMALLINT NOT NULL,
        locked SMALLINT NOT NULL
    )
"""
_COLUMNS = "user_id, rung, until_ms, notice, action_id, noticed_id, suspended, locked"
_SAVE = f"""
    INSERT INTO {TABLE} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (user_id) DO UPDATE SET rung = excluded.rung, until_ms = excluded.until_ms,
        notice = excluded.notice, action_id = excluded.action_id, noticed_id = excluded.noticed_id,
        suspended = excluded.suspended, locked = excluded.locked
"""


@dataclass(slots=True)
class Record:
    """One account."""

    account: str
    rung: Rung = Rung.ALLOW
    until_s: float = math.inf
    notice: str = ""
    action_id: str = ""
    """The last action that was carried out completely."""
    noticed_id: str = ""
    """The last action whose notice was sent."""
    suspended: bool = False
    """It is us who suspended the account."""
    locked: bool = False
    """It is us who locked it."""

    def stands(self, action: Action) -> bool:
        """Whether this is what the action asks for."""
        return self.rung == action.rung and self.until_s == action.until_s

    def is_empty(self) -> bool:
        """Nothing is left to remember."""
        return self.rung <= Rung.WARN and not self.suspended and not self.locked


class Applied:
    """The table, and its rows in memory."""

    def __init__(self, api: ModuleApi) -> None:
        self._api = api
        self._records: dict[str, Record] = {}

    async def load(self) -> None:
        """Make the table if need be, drop the rows of accounts that are free, and read the rest."""

        def transaction(txn: Any) -> list[tuple[Any, ...]]:
            txn.execute(_CREATE)
            txn.execute(f"DELETE FROM {TABLE} WHERE rung = 'allow' AND suspended = 0 AND locked = 0")
            txn.execute(f"SELECT {_COLUMNS} FROM {TABLE}")
            return list(txn.fetchall())

        rows = await self._api.run_db_interaction("tidegate_load_measures", transaction)
        for account, rung, until_ms, notice, action_id, noticed_id, suspended, locked in rows:
            self._records[account] = Record(
                account,
                Rung[rung.upper()],
                math.inf if until_ms is None else until_ms / 1000,
                notice,
                action_id,
                noticed_id,
                bool(suspended),
                bool(locked),
            )

    def get(self, account: str) -> Record:
        """What is known of an account; an empty record when nothing is."""
        return self._records.get(account) or Record(account)

    def all(self) -> Iterable[Record]:
        """Every record."""
        return list(self._records.values())

    async def save(self, record: Record) -> None:
        """Write one record down. That of a free account is kept until the next start, for its action's id."""

        def transaction(txn: Any) -> None:
            until_ms = round(record.until_s * 1000) if math.isfinite(record.until_s) else None
            txn.execute(
                _SAVE,
                (
                    record.account,
                    record.rung.word,
                    until_ms,
                    record.notice,
                    record.action_id,
                    record.noticed_id,
                    int(record.suspended),
                    int(record.locked),
                ),
            )

        await self._api.run_db_interaction("tidegate_save_measure", transaction)
        self._records[record.account] = record

    async def tidy(self, record: Record) -> None:
        """Forget an empty record."""

        def transaction(txn: Any) -> None:
            txn.execute(f"DELETE FROM {TABLE} WHERE user_id = ?", (record.account,))

        await self._api.run_db_interaction("tidegate_forget_measure", transaction)
        self._records.pop(record.account, None)
