"""The picture of a campaign: members as dots, ties as lines between them; of a ring, its victims in the middle.

A pure function: the same members and ties give the same picture. Springs along the ties, repulsion between all
(Fruchterman and Reingold 1991), beginning on a circle, for a fixed number of steps.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.rungs import Rung

MOST_DRAWN = 60
VICTIMS_DRAWN = 3
WIDTH, HEIGHT, MARGIN = 480.0, 320.0, 22.0
STEPS = 200
TIES_OF_A_NODE = 4
"""Drawn of each member: its strongest. With all of them a dense group is a ball of wool."""
CLASSES = 3
"""Of a tie's width."""
GRAVITY = 0.3
Places = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Node:
    """A member."""

    pseudonym: str
    rung: Rung
    score: float
    """0 to 1."""


def ties_picture(
    members: Sequence[Node], links: Sequence[tuple[int, int, float]], victims: Sequence[str] = ()
) -> str:
    """An ``<svg>`` of the first :data:`MOST_DRAWN` members. ``links``: indices into ``members``, and nats."""
    count = min(len(members), MOST_DRAWN)
    pairs, weights = _strongest([one for one in links if one[0] < count and one[1] < count])
    places = _on_a_ring(count) if victims else _sprung(count, pairs, weights)
    title = "The ring and whom it complained about" if victims else "Who is tied to whom"
    described = f"{count:,} of {len(members):,} accounts, with {len(pairs):,} ties drawn between them."
    if victims:
        described += f" They complained about {', '.join(victims[:VICTIMS_DRAWN])}."
    dots = "".join(_dot(member, *places[at]) for at, member in enumerate(members[:count]))
    return (
        f'<svg class="ties" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-labelledby="ties-title ties-desc">'
        f'<title id="ties-title">{title}</title><desc id="ties-desc">{escape(described)}</desc>'
        f"{_lines(places, pairs, weights)}{_victims(victims, places)}{dots}</svg>"
    )


def _strongest(links: Sequence[tuple[int, int, float]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ties that are among the strongest of either end."""
    drawn: Counter[int] = Counter()
    kept = []
    for one, other, weight in sorted(links, key=lambda link: -link[2]):
        if drawn[one] < TIES_OF_A_NODE or drawn[other] < TIES_OF_A_NODE:
            kept.append((one, other, weight))
            drawn.update((one, other))
    pairs = np.array([one[:2] for one in kept], np.int64).reshape(-1, 2)
    return pairs, np.array([one[2] for one in kept], np.float64)


def _circle(count: int) -> Places:
    angle = 2.0 * np.pi * np.arange(count) / max(count, 1) - np.pi / 2.0
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def _on_a_ring(count: int) -> Places:
    middle = np.array([WIDTH, HEIGHT]) / 2
    return middle + (middle - MARGIN) * _circle(count)


def _sprung(count: int, pairs: NDArray[np.int64], weights: NDArray[np.float64]) -> Places:
    at = _circle(count)
    pull = weights / weights.max() if len(weights) else weights
    degree = np.bincount(pairs.ravel(), np.repeat(pull, 2), count)
    # A dense group must not collapse into a point: each member's ties pull about as much in all.
    pull = 2.0 * pull / np.sqrt(np.maximum(degree[pairs[:, 0]] * degree[pairs[:, 1]], 1.0))
    length = 1.0 / np.sqrt(max(count, 1))
    for step in range(STEPS):
        apart = at[:, None, :] - at[None, :, :]
        distance = np.maximum(np.sqrt((apart**2).sum(axis=2)), 1e-3)
        push = (apart * (length**2 / distance**2)[:, :, None]).sum(axis=1)
        along = at[pairs[:, 0]] - at[pairs[:, 1]]
        reach = np.maximum(np.sqrt((along**2).sum(axis=1)), 1e-3)
        drawn_in = along * (pull * reach / length)[:, None]
        np.add.at(push, pairs[:, 0], -drawn_in)
        np.add.at(push, pairs[:, 1], drawn_in)
        push -= GRAVITY * at
        far = np.maximum(np.sqrt((push**2).sum(axis=1)), 1e-9)
        at = at + push * (np.minimum(far, 0.12 * (1.0 - step / STEPS)) / far)[:, None]
    low, high = at.min(axis=0), at.max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * MARGIN
    return np.array([WIDTH, HEIGHT]) / 2 + (at - (low + high) / 2) * room / np.maximum(high - low, 1e-6)


def _lines(places: Places, pairs: NDArray[np.int64], weights: NDArray[np.float64]) -> str:
    """Ties, in a few classes of width."""
    if not len(pairs):
        return ""
    bounds = np.quantile(weights, np.arange(1, CLASSES) / CLASSES)
    lines: list[list[str]] = [[] for _ in range(CLASSES)]
    for pair, strength in zip(pairs, np.searchsorted(bounds, weights).tolist(), strict=True):
        (x0, y0), (x1, y1) = places[pair].tolist()
        lines[strength].append(f"M{x0:.0f} {y0:.0f}L{x1:.0f} {y1:.0f}")
    return "".join(f'<path class="tie w{at}" d="{"".join(path)}"/>' for at, path in enumerate(lines) if path)


def _victims(victims: Sequence[str], places: Places) -> str:
    """In the middle, a line from each member."""
    parts = []
    shown = victims[:VICTIMS_DRAWN]
    for at, name in enumerate(shown):
        x, y = WIDTH / 2 + (at - (len(shown) - 1) / 2) * 110, HEIGHT / 2
        spokes = "".join(f"M{a:.0f} {b:.0f}L{x:.0f} {y:.0f}" for a, b in places.tolist())
        parts.append(
            f'<path class="complaint" d="{spokes}"/><circle class="victim" cx="{x:.0f}" cy="{y:.0f}" r="11">'
            f'<title>{escape(name)}</title></circle><text x="{x:.0f}" y="{y + 28:.0f}" text-anchor="middle">'
            f"{escape(name[:8])}…</text>"
        )
    return "".join(parts)


def _dot(member: Node, x: float, y: float) -> str:
    return (
        f'<circle class="node on-{int(member.rung)}" cx="{x:.0f}" cy="{y:.0f}" r="{5 + 3 * member.score:.1f}">'
        f"<title>{escape(member.pseudonym)}: {member.rung.word}</title></circle>"
    )
