"""How much a complaint weighs, from who else complained: agreement, independence, and no word of content.

Two ideas, both from the graph of reporters and reported accounts alone. A reporter is worth what his *other*
reports are worth: those of them that other people confirm, or whose accounts are known to be abusive. And
reporters who always report together are one voice: two hundred accounts that report the same three people
count about as one. Freeman ("Can you spot the fakes?", WWW 2017) found that hardly any reporter is skilled
enough to be trusted by his record alone, so a record only ever moves a weight between a prior and itself.

The iteration is that of reputation on a bipartite graph (HITS, Kleinberg 1999; Dawid and Skene 1979 with one
class of complaint), with one difference: what an account is told about a reporter never includes the report
about that account itself (the *cavity* of belief propagation), so nobody confirms himself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.events.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRIOR_REPORTS = 1.5
"""A reporter's record counts against this many imagined reports of average worth."""
MISSED = 0.55
"""Probability that an abusive account's next independent report stays the last: how fast reports add up."""
ROUNDS = 6
REPORTERS_COMPARED = 2_000
"""Reporters of one account that are compared with each other; the rest count as one voice with the last."""


@dataclass(frozen=True, slots=True)
class ReportGraph:
    """Who reported whom. One entry a report, ordered by the account reported; a repeated report counts once."""

    reporters: NDArray[np.uint64]
    """Keys of reporters, ascending."""
    accounts: NDArray[np.uint64]
    """Keys of reported accounts, ascending."""
    reporter: Ints
    """[report]: index into ``reporters``."""
    account: Ints
    """[report]: index into ``accounts``; ascending."""
    start: Ints
    """[account]: its first report."""

    @staticmethod
    def of(reporter: NDArray[np.uint64], reported: NDArray[np.uint64]) -> "ReportGraph":
        """From two columns of keys. Raises ValueError when there is no report."""
        if not len(reporter) or len(reporter) != len(reported):
            raise ValueError(
                f"{len(reporter)} reporters and {len(reported)} reported accounts: need as many, at least one"
            )
        reporters, one = np.unique(reporter, return_inverse=True)
        accounts, other = np.unique(reported, return_inverse=True)
        edges = np.unique(other.astype(np.int64) * len(reporters) + one)
        account, by = edges // len(reporters), edges % len(reporters)
        return ReportGraph(
            reporters,
            accounts,
            by,
            account,
            np.searchsorted(account, np.arange(len(accounts))).astype(np.int64),
        )

    @property
    def made(self) -> Ints:
        """[reporter]: accounts reported."""
        return np.bincount(self.reporter, minlength=len(self.reporters))

    @property
    def received(self) -> Ints:
        """[account]: reporters."""
        return np.bincount(self.account, minlength=len(self.accounts))

    def by_reporter(self, values: Floats) -> Floats:
        """[reporter]: the sum of ``values`` [report]."""
        return np.asarray(np.bincount(self.reporter, values, len(self.reporters)), np.float64)

    def by_account(self, values: Floats) -> Floats:
        """[account]: the sum of ``values`` [report]."""
        return np.add.reduceat(values, self.start)


def independence(graph: ReportGraph) -> Floats:
    """[report]: 1 where nobody else who reported the account tends to report what this reporter reports.

    One divided by the number of reporters of this account that act as one with him: each fellow counts by how
    much of what the two report besides this account is the same (Jaccard index; two shared accounts or more
    count as at least shared / (shared + 1), so that a ring does not hide behind random complaints). The
    weights of a ring of n sum to about 1, whatever n is.
    """
    order = np.lexsort((graph.account, graph.reporter))
    first = np.searchsorted(graph.reporter[order], np.arange(len(graph.reporters) + 1)).astype(np.int64)
    alike = np.zeros(len(graph.reporter))
    ends = np.r_[graph.start[1:], len(graph.reporter)].astype(np.int64)
    _likeness(graph.start, ends, graph.reporter, first, graph.account[order], alike, REPORTERS_COMPARED)
    return 1.0 / (1.0 + alike)


