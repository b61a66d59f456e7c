"""Records that belong together, found by merging along links, the strongest first.

A merge is not made when it would bring together what a person has held apart, two registration numbers of one sort, or
two groups whose names have nothing in common: one stray record must not join two companies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidegate.desk.evidence.linking.links import Link, LinkState
from tidegate.desk.evidence.linking.names import UNLIKE, best
from tidegate.desk.evidence.linking.records import Record, Role
from tidegate.desk.evidence.linking.weights import kind_of

NAMES_KEPT = 6
"""Of a group, for comparing; the most frequent ones."""
SURE = 9.0
"""A link of so many points joins groups whatever their names."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One company, person or account, as far as the records tell."""

    id: str
    """Of its first record, in order."""
    records: tuple[str, ...]
    names: tuple[str, ...]
    """Plain, the most frequent first."""
    roles: tuple[Role, ...]
    seen_from: float | None
    seen_to: float | None


class Merging:
    """Groups of records that grow along links."""

    def __init__(
        self,
        records: Sequence[Record],
        names: Sequence[tuple[str, ...]],
        apart: Mapping[int, set[int]],
    ) -> None:
        self._parent = list(range(len(records)))
        self._members = [[place] for place in range(len(records))]
        self._names = [dict.fromkeys(one, 1) for one in names]
        self._apart = {place: set(others) for place, others in apart.items()}
        self._exclusive = [
            frozenset(one for one in record.identifiers if kind_of(one.kind).exclusive) for record in records
        ]

    def find(self, place: int) -> int:
        """The group of a record."""
        while self._parent[place] != place:
            self._parent[place] = self._parent[self._parent[place]]
            place = self._parent[place]
        return place

    def merge(self, one: int, other: int, link: Link) -> bool:
        """Join the groups of two records along a link, unless something speaks against it."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return True
        confirmed = link.state is LinkState.CONFIRMED
        if self._held_apart(a, b) or (not confirmed and not self._fit(a, b, link)):
            return False
        if len(self._members[a]) < len(self._members[b]):
            a, b = b, a
        self._parent[b] = a
        self._members[a] += self._members[b]
        for name, count in self._names[b].items():
            self._names[a][name] = self._names[a].get(name, 0) + count
        self._exclusive[a] |= self._exclusive[b]
        if b in self._apart:
            self._apart.setdefault(a, set()).update(self._apart.pop(b))
        self._members[b], self._names[b] = [], {}
        return True

    def _held_apart(self, a: int, b: int) -> bool:
        return any(self.find(one) == b for one in self._apart.get(a, ())) or any(
            self.find(one) == a for one in self._apart.get(b, ())
        )

    def _fit(self, a: int, b: int, link: Link) -> bool:
        mine = {one.kind: one.value for one in self._exclusive[a]}
        if any(mine.get(one.kind, one.value) != one.value for one in self._exclusive[b]):
            return False
        if link.points >= SURE:
            return True
        similar = best(self._frequent(a), self._frequent(b))
        return similar is None or similar >= UNLIKE

    def _frequent(self, group: int) -> tuple[str, ...]:
        names = self._names[group]
        if len(names) <= NAMES_KEPT:
            return tuple(names)
        return tuple(sorted(names, key=lambda name: (-names[name], name))[:NAMES_KEPT])

    def entities(self, records: Sequence[Record]) -> list[Entity]:
        """The groups, in order of their first record."""
        made = []
        for group, members in enumerate(self._members):
            if members:
                names = self._names[group]
                held = [records[place] for place in sorted(members)]
                roles = sorted({role for record in held for role in record.roles})
                begun = [record.seen_from for record in held if record.seen_from is not None]
                ended = [record.seen_to for record in held if record.seen_to is not None]
                made.append(
                    Entity(
                        id=held[0].id,
                        records=tuple(record.id for record in held),
                        names=tuple(sorted(names, key=lambda name, n=names: (-n[name], name))),  # type: ignore[misc]
                        roles=tuple(roles),
                        seen_from=min(begun) if begun else None,
                        seen_to=max(ended) if ended else None,
                    )
                )
        return sorted(made, key=lambda entity: entity.id)
