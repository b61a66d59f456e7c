"""What stands on an account holder's page, in words of one language."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import formats

from tidegate.desk.appeals.attachments import MOST_BYTES, MOST_FILES
from tidegate.desk.appeals.grounds import PERSON, grounds_of, notices_of, rules_now
from tidegate.desk.appeals.lodging import latest_of, may_appeal
from tidegate.desk.appeals.measures import By, Measure, Measures, measures_of
from tidegate.desk.appeals.models import MOST_CHARACTERS, Appeal, Outcome, State
from tidegate.desk.appeals.service_level import DAYS, service_level
from tidegate.desk.appeals.statement_of_reasons import restricts
from tidegate.desk.appeals.texts import DEFAULT, Texts, texts
from tidegate.desk.ledger.models import Account
from tidegate.engine.rungs import Rung

EARLIER_SHOWN = 10


def holder_page(account: Account | None, language: str, now: datetime) -> dict[str, Any]:
    """For the template; ``language`` is active already. ``account``: None when nothing was ever decided about it."""
    said = texts(language)
    shared = {"accept": ".png,.jpg,.jpeg,.webp,.pdf,.txt", "most_characters": MOST_CHARACTERS}
    if account is None:
        return {**shared, "situation": said["nothing"], "form": None, "nothing_to_appeal": True}
    measures = measures_of(account, now)
    last = latest_of(account)
    may = may_appeal(measures, last, now)
    return {
        **shared,
        **_situation(measures, said, language),
        "earlier": [_earlier(one, said) for one in measures.before if one.limits][:EARLIER_SHOWN],
        "progress": None if last is None else _progress(last, said, now),
        "form": _form(said) if may.yes else None,
        "again_from": said["again_from"].format(date=moment(may.again_from)) if may.again_from else "",
        "nothing_to_appeal": measures.latest is None,
    }


def moment(time: datetime | None) -> str:
    """A time in UTC as the active language writes it."""
    return "" if time is None else f"{formats.date_format(time, 'DATETIME_FORMAT')} UTC"


def _situation(measures: Measures, said: Texts, language: str) -> dict[str, Any]:
    """What applies now, and why; of a measure that has ended, why it was."""
    now = measures.now
    about = measures.latest or now
    shown: dict[str, Any] = {"situation": said["nothing"] if now is None else said[now.word]}
    if now is not None and now.limits:
        shown |= {"since": moment(now.decision.time), "until": moment(now.until) or said["no_end"]}
    if about is not None:
        shown |= _why(about, said, language)
        shown["statement"] = about.decision.uid if restricts(about.decision) else ""
    return shown


def _why(measure: Measure, said: Texts, language: str) -> dict[str, Any]:
    rules = rules_now()
    found = measure.found
    grounds = grounds_of(found.reasons, found.stage, rules)
    if measure.by is By.PERSON and PERSON not in grounds:
        grounds.append(PERSON)
    # The policy's sentences are in the language in which its authors wrote them: English, if it is the shipped one.
    notices = notices_of(found.reasons, rules) if language == DEFAULT else []
    return {
        "grounds": [*notices, *(said[f"ground_{one}"] for one in grounds if not notices or one == PERSON)],
        "who": said[f"by_{measure.by}"],
    }


def _earlier(measure: Measure, said: Texts) -> dict[str, str]:
    return {
        "words": said[f"short_{measure.word}"],
        "since": formats.date_format(measure.decision.time, "DATE_FORMAT"),
        "until": formats.date_format(measure.until, "DATE_FORMAT") if measure.until else "",
        "statement": measure.decision.uid if restricts(measure.decision) else "",
    }


def _form(said: Texts) -> dict[str, str]:
    hours = f"{settings.TIDEGATE.appeal_hours:g}"
    return {
        "lead": said["appeal_lead"].format(hours=hours),
        "text_help": said["text_help"].format(count=formats.localize(MOST_CHARACTERS, use_l10n=True)),
        "files_help": said["files_help"].format(count=MOST_FILES, size=MOST_BYTES >> 20),
    }


def _progress(appeal: Appeal, said: Texts, now: datetime) -> dict[str, Any]:
    waiting, decided = appeal.state == State.WAITING, appeal.state == State.DECIDED
    steps = [(said["received"], moment(appeal.received))]
    if appeal.looked_at or waiting:
        steps.append((said["looked_at"], moment(appeal.looked_at)))
    steps.append(
        (said["withdrawn" if appeal.state == State.WITHDRAWN else "decided"], moment(appeal.decided))
    )
    promise = said["late"] if now > appeal.due else said["due"].format(date=moment(appeal.due))
    return {
        "number": appeal.pk,
        "waiting": waiting,
        "steps": steps,
        "promise": promise if waiting else "",
        "measured": _measured(said, now) if waiting else "",
        "text": appeal.text,
        "files": list(appeal.attachments.values_list("name", flat=True)),
        "outcome": said[appeal.outcome] if decided else "",
        "good": appeal.outcome in (Outcome.GRANTED, Outcome.PARTLY),
        "sentence": said.get(appeal.sentence, "") if decided else "",
        "words": appeal.words if decided else "",
    }


def _measured(said: Texts, now: datetime) -> str:
    """The service level as measured; empty while too few appeals were decided to say anything."""
    level = service_level(now)
    if not level.tellable or level.median_hours is None or level.share_in_time is None:
        return ""
    return said["measured"].format(
        days=DAYS,
        median=formats.localize(round(level.median_hours, 1), use_l10n=True),
        share=round(100 * level.share_in_time),
        hours=f"{settings.TIDEGATE.appeal_hours:g}",
    )


assert all(f"short_{rung.word}" in texts(DEFAULT) for rung in Rung if rung >= Rung.CHALLENGE)
