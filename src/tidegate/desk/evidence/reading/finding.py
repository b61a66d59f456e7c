"""Reading an exhibit: claims and identifiers in its text become proposals that a person looks at."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction

from tidegate.desk.audit.chain import DESK
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.claims import Settings, detect
from tidegate.desk.evidence.claims import weights as weights_file
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.exhibits.transcribing import text_of
from tidegate.desk.evidence.grounds import Confirmed, Strength
from tidegate.desk.evidence.identifiers import find
from tidegate.desk.evidence.reading.models import Claim, Identifier

MOST_CLAIMS, MOST_IDENTIFIERS = 500, 2_000
"""Kept of one exhibit: the strongest claims, the first identifiers."""
MOST_VALUE = 500
MOST_CHARACTERS = 1_000_000
"""Of a text that is read; it takes seconds. The text says where it was cut."""


def names() -> tuple[str, ...]:
    """What people call the messenger."""
    desk = settings.TIDEGATE
    return tuple(desk.evidence.names) or ((desk.service,) if desk.service else ())


def read(exhibit: Exhibit, who: Any = DESK) -> str:
    """Find what there is to find, once more if need be: what is there already stays as it is.

    Returns what did not work, in words.
    """
    text = text_of(exhibit)
    if not text:
        return ""
    language = exhibit.language.split("-")[0].lower() or None
    host = exhibit.address.split("/")[2] if exhibit.address.count("/") > 1 else ""
    cut = text[:MOST_CHARACTERS]
    claims = detect(cut, language=language, settings=Settings(names=names()))
    strongest = sorted(claims, key=lambda one: (-one.score, one.start))[:MOST_CLAIMS]
    found = find(cut, tld=host.rpartition(".")[2].partition(":")[0] or None, language=language)
    with transaction.atomic():
        Claim.objects.bulk_create(_claims(exhibit, strongest), ignore_conflicts=True)
        Identifier.objects.bulk_create(_identifiers(exhibit, found[:MOST_IDENTIFIERS]), ignore_conflicts=True)
        details = {"model": weights_file.shipped().digest, "claims": len(claims), "identifiers": len(found)}
        custody.add(exhibit.case, who, "read", exhibit.sha256, details)
    left = len(text) - len(cut)
    return f"The last {left:,} characters of its text were not read." if left > 0 else ""


def _claims(exhibit: Exhibit, found: Iterable[Any]) -> Iterable[Claim]:
    for one in found:
        yield Claim(
            exhibit=exhibit,
            quote=one.quote,
            start=one.start,
            end=one.end,
            sha256=one.sha256,
            language=one.language or "",
            kind=one.kind,
            stance=one.stance,
            channel=one.channel,
            strength=Strength.EXPLICIT if one.explicit else Strength.IMPLICIT,
            score=one.score,
            words=[
                {"text": word.text, "start": word.start, "weight": round(word.weight, 3)}
                for word in one.words
            ],
            model=one.model,
            state=Confirmed.PROPOSED,
        )


def _identifiers(exhibit: Exhibit, found: Iterable[Any]) -> Iterable[Identifier]:
    for one in found:
        if len(one.raw) <= MOST_VALUE and len(one.normalised) <= MOST_VALUE:
            yield Identifier(
                exhibit=exhibit,
                type=one.type,
                scheme=one.scheme,
                kind=one.kind,
                raw=one.raw,
                normalised=one.normalised,
                validity=one.validity,
                start=one.start,
                end=one.end,
            )
