"""The two ends of a link: how records are named, and what a page says of them."""

from dataclasses import dataclass

from django.urls import reverse

from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.ledger.models import stored
from tidegate.statements.statement import pseudonym_shown

SUBJECT, EXHIBIT, ACCOUNT, CAMPAIGN = "subject", "exhibit", "account", "campaign"
_SIGN = 1 << 63
_HEX = 16


def subject(case: Case) -> str:
    """The subject of a case."""
    return f"{SUBJECT}:{case.name}"


def exhibit(number: int) -> str:
    """By its primary key, since a record keeps its name whatever case looks at it."""
    return f"{EXHIBIT}:{number}"


def account(key: int) -> str:
    """By its pseudonym."""
    return f"{ACCOUNT}:{pseudonym_shown(key)}"


def campaign(key: int) -> str:
    """By its id."""
    return f"{CAMPAIGN}:{pseudonym_shown(key)}"


def account_stored(key: int) -> str:
    """Of an account as the desk stores it."""
    return account(key + _SIGN)


def campaign_stored(key: int) -> str:
    """Of a campaign as the desk stores its id."""
    return campaign(key + _SIGN)


@dataclass(frozen=True, slots=True)
class End:
    """One end, for a page."""

    what: str
    words: str
    address: str = ""


def shown(name: str, case: Case) -> End:
    """Of a record's name; what is not there any more says so."""
    sort, _, which = name.partition(":")
    if sort == SUBJECT:
        if which == case.name:
            return End("The subject", case.subject_name or case.title)
        other = Case.objects.filter(name=which).first()
        words = f"{other.subject_name or other.title} ({which})" if other else which
        address = reverse("subjects:page", kwargs={"name": which}) if other else ""
        return End("Subject of another case", words, address)
    if sort == EXHIBIT:
        found = (
            Exhibit.objects.filter(pk=int(which)).select_related("case").first()
            if which.isdecimal()
            else None
        )
        if found is None:
            return End("Exhibit", f"{which}, not there any more")
        address = reverse("exhibits:page", kwargs={"name": found.case.name, "number": found.number})
        of = "" if found.case_id == case.pk else f" of {found.case.name}"
        return End("Exhibit", f"{found.number}{of}: {found.title}", address)
    if sort in (ACCOUNT, CAMPAIGN) and len(which) == _HEX:
        page = "accounts:page" if sort == ACCOUNT else "campaigns:page"
        return End(sort.capitalize(), which, reverse(page, args=[int(which, 16)]))
    return End(sort.capitalize(), which)


def key_of(name: str) -> int | None:
    """The stored key of an account's or campaign's record; None for others."""
    sort, _, which = name.partition(":")
    if sort not in (ACCOUNT, CAMPAIGN) or len(which) != _HEX:
        return None
    try:
        return stored(int(which, 16))
    except ValueError:
        return None
