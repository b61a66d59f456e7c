"""Time stamps: which authorities are asked, and their tokens kept."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import DESK
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case, HeadStamp
from tidegate.desk.evidence.custody.authorities import Authority, NoAnswerError, over_http, stamp
from tidegate.desk.evidence.exhibits.kept import bytes_of, keep
from tidegate.desk.evidence.exhibits.models import Exhibit, Stamp
from tidegate.desk.settings import AuthoritySettings


def authorities() -> list[Authority]:
    """As the settings name them. Raises OSError when a file of roots is not there, ValueError for a bad address."""
    return [_authority(one, Path(settings.TIDEGATE_FOLDER)) for one in settings.TIDEGATE.evidence.authorities]


@lru_cache(maxsize=8)
def _authority(one: AuthoritySettings, folder: Path) -> Authority:
    return over_http(one.name, one.url, Path(folder, one.roots).read_bytes())


def stamp_exhibit(exhibit: Exhibit, asked: list[Authority] | None = None) -> str:
    """Have its raw bytes stamped by everybody who has not done so yet. Returns what did not work, in words."""
    try:
        asked = authorities() if asked is None else asked
    except (OSError, ValueError) as error:
        return f"Not stamped: the settings of an authority are wrong: {error}"
    troubles = []
    done = set(exhibit.stamps.values_list("authority", flat=True))
    for authority in asked:
        if authority.name in done:
            continue
        try:
            made = stamp(authority, bytes_of(exhibit.sha256))
        except NoAnswerError as error:
            troubles.append(str(error))
            continue
        with transaction.atomic():
            Stamp.objects.create(
                exhibit=exhibit, authority=made.authority, at=made.at, token=keep(made.token)
            )
            custody.add(
                exhibit.case,
                DESK,
                "stamped",
                exhibit.sha256,
                {"authority": made.authority, "at": made.at.isoformat()},
            )
    return "; ".join(troubles)


def stamp_head(case: Case, asked: list[Authority] | None = None) -> list[HeadStamp]:
    """Have the end of a case's chain stamped, as ``NUMBER:DIGEST`` and a newline. Raises NoAnswerError."""
    events = custody.chain(case)
    if not events:
        return []
    last = events[-1]
    made = []
    for authority in authorities() if asked is None else asked:
        one = stamp(authority, f"{last.number}:{last.digest}\n".encode("ascii"))
        made.append(
            HeadStamp.objects.create(
                case=case,
                number=last.number,
                digest=last.digest,
                authority=one.authority,
                at=one.at,
                token=keep(one.token),
            )
        )
    return made


def heads_due() -> list[Any]:
    """Open cases whose chain has grown since the last stamp of its end, which is a day old or older."""
    if not settings.TIDEGATE.evidence.authorities:
        return []
    day_ago = timezone.now() - timedelta(days=1)
    due = []
    for case in Case.objects.exclude(stage="closed").order_by("pk")[:1_000]:
        last = case.head_stamps.order_by("-number").first()
        grown = case.custody.order_by("-number").values_list("number", flat=True).first() or 0
        if grown and (last is None or (last.number < grown and last.at < day_ago)):
            due.append(case)
    return due
