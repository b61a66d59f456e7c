"""Work is accepted when it was done, for the order it was done for, and not otherwise."""

import pytest

from challenge_solving import solution_of
from tidegate.node.challenge.work import PUZZLES, ROUNDS, attempt, solved, target_of

ORDER = "an-order"
TARGET = target_of(4 * PUZZLES * ROUNDS)


@pytest.fixture(scope="module")
def solution() -> str:
    return solution_of(ORDER, TARGET)


def test_a_solution_is_accepted(solution: str) -> None:
    assert solved(ORDER, TARGET, solution)


def test_a_solution_is_worth_nothing_for_another_order(solution: str) -> None:
    assert not solved("another-order", TARGET, solution)


def test_a_solution_is_worth_nothing_when_more_work_was_asked_for(solution: str) -> None:
    assert not solved(ORDER, target_of(4_000 * PUZZLES * ROUNDS), solution)


def test_every_puzzle_must_be_solved(solution: str) -> None:
    words = solution.split(".")
    for puzzle in range(PUZZLES):
        wrong = next(counter for counter in range(1_000) if attempt(ORDER, puzzle, counter) >= TARGET)
        others = [*words[:puzzle], str(wrong), *words[puzzle + 1 :]]
        assert not solved(ORDER, TARGET, ".".join(others))


@pytest.mark.parametrize(
    "nonsense",
    ["", ".", "1", "." * 15, "-1" + ".1" * 15, "1.5" * 8, "x" + ".1" * 15, "1" + ".1" * 16, "٣" + ".1" * 15,
     f"{1 << 32}" + ".1" * 15, "9" * 10_000, " 1" + ".1" * 15, "+1" + ".1" * 15],
)  # fmt: skip
def test_nonsense_is_no_solution(nonsense: str) -> None:
    assert not solved(ORDER, 1 << 32, nonsense)


def test_the_stated_work_is_what_it_takes_on_average() -> None:
    """One puzzle's chance of a hit in one try is its share of all the iterations that were asked for."""
    for iterations in (160_000, 6_000_000, 48_000_000, 10**9):
        tries_a_puzzle = (1 << 32) / target_of(iterations)
        assert tries_a_puzzle * PUZZLES * ROUNDS == pytest.approx(iterations, rel=0.001)
