"""A complaint weighs what its reporter's other complaints are worth, and a ring is one voice."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tidegate.cli.evaluate import evaluate as evaluate_command
from tidegate.events.errors import LogError
from tidegate.learning.report_folds import evaluate, evaluate_reports, label_features, load_reports
from tidegate.learning.reporters import ReportGraph, independence, weigh

RING, VICTIMS = 200, 3
FIRST_VICTIM, FIRST_RING, FIRST_PERSON = 9_000, 20_000, 1


def graph_with_a_ring(noise: int = 0, ring: int = RING) -> ReportGraph:
    """600 people report 300 spammers, several each, and a ring reports three victims, each with ``noise`` others."""
    random = np.random.default_rng(4)
    pairs = []
    for person in range(FIRST_PERSON, FIRST_PERSON + 600):
        reported = random.choice(300, random.integers(1, 6), replace=False)
        pairs += [(person, 1_000 + spammer) for spammer in reported]
    for member in range(FIRST_RING, FIRST_RING + ring):
        pairs += [(member, FIRST_VICTIM + victim) for victim in range(VICTIMS)]
        pairs += [(member, 40_000 + other) for other in random.choice(5_000, noise, replace=False)]
    one, other = np.array(pairs, np.uint64).T
    return ReportGraph.of(one, other)


def victims(graph: ReportGraph) -> np.ndarray:
    return np.isin(graph.accounts, np.arange(FIRST_VICTIM, FIRST_VICTIM + VICTIMS))


def spammers(graph: ReportGraph) -> np.ndarray:
    return (graph.accounts >= 1_000) & (graph.accounts < 1_300)


def test_200_colluding_reporters_weigh_no_more_than_one_voice() -> None:
    graph = graph_with_a_ring()
    voices = independence(graph)
    weighed = weigh(graph, voices)
    ring = graph.reporters >= FIRST_RING
    assert graph.received[victims(graph)].tolist() == [RING] * VICTIMS
    assert graph.by_account(voices)[victims(graph)].max() < 1.5
    assert weighed.of_reporters(graph)[ring].max() < 0.01
    assert weighed.of_reporters(graph)[~ring].mean() > 0.3
    assert weighed.suspicion[victims(graph)].max() < np.median(weighed.suspicion[spammers(graph)])


def test_random_complaints_beside_the_victims_do_not_make_a_ring_independent() -> None:
    graph = graph_with_a_ring(noise=10)
    assert graph.by_account(independence(graph))[victims(graph)].max() < 2.0


def test_a_larger_ring_weighs_no_more() -> None:
    weights = [
        weigh(graph, independence(graph)).suspicion[victims(graph)].max()
        for graph in (graph_with_a_ring(ring=20), graph_with_a_ring(ring=400))
    ]
    assert weights[1] < 1.3 * weights[0]


def test_people_who_report_one_account_and_nothing_else_in_common_count_in_full() -> None:
    graph = ReportGraph.of(
        np.array([1, 2, 3, 1, 2, 3], np.uint64), np.array([50, 50, 50, 61, 62, 63], np.uint64)
    )
    assert (independence(graph) == 1.0).all()


def test_beyond_the_reporters_compared_the_rest_are_one_voice() -> None:
    reporters = np.arange(2_500, dtype=np.uint64)
    graph = ReportGraph.of(reporters, np.full(2_500, 7, np.uint64))
    assert graph.by_account(independence(graph))[0] == pytest.approx(2_001, abs=2)


def test_a_report_is_not_confirmed_by_itself() -> None:
    graph = ReportGraph.of(np.array([1, 2], np.uint64), np.array([50, 60], np.uint64))
    known = np.array([True, True])
    one = weigh(graph, np.ones(2), np.array([True, False]), known)
    assert one.worth[0] == one.worth[1], "neither reporter has a record besides the account in question"


def test_a_reporter_with_a_record_of_false_reports_weighs_less() -> None:
    reports = [(1, 50), (2, 50), (1, 61), (1, 62), (1, 63), (2, 71), (2, 72), (2, 73)]
    one, other = np.array(reports, np.uint64).T
    graph = ReportGraph.of(one, other)
    known = graph.accounts != 50
    weighed = weigh(graph, np.ones(len(reports)), graph.accounts > 70, known)
    about_50 = graph.accounts[graph.account] == 50
    worth = dict(
        zip(graph.reporters[graph.reporter[about_50]].tolist(), weighed.worth[about_50], strict=True)
    )
    assert worth[1] < 0.3 and worth[2] > 0.6


def test_labels_that_are_not_known_change_nothing() -> None:
    graph = graph_with_a_ring()
    known = np.arange(len(graph.accounts)) % 2 == 0
    truth = spammers(graph)
    other = np.where(known, truth, ~truth)
    voices = independence(graph)
    for name in ("weight", "worth", "suspicion", "probability"):
        same = [getattr(weigh(graph, voices, labels, known), name) for labels in (truth, other)]
        assert np.array_equal(*same), name


def test_no_reports_are_an_error_that_says_so() -> None:
    nobody = np.zeros(0, np.uint64)
    with pytest.raises(ValueError, match="at least one"):
        ReportGraph.of(nobody, nobody)


# -- the folds of the real data -----------------------------------------------------------------------------


def write_folds(folder: Path) -> Path:
    """Nine hundred accounts in three folds; careful reporters report abusive ones, careless ones anybody."""
    random = np.random.default_rng(6)
    folder.mkdir()
    abusive = random.random(900) < 0.5
    pairs = set()
    for reporter in range(400):
        careful = reporter % 2 == 0
        among = np.flatnonzero(abusive) if careful else np.arange(900)
        pairs |= {(10_000 + reporter, int(u)) for u in random.choice(among, 6, replace=False)}
    pairs |= {(20_000, u) for u in range(900)}
    (folder / "reported.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in sorted(pairs)))
    for fold in range(3):
        lines = (f"{u}\t{int(abusive[u])}\n" for u in range(900) if u % 3 == fold)
        (folder / f"spammer_fold_{fold + 1}.tsv").write_text("".join(lines))
        for kind, hidden in (("test", {fold}), ("weightlearning", {fold, (fold + 1) % 3})):
            records: dict[int, list[bool]] = {reporter: [] for reporter, _ in pairs}
            for reporter, u in pairs:
                if u % 3 not in hidden:
                    records[reporter].append(bool(abusive[u]))
            lines = (f"{r}\t{np.mean(record) if record else 0.5:.2f}\n" for r, record in records.items())
            (folder / f"prior_credibility_{kind}_fold_{fold + 1}.tsv").write_text("".join(lines))
    return folder


def test_the_record_of_reporters_tells_abusive_accounts_from_others(tmp_path: Path) -> None:
    result = evaluate_reports(write_folds(tmp_path / "reports"), resamples=20, trees=20)
    lines = {line.name: line for line in result.lines}
    assert lines["weighed by structure and record"].auroc.value > 0.85
    assert lines["weighed by structure and record"].auroc.value > lines["number of reports"].auroc.value
    for line in result.lines:
        assert line.auroc.low <= line.auroc.value <= line.auroc.high
    assert "Real data" in result.to_markdown() and "0.873" in result.to_markdown()


def test_evaluate_puts_the_table_on_the_page_of_results(tmp_path: Path) -> None:
    folder, page = write_folds(tmp_path / "reports"), tmp_path / "results.md"
    result = CliRunner().invoke(evaluate_command, ["--reports", str(folder), "--write", str(page)])
    assert result.exit_code == 0, result.output
    assert "trees on structure and record" in result.output
    assert "tidegate evaluate --reports DIR" in page.read_text("utf-8")


def test_an_account_is_described_without_its_own_label(tmp_path: Path) -> None:
    reports = load_reports(write_folds(tmp_path / "reports"))
    known = reports.fold != 0
    flipped = dataclasses.replace(reports, abusive=np.where(known, reports.abusive, ~reports.abusive))
    assert np.array_equal(label_features(reports, known), label_features(flipped, known))


def test_folds_that_do_not_fit_the_reports_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    folder = write_folds(tmp_path / "reports")
    with (folder / "spammer_fold_2.tsv").open("a") as file:
        file.write("123456\t1\n")
    with pytest.raises(LogError, match=r"spammer_fold_2.tsv: 1 of its accounts are in no report"):
        load_reports(folder)
    (folder / "reported.tsv").write_text("1\t2\t3\n")
    with pytest.raises(LogError, match=r"reported.tsv.*Each line is two numbers"):
        load_reports(folder)
    with pytest.raises(LogError, match="cannot be opened"):
        load_reports(tmp_path / "nowhere")


def test_structure_weighs_the_reports_of_tagged_com_better_than_counting(
    real_data: Callable[[str], Path],
) -> None:
    reports = load_reports(real_data("reports"))
    result = evaluate(reports, resamples=5, trees=60)
    auroc = {line.name: line.auroc.value for line in result.lines}
    assert (result.reports, result.accounts, result.reporters) == (106_851, 72_768, 49_268)
    assert auroc["number of reports"] == pytest.approx(0.623, abs=0.001)
    assert auroc["sum of the given credibilities"] == pytest.approx(0.793, abs=0.001)
    assert auroc["weighed by structure"] > 0.72
    assert auroc["weighed by structure and record"] > 0.805
    assert auroc["trees on structure and record"] > 0.807
