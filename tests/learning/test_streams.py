"""Labelled streams from other platforms become events that the engine can observe."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tidegate.engine.engine import Engine
from tidegate.engine.features import Signal
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.events.columns import EVENT, EventType
from tidegate.events.errors import LogError
from tidegate.events.pseudonym import Pseudonyms
from tidegate.learning.streams import (
    ABUSIVE,
    LEGITIMATE,
    UMD_COLUMNS,
    UNLABELLED,
    PageKind,
    Stream,
    kind_of,
    load_umdwikipedia,
    load_wikiticker,
)

KEY = Pseudonyms().one
HEADER = ",".join(UMD_COLUMNS)
USERS = (
    "Ada\t1\t-\t-\tbenign\nBob\t2\t2013-03-01T00:00:00Z\t[[WP:Vandalism|Vandalism]]\tvandal\n"
    "Cleo\t3\t-\t-\tbenign\n"
)


def write_umd(folder: Path, users: str, **files: str) -> Path:
    """A folder like UMDWikipedia's; ``files`` are the edits by name of the file, without header."""
    folder.mkdir(exist_ok=True)
    (folder / "users.tsv").write_text(users, "utf-8")
    for name, lines in files.items():
        with lzma.open(folder / f"{name}.csv.xz", "wt", encoding="utf-8", preset=0) as file:
            file.write(f"{HEADER}\n\n{lines}")
    return folder


def edit(user: str, revision: int, time: str, page: str, rest: str = "False,-,0,0,0") -> str:
    return f"{user},{revision},{time},{page},{rest}\n"


def names(stream: Stream, field: Any) -> list[str]:
    return [
        name
        for chunk in stream.chunks()
        for name in chunk.names(np.arange(len(chunk.events), dtype=np.int64), field)
    ]


@pytest.fixture
def small(tmp_path: Path) -> Stream:
    day = "2013-02-01T10:00:0"
    benign = (
        edit("Ada", 11, f"{day}1Z", '"Fossils, stones"')
        + edit("Ada", 12, f"{day}2Z", "User talk:Bob/Archive")
        + edit("Ada", 14, f"{day}3Z", "User:Ada/sandbox")
        + edit("Dora", 15, f"{day}4Z", "CSI: Miami")
    )
    vandal = edit("Bob", 13, f"{day}3Z", "Talk:Leaf") + edit("Bob", 10, f"{day}1Z", "Leaf")
    return load_umdwikipedia(write_umd(tmp_path / "umd", USERS, benign_2013_2=benign, vandal_2013_2=vandal))


def test_an_edit_is_a_message_to_its_page(small: Stream) -> None:
    first = small.events[1]
    assert small.events.dtype == EVENT
    assert (first["type"], first["time"]) == (EventType.MESSAGE, 1_359_712_801.0)
    assert first["actor"] == KEY("Ada")
    assert first["target"] == first["chat"] == KEY("[[Fossils, stones]]")


def test_a_user_talk_page_stands_for_its_owner(small: Stream) -> None:
    assert small.events["target"][2] == KEY("Bob")
    assert small.events["chat"][2] == KEY("[[User talk:Bob/Archive]]")


def test_an_edit_of_ones_own_page_is_a_note_to_oneself(small: Stream) -> None:
    own = small.edits["own"]
    assert own.tolist() == [False, False, False, False, True, False]
    assert small.events["target"][own].tolist() == [KEY("Ada")]


def test_edits_are_in_the_order_of_time_then_of_revisions(small: Stream) -> None:
    assert names(small, "actor") == ["Bob", "Ada", "Ada", "Bob", "Ada", "Dora"]


def test_original_names_can_be_read_back(small: Stream) -> None:
    wanted = ["[[Leaf]]", "[[Fossils, stones]]", "Bob", "[[Talk:Leaf]]", "Ada", "[[CSI: Miami]]"]
    assert names(small, "target") == wanted


def test_labels_and_blocks_come_from_the_list_of_users(small: Stream) -> None:
    found = dict(zip(small.accounts.to_pylist(), small.labels.tolist(), strict=True))
    assert found == {"Ada": LEGITIMATE, "Bob": ABUSIVE, "Dora": UNLABELLED}
    blocked = dict(zip(small.accounts.to_pylist(), small.blocked_s.tolist(), strict=True))
    assert blocked["Bob"] == 1_362_096_000.0
    assert np.isnan(blocked["Ada"])


