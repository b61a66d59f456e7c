"""What readers answered, for the people who work here."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.shortcuts import render

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.notice.answering import MOST_A_DAY
from tidegate.desk.notice.documents import Document
from tidegate.desk.notice.library import OWN
from tidegate.desk.notice.models import Answered
from tidegate.desk.notice.page import NAMES, address, is_in_force, library, today

SHOWN_DAYS = 90


@needs(Right.SEE)
def answers(request: Any) -> Any:
    """Of the last days, by version and language."""
    rows = (
        Answered.objects.filter(day__gt=today() - timedelta(days=SHOWN_DAYS))
        .values("document", "valid_from", "language")
        .annotate(yes=Sum("yes"), no=Sum("no"))
        .order_by("document", "-valid_from", "language")
    )
    said = {
        "rows": [
            {
                **row,
                "language": NAMES.get(row["language"], row["language"]),
                "code": row["language"],
                "share": row["yes"] / (row["yes"] + row["no"]),
            }
            for row in rows
            if row["yes"] + row["no"]
        ],
        "days": SHOWN_DAYS,
        "most": MOST_A_DAY,
        "own": OWN,
        "published": [
            {
                "document": str(document),
                "version": one,
                "url": address(document, next(iter(one.texts)), one),
                "languages": len(one.texts),
                "in_force": is_in_force(one),
            }
            for document in Document
            for one in reversed(library().versions(document))
        ],
        "unnamed": not settings.TIDEGATE.service,
        "unreachable": not settings.TIDEGATE.contact,
    }
    return render(request, "notice/answers.html", said)
