"""Reports weighed by structure, on real data: who reported whom on Tagged.com (Fakhraei et al., KDD 2015).

The folds are those that come with the data, and no label of a test fold is looked at before its accounts are
scored. What a line may use: the graph of reports (whole, as it was when the flags were set: who reported a
test account is known, whether it is abusive is not); the credibilities given for the fold, which the authors
computed from the labels of the other folds; or those labels themselves. There is no content, no time and no
identity in the scores, and the order of lines is not used.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from tidegate.events.errors import LogError
from tidegate.learning.measures import Estimate
from tidegate.learning.reporters import Floats, Ints, ReportGraph, independence, weigh

FOLDS = 3
INNER_FOLDS = 6
"""Labels of the training folds are hidden in this many parts, so that no account is described by its own."""
SEED = 20150810
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.04,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "num_threads": 1,
    "deterministic": True,
    "verbosity": -1,
}
TREES = 200

PUBLISHED = (
    ("number of reports (README of the data)", "0.623"),
    ("sum of the given credibilities (README)", "0.793"),
    ("boosted trees (README)", "0.807"),
    ("published collective model (figure from memory)", "0.873"),
)


@dataclass(frozen=True, slots=True)
class Reports:
    """The data. Arrays of accounts and reporters are in the order of ``graph``."""

    graph: ReportGraph
    voices: Floats
    """[report]: :func:`~tidegate.learning.reporters.independence`."""
    abusive: NDArray[np.bool_]
    fold: Ints
    """[account]: 0 to 2."""
    credibility: Floats
    """[fold, reporter]: from the labels of the two other folds."""
    fitting_credibility: Floats
    """[fold, reporter]: from one of them, ``fold + 2``, to fit on the accounts of ``fold + 1`` (modulo 3)."""


def load_reports(folder: Path) -> Reports:
    """Read ``reported.tsv``, ``spammer_fold_k.tsv`` and ``prior_credibility_*_fold_k.tsv``.

    Raises :class:`~tidegate.events.errors.LogError` for a file that is missing, malformed, or names accounts that
    the reports do not.
    """
    pairs = _columns(folder / "reported.tsv").astype(np.uint64)
    graph = ReportGraph.of(pairs[:, 0], pairs[:, 1])
    fold = np.full(len(graph.accounts), -1)
    abusive = np.zeros(len(graph.accounts), bool)
    given, fitting = np.empty((2, FOLDS, len(graph.reporters)))
    for number in range(FOLDS):
        name = f"spammer_fold_{number + 1}.tsv"
        labels = _columns(folder / name)
        place = _places(labels[:, 0], graph.accounts, folder / name)
        fold[place], abusive[place] = number, labels[:, 1] > 0
        for kind, into in (("test", given), ("weightlearning", fitting)):
            name = f"prior_credibility_{kind}_fold_{number + 1}.tsv"
            values = _columns(folder / name)
            into[number] = np.nan
            into[number, _places(values[:, 0], graph.reporters, folder / name)] = values[:, 1]
            if np.isnan(into[number]).any():
                lacking = int(np.isnan(into[number]).sum())
                raise LogError(folder / name, f"{lacking} reporters have no credibility", "Each has one line")
    if (fold < 0).any():
        found = f"{int((fold < 0).sum())} reported accounts are in none of the spammer_fold files"
        raise LogError(folder, found, "Each belongs to one of the three folds")
    return Reports(graph, independence(graph), abusive, fold, given, fitting)


def _columns(path: Path) -> Floats:
    wanted = "Each line is two numbers with a tab between them"
    try:
        values = np.loadtxt(path, dtype=np.float64, delimiter="\t", ndmin=2)
    except OSError as error:
        raise LogError(path, f"the file cannot be opened: {error.strerror or error}", wanted) from None
    except ValueError as error:
        raise LogError(path, str(error).rstrip("."), wanted) from None
    if values.shape[1] != 2:
        raise LogError(path, f"there are {values.shape[1]} columns", wanted)
    return values


def _places(keys: Floats, among: NDArray[np.uint64], path: Path) -> Ints:
    wanted = keys.astype(np.uint64)
    place = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    if (among[place] != wanted).any():
        found = f"{int((among[place] != wanted).sum())} of its accounts are in no report"
        raise LogError(path, found, "It should name only accounts of reported.tsv")
    return place.astype(np.int64)


# -- what an account is described by ------------------------------------------------------------------------


def _spread(graph: ReportGraph, values: Floats) -> list[Floats]:
    """Sum, mean, highest and lowest over the reports of each account."""
    total = graph.by_account(values)
    return [
        total,
        total / graph.received,
        np.maximum.reduceat(values, graph.start),
        np.minimum.reduceat(values, graph.start),
    ]


def structure_features(reports: Reports) -> Floats:
    """[account, feature]: from the graph alone, no label and no credibility."""
    graph, voices = reports.graph, reports.voices
    made, received = graph.made.astype(np.float64), graph.received.astype(np.float64)
    company = graph.by_reporter(np.log(received)[graph.account]) / made
    alone = weigh(graph, voices)
    own = np.searchsorted(graph.reporters, graph.accounts)
    own = np.minimum(own, len(graph.reporters) - 1)
    reports_too = graph.reporters[own] == graph.accounts
    reported_too = np.isin(graph.reporters, graph.accounts).astype(np.float64)
    columns = [received, graph.by_account(voices), alone.suspicion, alone.probability]
    columns += _spread(graph, np.log(made)[graph.reporter])
    columns += _spread(graph, company[graph.reporter])
    columns += _spread(graph, alone.worth)
    columns += _spread(graph, reported_too[graph.reporter])[:2]
    columns += [np.where(reports_too, made[own], 0.0)]
    return np.column_stack(columns)


def credibility_features(reports: Reports, credibility: Floats) -> Floats:
    """[account, feature]: what reporters' given credibilities [reporter] say, each also by its independence."""
    each = credibility[reports.graph.reporter]
    return np.column_stack([*_spread(reports.graph, each), reports.graph.by_account(reports.voices * each)])


