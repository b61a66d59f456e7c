"""How much two accounts have in common, signal by signal, in nats of evidence that one hand runs both. Compiled.

Fellegi and Sunter (1969): the weight of an observation is the logarithm of how likely it is for two accounts of one
operator (m) over how likely for two accounts that have nothing to do with each other (u). Where things are shared
(a network, a group, a target), u is how common that thing is in this very log; where they are alike (text size, pace),
weights come from a table (:mod:`tidegate.campaigns.evidence`).
"""

from collections import namedtuple
from typing import Any

import numpy as np

from tidegate.campaigns.layout import CHATS, DEVICES, HOURS, NETWORKS
from tidegate.campaigns.remembering import (
    CHAT_SALT,
    CLIENT_SALT,
    DEVICE_SALT,
    NETWORK_SALT,
    RANGE_SALT,
    pair_of,
    token_of,
)
from tidegate.engine.index import find
from tidegate.events.compiled import compiled, inlined

(
    NETWORK,
    DEVICE,
    RANGE,
    CLIENT,
    SIGN_UP,
    START,
    SIZE,
    SPREAD,
    PACE,
    HOUR,
    TYPED,
    DEAD,
    TARGET,
    REGION_SHARED,
    CHAT,
    TALK,
    NOVELTY,
) = range(17)
SIGNAL_COUNT = 17
LEVELS = 8
"""Levels of likeness of each signal; 0 is *not measured* and weighs nothing."""
MOST_NATS_FOR_SHARING = 8.0
_NOTHING = np.uint64(0)

Tables = namedtuple("Tables", "weights shared_m differs family_of most")
"""What each observation is worth (:mod:`tidegate.campaigns.evidence`)."""


@inlined
def rarity(t: Any, salt: Any, value: Any, active: Any) -> Any:
    """How common a token is: the share of accounts that have it."""
    slot = find(t.token_book[0], t.token_index, t.token_old, t.tokens, token_of(salt, value))
    count = np.float64(t.tokens[slot].accounts) if slot >= 0 else 1.0
    return max(count, 2.0) / active


@inlined
def step(value: Any, edges: Any) -> Any:
    """1 for a value below the first edge, 2 below the second, …"""
    level = 1
    for i in range(len(edges)):
        if value >= edges[i]:
            level += 1
    return level


@inlined
def shared_token(t: Any, one: Any, other: Any, width: Any, salt: Any, active: Any) -> Any:
    """(whether both have any, the smallest share of accounts that have a common one; 2 when there is none)."""
    least = 2.0
    measured = one[0] != _NOTHING and other[0] != _NOTHING
    for i in range(width):
        if one[i] != _NOTHING:
            for k in range(width):
                if one[i] == other[k]:
                    least = min(least, rarity(t, salt, one[i], active))
    return measured, least


@inlined
def shared_targets(t: Any, a: Any, b: Any) -> Any:
    """(how many of the latest targets two accounts have in common, how many wrote to the least popular of them)."""
    i, k, shared = 0, 0, 0
    approached = np.uint32(0xFFFFFFFF)
    while i < a.target_count and k < b.target_count:
        if a.targets[i] == b.targets[k]:
            shared += 1
            approached = min(approached, t.persons[a.targets[i] - 1].approached)
            i += 1
            k += 1
        elif a.targets[i] < b.targets[k]:
            i += 1
        else:
            k += 1
    return shared, np.float64(approached)


SIGN_UP_EDGES_S = np.array([300.0, 3_600.0, 21_600.0, 86_400.0, 259_200.0, 1_209_600.0])
START_EDGES_S = np.array([900.0, 7_200.0, 28_800.0, 86_400.0, 259_200.0])
SIZE_EDGES = np.array([0.06, 0.15, 0.3, 0.5, 0.8])
SPREAD_EDGES = np.array([0.05, 0.12, 0.25, 0.4])
PACE_EDGES = np.array([0.15, 0.35, 0.7, 1.2, 2.0])
HOUR_EDGES = np.array([0.2, 0.35, 0.5, 0.7])
SHARE_EDGES = np.array([0.05, 0.12, 0.25, 0.5])


CONTACT_EDGES = np.array([3, 6, 16])
CLASSES = 4
"""Of how many contacts of the account of which less is known a comparison rests on."""


@inlined
def class_of(a: Any, b: Any) -> Any:
    """Class of how much is known of two OUTREACH rows."""
    return step(min(a.looked_at, b.looked_at), CONTACT_EDGES) - 1


