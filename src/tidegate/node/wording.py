"""What a node's engine has decided, in words: with the accounts' names, and what was decided about each before."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np

from tidegate.node.replica import Decided
from tidegate.node.vault import Vault
from tidegate.statements.decision import DecisionShown
from tidegate.statements.statement import Before, statements_of

REMEMBERED = 65_536
"""Accounts whose last decision is at hand, for "the lock ended after 3 h"."""


class Wording:
    """Makes statements of decisions, in the order in which they were made. One thread."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._last: dict[int, Before] = {}
        self.decided: Counter[str] = Counter()
        """Decisions by the rung's word."""

    def statements(self, decided: Sequence[Decided]) -> tuple[list[DecisionShown], dict[int, bytes]]:
        """Statements for all decisions, and their accounts' names sealed, as far as they are known.

        Raises StorageError when names cannot be read; then nothing has changed.
        """
        if not decided:
            return [], {}
        sealed = self._vault.sealed({key for some in decided for key in some.decisions["key"].tolist()})
        names = self._vault.opened(sealed)
        made: list[DecisionShown] = []
        start = 0
        for end in range(1, len(decided) + 1):
            # Explained by the same policy, they cost less together.
            if end == len(decided) or decided[end].explainer is not decided[start].explainer:
                same = decided[start:end]
                together = (
                    same[0].decisions if len(same) == 1 else np.concatenate([some.decisions for some in same])
                )
                made += statements_of(together, names, same[0].explainer, self._last)
                start = end
        self.decided.update([statement.rung for statement in made])
        if len(self._last) > REMEMBERED:
            for key in list(islice(self._last, len(self._last) - REMEMBERED)):
                del self._last[key]
        return made, sealed

    def forget(self, key: int) -> None:
        """An account was erased."""
        self._last.pop(key, None)