def label_features(reports: Reports, known: NDArray[np.bool_]) -> Floats:
    """[account, feature]: from the labels of the ``known`` accounts; an account's own must be hidden."""
    graph = reports.graph
    weighed = weigh(graph, reports.voices, reports.abusive, known)
    seen = known.astype(np.float64)[graph.account]
    bad = (known & reports.abusive).astype(np.float64)[graph.account]
    base = float(reports.abusive[known].mean())
    records = graph.by_reporter(seen)
    record = ((graph.by_reporter(bad) + base) / (records + 1.0))[graph.reporter]
    columns = [
        weighed.suspicion,
        weighed.probability,
        *_spread(graph, weighed.worth),
        *_spread(graph, record),
    ]
    columns += _spread(graph, np.log(record / (1.0 - record)))[:2]
    columns += _spread(graph, records[graph.reporter])[:3]
    return np.column_stack(columns)


# -- the lines of the table ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One way of scoring reported accounts."""

    name: str
    labels: str
    """What it may know of labels."""
    folds: tuple[float, ...]
    """AUROC of each fold."""
    auroc: Estimate
    """Mean over the folds; bootstrap over accounts within each fold."""


@dataclass(frozen=True, slots=True)
class ReportsResult:
    """Every line, weakest knowledge first."""

    accounts: int
    reporters: int
    reports: int
    lines: tuple[Line, ...]

    def to_markdown(self) -> str:
        """A table with the command that makes it."""
        head = (
            "*Real data, reports between members of a social network, not of a private messenger.* Made by "
            f"`tidegate evaluate --reports DIR` (Tagged.com, the three folds that come with it): {self.reports:,} "
            f"reports by {self.reporters:,} reporters about {self.accounts:,} accounts. Scores of a fold use no "
            "label of that fold. Bootstrap 95 % intervals over accounts. The way of weighing was settled after a few "
            "looks at these same folds, so its lines are somewhat favourable.\n\n"
            "| score of a reported account | labels used | AUROC, mean of 3 folds (95 %) | lowest and highest fold |\n"
            "|---|---|---|---|\n"
        )
        rows = "".join(
            f"| {line.name} | {line.labels} | {line.auroc} | {min(line.folds):.3f} to {max(line.folds):.3f} |\n"
            for line in self.lines
        )
        return head + rows + "".join(f"| *{name}* | | {value} | |\n" for name, value in PUBLISHED)


def evaluate_reports(folder: Path, *, resamples: int = 200, trees: int = TREES) -> ReportsResult:
    """Every line of the table on the files in ``folder``; about a minute. Raises as :func:`load_reports`."""
    return evaluate(load_reports(folder), resamples=resamples, trees=trees)


