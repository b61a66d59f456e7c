"""On generated records with hubs, successors, typing errors and other scripts, the linker holds what is promised."""

import pytest

from tidegate.desk.evidence.linking.generated import generate, measure, pairwise


def test_the_generator_makes_the_same_records_from_a_seed_with_every_difficulty() -> None:
    made = generate(4_000, seed=5)
    assert made.records == generate(4_000, seed=5).records != generate(4_000, seed=6).records
    names = [name for record in made.records for name in record.names]
    assert any(not name.isascii() for name in names)
    assert made.successors and len(set(made.truth)) > 700
    kinds = {identifier.kind for record in made.records for identifier in record.identifiers}
    assert kinds >= {"phone", "email", "domain", "handle", "analytics", "network", "registration:br_cnpj"}


def test_pairs_are_counted() -> None:
    truth = {"a": 1, "b": 1, "c": 1, "d": 2}
    assert pairwise({"a": 1, "b": 1, "c": 1, "d": 2}, truth) == (1.0, 1.0)
    assert pairwise({"a": 1, "b": 1, "c": 2, "d": 2}, truth) == (0.5, pytest.approx(1 / 3))


def test_precision_and_recall_hold_where_joining_by_any_identifier_fails() -> None:
    measured = measure(20_000, seed=8_001)
    assert measured.precision >= 0.97
    assert measured.recall >= 0.80
    assert measured.precision_of_any < 0.05
    assert measured.hubs > 30
