"""The graph of a campaign: members as nodes, ties by weight, and around what they share.

The places come from the members and their ties alone, so the same findings give the same picture: springs along the
ties, repulsion between all nodes (Fruchterman and Reingold 1991), beginning on a circle, for a fixed number of steps.
A ring of reporters is drawn as what it is: a ring, with its victim in the middle.
"""

from collections import Counter
from html import escape

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.finding import Kind
from tidegate.cli.campaign_findings import CampaignShown
from tidegate.cli.report.markup import short
from tidegate.cli.wording import plural, shown_name

WIDTH, HEIGHT, MARGIN = 440.0, 330.0, 26.0
STEPS = 250
TIES_OF_A_NODE = 4
"""Drawn of each node, and pulling at it: its strongest. With all of them a dense group is a ball of wool."""
WEIGHT_CLASSES = 3
PULL, GRAVITY = 2.0, 0.3
"""Of a node's ties, and towards the middle, against the push between nodes; found by looking."""
HUB_LETTER = {"network": "N", "device": "D", "number range": "#", "group": "G"}

Places = NDArray[np.float64]


def graph(campaign: CampaignShown, drawn: int, mark: str) -> str:
    """The picture as one ``<svg>`` of the first ``drawn`` members; ``mark`` makes its ids unique on the page."""
    ties = [link for link in campaign.links if link.one < drawn and link.other < drawn]
    pairs = np.array([(link.one, link.other) for link in ties], np.int64).reshape(-1, 2)
    weights = np.array([link.weight for link in ties], np.float64)
    strongest = _strongest(pairs, weights)
    pairs, weights = pairs[strongest], weights[strongest]
    ring = campaign.kind is Kind.REPORTERS and bool(campaign.victims)
    hubs = [] if ring else _hubs(campaign, drawn)
    if ring:
        places = _on_a_ring(drawn)
    else:
        spokes = [(drawn + i, member) for i, (_, members) in enumerate(hubs) for member in members]
        places = _sprung(drawn + len(hubs), pairs, weights, np.array(spokes, np.int64).reshape(-1, 2))
    parts = [_lines(places, pairs, weights)]
    parts += [_hub(places, drawn + i, what, members) for i, (what, members) in enumerate(hubs)]
    if ring:
        parts.append(_victims(campaign, places))
    parts += [_node(campaign, i, places) for i in range(drawn)]
    return (
        f'<svg class="ties" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-labelledby="{mark}-tied {mark}-how"><title id="{mark}-tied">'
        f"{'The ring and whom it complained about' if ring else 'Who is tied to whom'}</title>"
        f'<desc id="{mark}-how">{escape(_described(campaign, drawn, len(ties), hubs))}</desc>'
        f"{''.join(parts)}</svg>"
    )


Hub = tuple[str, tuple[int, ...]]


def _hubs(campaign: CampaignShown, drawn: int) -> list[Hub]:
    """What at least two of the drawn members share."""
    kept = [(shared.what, tuple(i for i in shared.members if i < drawn)) for shared in campaign.shared]
    return [(what, members) for what, members in kept if len(members) >= 2]


def _described(campaign: CampaignShown, drawn: int, ties: int, hubs: list[Hub]) -> str:
    words = f"{plural(drawn, 'account')}, with {plural(ties, 'tie')} drawn between them."
    if campaign.victims:
        names = ", ".join(shown_name(victim.account, 30) for victim in campaign.victims[:3])
        words += f" All complained about {names}."
    kinds = Counter(what for what, _ in hubs)
    if kinds:
        words += f" Shared: {', '.join(plural(number, what) for what, number in sorted(kinds.items()))}."
    return words


def _on_a_ring(count: int) -> Places:
    angle = 2.0 * np.pi * np.arange(count) / max(count, 1) - np.pi / 2.0
    places: Places = np.stack(
        [
            WIDTH / 2 + (WIDTH / 2 - MARGIN) * np.cos(angle),
            HEIGHT / 2 + (HEIGHT / 2 - MARGIN) * np.sin(angle),
        ],
        1,
    )
    return places


