"""Which records to compare: those that share an identifier that is no hub."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tidegate.desk.evidence.linking.names import CLOSE, plain, similarity
from tidegate.desk.evidence.linking.records import Identifier, Record
from tidegate.desk.evidence.linking.weights import kind_of

MOST_CARRIERS = 5_000
"""An identifier with more records than this is a hub, whatever their names."""
ALL_PAIRS_UP_TO = 24
"""Of an identifier's records; beyond, each is compared with the next :data:`NEIGHBOURS` in order of name."""
NEIGHBOURS = 6
NAMELESS_A_NAME = 8
"""So many records without a name are taken for one owner more."""


class Carriers:
    """Who has which identifier, and how many differently named owners each has."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.names = [
            tuple(dict.fromkeys(made for name in one.names if (made := plain(name)))) for one in records
        ]
        self._records: dict[Identifier, list[int]] = defaultdict(list)
        for place, record in enumerate(records):
            for identifier in dict.fromkeys(record.identifiers):
                self._records[identifier].append(place)
        self.owners: dict[Identifier, int] = {
            identifier: self._owners(identifier, places)
            for identifier, places in self._records.items()
            if len(places) > 1
        }
        """Of each identifier that at least two records share; counted up to the hub's bound."""

    def _owners(self, identifier: Identifier, places: list[int]) -> int:
        enough = kind_of(identifier.kind).hub_from
        if len(places) > MOST_CARRIERS:
            return enough
        known: list[str] = []
        nameless = 0
        for place in places:
            names = self.names[place]
            nameless += not names
            # A record's first name stands for it: brands beside it do not make it another owner.
            if names and not any(similarity(one, name) >= CLOSE for name in names for one in known):
                known.append(names[0])
            if len(known) + nameless // NAMELESS_A_NAME >= enough:
                return enough
        return max(1, len(known) + nameless // NAMELESS_A_NAME)

    def is_hub(self, identifier: Identifier) -> bool:
        return self.owners.get(identifier, 1) >= kind_of(identifier.kind).hub_from

    @property
    def hubs(self) -> list[Identifier]:
        """In order."""
        return sorted(identifier for identifier in self.owners if self.is_hub(identifier))

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Places of records to compare, the smaller one first; a pair may come more than once."""
        for identifier in self.owners:
            if not self.is_hub(identifier):
                yield from self._pairs(self._records[identifier])

    def _pairs(self, places: list[int]) -> Iterator[tuple[int, int]]:
        if len(places) <= ALL_PAIRS_UP_TO:
            for at, one in enumerate(places):
                for other in places[at + 1 :]:
                    yield one, other
            return
        ordered = sorted(places, key=lambda place: (self.names[place], place))
        for at, one in enumerate(ordered):
            for other in ordered[at + 1 : at + 1 + NEIGHBOURS]:
                yield (one, other) if one < other else (other, one)
