"""Finding accounts in the ledger's copy, a page at a time, and what is known of one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db.models import Q
from django.utils import timezone

from tidegate.desk.ledger.models import Account, Decision, stored
from tidegate.engine.rungs import STAGES, Rung
from tidegate.node.account_shown import Standing

PAGE = 50
DECISIONS_SHOWN = 20
LEAST_BEGINNING = 3
"""Digits of a pseudonym: with fewer, thousands would begin so."""
MOST_OF_A_BEGINNING = 200
_DIGITS = re.compile(r"[0-9a-f]{1,16}")
_PSEUDONYM_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; what is empty restricts nothing."""

    rung: Rung | None = None
    stage: str = ""
    since: date | None = None
    beginning: str = ""
    """Of the pseudonym."""
    trouble: str = ""
    """What was not understood, in words."""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Filter":
        """From the address."""
        rung, stage, since = asked.get("rung", ""), asked.get("stage", ""), asked.get("since", "")
        beginning = asked.get("pseudonym", "").strip().lower()
        trouble = ""
        if beginning and (not _DIGITS.fullmatch(beginning) or len(beginning) < LEAST_BEGINNING):
            trouble = f"A pseudonym has 16 digits from 0 to 9 and a to f; give at least the first {LEAST_BEGINNING}."
            beginning = ""
        return cls(
            rung=Rung(int(rung)) if rung in {str(int(one)) for one in Rung} else None,
            stage=stage if stage in STAGES else "",
            since=_day(since),
            beginning=beginning,
            trouble=trouble,
        )

    @property
    def asked(self) -> dict[str, str]:
        """Only what was asked for, as an address has it."""
        found = {
            "rung": "" if self.rung is None else str(int(self.rung)),
            "stage": self.stage,
            "since": self.since.isoformat() if self.since else "",
            "pseudonym": self.beginning,
        }
        return {name: value for name, value in found.items() if value}

    @property
    def whole(self) -> int | None:
        """The key, when the whole pseudonym was given."""
        return int(self.beginning, 16) if len(self.beginning) == _PSEUDONYM_DIGITS else None


def accounts(wanted: Filter, before: str) -> tuple[list[Account], str]:
    """One page, newest decision first, and what the next one begins before; empty: there is none."""
    found = Account.objects.all()
    if wanted.rung is not None:
        found = found.filter(rung=wanted.rung)
    if wanted.stage:
        found = found.filter(stage=wanted.stage)
    if wanted.since:
        found = found.filter(decided__gte=datetime.combine(wanted.since, time(), UTC))
    if wanted.beginning:
        # A range of the primary key, which is short: sorted here, so that no database reads by time instead.
        low, high = (int(wanted.beginning.ljust(_PSEUDONYM_DIGITS, end), 16) for end in "0f")
        listed = found.filter(id__gte=stored(low), id__lte=stored(high)).order_by("id")[:MOST_OF_A_BEGINNING]
        return sorted(listed, key=lambda one: one.decided, reverse=True), ""
    if mark := _mark(before):
        # The first condition is the one that an index answers.
        found = found.filter(decided__lte=mark[0]).filter(Q(decided__lt=mark[0]) | Q(id__lt=mark[1]))
    page = list(found.order_by("-decided", "-id")[: PAGE + 1])
    more = page[PAGE - 1] if len(page) > PAGE else None
    return page[:PAGE], f"{more.decided:%Y%m%dT%H%M%S.%f}_{more.pseudonym}" if more else ""


def decisions(account: Account, before: int | None) -> tuple[list[Decision], int | None]:
    """One page of its decisions, latest first, and the number that the next one begins before."""
    found = Decision.objects.filter(account=account).select_related("basis").order_by("-number")
    if before is not None:
        found = found.filter(number__lt=before)
    page = list(found[: DECISIONS_SHOWN + 1])
    return page[:DECISIONS_SHOWN], page[DECISIONS_SHOWN - 1].number if len(page) > DECISIONS_SHOWN else None


def accounts_of(keys: Iterable[int], standings: Mapping[int, Standing]) -> dict[int, Account]:
    """Rows by key; made for those about whom nothing was decided yet, so that a person can. In a transaction."""
    wanted = {stored(key): key for key in keys}
    found: dict[int, Account] = Account.objects.in_bulk(list(wanted))
    now = timezone.now()
    made = [
        Account(id=row, rung=int(standings[key].rung), decided=now, first_decided=now, stage="messaging")
        for row, key in wanted.items()
        if row not in found and key in standings
    ]
    Account.objects.bulk_create(made)
    return {account.key: account for account in (*found.values(), *made)}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _mark(before: str) -> tuple[datetime, int] | None:
    """A page's end as :func:`accounts` wrote it; anything else begins at the newest."""
    moment, _, digits = before.partition("_")
    if not _DIGITS.fullmatch(digits):
        return None
    try:
        return datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), stored(int(digits, 16))
    except ValueError:
        return None
