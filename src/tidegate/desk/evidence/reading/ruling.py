"""A person says what a claim is, or that an identifier says nothing."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.exhibits.transcribing import text_of
from tidegate.desk.evidence.grounds import Confirmed
from tidegate.desk.evidence.reading.models import Claim, Identifier


class ReadingError(ValueError):
    """What cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person settles about a claim."""

    stance: str
    strength: str
    note: str = ""
    translation: str = ""
    translator: str = ""


def rule(person: Any, claim: Claim, state: Confirmed, said: Said | None = None) -> None:
    """Confirm a claim as ``said``, reject it, or take back what was said (``proposed``). Raises ReadingError."""
    case = claim.exhibit.case
    if not case.is_open:
        raise ReadingError(f"{case} is closed: open it again first")
    if state is Confirmed.CONFIRMED and said is None:
        raise ReadingError("a claim is confirmed with its stance and strength")
    if said is not None and said.translation and not said.translator:
        raise ReadingError("a translation names who translated")
    with transaction.atomic():
        claim.state = str(state)
        claim.reviewer = None if state is Confirmed.PROPOSED else person
        claim.reviewed = None if state is Confirmed.PROPOSED else timezone.now()
        if said is not None:
            claim.stance, claim.strength, claim.note = said.stance, said.strength, said.note
            claim.translation, claim.translator = said.translation, said.translator
        claim.save()
        words = {"confirmed": "claim confirmed", "rejected": "claim rejected"}.get(
            str(state), "claim open again"
        )
        details = {"quote": claim.sha256, "start": claim.start, "end": claim.end, "stance": claim.stance}
        custody.add(case, person, words, claim.exhibit.sha256, details | {"strength": claim.strength})
        record(person, f"claim.{state}", case.name, exhibit=claim.exhibit.number, quote=claim.sha256)


def add_quote(person: Any, exhibit: Exhibit, quote: str, said: Said) -> Claim:
    """A claim that a person found, confirmed by finding it. Raises ReadingError when the text does not have it so."""
    if not exhibit.case.is_open:
        raise ReadingError(f"{exhibit.case} is closed: open it again first")
    text = text_of(exhibit)
    start = text.find(quote)
    if not quote.strip() or start < 0:
        raise ReadingError(
            f"exhibit {exhibit.number} does not say exactly that; copy the sentence from its text, sign by sign"
        )
    with transaction.atomic():
        claim, _ = Claim.objects.get_or_create(
            exhibit=exhibit,
            start=start,
            end=start + len(quote),
            defaults={
                "quote": quote,
                "sha256": hashlib.sha256(quote.encode("utf-8", "surrogatepass")).hexdigest(),
                "language": exhibit.language,
                "kind": "bulk",
                "stance": said.stance,
                "channel": "messenger",
                "strength": said.strength,
            },
        )
        rule(person, claim, Confirmed.CONFIRMED, said)
    return claim


def ignore(person: Any, identifier: Identifier, ignored: bool) -> int:
    """Leave an identifier out of linking, or take it in again, wherever the case has it. Returns how many places."""
    case = identifier.exhibit.case
    if not case.is_open:
        raise ReadingError(f"{case} is closed: open it again first")
    same = Identifier.objects.filter(
        exhibit__case=case, kind=identifier.kind, normalised=identifier.normalised
    )
    with transaction.atomic():
        changed: int = same.update(ignored=ignored, ignored_by=person if ignored else None)
        did = "identifier ignored" if ignored else "identifier taken in again"
        details = {"kind": identifier.kind, "value": identifier.normalised, "places": changed}
        custody.add(case, person, did, "", details)
        record(
            person,
            "identifier.ignored" if ignored else "identifier.restored",
            case.name,
            kind=identifier.kind,
        )
    return changed
