"""Records whose truth is known: companies with many pages and listings, hubs, successors, namesakes, recycled numbers.

Deterministic from a seed. Made by the authors of the linker, so it shows that the linker does what it is meant to, on
difficulties that were thought of.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tidegate.desk.evidence.linking.generated.spelling import FORMS, company_name, in_another_script, typed
from tidegate.desk.evidence.linking.records import Identifier, Record, Role

DAY_S = 86_400.0
BEGINS = 1_577_836_800.0
"""2020-01-01."""
SPAN_DAYS = 1_400
RECORDS_AN_ENTITY = 4.2
"""Mean; most have one to three, a few up to :data:`MOST_RECORDS`."""
MOST_RECORDS = 60
SHARE_SUCCESSOR = 0.06
SHARE_NAMESAKE = 0.05
SHARE_SECOND_BRAND = 0.12
SHARE_RECYCLED_PHONE = 0.03
"""Of entities that got a phone number which another, ended one had."""
SHARE_RESOLD = 0.15
"""Of entities that show a reseller's number beside, or instead of, their own."""
SHARE_AGENCY = 0.12
"""Of entities whose pages carry the analytics id of the agency that made them."""
SHARE_TYPO, SHARE_SCRIPT, SHARE_NAMELESS, SHARE_WRONG_IDENTIFIER = 0.15, 0.12, 0.12, 0.02
SHARE_WITHOUT_OWN = 0.06
"""Of records with a name and nothing but hubs: nobody could link them."""


@dataclass(slots=True)
class _Company:
    names: list[str]
    identifiers: list[Identifier]
    beside: list[Identifier]
    """A reseller's, an agency's, a host's."""
    begins: float
    ends: float
    records: int
    role: Role


@dataclass(slots=True)
class Generated:
    """Records and the truth about them."""

    records: list[Record] = field(default_factory=list)
    truth: list[int] = field(default_factory=list)
    """Of each record, the number of the company."""
    successors: list[tuple[int, int]] = field(default_factory=list)
    """Numbers of companies: the earlier, the later."""


def generate(records: int, seed: int) -> Generated:
    """So many records of as many companies as they need."""
    rng = random.Random(seed)
    companies, successors = _companies(rng, max(2, round(records / RECORDS_AN_ENTITY)))
    made = Generated(successors=successors)
    for number, company in enumerate(companies):
        for _ in range(company.records):
            made.records.append(_record(rng, len(made.records), company))
            made.truth.append(number)
    order = list(range(len(made.records)))
    rng.shuffle(order)
    kept = order[:records]
    return Generated([made.records[at] for at in kept], [made.truth[at] for at in kept], successors)


