"""``tidegate scan``: every format, every way a log can be wrong, and results that can be trusted."""

import itertools
import json
import math
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from tidegate.cli import scan as scan_module
from tidegate.cli.in_force import decide_by
from tidegate.cli.main import main
from tidegate.cli.read_ahead import read_ahead
from tidegate.cli.replay import BRIEF, Replay, brief
from tidegate.cli.scan import ScanSettings, scan_logs
from tidegate.cli.tallies import MessageTally, Traffic
from tidegate.cli.timelines import collect
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.model import Model
from tidegate.engine.rungs import Stage
from tidegate.engine.trees import NODE, Forest
from tidegate.events.columns import EVENT, EventType
from tidegate.events.errors import LogError
from tidegate.statements.explain import Explainer
from tidegate.statements.in_force import InForce
from tidegate.world import WorldSettings, simulate

REAL_LOGS = (
    "collegemsg.txt",
    "copenhagen_sms.csv",
    "copenhagen_calls.csv",
    "reality_mining_calls.txt",
    "email_eu_dept1.txt",
)
REAL_LINES = 8_000
"""Read of each: the search for campaigns looks back every ten minutes of their years."""
START = 1_700_000_000


@pytest.fixture(autouse=True)
def _kernels_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several test processes at once must not throw each other's machine code away."""
    monkeypatch.setattr(scan_module, "prepare", lambda *_: None)


def quiet() -> Console:
    return Console(quiet=True)


def scan(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(main, ["scan", *map(str, arguments)])


def scanned(out: Path, *arguments: str | Path) -> list[dict[str, object]]:
    """Decisions of a scan that succeeded."""
    result = scan(*arguments, "--out", out)
    assert result.exit_code == 0, result.output
    return decisions_in(out)


def decisions_in(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "decisions.jsonl").read_text().splitlines()]


def acted_on(decisions: list[dict[str, object]]) -> set[object]:
    return {decision["account"] for decision in decisions if decision["rung"] != "allow"}


