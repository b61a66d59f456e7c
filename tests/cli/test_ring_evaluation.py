"""The evaluation of rings of reporters."""

import pytest

from tidegate.cli import ring_evaluation
from tidegate.cli.ring_evaluation import evaluate_rings
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.learning.stopping import enforce

pytest.importorskip(
    "networkit", reason="community detection needs NetworKit: pip install 'tidegate[campaigns]'"
)


def test_a_victim_of_a_ring_that_is_never_acted_on_is_counted_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring_evaluation, "PEOPLE", 1_500)
    monkeypatch.setattr(ring_evaluation, "DAYS", 3)
    policy = load_policy(shipped_policy_text(), "default.toml")
    page = evaluate_rings(1, lambda _: None, lambda events, truth: enforce(events, truth, policy, None))
    never_wrote, lured = (line for line in page.splitlines() if line.startswith(("| reports", "| lures")))
    cells = [cell.strip() for cell in never_wrote.split("|")[2:-1]]
    assert cells[0].startswith("0 of "), "its victim wrote to nobody and is left alone"
    assert cells[4] == "1 of 1" and cells[6] == "0", (
        "the ring is found, and nobody else is taken for a part of it"
    )
    assert len(lured.split("|")) == len(never_wrote.split("|"))