def _sprung(
    count: int, pairs: NDArray[np.int64], weights: NDArray[np.float64], spokes: NDArray[np.int64]
) -> Places:
    """Places of ``count`` nodes inside the picture; ``spokes`` join what is shared with those who share it."""
    angle = 2.0 * np.pi * np.arange(count) / max(count, 1)
    at: Places = np.stack([np.cos(angle), np.sin(angle)], 1)
    both = np.concatenate([pairs, spokes])
    heaviest = weights.max() if len(weights) else 1.0
    pull = np.concatenate([weights / heaviest, np.ones(len(spokes))])
    # A dense group must not collapse into a point: each node's ties pull about as much in all.
    degree = np.bincount(both.ravel(), np.repeat(pull, 2), count)
    pull = pull / np.sqrt(np.maximum(degree[both[:, 0]] * degree[both[:, 1]], 1.0)) * PULL
    length = 1.0 / np.sqrt(max(count, 1))
    for step in range(STEPS):
        apart = at[:, None, :] - at[None, :, :]
        distance = np.maximum(np.sqrt((apart**2).sum(axis=2)), 1e-3)
        push = (apart * (length**2 / distance**2)[:, :, None]).sum(axis=1)
        if len(both):
            along = at[both[:, 0]] - at[both[:, 1]]
            reach = np.maximum(np.sqrt((along**2).sum(axis=1)), 1e-3)
            drawn_in = along * (pull * reach / length)[:, None]
            np.add.at(push, both[:, 0], -drawn_in)
            np.add.at(push, both[:, 1], drawn_in)
        push -= GRAVITY * at  # parts without a tie between them must not drift away
        far = np.maximum(np.sqrt((push**2).sum(axis=1)), 1e-9)
        at = at + push * (np.minimum(far, 0.12 * (1.0 - step / STEPS)) / far)[:, None]
    return _fitted(at)


def _fitted(at: Places) -> Places:
    """Turned so that its longer side lies flat, and scaled into the picture."""
    at = at - at.mean(axis=0)
    spread = at.T @ at
    turn = 0.5 * np.arctan2(2.0 * spread[0, 1], spread[0, 0] - spread[1, 1])
    cos, sin = np.cos(turn), np.sin(turn)
    at = at @ np.array([[cos, -sin], [sin, cos]])
    low, high = at.min(axis=0), at.max(axis=0)
    room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    scale = room / np.maximum(high - low, 1e-6)
    scale = np.minimum(scale, 1.6 * scale.min())  # fill the picture without distorting it much
    places: Places = np.array([WIDTH, HEIGHT]) / 2 + (at - (low + high) / 2) * scale
    return places


def _strongest(pairs: NDArray[np.int64], weights: NDArray[np.float64]) -> list[int]:
    """Indices of the ties that are among the strongest of either of their nodes, strongest first."""
    shown: Counter[int] = Counter()
    kept: list[int] = []
    for at in np.argsort(-weights, kind="stable").tolist():
        one, other = pairs[at].tolist()
        if shown[one] < TIES_OF_A_NODE or shown[other] < TIES_OF_A_NODE:
            kept.append(at)
            shown.update((one, other))
    return kept


def _lines(places: Places, pairs: NDArray[np.int64], weights: NDArray[np.float64]) -> str:
    """Ties, in a few classes of width."""
    if not len(pairs):
        return ""
    bounds = np.quantile(weights, np.arange(1, WEIGHT_CLASSES) / WEIGHT_CLASSES)
    groups: list[list[str]] = [[] for _ in range(WEIGHT_CLASSES)]
    for pair, strength in zip(pairs, np.searchsorted(bounds, weights).tolist(), strict=True):
        (x0, y0), (x1, y1) = places[pair].tolist()
        groups[strength].append(f"M{x0:.0f} {y0:.0f}L{x1:.0f} {y1:.0f}")
    return "".join(
        f'<path class="tie w{i}" d="{"".join(lines)}"/>' for i, lines in enumerate(groups) if lines
    )


def _hub(places: Places, node: int, what: str, members: tuple[int, ...]) -> str:
    x, y = places[node].tolist()
    spokes = "".join(f"M{x:.0f} {y:.0f}L{places[i][0]:.0f} {places[i][1]:.0f}" for i in members)
    return (
        f'<g class="hub"><path d="{spokes}"/><rect x="{x - 8:.0f}" y="{y - 8:.0f}" width="16" height="16" rx="4"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{HUB_LETTER[what]}</text>'
        f"<title>one {what}, shared by {plural(len(members), 'account')}</title></g>"
    )


def _victims(campaign: CampaignShown, places: Places) -> str:
    """Whom the ring complained about: in the middle, an arrow from each member."""
    count = len(campaign.victims[:3])
    parts = []
    for i, victim in enumerate(campaign.victims[:3]):
        x, y = WIDTH / 2 + (i - (count - 1) / 2) * 60, HEIGHT / 2
        spokes = "".join(f"M{a:.0f} {b:.0f}L{x:.0f} {y:.0f}" for a, b in places.tolist())
        parts.append(
            f'<g class="victim"><path d="{spokes}"/><circle cx="{x:.0f}" cy="{y:.0f}" r="15"/>'
            f'<text class="flag" x="{x:.0f}" y="{y + 33:.0f}" text-anchor="middle">'
            f"{escape(shown_name(victim.account, 18))}</text><title>"
            f"{victim.share:.0%} of the complaints about it came from the ring</title></g>"
        )
    return "".join(parts)


def _node(campaign: CampaignShown, i: int, places: Places) -> str:
    member = campaign.members[i]
    x, y = places[i].tolist()
    return (
        f'<circle class="node r-{member.strongest}" cx="{x:.0f}" cy="{y:.0f}" r="{short(4.5 + 3 * member.score)}">'
        f"<title>{escape(shown_name(member.account))}: {member.strongest}</title></circle>"
    )
