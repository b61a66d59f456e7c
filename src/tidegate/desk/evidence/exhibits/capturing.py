"""Capturing a source: asked politely, kept as it came, and what came of it written down."""

import ipaddress
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tidegate import __version__
from tidegate.desk.evidence.capture.fetching import Fetched, Fetcher
from tidegate.desk.evidence.capture.refusals import CaptureError, GoneError, RefusedError
from tidegate.desk.evidence.capture.robots import Robots
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.custody.clocks import http_date
from tidegate.desk.evidence.custody.warc import WarcError, warc_of
from tidegate.desk.evidence.exhibits.intake import (
    TOOL,
    IntakeError,
    Taken,
    make_ready,
    same_as_before,
    take_in,
)
from tidegate.desk.evidence.exhibits.models import Attempt, Source

MOST_WORDS = 500


@lru_cache(maxsize=4)
def _fetcher(networks: tuple[str, ...], service: str, contact: str) -> Fetcher:
    about = "; ".join(one for one in (f"captures evidence for {service or 'a messenger'}", contact) if one)
    name = f"Tidegate/{__version__} ({about})"
    ascii_name = name.encode("ascii", "replace").decode("ascii")
    return Fetcher(ascii_name, tuple(ipaddress.ip_network(one) for one in networks))


def fetcher() -> Fetcher:
    """As the settings say. Raises ValueError for a network that is none."""
    desk = settings.TIDEGATE
    return _fetcher(tuple(desk.evidence.networks), desk.service, desk.contact)


@lru_cache(maxsize=4)
def _robots(by: Fetcher) -> Robots:
    return Robots(by)


def capture(source: Source, who: Any) -> Attempt:
    """Look at a source once. Never raises for what the other side does: the attempt says it."""
    by = fetcher()
    try:
        fetched = by.fetch(source.address, None if source.despite_robots else _robots(by).require)
        ready = make_ready(source.case, _taken(source, fetched))
    except GoneError as gone:
        return _gone(source, who, str(gone))
    except RefusedError as refused:
        return _attempt(source, Attempt.Outcome.REFUSED, str(refused))
    except (CaptureError, IntakeError, WarcError) as failed:
        return _attempt(source, Attempt.Outcome.FAILED, str(failed))
    with transaction.atomic():
        try:
            exhibit = take_in(source.case, who, ready, source)
        except IntakeError as error:
            return _attempt(source, Attempt.Outcome.FAILED, str(error))
        outcome = str(Attempt.Outcome.UNCHANGED if same_as_before(exhibit) else Attempt.Outcome.CAPTURED)
        words = f"by way of {' and '.join(fetched.hops[:-1])}" if len(fetched.hops) > 1 else ""
        if source.despite_robots:
            words = f"{words}; despite robots.txt: {source.despite_robots}".lstrip("; ")
        return _attempt(source, outcome, words, exhibit)


def _taken(source: Source, fetched: Fetched) -> Taken:
    """Raises WarcError."""
    exchange = fetched.exchange
    return Taken(
        kind=source.kind,
        raw=exchange.raw,
        decoded=fetched.decoded if fetched.decoded != exchange.raw else None,
        media_type=fetched.header("Content-Type")[:200] or "application/octet-stream",
        address=exchange.url,
        status=fetched.status,
        captured=fetched.ended,
        http_date=http_date(fetched.header("Date")),
        ip=exchange.ip,
        warc=warc_of(exchange, TOOL),
    )


def _gone(source: Source, who: Any, words: str) -> Attempt:
    """That it is not there any more is evidence too."""
    with transaction.atomic():
        # A name that is not known may be our own trouble: it counts when it happens twice in a row.
        before = source.attempts.order_by("-at", "-pk").first()
        sure = "the server says" in words or (before is not None and before.outcome == Attempt.Outcome.GONE)
        if source.gone_since is None and sure:
            source.gone_since = timezone.now()
            source.save(update_fields=["gone_since"])
            if source.last_seen is not None:
                custody.add(
                    source.case, who, "not there any more", "", {"address": source.address, "said": words}
                )
        return _attempt(source, Attempt.Outcome.GONE, words)


def _attempt(source: Source, outcome: str, words: str, exhibit: Any = None) -> Attempt:
    made: Attempt = Attempt.objects.create(
        source=source, outcome=outcome, words=words[:MOST_WORDS], exhibit=exhibit
    )
    return made