@inlined
def compare(t: Any, a: Any, b: Any, active: Any, levels: Any, shares: Any) -> None:
    """Level of every signal into ``levels``; into ``shares`` how common what they share is, 2 where nothing is."""
    levels[:] = 0
    shares[:] = 2.0
    measured, least = shared_token(t, a.networks, b.networks, NETWORKS, NETWORK_SALT, active)
    levels[NETWORK], shares[NETWORK] = np.int64(measured), least
    measured, least = shared_token(t, a.devices, b.devices, DEVICES, DEVICE_SALT, active)
    levels[DEVICE], shares[DEVICE] = np.int64(measured), least
    measured, least = shared_token(t, a.chats, b.chats, CHATS, CHAT_SALT, active)
    levels[CHAT], shares[CHAT] = np.int64(measured), least
    if a.phone_range != 0 and b.phone_range != 0:
        levels[RANGE] = 1
        if a.phone_range == b.phone_range:
            shares[RANGE] = rarity(t, RANGE_SALT, a.phone_range, active)
    if a.client != 0 and b.client != 0:
        levels[CLIENT] = 1
        if a.client == b.client:
            shares[CLIENT] = rarity(t, CLIENT_SALT, a.client, active)
    if a.registered != 0 and b.registered != 0:
        levels[SIGN_UP] = step(abs(np.float64(a.registered) - np.float64(b.registered)), SIGN_UP_EDGES_S)
    levels[START] = step(abs(np.float64(a.started) - np.float64(b.started)), START_EDGES_S)
    if a.size_mean == a.size_mean and b.size_mean == b.size_mean:
        levels[SIZE] = step(abs(a.size_mean - b.size_mean), SIZE_EDGES)
        if a.looked_at >= 4 and b.looked_at >= 4:
            levels[SPREAD] = step(abs(a.size_sd - b.size_sd), SPREAD_EDGES)
    if a.looked_at >= 3 and b.looked_at >= 3:
        levels[PACE] = step(abs(a.pace - b.pace), PACE_EDGES)
        apart = 0.0
        for i in range(HOURS):
            apart += abs(a.hours[i] - b.hours[i])
        levels[HOUR] = step(0.5 * apart, HOUR_EDGES)
        levels[TYPED] = step(abs(a.typed - b.typed), SHARE_EDGES)
        levels[DEAD] = step(abs(a.dead - b.dead), SHARE_EDGES)
    levels[NOVELTY] = step(abs(a.new_share - b.new_share), SHARE_EDGES)
    common, approached = shared_targets(t, a, b)
    levels[TARGET] = 1
    if common > 0:
        # Chance that the other's choices, each in proportion to popularity, meet this one of the first's.
        chance = np.float64(a.target_count) * np.float64(b.target_count) * approached
        shares[TARGET] = min(chance / max(np.float64(t.totals[0].opened), 1.0) / np.float64(common), 1.0)
    alike = np.int64(0)
    for i in range(8):
        alike += np.int64(a.region[i] == b.region[i] and a.region[i] != np.uint32(0xFFFFFFFF))
    levels[REGION_SHARED] = np.int64(1) + min(alike, np.int64(6))
    levels[TALK] = 1
    if find(t.contact_book[0], t.contact_index, t.contact_old, t.contacts, pair_of(a.key, b.key)) >= 0:
        levels[TALK] = 2


@inlined
def weight_of(levels: Any, shares: Any, known: Any, tables: Any, families: Any) -> Any:
    """Nats of a pair of class ``known``; ``families`` float64[families] is left with what each family gives."""
    families[:] = 0.0
    for s in range(SIGNAL_COUNT):
        if levels[s] == 0:
            continue
        if tables.shared_m[s] > 0.0:
            if shares[s] < 2.0:
                gives = min(np.log(tables.shared_m[s] / shares[s]), MOST_NATS_FOR_SHARING)
                gives = max(gives, 0.0)
            else:
                gives = tables.differs[s]
        else:
            gives = tables.weights[known, s, levels[s]]
        families[tables.family_of[s]] += gives
    total = 0.0
    for f in range(len(families)):
        families[f] = min(families[f], tables.most[f])
        total += families[f]
    return total


@compiled
def weigh_pairs(t: Any, rows: Any, pairs: Any, active: Any, tables: Any, out: Any, by_family: Any) -> None:
    """``out`` float64[n]: nats of evidence for each of ``pairs`` int64[n, 2]; ``by_family`` float64[n, families]."""
    levels, shares = np.zeros(SIGNAL_COUNT, np.int64), np.zeros(SIGNAL_COUNT)
    for i in range(len(pairs)):
        one, other = rows[pairs[i, 0]], rows[pairs[i, 1]]
        compare(t, one, other, active, levels, shares)
        out[i] = weight_of(levels, shares, class_of(one, other), tables, by_family[i])


@compiled
def compare_pairs(t: Any, rows: Any, pairs: Any, active: Any, levels: Any, shares: Any) -> None:
    """``levels`` int64[n, signals] and ``shares`` float64[n, signals] of ``pairs`` int64[n, 2] of OUTREACH rows."""
    for i in range(len(pairs)):
        compare(t, rows[pairs[i, 0]], rows[pairs[i, 1]], active, levels[i], shares[i])
