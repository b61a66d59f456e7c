"""Everything that is held about one account, as plain data."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from tidegate.desk.accounts.life import DAYS
from tidegate.desk.appeals.models import Appeal
from tidegate.desk.audit.models import Record
from tidegate.desk.ledger.copying import moment
from tidegate.desk.ledger.models import Account, Decision, stored
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.review.models import Ruled
from tidegate.engine.rungs import Rung
from tidegate.statements.statement import pseudonym_shown

MOST_DECISIONS, MOST_OTHERS = 10_000, 1_000


def held(key: int) -> dict[str, Any]:
    """By pseudonym, without names of the people who work here. Raises StorageError."""
    row = stored(key)
    account = Account.objects.filter(pk=row).first()
    decisions = Decision.objects.filter(account_id=row).select_related("basis").order_by("-number")
    rulings = Ruled.objects.filter(account_id=row).order_by("-time")[:MOST_OTHERS]
    appeals = Appeal.objects.filter(account_id=row).order_by("-received")[:MOST_OTHERS]
    records = Record.objects.filter(about=pseudonym_shown(key)).order_by("-number")[:MOST_OTHERS]
    return {
        "pseudonym": pseudonym_shown(key),
        "account": _account(account) if account else None,
        "decisions": [_decision(one) for one in decisions[:MOST_DECISIONS]],
        "rulings": [
            {"time": _time(one.time), "verdict": one.verdict, "finding": one.finding, "note": one.note}
            for one in rulings
        ],
        "appeals": [
            {
                "received": _time(one.received),
                "language": one.language,
                "text": one.text,
                "state": str(one.state),
                "outcome": str(one.outcome),
                "decided": _time(one.decided),
                "words": one.words,
            }
            for one in appeals
        ],
        "looked_at": [{"time": _time(one.time), "did": one.did} for one in records],
        "node": _in_node(key),
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "rung": account.word,
        "until": _time(account.until),
        "first_decided": _time(account.first_decided),
        "decided": _time(account.decided),
        "decisions": account.decisions,
        "stage": account.stage,
        "score": account.score,
        "first_contacts": account.first_contacts,
        "messages": account.messages,
        "language": account.language,
    }


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "id": one.uid,
        "time": _time(one.time),
        "rung": one.word,
        "previous": Rung(one.previous).word,
        "until": _time(one.until),
        "score": one.score,
        "stage": one.stage,
        "reasons": one.reasons,
        "policy": one.basis.policy,
        "model": one.basis.model,
        "carried_out": one.acted,
        "withheld": one.withheld,
    }


def _in_node(key: int) -> dict[str, Any] | None:
    """What the engine and the journal know; None when no node runs."""
    try:
        link = node()
    except NodeAbsent:
        return None
    standing, life = link.standing(key), link.life(key, DAYS)
    campaign = standing.membership
    return {
        "known": standing.known,
        "rung": standing.rung.word,
        "until": _time(moment(standing.until_s)) if standing.until_s else None,
        "in_effect": standing.enforced.word,
        "campaign": (
            {"id": pseudonym_shown(campaign.campaign.id), "found": _time(moment(campaign.found_s))}
            if campaign
            else None
        ),
        "features": dict(link.row(key) or {}),
        "days": [asdict(day) for day in life.days],
        "used": [asdict(thing) for thing in life.things],
        "linked": [asdict(one) for one in life.linked],
        "whole_window": life.complete,
    }


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
