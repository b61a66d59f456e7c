"""What takes its time: capturing what is due, time stamps, renderings, reading. One thread, one thing after the other.

What is to be done stands in the database (``Source.next_at``, ``Exhibit.pending``), so nothing is lost when the desk
stops, and the queue is as long as the tables are. The thread that follows the node only starts this one.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Lock, Thread

from django.db import Error, close_old_connections, connection, transaction
from django.utils import timezone

from tidegate.desk.audit.chain import DESK
from tidegate.desk.evidence.capture.rendering import NotRenderedError, renderings
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.custody.authorities import NoAnswerError
from tidegate.desk.evidence.exhibits.capturing import capture
from tidegate.desk.evidence.exhibits.kept import bytes_of, keep
from tidegate.desk.evidence.exhibits.models import Attempt, Exhibit, Rendering, Source
from tidegate.desk.evidence.exhibits.stamping import heads_due, stamp_exhibit, stamp_head

log = logging.getLogger(__name__)
AT_ONCE = 100
"""Sources and exhibits looked at in one round; the next round takes the next ones."""
AGAIN_AFTER = timedelta(hours=6)
"""A look that failed is tried again after so long."""
readers: list[Callable[[Exhibit], str]] = []
"""What reads a new exhibit; returns what did not work, in words. Apps add theirs when they are ready."""
_lock = Lock()
_thread: Thread | None = None


def tend() -> None:
    """Start the thread when there is something to do and it does not run. Quick; called now and then."""
    global _thread
    if (_thread is not None and _thread.is_alive()) or not _waits():
        return
    _thread = Thread(target=_run, name="desk-evidence", daemon=True)
    _thread.start()


def _waits() -> bool:
    now = timezone.now()
    return (
        Exhibit.objects.filter(pending=True).exists()
        or Source.objects.filter(next_at__lte=now, case__closed=None).exists()
        or bool(heads_due())
    )


def _run() -> None:
    try:
        work()
    except (Error, OSError) as error:
        log.error("evidence: %s; it is tried again", error)
    except Exception:
        log.exception("a fault while working on evidence; it is tried again")
    finally:
        close_old_connections()
        connection.close()


def work() -> int:
    """Do everything that is due, here and now; how much that was. One at a time, also between threads."""
    done = 0
    with _lock:
        for source in Source.objects.filter(next_at__lte=timezone.now(), case__closed=None).order_by(
            "next_at"
        )[:AT_ONCE]:
            look(source)
            done += 1
        for exhibit in Exhibit.objects.filter(pending=True).select_related("case").order_by("pk")[:AT_ONCE]:
            finish(exhibit)
            done += 1
        for case in heads_due()[:AT_ONCE]:
            try:
                done += len(stamp_head(case))
            except NoAnswerError as error:
                log.warning("evidence: the end of %s's chain was not stamped: %s", case, error)
    return done


def look(source: Source) -> Attempt:
    """Capture a source that is due, and say when it is due again. Raises Error and OSError: the desk's own trouble."""
    try:
        made = capture(source, DESK)
    except (Error, OSError):
        raise
    except Exception as fault:
        # One page that meets a fault of ours must not keep back all others, for ever.
        log.exception("a fault while capturing %s", source.address)
        words = f"A fault of the desk's own ({type(fault).__name__}); its log says more."
        made = Attempt.objects.create(source=source, outcome=Attempt.Outcome.FAILED, words=words)
    now = timezone.now()
    again = timedelta(days=source.every_days) if source.every_days else None
    if made.outcome == Attempt.Outcome.FAILED and again is not None:
        again = min(again, AGAIN_AFTER)
    Source.objects.filter(pk=source.pk).update(next_at=now + again if again is not None else None)
    return made


def finish(exhibit: Exhibit) -> None:
    """Stamp, render and read a new exhibit. What does not work is written down and does not keep back the rest."""
    troubles = [
        exhibit.trouble,
        stamp_exhibit(exhibit),
        _render(exhibit),
        read_now(exhibit),
    ]
    exhibit.trouble = "; ".join(one for one in troubles if one)[:500]
    exhibit.pending = False
    exhibit.save(update_fields=["trouble", "pending"])


def read_now(exhibit: Exhibit) -> str:
    """Read it, here and now; returns what did not work. Raises Error and OSError."""
    return "; ".join(one for by in readers if (one := _read(exhibit, by)))


def _read(exhibit: Exhibit, by: Callable[[Exhibit], str]) -> str:
    try:
        return by(exhibit)
    except (Error, OSError):
        raise
    except Exception as fault:
        log.exception("a fault while reading %s of %s", exhibit, exhibit.case)
        return f"Not read: a fault of the desk's own ({type(fault).__name__}); its log says more."


def _render(exhibit: Exhibit) -> str:
    if exhibit.renderings.exists():
        return ""
    try:
        made = renderings(bytes_of(exhibit.decoded_sha256), exhibit.media_type)
    except NotRenderedError as error:
        return f"Not rendered: {error}"
    with transaction.atomic():
        for media_type, content in made.items():
            Rendering.objects.create(exhibit=exhibit, sha256=keep(content), media_type=media_type)
        custody.add(exhibit.case, DESK, "rendered", exhibit.sha256, {"as": sorted(made)})
    return ""