@compiled
def _likeness(
    start: Ints, ends: Ints, reporter: Ints, first: Ints, reported: Ints, alike: Floats, compared: int
) -> None:
    for account in range(len(start)):
        last = min(ends[account], start[account] + compared)
        for i in range(start[account], last):
            one = reporter[i]
            for j in range(i + 1, last):
                other = reporter[j]
                a, b, shared = first[one], first[other], -1  # the account itself is shared by definition
                while a < first[one + 1] and b < first[other + 1]:
                    if reported[a] == reported[b]:
                        shared += 1
                        a += 1
                        b += 1
                    elif reported[a] < reported[b]:
                        a += 1
                    else:
                        b += 1
                if shared > 0:
                    either = first[one + 1] - first[one] + first[other + 1] - first[other] - 2 - shared
                    likeness = shared / either
                    if shared > 1:
                        likeness = max(likeness, shared / (shared + 1.0))
                    alike[i] += likeness
                    alike[j] += likeness
        for i in range(last, ends[account]):
            alike[i] = ends[account] - last


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the reports say once they are weighed."""

    weight: Floats
    """[report] in 0..1: independence times what the reporter's other reports are worth."""
    worth: Floats
    """[report] in 0..1: probability that a report of this reporter is right, judged by his other reports."""
    suspicion: Floats
    """[account]: the sum of the weights of its reports."""
    probability: Floats
    """[account] in 0..1: that the account is abusive, where reports are the only evidence."""

    def of_reporters(self, graph: ReportGraph) -> Floats:
        """[reporter]: the mean weight of what he reported."""
        return graph.by_reporter(self.weight) / graph.made


def weigh(
    graph: ReportGraph,
    voices: Floats,
    abusive: NDArray[np.bool_] | None = None,
    known: NDArray[np.bool_] | None = None,
) -> Weighed:
    """Weigh every report. ``voices``: from :func:`independence`.

    Without labels an account is believed abusive as far as independent reporters agree. Where ``known`` [account]
    says so, ``abusive`` [account] is taken instead; what it holds for other accounts is not looked at.
    """
    told = np.zeros(len(graph.accounts), bool) if known is None else known
    truth = np.zeros(len(told)) if abusive is None else np.where(told, abusive, False).astype(np.float64)
    belief = 1.0 - MISSED ** graph.by_account(voices)
    if told.any():
        # what is not known starts from the share among those that are
        belief = np.where(told, truth, truth[told].mean())
    trust = np.where(told, 1.0, 0.5 if told.any() else 1.0)
    for _ in range(ROUNDS):
        worth, mean = _worth(graph, belief, trust)
        if told.any():
            odds = np.log(worth / (1.0 - worth)) - np.log(mean / (1.0 - mean))
            estimate = 1.0 / (1.0 + np.exp(-np.log(mean / (1.0 - mean)) - graph.by_account(voices * odds)))
        else:
            estimate = 1.0 - np.exp(0.8 * graph.by_account(voices * np.log1p(-worth)))
        belief = np.where(told, truth, estimate)
    worth, _ = _worth(graph, belief, trust)
    weight = voices * worth
    return Weighed(weight, worth, graph.by_account(weight), np.clip(estimate, 0.0, 1.0))


def _worth(graph: ReportGraph, belief: Floats, trust: Floats) -> tuple[Floats, float]:
    """[report]: the mean belief in what its reporter reported besides, and the mean over all accounts."""
    mean = float(np.average(belief, weights=trust))
    own, its_trust = (belief * trust)[graph.account], trust[graph.account]
    others = graph.by_reporter(own)[graph.reporter] - own
    count = graph.by_reporter(its_trust)[graph.reporter] - its_trust
    worth = (others + PRIOR_REPORTS * mean) / (count + PRIOR_REPORTS)
    return np.clip(worth, 1e-6, 1.0 - 1e-6), mean
