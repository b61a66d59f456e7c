"""What a node tells whoever watches it."""

import re
from pathlib import Path

from running_node import RunningNode, event, lines, settings

from tidegate.node.api.exposition import Histogram, Page
from tidegate.node.api.meters import FIGURES, named
from tidegate.node.settings import Listen

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')


def parsed(text: str) -> tuple[dict[str, str], dict[str, float]]:
    """Types by family and values by sample, read as strictly as the format is written."""
    assert text.endswith("\n")
    kinds: dict[str, str] = {}
    values: dict[str, float] = {}
    helped = ""
    for one in text.splitlines():
        if one.startswith("# HELP "):
            helped = one.split(" ", 3)[2]
            continue
        if one.startswith("# TYPE "):
            _, _, name, kind = one.split(" ")
            assert name == helped and name not in kinds, f"{name} is declared twice or without help"
            kinds[name] = kind
            continue
        match = SAMPLE.fullmatch(one)
        assert match, one
        family = re.sub(r"_(bucket|sum|count)$", "", match[1]) if match[1] not in kinds else match[1]
        assert family in kinds and family == helped, f"{one} stands outside its family"
        if match[3]:
            assert LABEL.sub("", match[3]).strip(",") == "", one
        assert one not in values
        values[one.rsplit(" ", 1)[0]] = float(match[4])
    return kinds, values


def test_the_page_is_prometheus_text_and_counts_what_happened(running: RunningNode) -> None:
    with running.client() as client:
        client.post("/v1/events", content=lines([event("@m:test"), event(type="nothing")]))
        client.get("/v1/nowhere")
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    kinds, values = parsed(answer.text)
    assert values["tidegate_events_accepted_total"] == 1
    assert values['tidegate_events_rejected_total{reason="unknown_type"}'] == 1
    assert values['tidegate_requests_total{route="POST /v1/events",status="200"}'] == 1
    assert values['tidegate_requests_total{route="(none)",status="404"}'] == 1
    assert kinds["tidegate_take_seconds"] == "histogram"
    assert values["tidegate_batch_requests_count"] >= 1
    assert all(kind == "counter" for name, kind in kinds.items() if name.endswith("_total"))
    assert all(name.endswith("_total") for name, kind in kinds.items() if kind == "counter")


def test_every_figure_of_the_node_has_a_meaning(running: RunningNode) -> None:
    families = FIGURES.values()
    assert [name for name in running.node.figures() if named(name)[0] not in families] == []


def test_histograms_are_cumulative() -> None:
    histogram = Histogram((1, 2.5))
    for value in (0.5, 1, 2, 2.5, 3):
        histogram.add(value)
    assert list(histogram.lines("x", {"a": "b"})) == [
        'x_bucket{a="b",le="1"} 2',
        'x_bucket{a="b",le="2.5"} 4',
        'x_bucket{a="b",le="+Inf"} 5',
        'x_sum{a="b"} 9',
        'x_count{a="b"} 5',
    ]


def test_labels_and_help_are_escaped() -> None:
    page = Page()
    page.family("x", "gauge", "a \\ and\nmore", [({"a": 'say "\\"\nnow'}, float("inf"))])
    assert page.text().decode() == (
        '# HELP x a \\\\ and\\nmore\n# TYPE x gauge\nx{a="say \\"\\\\\\"\\nnow"} +Inf\n'
    )


def test_metrics_need_a_token_unless_the_settings_say_otherwise(running: RunningNode, folder: Path) -> None:
    with running.client(None) as client:
        assert client.get("/metrics").status_code == 401
    with (
        RunningNode(folder, settings(listen=Listen(port=0, metrics_open=True))) as node,
        node.client(None) as client,
    ):
        assert client.get("/metrics").status_code == 200
        assert client.get("/v1/policy").status_code == 401


def test_health_needs_no_token(running: RunningNode) -> None:
    with running.client(None) as client:
        health = client.get("/healthz").json()
    assert health.pop("campaigns").startswith(("looked for", "not looked for yet", "reading the journal"))
    assert health == {"status": "ok", "troubles": [], "notes": []}
