"""What every page of a case has: its head and the way to its other pages."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse

from tidegate.desk.evidence.cases.models import Case

PAGES = (
    ("Case", "dossier:page"),
    ("Exhibits", "exhibits:list"),
    ("Claims", "reading:claims"),
    ("Identifiers", "reading:identifiers"),
    ("Links and findings", "subjects:page"),
    ("Ground and steps", "steps:page"),
    ("Custody", "dossier:custody"),
)
"""Words and names of addresses; templates extend ``cases/frame.html`` and fill the block ``case``."""


def case_named(name: str) -> Case:
    """Raises Http404."""
    found: Case = get_object_or_404(Case.objects.select_related("officer"), name=name)
    return found


def framed(case: Case, here: str, **context: Any) -> dict[str, Any]:
    """The context of a page; ``here`` is the name of its address as in :data:`PAGES`."""
    pages = [
        {"words": words, "address": reverse(name, kwargs={"name": case.name}), "here": name == here}
        for words, name in PAGES
    ]
    return {"case": case, "case_pages": pages, **context}