def test_the_name_of_a_file_labels_nobody(tmp_path: Path) -> None:
    ada = edit("Ada", 1, "2013-02-01T10:00:00Z", "Leaf")
    bob = edit("Bob", 2, "2013-02-01T10:00:01Z", "Leaf")
    a = load_umdwikipedia(write_umd(tmp_path / "a", USERS, benign_2013_1=ada, vandal_2013_1=bob))
    b = load_umdwikipedia(write_umd(tmp_path / "b", USERS, benign_2013_9=bob, vandal_2013_9=ada))
    assert np.array_equal(a.events, b.events)
    assert sorted(zip(a.accounts.to_pylist(), a.labels, strict=True)) == sorted(
        zip(b.accounts.to_pylist(), b.labels, strict=True)
    )


def test_what_became_of_an_edit_is_not_read(tmp_path: Path) -> None:
    kept = edit("Bob", 1, "2013-02-01T10:00:00Z", "Leaf")
    reverted = edit("Bob", 1, "2013-02-01T10:00:00Z", "Leaf", "True,2013-02-01T10:01:00Z,1,0.9,0.99")
    a = load_umdwikipedia(write_umd(tmp_path / "a", USERS, vandal_2013_2=kept))
    b = load_umdwikipedia(write_umd(tmp_path / "b", USERS, vandal_2013_2=reverted))
    assert np.array_equal(a.events, b.events)
    assert np.array_equal(a.edits, b.edits)


def test_the_engine_sees_no_sign_ups_networks_or_devices(small: Stream) -> None:
    engine = Engine(load_policy(shipped_policy_text(), "default.toml"))
    engine.observe(small.events)
    assert engine.signals == Signal(0)


def test_pages_can_be_kept_apart_for_each_account(tmp_path: Path) -> None:
    lines = "".join(
        edit(name, i, f"2013-02-01T10:00:0{i}Z", "Leaf") for i, name in enumerate(["Ada", "Bob", "Ada"])
    )
    stream = load_umdwikipedia(write_umd(tmp_path / "umd", USERS, benign_2013_2=lines))
    together = stream.with_pages_as_recipients(apart=False, own_pages=True).events["target"]
    apart = stream.with_pages_as_recipients(apart=True, own_pages=True).events["target"]
    assert len(set(together.tolist())) == 1
    assert apart[0] == apart[2] != apart[1]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Leaf", PageKind.ARTICLE),
        ("Avengers: Endgame", PageKind.ARTICLE),
        ("User:Ada/sandbox", PageKind.USER),
        ("User talk:Ada", PageKind.USER_TALK),
        ("Wikipedia:Sandbox", PageKind.PROJECT),
        ("Module talk:Math", PageKind.OTHER_TALK),
    ],
)
def test_the_kind_of_a_page_is_its_namespace(title: str, kind: PageKind) -> None:
    assert kind_of(title) == kind


GOOD = edit("Ada", 1, "2013-02-01T10:00:00Z", "Leaf")
BROKEN_FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a list of users is missing": (lambda f: (f / "users.tsv").unlink(), "users.tsv.*cannot be opened"),
    "a user has too few fields": (
        lambda f: (f / "users.tsv").write_text("Ada\t1\tbenign\n"),
        "users.tsv, line 1: there are 3 fields.*blocked_time",
    ),
    "a user is of an unknown type": (
        lambda f: (f / "users.tsv").write_text("Ada\t1\t-\t-\tkind\n"),
        "'kind'.*benign or vandal",
    ),
    "edits are missing": (lambda f: (f / "benign_2013_1.csv.xz").unlink(), "no edits.*benign_<year>_<month>"),
    "a file has other columns": (
        lambda f: (f / "benign_2013_1.csv.xz").write_bytes(lzma.compress(b"a,b\n")),
        "line 1: the first line does not name the columns. .*username,revid",
    ),
    "an edit has too few columns": (
        lambda f: write_umd(f, USERS, benign_2013_1=GOOD + "Ada,2\n"),
        "line 4: there are 2 columns",
    ),
    "an edit has no time": (
        lambda f: write_umd(f, USERS, benign_2013_1=edit("Ada", 1, "yesterday", "Leaf")),
        "line 3: 'yesterday' is no time.*RFC 3339",
    ),
    "a time has no offset": (
        lambda f: write_umd(f, USERS, benign_2013_1=edit("Ada", 1, "2013-02-01T10:00:00", "Leaf")),
        "line 3: .* is no time.*offset",
    ),
    "a revision is no number": (
        lambda f: write_umd(f, USERS, benign_2013_1=GOOD.replace(",1,", ",one,", 1)),
        "line 3: username, revid or pagetitle",
    ),
    "a file is cut off": (
        lambda f: (f / "benign_2013_1.csv.xz").write_bytes((f / "benign_2013_1.csv.xz").read_bytes()[:-20]),
        "damaged",
    ),
    "a file is not compressed": (
        lambda f: (f / "benign_2013_1.csv.xz").write_text(HEADER),
        "benign_2013_1.csv.xz.*damaged",
    ),
}


