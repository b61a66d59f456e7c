"""What the page's script does, for tests without a browser."""

import re

from tidegate.node.challenge.work import PUZZLES, attempt


def solution_of(order: str, target: int) -> str:
    """Solve an order the honest way: one try after another."""
    counters = []
    for puzzle in range(PUZZLES):
        counter = 0
        while attempt(order, puzzle, counter) >= target:
            counter += 1
        counters.append(str(counter))
    return ".".join(counters)


def order_in(page: str) -> tuple[str, int]:
    """Order and target as a page of HTML holds them."""
    order = re.search(r'name="order" value="([^"]+)"', page)
    target = re.search(r'data-target="(\d+)"', page)
    assert order, page
    assert target, page
    return order[1], int(target[1])


def solved_form(page: str) -> dict[str, str]:
    """The form that the page's script would send."""
    order, target = order_in(page)
    return {"order": order, "solution": solution_of(order, target)}
