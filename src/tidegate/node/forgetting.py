"""What leaves the ledger: one account that is erased, and everything that has outlived its retention."""

from tidegate.node import decision_table, settings
from tidegate.node.in_effect import InEffect
from tidegate.node.ledger_file import LedgerFile, numbers, stored

DAY_S = 86_400.0
AT_ONCE = 2_000
"""Rows of each kind that one call of :meth:`Forgetting.forget` removes at most."""
_ACTIONS_OF = (
    "delete from action where number in (select number from decision where pseudonym = ?)",
    "delete from action where pseudonym = ? and id is not null",
)
"""An action that follows from a decision is never kept longer than the decision."""


class Forgetting:
    """Removes rows, and sees to it that the file does not go on holding what was in them."""

    def __init__(self, file: LedgerFile, chosen: settings.Retention, in_effect: InEffect) -> None:
        self._file, self._chosen, self._in_effect = file, chosen, in_effect
        self._erased_in_log = False
        """The write-ahead log may still hold what was erased."""

    def erase(self, key: int, now_s: float) -> dict[str, int]:
        """Remove everything about an account. Returns how much, by kind.

        ``in_effect`` is 1 when a measure was in effect on its messenger, or may have been: nothing will end it any more
        but the messenger itself.
        """
        pseudonym = (stored(key),)
        with self._file.writing() as db:
            gone = {
                "decisions": 0,
                "actions": sum(db.execute(which, pseudonym).rowcount for which in _ACTIONS_OF),
            }
            gone["decisions"] = decision_table.erase(db, key, now_s)
            gone["rulings"] = db.execute("delete from ruling where pseudonym = ?", pseudonym).rowcount
            gone["in_effect"] = db.execute(
                "select count(*) from account where pseudonym = ? and (applied > 0 or handed > confirmed)",
                pseudonym,
            ).fetchone()[0]
            db.execute("delete from account where pseudonym = ?", pseudonym)
            self._in_effect.touch([key])
        self._erased_in_log = not self._file.overwrite_erased()
        return gone

    def forget(self, now_s: float) -> dict[str, int]:
        """Remove what was committed or settled too long ago, at most 2,000 rows of each kind. Returns how many, by kind.

        What still stands keeps its last decision and the reasons for it, however old: somebody may appeal against it.
        """
        keep = self._chosen
        gone = {"reasons": 0, "decisions": 0, "actions": 0, "rulings": 0}
        with self._file.writing() as db:
            if keep.reasons_days:
                before_s = now_s - keep.reasons_days * DAY_S
                gone["reasons"] = decision_table.drop_reasons(db, before_s, AT_ONCE)
            if keep.decisions_days:
                before_s = now_s - keep.decisions_days * DAY_S
                actions = db.execute(
                    "select number, pseudonym from action where settled < ? order by settled limit ?",
                    (before_s, AT_ONCE),
                ).fetchall()
                db.execute(
                    "delete from action where number in (select value from json_each(?))",
                    (numbers([row[0] for row in actions]),),
                )
                gone["actions"] = len(actions)
                gone["decisions"] = decision_table.drop(db, before_s, AT_ONCE)
                decision_table.drop_empty_accounts(db, {row[1] for row in actions})
                gone["rulings"] = db.execute(
                    "delete from ruling where number in (select number from ruling where time < ? order by time limit ?)",
                    (before_s, AT_ONCE),
                ).rowcount
            decision_table.drop_erased(db, now_s)
        if self._erased_in_log:
            self._erased_in_log = not self._file.overwrite_erased()
        return gone