def jsonl(path: Path, events: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def message(at: float, actor: str, target: str, **more: object) -> dict[str, object]:
    return {"time": at, "type": "message", "actor": actor, "target": target, **more}


def bulk_sender(name: str = "blaster", strangers: int = 120, start: float = START) -> list[dict[str, object]]:
    """Somebody who signs up and writes to one stranger after another, and two friends who chat."""
    events: list[dict[str, object]] = [{"time": start, "type": "register", "actor": name}]
    events += [message(start + 5 + 2 * i, name, f"stranger{i}") for i in range(strangers)]
    events += [message(start + 40 * i, *(("ann", "ben") if i % 2 else ("ben", "ann"))) for i in range(40)]
    return sorted(events, key=lambda event: float(str(event["time"])))


@pytest.fixture(scope="session")
def world_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One small world in every format, in full and as a bare edge list."""
    folder = tmp_path_factory.mktemp("world")
    world = simulate(WorldSettings(people=400, days=4, seed=4_000_001, attacker_share=0.08))
    files = {
        "parquet": world.write(folder),
        "jsonl": world.write(folder, "jsonl"),
        "csv": folder / "events.csv",
    }
    pyarrow.csv.write_csv(pyarrow.parquet.read_table(files["parquet"]), files["csv"])
    talk = [
        (int(event["time"]), event["actor"], event["target"])
        for event in map(json.loads, files["jsonl"].read_text().splitlines())
        if event["type"] == "message" and "target" in event
    ]
    edges = folder / "edges.txt"
    edges.write_text("".join(f"{a} {b} {at}\n" for at, a, b in talk))
    from_to = folder / "from_to.csv"
    from_to.write_text("timestamp,from,to\n" + "".join(f"{at},{a},{b}\n" for at, a, b in talk))
    same = jsonl(folder / "edges.jsonl", [message(at, a, b) for at, a, b in talk])
    columns = {
        "time": [at for at, _, _ in talk],
        "type": ["message"] * len(talk),
        "actor": [a for _, a, _ in talk],
        "target": [b for _, _, b in talk],
    }
    pyarrow.parquet.write_table(pa.table(columns), folder / "edges.parquet")
    return files | {
        "snap": edges,
        "from-to csv": from_to,
        "edge jsonl": same,
        "edge parquet": folder / "edges.parquet",
    }


# --- Formats ---------------------------------------------------------------------------------------------


def test_one_world_gives_the_same_verdicts_from_every_format(
    world_files: dict[str, Path], tmp_path: Path
) -> None:
    found = {name: scanned(tmp_path / name, world_files[name]) for name in ("jsonl", "csv", "parquet")}
    assert acted_on(found["jsonl"])
    assert found["jsonl"] == found["csv"] == found["parquet"]


def test_an_edge_list_gives_the_verdicts_of_the_same_messages_in_every_format(
    world_files: dict[str, Path], tmp_path: Path
) -> None:
    names = ("snap", "from-to csv", "edge jsonl", "edge parquet")
    found = {name: scanned(tmp_path / name, world_files[name]) for name in names}
    assert acted_on(found["snap"])
    assert found["snap"] == found["from-to csv"] == found["edge jsonl"] == found["edge parquet"]


def test_scanning_twice_gives_the_same_bytes(world_files: dict[str, Path], tmp_path: Path) -> None:
    for name in ("first", "second"):
        scanned(tmp_path / name, world_files["parquet"])
    for file in ("decisions.jsonl", "accounts.parquet"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


@pytest.mark.parametrize("name", REAL_LOGS)
def test_a_real_log_is_scanned_and_each_alert_has_a_reason(
    real_data: Callable[[str], Path], name: str, tmp_path: Path
) -> None:
    with real_data(f"private-messages/{name}").open("rb") as whole:
        log = tmp_path / name
        log.write_bytes(b"".join(itertools.islice(whole, REAL_LINES)))
    result = scan(log, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "alerts per 1,000 senders" in result.output
    assert "false-positive rate" in result.output  # as what it must not be taken for
    for decision in decisions_in(tmp_path):
        assert decision["reasons"], decision
        assert all(reason["text"] for reason in decision["reasons"])  # type: ignore[attr-defined]


# --- What is found ---------------------------------------------------------------------------------------


def test_a_bulk_sender_is_found_and_two_friends_are_not(tmp_path: Path) -> None:
    decisions = scanned(tmp_path, jsonl(tmp_path / "log.jsonl", bulk_sender()))
    assert acted_on(decisions) == {"blaster"}
    first = decisions[0]
    assert first["rung"] != "allow" and first["until"] != first["time"]
    assert [decision["time"] for decision in decisions] == sorted(str(d["time"]) for d in decisions)


def test_the_table_of_accounts_holds_everybody_once(tmp_path: Path) -> None:
    scanned(tmp_path, jsonl(tmp_path / "log.jsonl", bulk_sender()))
    table = {
        row["account"]: row for row in pyarrow.parquet.read_table(tmp_path / "accounts.parquet").to_pylist()
    }
    assert len(table) == 123
    blaster, ann = table["blaster"], table["ann"]
    assert blaster["messages"] == 120
    assert 100 < blaster["first_contacts"] < 145  # an estimate
    assert blaster["highest_rung"] != "allow" and blaster["first_rung_time"] is not None
    assert blaster["registered"].timestamp() % 60 == START % 60
    assert ann["highest_rung"] == "allow" and ann["first_rung_time"] is None and ann["registered"] is None
    assert ann["messages"] == 20
    assert table["stranger0"]["first_active"] is None and table["stranger0"]["messages"] == 0


def test_pseudonyms_hide_every_identifier(tmp_path: Path) -> None:
    log = jsonl(tmp_path / "log.jsonl", bulk_sender("Quetzalcoatl"))
    plain, hidden = tmp_path / "plain", tmp_path / "hidden"
    scanned(plain, log)
    decisions = scanned(hidden, log, "--pseudonyms")
    assert decisions and len(decisions) == len(decisions_in(plain))
    assert "Quetzalcoatl" in (plain / "report.html").read_text()
    columns = pyarrow.parquet.read_table(hidden / "accounts.parquet").to_pydict()
    assert columns["account"] == columns["pseudonym"]
    for file in ("report.html", "decisions.jsonl"):
        text = (hidden / file).read_text()
        assert "Quetzalcoatl" not in text and "stranger1" not in text


def test_a_secret_key_gives_other_pseudonyms(tmp_path: Path) -> None:
    log = jsonl(tmp_path / "log.jsonl", bulk_sender())
    key = tmp_path / "key"
    key.write_text("00112233445566778899aabbccddeeff\n")
    scanned(tmp_path / "public", log, "--pseudonyms")
    scanned(tmp_path / "secret", log, "--pseudonyms", "--key-file", key)
    of = [set(pyarrow.parquet.read_table(tmp_path / n / "accounts.parquet")["account"].to_pylist()) for n in
          ("public", "secret")]  # fmt: skip
    assert len(of[0]) == len(of[1]) and not of[0] & of[1]


def test_the_report_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    scanned(tmp_path, jsonl(tmp_path / "log.jsonl", bulk_sender()))
    page = (tmp_path / "report.html").read_text()
    assert "default-src 'none'" in page
    assert "http://" not in page.replace("http://www.w3.org/", "") and "https://" not in page
    assert "blaster" in page


def test_decisions_count_strangers_exactly_up_to_the_event_that_caused_them(tmp_path: Path) -> None:
    log = jsonl(tmp_path / "log.jsonl", bulk_sender())
    findings = scan_logs(ScanSettings([log], tmp_path), decide_by(no_model=True), quiet())
    events = bulk_sender()
    for decision in findings.acted_on[0].decisions:
        before = [e for e in events if float(str(e["time"])) <= decision.time and e["actor"] == "blaster"]
        assert decision.first_contacts == decision.messages == sum(e["type"] == "message" for e in before)
    assert findings.acted_on[0].totals["first contacts"] == 120


def own_policy(path: Path, rung: str) -> Path:
    """The shipped policy with one more rule, which three messages in a minute set off."""
    path.write_text(
        'extends = "default"\n[[rule]]\nname = "too-fast"\nstage = ["messaging"]\nwhen = "sent_1m >= 2.5"\n'
        f'family = "velocity"\nrung = "{rung}"\nreason = "{{sent_1m}} messages."\nnotice = "Slow down."\n'
    )
    return path


def test_a_rung_that_runs_out_says_so(tmp_path: Path) -> None:
    log = [message(START + i, "ann", f"friend{i}") for i in range(4)]
    log.append(message(START + 30 * 86_400, "ann", "ben"))
    policy = own_policy(tmp_path / "own.toml", "warn")
    decisions = scanned(tmp_path, jsonl(tmp_path / "log.jsonl", log), "--no-model", "--policy", policy)
    assert [decision["rung"] for decision in decisions] == ["warn", "allow"]
    assert decisions[1]["time"] == decisions[0]["until"] and decisions[1]["until"] is None
    assert "the warn ended after" in str(decisions[1]["reasons"])


def test_a_ban_on_one_kind_of_evidence_stays_a_lock_and_says_why(tmp_path: Path) -> None:
    policy = own_policy(tmp_path / "own.toml", "ban")
    log = jsonl(tmp_path / "log.jsonl", [message(START + i, "ann", f"friend{i}") for i in range(4)])
    decisions = scanned(tmp_path, log, "--no-model", "--policy", policy)
    assert [decision["rung"] for decision in decisions] == ["lock"]
    reasons = {reason["rule"]: reason["text"] for reason in decisions[0]["reasons"]}  # type: ignore[attr-defined]
    assert reasons["two-key-rule"] == "a ban needs a second, independent kind of evidence"
    assert reasons["too-fast"] == "3 messages"


def tiny_model() -> Model:
    """Nearly certain from the fifth stranger within an hour on."""
    node = np.zeros(1, NODE)
    node["feature"], node["threshold"] = FEATURE_INDEX["strangers_1h"], 4.5
    node["left"], node["right"] = ~0, ~1
    forest = Forest(node, np.array([-6.0, 9.0]), np.zeros(1, np.int32), 0.0)
    return Model("tiny", {Stage.MESSAGING: forest}, {Stage.MESSAGING: np.zeros(1, np.float32)}, {}, "0123")


def test_a_score_comes_with_the_features_that_moved_it(tmp_path: Path) -> None:
    rules = decide_by(no_model=True)
    in_force = InForce(rules.policy, tiny_model(), rules.pseudonyms, 0)
    log = jsonl(tmp_path / "log.jsonl", [message(START + 400 * i, "ann", f"friend{i}") for i in range(12)])
    findings = scan_logs(ScanSettings([log], tmp_path), in_force, quiet())
    first = findings.acted_on[0].decisions[0]
    assert findings.model_name == "tiny" and first.score is not None and first.score > 0.95
    told = [reason for reason in first.reasons if reason.kind == "model"]
    assert [reason.name for reason in told] == ["strangers_1h"]
    assert told[0].text.startswith("people first written to in about the last hour: ")


# --- What is wrong with a log ----------------------------------------------------------------------------


def test_bad_lines_are_set_aside_with_their_numbers_and_the_rest_goes_on(tmp_path: Path) -> None:
    log = jsonl(tmp_path / "log.jsonl", bulk_sender())
    lines = log.read_text().splitlines()
    lines[3:3] = ["this is no event", '{"time": NaN, "type": "message", "actor": "x", "target": "y"}']
    log.write_text("\n".join(lines) + "\n")
    result = scan(log, "--out", tmp_path)
    assert result.exit_code == 0 and "Set aside" in result.output
    rejected = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert [entry["line"] for entry in rejected] == [4, 5]
    assert acted_on(decisions_in(tmp_path)) == {"blaster"}


def test_a_clean_scan_removes_what_an_earlier_one_set_aside(tmp_path: Path) -> None:
    (tmp_path / "rejected.jsonl").write_text("stale\n")
    scanned(tmp_path, jsonl(tmp_path / "log.jsonl", bulk_sender()))
    assert not (tmp_path / "rejected.jsonl").exists()


def test_strict_stops_at_the_first_bad_line(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(message(START, "a", "b")) + "\nnonsense\n")
    result = scan(log, "--strict", "--out", tmp_path / "out")
    assert result.exit_code == 2 and "line 2" in result.output
    assert not any((tmp_path / "out").iterdir())


def make_empty(path: Path) -> None:
    path.touch()


def make_page(path: Path) -> None:
    path.write_text("<!doctype html>\n<html><body>Not found</body></html>\n")


def make_folder(path: Path) -> None:
    path.mkdir()


def make_nothing(path: Path) -> None:
    assert not path.exists()


def make_content(path: Path) -> None:
    jsonl(path, [message(START, "a", "b", text="a secret")])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_empty, "empty"),
        (make_page, "HTML"),
        (make_folder, "directory"),
        (make_nothing, "cannot be opened"),
        (make_content, "message content"),
    ],
)
def test_what_is_no_log_is_refused_in_plain_words(
    make: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    make(tmp_path / "log.jsonl")
    result = scan(tmp_path / "log.jsonl", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert words in " ".join(result.output.split()) and "Traceback" not in result.output
    assert "a secret" not in result.output
    assert not any((tmp_path / "out").iterdir())


def test_a_policy_with_mistakes_is_refused_with_line_and_column(tmp_path: Path) -> None:
    policy = tmp_path / "own.toml"
    policy.write_text('extends = "default"\nladders = 3\n')
    result = scan(jsonl(tmp_path / "log.jsonl", bulk_sender()), "--policy", policy, "--out", tmp_path / "out")
    assert result.exit_code == 2 and "own.toml:2:1" in result.output
    assert not (tmp_path / "out").exists()


def test_an_unsorted_log_is_put_in_order(tmp_path: Path) -> None:
    events = bulk_sender()
    in_order = scanned(tmp_path / "a", jsonl(tmp_path / "a.jsonl", events))
    random.Random(5).shuffle(events)
    assert scanned(tmp_path / "b", jsonl(tmp_path / "b.jsonl", events)) == in_order


def test_a_log_out_of_order_beyond_the_bound_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.events.reorder.Reorder.__init__.__defaults__", (None, 8))
    quiet_days = [message(START + 3600 * i, "ann", "ben") for i in range(20)]
    paths = [
        jsonl(tmp_path / "new.jsonl", quiet_days),
        jsonl(tmp_path / "old.jsonl", bulk_sender(start=START - 9e6)),
    ]
    result = scan(*paths, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "not sorted" in result.output


def test_a_million_accounts_in_one_group_are_nothing_special(tmp_path: Path) -> None:
    joined = 100_000
    lines = [
        f'{{"time":{START + i // 50},"type":"join","actor":"m{i}","chat":"big"}}\n' for i in range(joined)
    ]
    shout = {"time": START + 9000, "type": "message", "actor": "m7", "chat": "big", "members": 1_000_000}
    log = tmp_path / "log.jsonl"
    log.write_text("".join(lines) + json.dumps(shout) + "\n")
    assert not scanned(tmp_path, log)
    assert pyarrow.parquet.read_metadata(tmp_path / "accounts.parquet").num_rows == joined


# --- Being interrupted -----------------------------------------------------------------------------------


def test_an_interrupted_scan_says_how_far_it_came_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(replay: Replay, *_: object) -> None:
        replay.events = 17
        raise KeyboardInterrupt

    monkeypatch.setattr(Replay, "observe", stop)
    result = scan(jsonl(tmp_path / "log.jsonl", bulk_sender()), "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert "interrupted after 17 events" in result.output
    assert not any((tmp_path / "out").iterdir())


def test_a_results_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = scan(jsonl(tmp_path / "log.jsonl", bulk_sender()), "--out", tmp_path / "file")
    assert result.exit_code == 2 and "folder for the results" in result.output


def test_what_stops_the_reading_is_raised_after_what_was_read_before() -> None:
    def chunks() -> Iterator[int]:
        yield from range(5)
        raise LogError(Path("log.jsonl"), "the compressed file is damaged")

    taken = []
    with pytest.raises(LogError, match="damaged"):
        for chunk in read_ahead(chunks()):  # type: ignore[arg-type]
            taken.append(chunk)  # noqa: PERF402 - what came before the error is the point
    assert taken == [0, 1, 2, 3, 4]


def test_reading_ahead_ends_when_nobody_listens_any_more() -> None:
    before = threading.active_count()
    reading = read_ahead(itertools.count())  # type: ignore[arg-type]
    assert next(reading) == 0
    reading.close()
    assert threading.active_count() == before


# --- Parts -----------------------------------------------------------------------------------------------


def test_a_log_too_long_to_keep_gives_the_same_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = jsonl(tmp_path / "log.jsonl", bulk_sender())
    in_force = decide_by(no_model=True)
    kept = scan_logs(ScanSettings([log], tmp_path / "a"), in_force, quiet())
    monkeypatch.setattr("tidegate.cli.replay.REMEMBERED_EVENTS", 10)
    again = scan_logs(ScanSettings([log], tmp_path / "b"), in_force, quiet())
    assert kept.acted_on == again.acted_on and kept.acted_on[0].moments


def test_forgetting_idle_accounts_does_not_mix_up_names(world_files: dict[str, Path], tmp_path: Path) -> None:
    remembering = scanned(tmp_path / "a", world_files["parquet"])
    forgetting = scanned(tmp_path / "b", world_files["parquet"], "--idle-days", "0.05")
    known = {(d["id"], d["account"]) for d in remembering}
    shared = {d["id"] for d in forgetting} & {d["id"] for d in remembering}
    assert shared and all((d["id"], d["account"]) in known for d in forgetting if d["id"] in shared)


def events(*rows: tuple[float, int, int, EventType]) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    made = np.zeros(len(rows), EVENT)
    for i, (at, actor, target, kind) in enumerate(rows):
        made[i]["time"], made[i]["actor"], made[i]["target"], made[i]["type"] = at, actor, target, kind
    return made


def test_a_timeline_tells_first_contacts_from_answers_and_chat() -> None:
    talk = [(1.0, 7, 8), (2.0, 8, 7), (3.0, 8, 7), (4.0, 7, 8), (5.0, 9, 7), (6.0, 7, 9), (7.0, 7, 0)]
    log = events(*((at, a, b, EventType.MESSAGE) for at, a, b in talk), (8.0, 8, 7, EventType.BLOCK))
    timeline = collect([brief(log)], [7]).of(7)
    kinds = [moment.kind for moment in timeline.moments()[0]]
    chat = ["first_contact", "reply", "received", "message", "received", "message", "group_message"]
    assert kinds == [*chat, "block"]
    assert timeline.count("first_contact", until_s=0.5) == 0
    assert collect([np.zeros(0, BRIEF)], [7]).of(7).moments() == ([], 0)


def test_messages_are_counted_exactly_whatever_is_merged_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.cli.tallies.MERGE_AT", 3)
    tally = MessageTally()
    for start in range(4):
        tally.add(events(*((1.0, 1 + (start + i) % 3, 5, EventType.MESSAGE) for i in range(5))))
    assert tally.of(np.array([3, 1, 99, 2], np.uint64)).tolist() == [6, 7, 0, 7]


def test_traffic_of_years_and_of_seconds_is_counted_whole() -> None:
    for span_s in (40.0, 4e8):
        traffic = Traffic()
        times = np.linspace(START, START + span_s, 50_000)
        for part in np.array_split(times, 3):
            log = np.zeros(len(part), EVENT)
            log["time"] = part
            traffic.add(log)
        series = traffic.series(float(times[0]), float(times[-1]))
        assert sum(number for _, number in series) == 50_000
        assert len(series) < 190


def test_every_column_a_rule_can_name_has_a_value_in_its_reason() -> None:
    in_force = decide_by(no_model=True)
    assert Explainer(in_force)
    for rule in in_force.policy.rules:
        assert "{" not in rule.describe(dict.fromkeys(FEATURE_INDEX, math.nan))
