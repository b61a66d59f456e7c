"""A finding in words: what the members share, how rare that is among others, and one paragraph that says so."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.evidence import FAMILIES, INDEX, SIGNALS
from tidegate.campaigns.finding import SharedFact
from tidegate.campaigns.likeness import Likeness

FACTS = 3
PAIRS_LOOKED_AT = 2_000
TELLING_NATS = 0.7
"""A pair that agrees by at least so much counts as sharing the thing."""


def strongest_facts(
    likeness: Likeness, rows: NDArray[Any], families: Sequence[str] = FAMILIES
) -> tuple[SharedFact, ...]:
    """The three signals of these ``families`` that tie OUTREACH ``rows`` together most, with how many share each and
    how rare it is."""
    pairs = _some_pairs(len(rows))
    levels, shares = likeness.compare(rows, pairs)
    known, weights, seen = likeness.known(rows, pairs), likeness.tables.weights, likeness.seen
    facts = []
    for i, signal in enumerate(SIGNALS):
        if signal.family not in families:
            continue
        if signal.m:
            nats = weights[known, i, levels[:, i]]
        else:
            with np.errstate(divide="ignore"):
                nats = np.where(shares[:, i] < 2.0, np.log(signal.shared_m / shares[:, i]), 0.0)
        agree = nats >= TELLING_NATS
        if not agree.any():
            continue
        sharing = np.zeros(len(rows), np.int64)
        np.add.at(sharing, pairs[agree].ravel(), 1)
        members = int(np.count_nonzero(sharing))
        if signal.m:
            as_telling = weights[:, i] >= max(float(np.median(nats[agree])), TELLING_NATS)
            total = seen[:, i, 1:].sum()
            common = float(seen[:, i][as_telling].sum() / total) if total else float("nan")
        else:
            common = float(np.median(shares[agree, i]))
        worth = float(nats[agree].mean() * members / len(rows) * agree.mean() ** 0.5)
        as_whom = "" if signal.m else " as another of them"
        text = f"{members} of {len(rows)} {signal.meaning}{as_whom}{_detail(signal.name, rows[sharing > 0])}"
        facts.append((worth, SharedFact(signal.name, text, members, common)))
    facts.sort(key=lambda fact: -fact[0])
    return tuple(fact for _, fact in facts[:FACTS])


def _detail(signal: str, rows: NDArray[Any]) -> str:
    """What is known more closely of a thing that OUTREACH ``rows`` share."""
    if signal in ("sign_up", "start"):
        times = rows["registered" if signal == "sign_up" else "started"].astype(np.int64)
        times = times[times != 0]
        low, high = np.quantile(times, (0.05, 0.95)) if len(times) else (0.0, 0.0)
        return f", nine in ten within {_span(float(high - low))}"
    if signal == "size":
        return f", about {np.exp(np.nanmedian(rows['size_mean'])):,.0f} bytes"
    if signal == "pace":
        return f", about {np.exp(np.median(rows['pace'])):,.0f} a day"
    if signal in ("network", "device"):
        values = rows["networks" if signal == "network" else "devices"]
        return f", {len(np.unique(values[values != 0])):,} in all"
    return ""


def _span(seconds: float) -> str:
    for unit_s, word in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2.0 * unit_s:
            return f"{seconds / unit_s:.0f} {word}"
    return "two minutes"


def senders_paragraph(rows: NDArray[Any], facts: Sequence[SharedFact], log_e: float) -> str:
    """Why the accounts of OUTREACH ``rows`` are taken to send together, for a reviewer."""
    answered = float(rows["answered"].sum()) / max(float(rows["looked_at"].sum()), 1.0)
    return (
        f"{len(rows)} accounts act together. They wrote to {int(rows['opened'].sum()):,} strangers, of whom "
        f"{answered:.0%} answered. {in_words(facts)} {odds(log_e)}"
    )


def reporters_paragraph(members: int, share: float, facts: Sequence[SharedFact], log_e: float) -> str:
    """Why these accounts are taken to complain together, for a reviewer."""
    return (
        f"{members} accounts complain together: {share:.0%} of the complaints about the account in question come from "
        f"them. {in_words(facts)} {odds(log_e)} Their complaints weigh nothing."
    )


def in_words(facts: Sequence[SharedFact]) -> str:
    """What is shared, and how rare that is."""
    return "; ".join(f"{fact.text} ({_rare(fact)})" for fact in facts) + "."


def odds(log_e: float) -> str:
    """The e-value for a reader."""
    times = f"{np.exp(log_e):,.0f}" if log_e < 18.0 else "more than 50 million"
    return f"That is {times} times likelier if one hand runs them than by chance or in an honest crowd."


def _rare(fact: SharedFact) -> str:
    share = fact.honest_share
    if not SIGNALS[INDEX[fact.signal]].m:
        return f"1 in {1.0 / max(share, 1e-9):,.0f} accounts has what two of them share"
    if share != share:
        return "not known how rare"
    if share <= 0.0:
        return "no other pair of accounts looked at does"
    return (
        f"as do {share:.1%} of other pairs"
        if share >= 0.001
        else f"as does 1 in {1.0 / share:,.0f} other pairs"
    )


def _some_pairs(count: int) -> NDArray[np.int64]:
    one, other = np.triu_indices(count, 1)
    pairs = np.stack([one, other], 1).astype(np.int64)
    if len(pairs) > PAIRS_LOOKED_AT:
        pairs = pairs[:: -(-len(pairs) // PAIRS_LOOKED_AT)]
    return pairs
