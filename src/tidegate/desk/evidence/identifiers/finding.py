"""All finders over one text, in the order in which one kind of identifier keeps others from its place."""

from collections.abc import Iterator, Sequence

from tidegate.desk.evidence.identifiers.analytics import analytics
from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.chat_links import DEFAULT_HOSTS, chat_links
from tidegate.desk.evidence.identifiers.companies import companies
from tidegate.desk.evidence.identifiers.domains import domains
from tidegate.desk.evidence.identifiers.emails import emails
from tidegate.desk.evidence.identifiers.folded import fold
from tidegate.desk.evidence.identifiers.handles import handles
from tidegate.desk.evidence.identifiers.identifier import Identifier
from tidegate.desk.evidence.identifiers.payments import payments
from tidegate.desk.evidence.identifiers.phones import phones
from tidegate.desk.evidence.identifiers.registrations import registrations

MOST_CHARACTERS = 5_000_000
"""A text beyond it is refused: no page that a person reads is that long."""


def find(
    text: str,
    *,
    region_hint: str | None = None,
    tld: str | None = None,
    language: str | None = None,
    chat_hosts: Sequence[str] = DEFAULT_HOSTS,
) -> list[Identifier]:
    """Identifiers in ``text``, in its order.

    ``region_hint`` (ISO 3166 alpha-2), ``tld`` of the page and ``language`` (ISO 639-1) say whose national phone numbers
    to look for, in this order; without any of them only international ones are found. ``chat_hosts`` are hosts whose
    links open a chat whatever is in them. Raises ValueError for a text of more than :data:`MOST_CHARACTERS`.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"the text has {len(text):,} characters, at most {MOST_CHARACTERS:,} are read: cut it"
        )
    folded = fold(text)
    found = []
    for candidate in _candidates(folded.text, region_hint, tld, language, chat_hosts):
        start, end = folded.span(candidate.start, candidate.end)
        found.append(
            Identifier(
                candidate.type,
                candidate.scheme,
                text[start:end],
                candidate.normalised,
                candidate.validity,
                start,
                end,
            )
        )
    return sorted(found, key=lambda identifier: (identifier.start, identifier.end, identifier.type))


def _candidates(
    text: str, region_hint: str | None, tld: str | None, language: str | None, chat_hosts: Sequence[str]
) -> Iterator[Candidate]:
    taken = Taken(len(text))
    yield from chat_links(text, taken, chat_hosts)
    yield from payments(text, taken)
    yield from emails(text, taken)
    yield from registrations(text, taken)
    yield from analytics(text, taken)
    yield from handles(text, taken)
    yield from domains(text, taken)
    yield from companies(text, taken)
    yield from phones(text, taken, region_hint, tld, language)
