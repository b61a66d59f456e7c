"""What every page knows."""

from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from tidegate.desk.access.gate import is_through
from tidegate.desk.access.roles import Right

NAVIGATION = (
    ("Now", "now:page", Right.SEE),
    ("Queue", "review:queue", Right.SEE),
    ("Appeals", "appeals:list", Right.SEE),
    ("Accounts", "accounts:list", Right.SEE),
    ("Campaigns", "campaigns:list", Right.SEE),
    ("Cases", "dossier:list", Right.SEE_CASES),
    ("Policy", "policies:page", Right.SEE),
    ("Report", "transparency:report", Right.SEE),
    ("Texts", "notice:answers", Right.SEE),
    ("Record", "audit:list", Right.SEE_RECORD),
    ("People", "access:people", Right.MANAGE_PEOPLE),
)


def desk(request: Any) -> dict[str, Any]:
    """The messenger's name, and where this person may go."""
    person = getattr(request, "user", None)
    places = []
    if person is not None and person.is_authenticated and is_through(person):
        for words, name, right in NAVIGATION:
            if person.may(right) and (address := _address(name)):
                here = request.path == address or (address != "/desk/" and request.path.startswith(address))
                places.append({"words": words, "address": address, "here": here})
    return {
        "navigation": places,
        "service": settings.TIDEGATE.service or "this service",
        "contact": settings.TIDEGATE.contact,
    }


def _address(name: str) -> str:
    try:
        return str(reverse(name))
    except NoReverseMatch:
        return ""
