"""What acting on several accounts would change, account by account, and a seal on it.

What is confirmed is what was shown: the seal carries the question and a digest of the answer. When anything has changed
since, the digest differs and the preview is shown again.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core import signing
from django.utils import timezone

from tidegate.desk.accounts.forms import CHANGE, LABEL, OVERTURN
from tidegate.desk.ledger.models import Account, stored
from tidegate.desk.node_link import node
from tidegate.desk.review.models import Case, Ruled
from tidegate.engine.rungs import Rung
from tidegate.statements.statement import pseudonym_shown

_SALT = "tidegate.campaigns.preview"
CONFIRM_WITHIN_S = 900


@dataclass(frozen=True, slots=True)
class Question:
    """Who is to be acted on, and how."""

    campaign: int
    keys: tuple[int, ...]
    verdict: str
    rung: Rung | None
    duration_s: float | None
    finding: str
    note: str


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen to one account."""

    key: int
    now: Rung
    until: datetime | None
    then: Rung
    skipped: str
    """Why nothing would happen, in words; empty: it would."""


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it."""

    question: Question
    changes: Sequence[Change]

    @property
    def acted_on(self) -> list[Change]:
        return [change for change in self.changes if not change.skipped]

    @property
    def skipped(self) -> list[tuple[str, int]]:
        """Reasons and how many accounts each keeps out, most first."""
        return Counter(change.skipped for change in self.changes if change.skipped).most_common()

    def sealed(self, person: Any) -> str:
        """For the form that confirms it; nobody else can use it."""
        asked = self.question
        state = {
            "campaign": pseudonym_shown(asked.campaign),
            "keys": [pseudonym_shown(key) for key in asked.keys],
            "verdict": asked.verdict,
            "rung": None if asked.rung is None else int(asked.rung),
            "duration_s": asked.duration_s,
            "finding": asked.finding,
            "note": asked.note,
            "digest": self.digest,
            "by": person.pk,
        }
        return signing.dumps(state, salt=_SALT, compress=True)

    @property
    def digest(self) -> str:
        """Of what would change for whom."""
        rows = [
            (change.key, int(change.now), change.until.timestamp() if change.until else None, change.skipped)
            for change in self.changes
        ]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def opened(sealed: str, person: Any) -> tuple[Question, str]:
    """The question, and the digest of what was shown. Raises BadSignature when it is too old, changed, or another's."""
    state = signing.loads(sealed, salt=_SALT, max_age=CONFIRM_WITHIN_S)
    if state["by"] != person.pk:
        raise signing.BadSignature("it was made for somebody else")
    rung = state["rung"]
    return (
        Question(
            campaign=int(state["campaign"], 16),
            keys=tuple(int(key, 16) for key in state["keys"]),
            verdict=state["verdict"],
            rung=None if rung is None else Rung(rung),
            duration_s=state["duration_s"],
            finding=state["finding"],
            note=state["note"],
        ),
        state["digest"],
    )


def preview(question: Question, person: Any) -> Preview:
    """As things stand now, for this person: three queries, one look at the node. Raises NodeAbsent or StorageError."""
    accounts: Mapping[int, Account] = Account.objects.in_bulk([stored(key) for key in question.keys])
    legitimate, taken = _found_legitimate(accounts), _taken_by_others(accounts, person)
    exempt = node().exempt(question.keys)
    changes = []
    for key in question.keys:
        row = stored(key)
        change = _change(question, key, accounts.get(row), row in legitimate, exempt)
        if row in taken and not change.skipped:
            change = replace(change, then=change.now, skipped="somebody else has taken its case")
        changes.append(change)
    return Preview(question, changes)


def _change(
    asked: Question, key: int, account: Account | None, legitimate: bool, exempt: Collection[int]
) -> Change:
    now = Rung(account.rung) if account else Rung.ALLOW
    then = {CHANGE: asked.rung or now, OVERTURN: Rung.ALLOW, LABEL: now}[asked.verdict]
    skipped = ""
    if asked.verdict == CHANGE:
        if key in exempt:
            skipped = "exempt by the node's settings"
        elif legitimate:
            skipped = "a person found it legitimate"
        elif now > then:
            skipped = "stands on a stronger rung"
        elif now == then:
            skipped = "stands there already"
    elif asked.verdict == OVERTURN and now is Rung.ALLOW:
        skipped = "nothing to undo"
    elif asked.verdict == LABEL and asked.finding == "abusive" and legitimate:
        skipped = "a person found it legitimate"
    return Change(key, now, account.until if account else None, now if skipped else then, skipped)


def _found_legitimate(rows: Collection[int]) -> set[int]:
    """Accounts about which the last person who ruled found nothing wrong."""
    found = Ruled.objects.filter(account_id__in=list(rows)).order_by("time", "pk")
    last = dict(found.values_list("account_id", "finding"))  # the last of each stays
    return {row for row, finding in last.items() if finding == "legitimate"}


def _taken_by_others(rows: Collection[int], person: Any) -> set[int]:
    """Accounts whose case somebody else is looking at."""
    held = Case.objects.filter(account_id__in=list(rows), state="open", locked_until__gt=timezone.now())
    return set(held.exclude(locked_by=person).values_list("account_id", flat=True))