def evaluate(reports: Reports, *, resamples: int = 200, trees: int = TREES) -> ReportsResult:
    """As :func:`evaluate_reports`, on data already read."""
    graph = reports.graph
    alone = weigh(graph, reports.voices)
    received = graph.received.astype(np.float64)
    same_for_all = {
        ("number of reports", "none"): received,
        ("number of independent reports", "none"): graph.by_account(reports.voices),
        ("weighed by structure", "none"): alone.probability,
    }
    scores = {key: np.array([value] * FOLDS) for key, value in same_for_all.items()}
    given = np.array([graph.by_account(each[graph.reporter]) for each in reports.credibility])
    scores["sum of the given credibilities", "given credibilities"] = given
    independent = [graph.by_account(reports.voices * each[graph.reporter]) for each in reports.credibility]
    scores["the same, each by its independence", "given credibilities"] = np.array(independent)
    structure = structure_features(reports)
    scores["trees on given credibilities and structure", "given credibilities; other folds to fit"] = (
        np.array([_trees_on_given(reports, structure, fold, trees) for fold in range(FOLDS)])
    )
    weighed = [
        weigh(graph, reports.voices, reports.abusive, reports.fold != fold).suspicion for fold in range(FOLDS)
    ]
    scores["weighed by structure and record", "other folds"] = np.array(weighed)
    scores["trees on structure", "other folds to fit"] = np.array(
        [_fit_and_score(structure, structure, reports, reports.fold != fold, trees) for fold in range(FOLDS)]
    )
    scores["trees on structure and record", "other folds"] = np.array(
        [_trees_on_labels(reports, structure, fold, trees) for fold in range(FOLDS)]
    )
    lines = [_line(name, labels, score, reports, resamples) for (name, labels), score in scores.items()]
    return ReportsResult(len(received), len(graph.reporters), len(graph.reporter), tuple(lines))


def _fit_and_score(
    fitted: Floats, scored: Floats, reports: Reports, among: NDArray[np.bool_], trees: int
) -> Floats:
    """[account]: scores of a forest fitted on the accounts of ``among``."""
    data = lightgbm.Dataset(fitted[among], reports.abusive[among].astype(np.float64))
    forest = lightgbm.train({**PARAMETERS, "seed": SEED}, data, trees)
    return np.asarray(forest.predict(scored, raw_score=True), np.float64)


def _trees_on_given(reports: Reports, structure: Floats, fold: int, trees: int) -> Floats:
    fitted = np.hstack([credibility_features(reports, reports.fitting_credibility[fold]), structure])
    scored = np.hstack([credibility_features(reports, reports.credibility[fold]), structure])
    return _fit_and_score(fitted, scored, reports, reports.fold == (fold + 1) % FOLDS, trees)


def _trees_on_labels(reports: Reports, structure: Floats, fold: int, trees: int) -> Floats:
    known = reports.fold != fold
    scored = label_features(reports, known)
    fitted = scored.copy()
    part = np.random.default_rng(SEED).integers(INNER_FOLDS, size=len(known))
    for number in range(INNER_FOLDS):
        hidden = known & (part == number)
        fitted[hidden] = label_features(reports, known & ~hidden)[hidden]
    return _fit_and_score(
        np.hstack([fitted, structure]), np.hstack([scored, structure]), reports, known, trees
    )


def _line(name: str, labels: str, scores: Floats, reports: Reports, resamples: int) -> Line:
    """``scores`` [fold, account]: an account counts with the score of its own fold."""
    held = [reports.fold == fold for fold in range(FOLDS)]
    curves = [_Curve(scores[fold][held[fold]], reports.abusive[held[fold]]) for fold in range(FOLDS)]
    folds = tuple(curve.auroc(np.ones(curve.n)) for curve in curves)
    random = np.random.default_rng(SEED)
    drawn = [
        np.mean([c.auroc(np.bincount(random.integers(c.n, size=c.n), minlength=c.n)) for c in curves])
        for _ in range(resamples)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5]) if drawn else (np.nan, np.nan)
    return Line(name, labels, folds, Estimate(float(np.mean(folds)), float(low), float(high)))


class _Curve:
    """Scores sorted once, so that each resample costs a pass and no sorting."""

    def __init__(self, scores: Floats, abusive: NDArray[np.bool_]) -> None:
        self.n = len(scores)
        self.order = np.argsort(-scores, kind="stable")
        self.ties = np.flatnonzero(np.r_[True, np.diff(scores[self.order]) != 0])
        self.abusive = abusive[self.order]

    def auroc(self, weight: NDArray[Any]) -> float:
        """Of accounts that count ``weight`` times each; ties count half."""
        ordered = weight[self.order].astype(np.float64)
        good = np.add.reduceat(ordered * self.abusive, self.ties)
        bad = np.add.reduceat(ordered * ~self.abusive, self.ties)
        found = np.cumsum(good)
        return float(bad @ (found - good / 2) / (good.sum() * bad.sum()))
