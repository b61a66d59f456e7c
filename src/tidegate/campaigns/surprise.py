"""How surprising a group is: e-values against the null hypothesis, and which groups may be reported at a stated rate.

A campaign is claimed against two nulls at once, *its members have nothing to do with each other* and *they are an honest
crowd*, so its e-value is the smaller of two:

* **links**: every edge weight is the logarithm of a likelihood ratio, so the product along a tree has expectation at
  most 1 under the first null; there are fewer than ``N (e N)^(n-1)`` trees of ``n`` among ``N`` accounts, and a union
  over them costs ``log N + 1`` nats an edge and ``log N`` once.
* **conduct**: the likelihood ratio of what strangers said back, over the members *and* whoever is tied to them in the
  same way but behaves otherwise. A sales team in a company of a hundred is cleared by its colleagues and its answers.

Groups are then reported by the e-BH procedure (Wang and Ramdas 2022), which holds the false-discovery rate whatever the
dependence between groups. The statement is as good as the likelihood ratios; they come from simulation.
"""

import numpy as np
from numpy.typing import NDArray

MOST_CONDUCT_NATS = 4.0
"""One account's silence counts so much at most: a campaign must show in several."""
LEAST_CONDUCT_NATS = -4.0


def log_e_links(tree_weights: NDArray[np.float64], candidates: int) -> float:
    """Of a group with the spanning tree's ``tree_weights`` (nats), chosen among so many accounts."""
    cost = np.log(max(candidates, 2)) + 1.0
    return float(tree_weights.sum() - cost * len(tree_weights) - np.log(max(candidates, 2)))


def log_e_conduct(members: NDArray[np.float64], bystanders: NDArray[np.float64]) -> float:
    """Of a group whose members and bystanders have shown so many nats of bulk conduct each."""
    shown = np.concatenate([members, bystanders])
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
