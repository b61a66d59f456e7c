"""How well generated records are linked: precision and recall over pairs, and the time it takes."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegate.desk.evidence.linking.generated.world import Generated, generate
from tidegate.desk.evidence.linking.linker import Linked, link
from tidegate.desk.evidence.linking.links import LinkKind


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one generated set."""

    seed: int
    records: int
    companies: int
    precision: float
    """Of pairs of records put together, those of one company."""
    recall: float
    """Of pairs of one company, those put together."""
    reachable: float
    """Recall of joining whatever shares any identifier, hubs included: no linker by identifiers has more."""
    precision_of_any: float
    """Precision of that."""
    successor_precision: float
    successor_recall: float
    hubs: int
    held_apart: int
    seconds: float


def measure(records: int, seed: int) -> Measured:
    """Generate, link and compare with the truth."""
    made = generate(records, seed)
    begun = time.perf_counter()
    linked = link(made.records)
    seconds = time.perf_counter() - begun
    truth = {record.id: number for record, number in zip(made.records, made.truth, strict=True)}
    found = {record: at for at, entity in enumerate(linked.entities) for record in entity.records}
    precision, recall = pairwise(found, truth)
    any_precision, any_recall = pairwise(_by_any_identifier(made), truth)
    successor_precision, successor_recall = _successors(linked, made, truth)
    return Measured(
        seed=seed,
        records=len(made.records),
        companies=len(set(made.truth)),
        precision=precision,
        recall=recall,
        reachable=any_recall,
        precision_of_any=any_precision,
        successor_precision=successor_precision,
        successor_recall=successor_recall,
        hubs=len(linked.hubs),
        held_apart=len(linked.held_apart),
        seconds=seconds,
    )


def pairwise(found: Mapping[str, int], truth: Mapping[str, int]) -> tuple[float, float]:
    """Precision and recall over all pairs of records."""
    both = _pairs(Counter((found[one], truth[one]) for one in truth).values())
    together, due = _pairs(Counter(found.values()).values()), _pairs(Counter(truth.values()).values())
    return both / together if together else 1.0, both / due if due else 1.0


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _successors(linked: Linked, made: Generated, truth: Mapping[str, int]) -> tuple[float, float]:
    """A proposal is right when most records of the two entities are of the two companies, in that order.

    Due are those of whose two companies there are records that share an identifier.
    """
    company = {
        entity.id: Counter(truth[record] for record in entity.records).most_common(1)[0][0]
        for entity in linked.entities
    }
    due = set(made.successors)
    told = {
        (company[one.first], company[one.second])
        for one in linked.between
        if one.kind is LinkKind.SUCCESSOR and company[one.first] != company[one.second]
    }
    seen: dict[int, set[object]] = {}
    for record, number in zip(made.records, made.truth, strict=True):
        seen.setdefault(number, set()).update(record.identifiers)
    due = {(a, b) for a, b in due if seen.get(a, set()) & seen.get(b, set())}
    right = len(told & set(made.successors))
    return right / len(told) if told else 1.0, len(told & due) / len(due) if due else 1.0


def _by_any_identifier(made: Generated) -> dict[str, int]:
    """Groups of records that share any identifier, and what those share, and so on."""
    parent: dict[object, object] = {}

    def find(one: object) -> object:
        while parent.setdefault(one, one) != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for record in made.records:
        for identifier in record.identifiers:
            parent[find(record.id)] = find(identifier)
    numbers: dict[object, int] = {}
    return {record.id: numbers.setdefault(find(record.id), len(numbers)) for record in made.records}
