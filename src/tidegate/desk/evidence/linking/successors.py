"""Entities that share identifiers under different names: one goes on where another ended, or both are at work at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tidegate.desk.evidence.linking.entities import Entity
from tidegate.desk.evidence.linking.links import Link, LinkKind, Reason
from tidegate.desk.evidence.linking.weights import RELATED_FROM

OVERLAP_S = 45 * 86_400.0
"""A successor may begin so long before the other was last seen: pages stay up for a while."""


def between_entities(
    pairs: Iterable[tuple[int, int, Sequence[Reason]]],
    entity_of: Sequence[int],
    entities: Sequence[Entity],
    rejected: Mapping[tuple[int, int], object],
) -> list[Link]:
    """Links between entities from what their records share, the strongest first. Every one is a proposal."""
    shared: dict[tuple[int, int], dict[tuple[str, str], Reason]] = defaultdict(dict)
    for one, other, reasons in pairs:
        a, b = entity_of[one], entity_of[other]
        if a == b or (one, other) in rejected:
            continue
        known = shared[(a, b) if a < b else (b, a)]
        for reason in reasons:
            if (
                reason.points > known.get((reason.kind, reason.value), reason).points - 1e-9
                and reason.points > 0
            ):
                known[reason.kind, reason.value] = reason
    links = []
    for (a, b), found in shared.items():
        reasons = tuple(sorted(found.values(), key=lambda one: (-one.points, one)))
        points = sum(reason.points for reason in reasons)
        if points >= RELATED_FROM:
            links.append(_link(entities[a], entities[b], points, reasons))
    return sorted(links, key=lambda link: (-link.points, link.first, link.second))


def _link(one: Entity, other: Entity, points: float, reasons: tuple[Reason, ...]) -> Link:
    for first, second in ((one, other), (other, one)):
        if first.seen_to is not None and second.seen_from is not None and first.seen_from is not None:
            begins_later = second.seen_from > first.seen_from
            if begins_later and second.seen_from >= first.seen_to - OVERLAP_S:
                return Link(
                    first.id, second.id, LinkKind.SUCCESSOR, points, reasons, valid_from=second.seen_from
                )
    a, b = sorted((one, other), key=lambda entity: entity.id)
    begun = [entity.seen_from for entity in (a, b) if entity.seen_from is not None]
    return Link(
        a.id, b.id, LinkKind.RELATED, points, reasons, valid_from=max(begun) if len(begun) == 2 else None
    )