class _Hubs:
    """What many companies share without knowing each other."""

    def __init__(self, rng: random.Random, companies: int) -> None:
        self.resellers = [Identifier("phone", f"+55119{at:07d}") for at in range(max(2, companies // 300))]
        self.agencies = [Identifier("analytics", f"G-AG{at:05d}") for at in range(max(2, companies // 250))]
        self.networks = [Identifier("network", f"203.0.{at}.0/24") for at in range(max(2, companies // 200))]
        hosts = (
            "bit.example",
            "links.example",
            "sites.example",
            "shop.example",
            "mail.example",
            "forms.example",
        )
        self.domains = [Identifier("domain", host) for host in hosts]
        self._rng = rng

    def beside(self) -> Iterator[Identifier]:
        """Some of them, for one company."""
        rng = self._rng
        if rng.random() < SHARE_RESOLD:
            yield rng.choice(self.resellers)
        if rng.random() < SHARE_AGENCY:
            yield rng.choice(self.agencies)
        if rng.random() < 0.5:
            yield rng.choice(self.networks)
        yield rng.choice(self.domains)


def _companies(rng: random.Random, count: int) -> tuple[list[_Company], list[tuple[int, int]]]:
    hubs = _Hubs(rng, count)
    companies: list[_Company] = []
    successors = []
    for number in range(count):
        company = _company(rng, number, hubs)
        drawn = rng.random()
        before = rng.randrange(number) if number else 0
        if number and drawn < SHARE_SUCCESSOR and companies[before].ends < BEGINS + 0.8 * SPAN_DAYS * DAY_S:
            _succeed(rng, companies[before], company)
            successors.append((before, number))
        elif number and drawn < SHARE_SUCCESSOR + SHARE_NAMESAKE:
            company.names[0] = companies[before].names[0]
        if number and rng.random() < SHARE_RECYCLED_PHONE:
            phones = [one for one in companies[before].identifiers if one.kind == "phone"]
            company.identifiers += phones[:1]
        companies.append(company)
    return companies, successors


def _company(rng: random.Random, number: int, hubs: _Hubs) -> _Company:
    name = company_name(rng)
    word = "".join(letter for letter in name.lower() if letter.isalpha())
    own = [
        Identifier("phone", f"+55{11 + number % 80}9{number:07d}{at}")
        for at in range(rng.choice((1, 1, 2, 3)))
    ]
    if rng.random() < 0.75:
        domain = f"{word[:18]}{number % 97}.example.{rng.choice(('com', 'net', 'in', 'br'))}"
        own.append(Identifier("domain", domain))
        own.append(Identifier("email", f"{rng.choice(('info', 'sales', 'vendas'))}@{domain}"))
    if rng.random() < 0.5:
        own.append(Identifier("email", f"{word[:14]}{number}@mail.example"))
    if rng.random() < 0.6:
        own.append(Identifier("handle", f"@{word[:15]}{number % 1000}"))
    for share, kind, value in (
        (0.35, "registration:br_cnpj", f"{number:014d}"),
        (0.3, "analytics", f"G-{number:08d}"),
        (0.25, "payment", f"pix:{number:09d}"),
        (0.3, "chat_link", f"chat.example/{number}"),
    ):
        if rng.random() < share:
            own.append(Identifier(kind, value))
    begins = BEGINS + rng.random() * SPAN_DAYS * DAY_S * 0.7
    return _Company(
        names=[name, company_name(rng)] if rng.random() < SHARE_SECOND_BRAND else [name],
        identifiers=own,
        beside=list(hubs.beside()),
        begins=begins,
        ends=begins + (60 + rng.expovariate(1 / 300)) * DAY_S,
        records=min(MOST_RECORDS, 1 + int(rng.paretovariate(1.25) * 1.1)),
        role=rng.choice((Role.PRODUCER, Role.RESELLER, Role.OPERATOR, Role.USER)),
    )


def _succeed(rng: random.Random, before: _Company, after: _Company) -> None:
    """The later one keeps some of the former's identifiers, and begins when that one ends."""
    keepable = [one for one in before.identifiers if not one.kind.startswith("registration")]
    kept = rng.sample(keepable, min(len(keepable), rng.choice((1, 2, 2, 3))))
    after.identifiers += kept
    length = after.ends - after.begins
    after.begins = before.ends + rng.uniform(-15, 60) * DAY_S
    after.ends = after.begins + length
    after.role = before.role


def _record(rng: random.Random, number: int, company: _Company) -> Record:
    own: list[Identifier] = []
    if rng.random() >= SHARE_WITHOUT_OWN:
        own = rng.sample(company.identifiers, min(len(company.identifiers), rng.choice((1, 2, 2, 3, 4))))
    own = [_wrong(rng, one) if rng.random() < SHARE_WRONG_IDENTIFIER else one for one in own]
    beside = [one for one in company.beside if rng.random() < 0.4]
    begun = company.begins + rng.random() * (company.ends - company.begins) * 0.8
    ended = begun + rng.random() * (company.ends - begun)
    return Record(
        id=f"r{number:07d}",
        identifiers=tuple(own + beside),
        names=() if rng.random() < SHARE_NAMELESS else (_written(rng, rng.choice(company.names)),),
        seen_from=begun,
        seen_to=ended,
        roles=(company.role,) if rng.random() < 0.2 else (),
    )


def _written(rng: random.Random, name: str) -> str:
    if rng.random() < SHARE_TYPO:
        name = typed(rng, name)
    if rng.random() < SHARE_SCRIPT:
        return in_another_script(rng, name)
    return f"{name} {rng.choice(FORMS)}" if rng.random() < 0.4 else name


def _wrong(rng: random.Random, identifier: Identifier) -> Identifier:
    """A digit or letter misread: it may be somebody else's."""
    letters = list(identifier.value)
    letters[rng.randrange(len(letters))] = rng.choice("0123456789")
    return Identifier(identifier.kind, "".join(letters))
