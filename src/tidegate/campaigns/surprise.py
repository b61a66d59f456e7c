"""How surprising a group is: e-values against the null hypothesis, and which groups may be reported at a stated rate.

A campaign is claimed against two nulls at once, *its members have nothing to do with each other* and *they are an honest
crowd*, so its e-value is the smaller of two:

* **links**: every pair's evidence is the logarithm of a likelihood ratio, so its product along a tree has expectation
  at most 1 under the first null, and so has the mean of such products over all trees that span the group. That mean is
  a determinant (Kirchhoff 1847). The group was picked, which costs a weighted union over all groups: an account is
  picked with weight ``p = 1 / max(rank, 20)``, its rank being that of its conduct, and the groups of ``n`` accounts
  have a total weight of at most ``(sum p)^n / n!``. Accounts that strangers shun are cheap to pick, those about which
  little is known dear.
* **conduct**: the likelihood ratio of what strangers said back, over the members *and* whoever is tied to them in the
  same way but behaves otherwise. A sales team in a company of a hundred is cleared by its colleagues and its answers.

Groups are then reported by the e-BH procedure (Wang and Ramdas 2022), which holds the false-discovery rate whatever the
dependence between groups. The statement is as good as the likelihood ratios; they come from simulation.
"""

from math import lgamma

import numpy as np
from numpy.typing import NDArray

FEWEST = 20.0
"""The first so many ranks cost the same."""
MOST_CONDUCT_NATS = 4.0
"""One account's silence counts so much at most: a campaign must show in several."""
LEAST_CONDUCT_NATS = -4.0


def cost_of_picking(ranks: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Nats that it costs to have picked accounts of these ranks (1: the most suspicious) out of ``total``."""
    weight = 1.0 + np.log(max(total / FEWEST, 1.0))
    cost: NDArray[np.float64] = np.log(np.maximum(ranks, FEWEST)) + np.log(weight)
    return cost


def log_e_links(nats: NDArray[np.float64], costs: NDArray[np.float64]) -> float:
    """Of a group with evidence ``nats`` [member, member] between any two, and its members' ``costs`` of picking."""
    count = len(costs)
    sets = costs.sum() - lgamma(count + 1.0) + np.log(count * (count + 1.0))
    return float(log_mean_of_trees(nats) - sets)


def log_mean_of_trees(nats: NDArray[np.float64]) -> float:
    """Logarithm of the mean, over all trees on these nodes, of the product of ``exp(nats)`` along the tree.

    By the matrix-tree theorem, with Cayley's count of trees; the diagonal is not looked at.
    """
    count = len(nats)
    off = ~np.eye(count, dtype=np.bool_)
    highest = float(nats[off].max())
    weights = np.where(off, np.exp(nats - highest), 0.0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    _, log_determinant = np.linalg.slogdet(laplacian[1:, 1:])
    return float(log_determinant + (count - 1) * highest - (count - 2) * np.log(count))


def log_e_conduct(shown: NDArray[np.float64]) -> float:
    """Of a group whose members and bystanders have ``shown`` so many nats of bulk conduct each."""
    return float(np.clip(shown, LEAST_CONDUCT_NATS, MOST_CONDUCT_NATS).sum())


def e_bh(log_e: NDArray[np.float64], rate: float) -> NDArray[np.bool_]:
    """Which of the groups may be reported so that at most ``rate`` of those reported are false on average."""
    count = len(log_e)
    order = np.argsort(-log_e, kind="stable")
    needed = np.log(count / (rate * np.arange(1, count + 1)))
    reached = np.flatnonzero(log_e[order] >= needed)
    reported = np.zeros(count, np.bool_)
    if len(reached):
        reported[order[: reached[-1] + 1]] = True
    return reported