@pytest.mark.parametrize("case", BROKEN_FOLDERS)
def test_a_broken_folder_is_refused_with_words_that_say_what_is_expected(tmp_path: Path, case: str) -> None:
    folder = write_umd(tmp_path / "umd", USERS, benign_2013_1=GOOD)
    break_it, words = BROKEN_FOLDERS[case]
    break_it(folder)
    with pytest.raises(LogError, match=words):
        load_umdwikipedia(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"nowhere: there is no such folder.*users\.tsv"):
        load_umdwikipedia(tmp_path / "nowhere")


def ticker_line(user: str, page: str, robot: bool = False, **more: object) -> str:
    channel, namespace = "#en.wikipedia", page.split(":")[0] if ":" in page else "Main"
    fixed = {"time": "2015-09-12T01:02:03.500Z", "channel": channel, "namespace": namespace, "added": 36}
    return json.dumps({**fixed, "user": user, "page": page, "isRobot": robot, "comment": "x", **more}) + "\n"


def write_ticker(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_a_ticker_edit_is_a_message_with_the_size_of_what_was_added(tmp_path: Path) -> None:
    text = ticker_line("Ada", "User talk:Bob") + ticker_line("R2", "Leaf", True) + ticker_line("R2", "Leaf")
    stream = load_wikiticker(write_ticker(tmp_path / "ticker.json.gz", text))
    assert stream.events["time"].tolist() == [1_442_019_723.5] * 3
    assert stream.events["size"].tolist() == [36] * 3
    assert stream.events["target"].tolist()[:2] == [KEY("Bob"), KEY("[[en.wikipedia:Leaf]]")]
    assert dict(zip(stream.accounts.to_pylist(), stream.labels.tolist(), strict=True)) == {
        "Ada": LEGITIMATE,
        "R2": ABUSIVE,
    }


def test_the_same_title_on_two_wikipedias_is_two_pages(tmp_path: Path) -> None:
    text = ticker_line("Ada", "Berlin") + ticker_line("Ada", "Berlin", channel="#de.wikipedia")
    stream = load_wikiticker(write_ticker(tmp_path / "ticker.json.gz", text))
    assert len(set(stream.events["chat"].tolist())) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json\n", "line 1: unusable"),
        ("[1]\n", "line 1: this is not an object"),
        (ticker_line("Ada", "Leaf") + '{"user": "Bob"}\n', "line 2: the field 'page' is missing.*isRobot"),
        (ticker_line("Ada", "Leaf", time="noon"), "line 1: 'noon' is no time"),
        (ticker_line("Ada", "Leaf", added=None), "line 1: unusable"),
        (ticker_line("", "Leaf"), "line 1: user or page is no text"),
        ("", "there is no edit in it"),
    ],
)
def test_a_malformed_ticker_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(LogError, match=words):
        load_wikiticker(write_ticker(tmp_path / "ticker.json.gz", text))


def test_a_ticker_that_is_missing_or_not_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text(ticker_line("Ada", "Leaf"))
    for name, words in (("plain", "cannot be read"), ("nowhere", "No such file")):
        with pytest.raises(LogError, match=words):
            load_wikiticker(tmp_path / name)


def test_the_real_wikiticker_is_read_whole(real_data: Callable[[str], Path]) -> None:
    stream = load_wikiticker(real_data("streams/wikiticker-2015-09-12-sampled.json.gz"))
    assert (len(stream.events), len(stream.accounts), int((stream.labels == ABUSIVE).sum())) == (
        39_244,
        10_531,
        181,
    )
    assert np.all(np.diff(stream.events["time"]) >= 0)
