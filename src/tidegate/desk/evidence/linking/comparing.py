"""Two records compared: every reason with its points."""

from collections import Counter
from collections.abc import Sequence

from tidegate.desk.evidence.linking.candidates import Carriers
from tidegate.desk.evidence.linking.links import Reason
from tidegate.desk.evidence.linking.names import best, points
from tidegate.desk.evidence.linking.records import Identifier, Record
from tidegate.desk.evidence.linking.weights import SECOND_OF_A_KIND, kind_of, points_of

GENERIC_FROM = 60
"""A word in so many records and more, and in one of :data:`GENERIC_SHARE`, tells nobody apart."""
GENERIC_SHARE = 300
GENERIC_NAME = 0.3
"""What is left of the points for a name of nothing but such words."""
CONFLICT = -6.0
"""Two different registration numbers of one sort are two companies."""


class Comparing:
    """Compares records of one collection."""

    def __init__(self, records: Sequence[Record], carriers: Carriers) -> None:
        self._names, self._owners = carriers.names, carriers.owners
        self._identifiers = [frozenset(record.identifiers) for record in records]
        self._exclusive = [_exclusive(record) for record in records]
        counted = Counter(
            word for names in self._names for word in {w for name in names for w in name.split()}
        )
        bound = max(GENERIC_FROM, len(records) // GENERIC_SHARE)
        self._generic = frozenset(word for word, count in counted.items() if count >= bound)

    def shared(self, one: int, other: int) -> list[Reason]:
        """Reasons of identifiers alone, hubs with no points."""
        found = sorted(
            (points_of(identifier.kind, self._owners[identifier]), identifier)
            for identifier in self._identifiers[one] & self._identifiers[other]
        )
        reasons, kinds = [], set()
        for worth, identifier in reversed(found):
            kind = identifier.kind.partition(":")[0]
            counts = worth * SECOND_OF_A_KIND if kind in kinds else worth
            kinds.add(kind)
            reasons.append(Reason(identifier.kind, identifier.value, counts, self._owners[identifier]))
        return reasons

    def against(self, one: int, other: int) -> list[Reason]:
        """Reasons of identifiers that cannot be of one company."""
        mine, theirs = self._exclusive[one], self._exclusive[other]
        return [
            Reason(kind, f"{' '.join(sorted(mine[kind]))} / {' '.join(sorted(theirs[kind]))}", CONFLICT)
            for kind in sorted(mine.keys() & theirs.keys())
            if not mine[kind] & theirs[kind]
        ]

    def by_name(self, one: int, other: int) -> list[Reason]:
        """What the names say."""
        mine, theirs = self._names[one], self._names[other]
        similar = best(mine, theirs)
        if similar is None:
            return []
        worth = points(similar)
        if worth > 0 and (self._is_generic(mine) or self._is_generic(theirs)):
            worth *= GENERIC_NAME
        return [Reason("name", f"{mine[0]} / {theirs[0]}", worth)]

    def _is_generic(self, names: tuple[str, ...]) -> bool:
        return all(word in self._generic for name in names for word in name.split())


def _exclusive(record: Record) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for kind, value in record.identifiers:
        if kind_of(kind).exclusive:
            found.setdefault(kind, set()).add(value)
    return {kind: frozenset(values) for kind, values in found.items()}


def hubs_among(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """The shared identifiers that say nothing."""
    return tuple(f"{one.kind} {one.value}" for one in reasons if one.points == 0.0 and one.owners)


def as_identifier(reason: Reason) -> Identifier:
    """The identifier that a reason is about."""
    return Identifier(reason.kind, reason.value)
