"""From rows to records that linking compares."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.identifiers.identifier import Type, Validity
from tidegate.desk.evidence.linking import Identifier, LinkState, Record, Role
from tidegate.desk.evidence.reading import models as reading
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.models import Known, Link, RoleHeld
from tidegate.desk.ledger.models import Account, stored
from tidegate.desk.node_link import node
from tidegate.statements.statement import pseudonym_shown

NAME = "name"
MOST_EXHIBITS, MOST_OTHERS, MOST_ASKED = 5_000, 500, 500
_ACCOUNTS = frozenset({Type.PHONE, Type.EMAIL, Type.HANDLE, Type.CHAT_LINK})
"""Identifiers that may be accounts of the messenger."""
_DIGITS = re.compile(r"\d{7,15}")


@dataclass(slots=True)
class Gathered:
    """What is compared, and what could not be asked."""

    records: list[Record] = field(default_factory=list)
    trouble: str = ""


def gathered(case: Case) -> Gathered:
    """The subject, the case's exhibits, what other cases share with them, and accounts of the messenger."""
    made = Gathered()
    of_exhibits = _identifiers(case)
    confirmed = [int(which) for which in _confirmed(case, ends.EXHIBIT)]
    try:
        leads = _infrastructure(case)
        on_messenger = _on_messenger(case, leads)
    except REFUSALS as error:
        leads, on_messenger = set(), []
        made.trouble = f"Accounts of the messenger were not asked: {in_words(error)}"
    taken = [one for key in confirmed for one in of_exhibits.get(key, ())]
    made.records.append(_subject(case, taken, leads))
    exhibits = Exhibit.objects.filter(case=case).prefetch_related("stamps").order_by("number")[:MOST_EXHIBITS]
    made.records += [_exhibit(one, of_exhibits.get(one.pk, [])) for one in exhibits]
    shared = {(one.kind, one.value) for record in made.records for one in record.identifiers}
    made.records += _other_cases(case, shared)
    made.records += on_messenger
    return made


def _identifiers(case: Case) -> dict[int, list[reading.Identifier]]:
    found: dict[int, list[reading.Identifier]] = {}
    rows = reading.Identifier.objects.filter(exhibit__case=case, ignored=False).exclude(
        validity=str(Validity.INVALID)
    )
    for one in rows.order_by("exhibit", "start"):
        found.setdefault(one.exhibit_id, []).append(one)
    return found


def _confirmed(case: Case, sort: str) -> list[str]:
    """What is confirmed to be the subject's of one sort, by what stands behind the colon."""
    own = ends.subject(case)
    rows = Link.objects.filter(case=case, state=str(LinkState.CONFIRMED), kind="same")
    names = [one.second if one.first == own else one.first for one in rows]
    return [name.partition(":")[2] for name in names if name.startswith(f"{sort}:")]


def _infrastructure(case: Case) -> set[Identifier]:
    """Networks and devices that are the confirmed campaigns' own, by pseudonym."""
    kept = node().campaigns
    return {
        Identifier(one.kind, pseudonym_shown(one.key))
        for which in _confirmed(case, ends.CAMPAIGN)[:MOST_OTHERS]
        for one in kept.infrastructure(int(which, 16))
        if one.is_own
    }


def _subject(case: Case, taken: Iterable[reading.Identifier], leads: Iterable[Identifier] = ()) -> Record:
    """What a person put down, and what stands in exhibits and campaigns that were confirmed to be the subject's."""
    known = list(Known.objects.filter(case=case).order_by("pk"))
    identifiers = {Identifier(one.kind, one.value) for one in known if one.kind != NAME} | set(leads)
    names = [one.value for one in known if one.kind == NAME] + (
        [case.subject_name] if case.subject_name else []
    )
    for one in taken:
        if one.type == Type.COMPANY:
            names.append(one.raw)
        else:
            identifiers.add(Identifier(one.kind, one.normalised))
    roles = [Role(one) for one in RoleHeld.objects.filter(case=case).values_list("role", flat=True)]
    seen = Exhibit.objects.filter(case=case).order_by("captured").values_list("captured", flat=True)
    first, last = seen.first(), seen.last()
    return Record(
        ends.subject(case),
        sorted(identifiers),
        list(dict.fromkeys(names)),
        first.timestamp() if first else None,
        last.timestamp() if last else None,
        roles,
    )


def _exhibit(exhibit: Exhibit, found: Iterable[reading.Identifier]) -> Record:
    rows = list(found)
    observed = exhibit.observed
    at = observed.timestamp() if observed else None
    return Record(
        ends.exhibit(exhibit.pk),
        sorted({Identifier(one.kind, one.normalised) for one in rows if one.type != Type.COMPANY}),
        list(dict.fromkeys(one.raw for one in rows if one.type == Type.COMPANY)),
        at,
        at,
    )


def _other_cases(case: Case, shared: set[tuple[str, str]]) -> list[Record]:
    """Subjects of other cases of which a person put down one of these identifiers."""
    values = [value for _, value in shared]
    rows = Known.objects.filter(value__in=values[:MOST_OTHERS]).exclude(case=case).exclude(kind=NAME)
    numbers = {one.case_id for one in rows if (one.kind, one.value) in shared}
    others = Case.objects.filter(pk__in=numbers).order_by("pk")[:MOST_OTHERS]
    return [_subject(other, ()) for other in others]


def _on_messenger(case: Case, leads: Iterable[Identifier]) -> list[Record]:
    """Accounts whose identifiers stand in exhibits or are known of the subject, and their campaigns; and campaigns that
    use what the confirmed ones use (``leads``).

    An account is asked for by its pseudonym, so nobody learns a name that was not in the evidence already.
    """
    asked: dict[int, Identifier] = {}
    link = node()
    for kind, value, raw in _possible_accounts(case):
        for spelt in spellings(value, raw):
            asked.setdefault(link.pseudonym_of(spelt), Identifier(kind, value))
    known = set(Account.objects.filter(pk__in=[stored(key) for key in asked]).values_list("pk", flat=True))
    campaigns: dict[int, set[Identifier]] = {}
    records = []
    for key, identifier in asked.items():
        if stored(key) not in known:
            continue
        records.append(Record(ends.account(key), [identifier]))
        membership = link.campaigns.of_account(key)
        if membership is not None:
            campaigns.setdefault(membership.campaign.id, set()).add(identifier)
    wanted = [(one.kind, int(one.value, 16)) for one in leads]
    for key, kind, which in link.campaigns.with_infrastructure(wanted, MOST_ASKED):
        campaigns.setdefault(key, set()).add(Identifier(kind, pseudonym_shown(which)))
    return records + [Record(ends.campaign(key), sorted(found)) for key, found in campaigns.items()]


def _possible_accounts(case: Case) -> list[tuple[str, str, str]]:
    rows = reading.Identifier.objects.filter(
        exhibit__case=case, ignored=False, type__in=[str(one) for one in _ACCOUNTS]
    ).values_list("kind", "normalised", "raw")
    known = Known.objects.filter(case=case, kind__in=[str(one) for one in _ACCOUNTS]).values_list(
        "kind", "value", "value"
    )
    return list(dict.fromkeys([*rows[:MOST_ASKED], *known[:MOST_ASKED]]))


def spellings(value: str, raw: str) -> list[str]:
    """How a messenger may write the account: as it stands, with and without ``@``, digits with and without ``+``."""
    found = [value, raw, value.lstrip("@"), f"@{value.lstrip('@')}"]
    for digits in _DIGITS.findall(value):
        found += [digits, f"+{digits}"]
    return list(dict.fromkeys(one for one in found if one))
