"""From records to entities: deterministic, the same records in any order give the same links.

Every link is a proposal with its reasons until a person rules on it. Rulings are remembered by the records they are
about: what was rejected stays apart in every later run, what was confirmed stays together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tidegate.desk.evidence.linking.candidates import Carriers
from tidegate.desk.evidence.linking.comparing import Comparing, hubs_among
from tidegate.desk.evidence.linking.entities import Entity, Merging
from tidegate.desk.evidence.linking.links import Link, LinkKind, LinkState, Reason, Ruling
from tidegate.desk.evidence.linking.records import Identifier, Record, Role
from tidegate.desk.evidence.linking.successors import between_entities
from tidegate.desk.evidence.linking.weights import LINK_FROM

MOST_RECORDS = 1_000_000
MOST_IDENTIFIERS = 2_000
"""Of one record."""


class LinkingError(ValueError):
    """Records or rulings that cannot be linked; the message says which."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What came out."""

    entities: list[Entity]
    """In order of their ids."""
    links: list[Link]
    """Between records that were put together, and those that a person ruled on; the strongest first."""
    held_apart: list[Link]
    """Links strong enough, but not followed: a ruling, two registration numbers, or names spoke against it."""
    between: list[Link]
    """Between entities: successors, and others with shared identifiers."""
    hubs: list[Identifier]
    """Identifiers that too many others have."""


def link(records: Iterable[Record], rulings: Iterable[Ruling] = ()) -> Linked:
    """Link records. Raises LinkingError when ids repeat, rulings contradict each other, or there is too much of it."""
    ordered = sorted(records, key=lambda record: record.id)
    places = _places(ordered)
    ruled = _ruled(rulings, places)
    carriers = Carriers(ordered)
    comparing = Comparing(ordered, carriers)
    compared: dict[tuple[int, int], list[Reason]] = {}
    strong: list[tuple[int, int, Link]] = []
    for pair in carriers.pairs():
        if pair in compared:
            continue
        shared = comparing.shared(*pair)
        compared[pair] = shared
        if pair not in ruled and (made := _same(ordered, pair, shared, comparing)):
            strong.append((*pair, made))
    strong += [(*pair, _of_ruling(ordered, pair, one, comparing)) for pair, one in ruled.items()]
    strong.sort(key=lambda one: (one[2].state is not LinkState.CONFIRMED, -one[2].points, one[0], one[1]))
    rejected = {pair: one for pair, one in ruled.items() if not one.confirmed}
    merging = Merging(ordered, carriers.names, _apart(rejected))
    followed, held = _merge(merging, strong)
    entities = merging.entities(ordered)
    place_of = {record: place for place, entity in enumerate(entities) for record in entity.records}
    entity_of = [place_of[record.id] for record in ordered]
    between = between_entities(
        ((*pair, shared) for pair, shared in compared.items()), entity_of, entities, rejected
    )
    return Linked(_with_successors(entities, between), followed, held, between, carriers.hubs)


def _places(ordered: Sequence[Record]) -> dict[str, int]:
    if len(ordered) > MOST_RECORDS:
        raise LinkingError(f"{len(ordered):,} records, {MOST_RECORDS:,} are the most")
    places = {record.id: place for place, record in enumerate(ordered)}
    if len(places) < len(ordered):
        twice = next(one.id for one, other in pairwise(ordered) if one.id == other.id)
        raise LinkingError(f"two records have the id {twice!r}")
    for record in ordered:
        if len(record.identifiers) > MOST_IDENTIFIERS:
            raise LinkingError(
                f"record {record.id}: {len(record.identifiers):,} identifiers, {MOST_IDENTIFIERS:,} are the most"
            )
    return places


def _ruled(rulings: Iterable[Ruling], places: dict[str, int]) -> dict[tuple[int, int], Ruling]:
    """By places; a ruling about a record that is not here waits for it."""
    found: dict[tuple[int, int], Ruling] = {}
    for ruling in rulings:
        first, second = ruling.key
        if first not in places or second not in places:
            continue
        known = found.setdefault((places[first], places[second]), ruling)
        if known.confirmed != ruling.confirmed:
            raise LinkingError(
                f"{known.reviewer} and {ruling.reviewer} ruled differently on {first} and {second}"
            )
    return found


def _apart(rejected: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    apart: dict[int, set[int]] = {}
    for one, other in rejected:
        apart.setdefault(one, set()).add(other)
    return apart


def _same(
    records: Sequence[Record], pair: tuple[int, int], shared: list[Reason], comparing: Comparing
) -> Link | None:
    """The link of a pair, when it is strong enough. Without a shared identifier that counts there is none."""
    if sum(one.points for one in shared) <= 0:
        return None
    reasons = [*shared, *comparing.by_name(*pair), *comparing.against(*pair)]
    points = sum(one.points for one in reasons)
    if points < LINK_FROM:
        return None
    first, second = records[pair[0]], records[pair[1]]
    begun = [one.seen_from for one in (first, second) if one.seen_from is not None]
    return Link(
        first.id,
        second.id,
        LinkKind.SAME,
        points,
        tuple(one for one in reasons if one.points),
        hubs_among(shared),
        valid_from=max(begun) if len(begun) == 2 else None,
    )


def _of_ruling(
    records: Sequence[Record], pair: tuple[int, int], ruling: Ruling, comparing: Comparing
) -> Link:
    reasons = [*comparing.shared(*pair), *comparing.by_name(*pair), *comparing.against(*pair)]
    return Link(
        records[pair[0]].id,
        records[pair[1]].id,
        LinkKind.SAME,
        sum(one.points for one in reasons),
        tuple(one for one in reasons if one.points),
        hubs_among(reasons),
        LinkState.CONFIRMED if ruling.confirmed else LinkState.REJECTED,
        ruling.reviewer,
    )


def _merge(merging: Merging, strong: Sequence[tuple[int, int, Link]]) -> tuple[list[Link], list[Link]]:
    """Follow the links in order; those that were, and those that were not."""
    followed, held = [], []
    for one, other, made in strong:
        if made.state is not LinkState.REJECTED and merging.merge(one, other, made):
            followed.append(made)
        else:
            held.append(made)
    return followed, held


def _with_successors(entities: list[Entity], between: Sequence[Link]) -> list[Entity]:
    """The role that links between entities propose."""
    later = {one.second for one in between if one.kind is LinkKind.SUCCESSOR}
    return [
        replace(entity, roles=tuple(sorted({*entity.roles, Role.SUCCESSOR})))
        if entity.id in later
        else entity
        for entity in entities
    ]
