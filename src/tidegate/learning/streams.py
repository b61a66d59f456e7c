"""Loaders of labelled streams from other platforms: Wikipedia edits, as events that the engine can observe.

An edit is a ``message``: the editor is the actor, the page is the recipient and the chat. A first contact
is then the first edit of a page. A page named after a user (``User:…``, ``User talk:…``) stands for that
user, so that writing to a talk page and being answered on one's own are what they are between people;
editing one's own page is a note to oneself, which contacts nobody. No sign-ups, networks or
devices: unknown is not new.

Sources: UMDWikipedia (Kumar, Spezzano and Subrahmanian, *VEWS: A Wikipedia Vandal Early Warning System*,
KDD 2015) and Druid's ``wikiticker-2015-09-12-sampled.json.gz``. Neither is shipped.
"""

import csv
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tidegate.events.columns import EVENT, MISSING_FORWARDS, MISSING_INT, EventType
from tidegate.events.errors import LogError
from tidegate.events.names import ColumnNames
from tidegate.events.pseudonym import Pseudonyms
from tidegate.events.reorder import CHUNK_ROWS, Chunk

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

UMD_COLUMNS = (
    *("username", "revid", "revtime", "pagetitle"),
    *("isReverted", "revertTime", "cluebotRevert", "stiki_score", "stiki_REP_USER"),
)
"""Only the first four are read: the others tell what became of an edit later, and so give the label away."""
USERS_COLUMNS = ("username", "userid", "blocked_time", "blocked_reason", "type")
ABUSIVE, LEGITIMATE, UNLABELLED = 1, 0, -1


class PageKind(IntEnum):
    """What sort of page an edit goes to: its namespace, rare ones together."""

    ARTICLE = 0
    TALK = 1
    USER = 2
    USER_TALK = 3
    PROJECT = 4
    PROJECT_TALK = 5
    TEMPLATE = 6
    FILE = 7
    CATEGORY = 8
    DRAFT = 9
    OTHER = 10
    OTHER_TALK = 11


NAMESPACES: dict[str, PageKind] = {
    "Main": PageKind.ARTICLE,
    "Talk": PageKind.TALK,
    "User": PageKind.USER,
    "User talk": PageKind.USER_TALK,
    "Wikipedia": PageKind.PROJECT,
    "Wikipedia talk": PageKind.PROJECT_TALK,
    "Template": PageKind.TEMPLATE,
    "Module": PageKind.TEMPLATE,
    "File": PageKind.FILE,
    "Category": PageKind.CATEGORY,
    "Draft": PageKind.DRAFT,
    "Portal": PageKind.OTHER,
    "Help": PageKind.OTHER,
    "Book": PageKind.OTHER,
    "MediaWiki": PageKind.OTHER,
    "TimedText": PageKind.OTHER,
    "Education Program": PageKind.OTHER,
}
"""English namespaces. A title whose part before the colon is none of these is an article (``CSI: Miami``)."""
NAMESPACES |= {f"{name} talk": PageKind.OTHER_TALK for name in NAMESPACES if f"{name} talk" not in NAMESPACES}

EDIT = np.dtype([("account", np.int32), ("page", np.int32), ("kind", np.uint8), ("own", np.bool_)])
"""Places in the stream's accounts and pages, :class:`PageKind`, and whether it is the account's own page."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A labelled log: ``events`` EVENT[n] in the order of time, with ``edits`` EDIT[n] beside them."""

    events: NDArray[Any]
    edits: NDArray[Any]
    accounts: pa.StringArray
    """Name of each account, shape ``(a,)``."""
    account_keys: NDArray[np.uint64]
    labels: NDArray[np.int8]
    """``ABUSIVE``, ``LEGITIMATE`` or ``UNLABELLED``, shape ``(a,)``."""
    blocked_s: NDArray[np.float64]
    """Unix seconds at which the account was blocked, NaN when never or unknown, shape ``(a,)``."""
    pages: pa.StringArray
    """Title of each page as ``[[title]]``, which no account can be called, shape ``(p,)``."""
    page_keys: NDArray[np.uint64]
    owners: pa.StringArray
    """Name of the user a page belongs to, null for most, shape ``(p,)``."""

    def chunks(self) -> Iterator[Chunk]:
        """The events with the names of actors and targets, as reading a log yields them."""
        actors = self.accounts.take(pa.array(self.edits["account"]))
        page = pa.array(self.edits["page"])
        targets = pc.coalesce(self.owners.take(page), self.pages.take(page))
        for start in range(0, len(self.events), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            events = self.events[rows]
            names = ColumnNames(actors[rows], targets[rows])
            yield Chunk(events, np.arange(len(events), dtype=np.int64), {0: names})

    def with_pages_as_recipients(self, *, apart: bool, own_pages: bool) -> "Stream":
        """The same edits, every page a recipient of its own, whoever it is named after.

        ``apart``: each account has a page to itself, so that no account's features depend on another account.
        ``own_pages``: an account's own pages are recipients too, so that events say nothing of namespaces.
        """
        events = self.events.copy()
        events["target"] = events["chat"]
        if apart:
            events["target"] ^= events["actor"] * np.uint64(0x9E3779B97F4A7C15)
            events["chat"] = events["target"]
        if not own_pages:
            events["target"] = np.where(self.edits["own"], events["actor"], events["target"])
        return replace(self, events=events)

    def where(self, mask: NDArray[np.bool_]) -> "Stream":
        """Only the edits for which ``mask`` (bool[n]) holds; accounts and pages keep their places."""
        return replace(self, events=self.events[mask], edits=self.edits[mask])


def kind_of(title: str) -> PageKind:
    """The kind of an English Wikipedia page.

    >>> kind_of("User talk:Ada").name, kind_of("CSI: Miami").name
    ('USER_TALK', 'ARTICLE')
    """
    space, colon, _ = title.partition(":")
    return NAMESPACES.get(space, PageKind.ARTICLE) if colon else PageKind.ARTICLE


def owner_of(title: str) -> str | None:
    """The user an English user or user talk page belongs to.

    >>> owner_of("User:Ada/sandbox"), owner_of("Ada Lovelace")
    ('Ada', None)
    """
    space, _, rest = title.partition(":")
    return rest.split("/", 1)[0] or None if space in ("User", "User talk") else None


# -- UMDWikipedia ------------------------------------------------------------------------------------------


def load_umdwikipedia(
    folder: Path, *, pseudonyms: Pseudonyms | None = None, progress: Progress | None = None
) -> Stream:
    """The edits of ``benign_*.csv.xz`` and ``vandal_*.csv.xz`` with the labels of ``users.tsv``.

    Labels come from ``users.tsv`` alone, not from the names of the files; an account that it does not list is
    ``UNLABELLED``. Edits of one second are in the order of their revision ids. Raises
    :class:`~tidegate.events.errors.LogError` for a missing or malformed file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        wanted = "Name the folder with users.tsv and benign_2013_1.csv.xz, vandal_2013_1.csv.xz and so on"
        raise LogError(folder, "there is no such folder", wanted)
    users = _read_users(folder / "users.tsv")
    files = sorted([*folder.glob("benign_*.csv.xz"), *folder.glob("vandal_*.csv.xz")])
    if not files:
        wanted = "It should hold benign_<year>_<month>.csv.xz and vandal_<year>_<month>.csv.xz"
        raise LogError(folder, "there are no edits in this folder", wanted)
    rows = _Rows()
    for done, path in enumerate(files):
        if progress is not None:
            progress("reading edits", done, len(files))
        _read_edits(path, rows)
    if progress is not None:
        progress("reading edits", len(files), len(files))
    if not rows.names:
        raise LogError(folder, "there is no edit in these files", "Each file has one edit a line")
    order = np.lexsort((np.array(rows.ids, np.int64), np.array(rows.times, np.int64)))
    kinds = [kind_of(title) for title in rows.titles]
    stream = _assemble(rows, order, [owner_of(title) for title in rows.titles], kinds, pseudonyms)
    known = [users.get(name) for name in stream.accounts.to_pylist()]
    labels = [UNLABELLED if user is None else user[0] for user in known]
    blocked = [np.nan if user is None else user[1] for user in known]
    return replace(stream, labels=np.array(labels, np.int8), blocked_s=np.array(blocked, np.float64))


class _Rows:
    """Edits as they are read. Accounts and pages are numbered in the order they come."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.titles: dict[str, int] = {}
        self.account: list[int] = []
        self.page: list[int] = []
        self.times: list[int] = []
        """Milliseconds since 1970."""
        self.ids: list[int] = []
        self.sizes: list[int] = []

    def add(self, name: str, title: str, time_ms: int, revision: int, size: int = MISSING_INT) -> None:
        """One more edit."""
        self.account.append(self.names.setdefault(name, len(self.names)))
        self.page.append(self.titles.setdefault(title, len(self.titles)))
        self.times.append(time_ms)
        self.ids.append(revision)
        self.sizes.append(size)


def _read_users(path: Path) -> dict[str, tuple[int, float]]:
    """``(label, time of the block)`` of each account."""
    labels = {"benign": LEGITIMATE, "vandal": ABUSIVE}
    wanted = f"A line has the tab-separated fields {', '.join(USERS_COLUMNS)}; type is benign or vandal"
    users: dict[str, tuple[int, float]] = {}
    number = 0
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                fields = line.rstrip("\r\n").split("\t")
                place = f"line {number}"
                if len(fields) != len(USERS_COLUMNS):
                    raise LogError(path, f"there are {len(fields)} fields", wanted, place=place)
                if fields[4] not in labels:
                    raise LogError(path, f"the type is {fields[4][:40]!r}", wanted, place=place)
                blocked = np.nan if fields[2] == "-" else _milliseconds(fields[2], path, place) / 1000.0
                users[fields[0]] = (labels[fields[4]], blocked)
    except OSError as error:
        raise LogError(path, f"the file cannot be opened: {error.strerror}", wanted) from None
    except UnicodeDecodeError:
        raise LogError(path, "this is not UTF-8", wanted, place=f"after line {number}") from None
    return users


def _read_edits(path: Path, rows: _Rows) -> None:
    wanted = f"An edit has the columns {','.join(UMD_COLUMNS)}"
    number = 0
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="") as text:
            lines = csv.reader(text)
            header = next(lines, [])
            if tuple(header) != UMD_COLUMNS:
                raise LogError(path, "the first line does not name the columns", wanted, place="line 1")
            for fields in lines:
                if not fields:  # an empty line stands between two users
                    continue
                number = lines.line_num
                place = f"line {number}"
                if len(fields) != len(UMD_COLUMNS):
                    raise LogError(path, f"there are {len(fields)} columns", wanted, place=place)
                name, revision, moment, title = fields[:4]
                if not (name and title and revision.isascii() and revision.isdigit()):
                    raise LogError(path, "username, revid or pagetitle is unusable", wanted, place=place)
                rows.add(name, title, _milliseconds(moment, path, place), int(revision))
    except OSError as error:
        raise LogError(path, f"reading failed: {error.strerror or error}", wanted) from None
    except (lzma.LZMAError, EOFError, UnicodeDecodeError, csv.Error) as error:
        found = f"the file is damaged ({error})"
        raise LogError(path, found, wanted, place=f"after line {number}") from None


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _milliseconds(text: str, path: Path, place: str) -> int:
    try:
        elapsed = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, TypeError):  # TypeError: a time without an offset
        wanted = "Write RFC 3339 with an offset like 2013-01-28T16:43:56Z"
        raise LogError(path, f"{text[:40]!r} is no time", wanted, place=place) from None
    return (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000


# -- wikiticker --------------------------------------------------------------------------------------------


def load_wikiticker(path: Path, *, pseudonyms: Pseudonyms | None = None) -> Stream:
    """The sampled edits of one day on all Wikipedias.

    An account with ``isRobot`` set on an edit is ``ABUSIVE``; here that means *automated*, and most such bots
    are welcome. ``size`` is the number of characters added. The file gives 45 edits the dates of
    other days; they are kept as they are. Raises
    :class:`~tidegate.events.errors.LogError` for a missing or malformed file.
    """
    path = Path(path)
    rows = _Rows()
    kinds: dict[str, PageKind] = {}
    owners: dict[str, str | None] = {}
    robots: set[str] = set()
    wanted = "An edit is a JSON object with time, user, channel, page, namespace, added and isRobot"
    number = 0
    try:
        with gzip.open(path) as raw, io.TextIOWrapper(raw, "utf-8") as lines:
            for number, line in enumerate(lines, 1):
                place = f"line {number}"
                edit = json.loads(line)
                if not isinstance(edit, dict):
                    raise LogError(path, "this is not an object", wanted, place=place)
                user, page, robot = edit["user"], edit["page"], edit["isRobot"]
                if not (user and page and isinstance(user, str) and isinstance(page, str)):
                    raise LogError(path, "user or page is no text", wanted, place=place)
                wiki = edit["channel"].removeprefix("#")
                title = f"{wiki}:{page}"
                kinds[title] = NAMESPACES.get(edit["namespace"], PageKind.OTHER)
                # Accounts are shared by all Wikipedias, so an English user page names one wherever it lies.
                owners[title] = owner_of(page)
                if robot:
                    robots.add(user)
                size = min(max(int(edit["added"]), 0), 2**31 - 1)
                rows.add(user, title, _milliseconds(edit["time"], path, place), number, size)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise LogError(path, "this is not UTF-8", wanted, place=f"after line {number}") from None
        found = f"the field {error} is missing" if isinstance(error, KeyError) else f"unusable ({error})"
        raise LogError(path, found, wanted, place=f"line {number}") from None
    except (OSError, EOFError, zlib.error) as error:
        found = f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
        raise LogError(path, found, wanted) from None
    if not rows.names:
        raise LogError(path, "there is no edit in it", wanted)
    order = np.argsort(np.array(rows.times, np.int64), kind="stable")
    titles = list(rows.titles)
    stream = _assemble(rows, order, [owners[t] for t in titles], [kinds[t] for t in titles], pseudonyms)
    labels = [ABUSIVE if name in robots else LEGITIMATE for name in stream.accounts.to_pylist()]
    return replace(stream, labels=np.array(labels, np.int8))


# -- both --------------------------------------------------------------------------------------------------


def _assemble(
    rows: _Rows,
    order: NDArray[np.int64],
    owners: Sequence[str | None],
    kinds: Sequence[PageKind],
    pseudonyms: Pseudonyms | None,
) -> Stream:
    """Events and edits in ``order``; labels are left for the caller to fill in."""
    hashed = pseudonyms or Pseudonyms()
    accounts = pa.array(rows.names, pa.string())
    pages = pa.array([f"[[{title}]]" for title in rows.titles], pa.string())
    owned = pa.array(owners, pa.string())
    account_keys, page_keys, owner_keys = hashed.many(accounts), hashed.many(pages), hashed.many(owned)

    edits = np.zeros(len(order), EDIT)
    edits["account"] = np.array(rows.account, np.int32)[order]
    edits["page"] = np.array(rows.page, np.int32)[order]
    edits["kind"] = np.array(kinds, np.uint8)[edits["page"]]

    events = np.zeros(len(order), EVENT)
    events["time"] = np.array(rows.times, np.int64)[order] / 1000.0
    events["type"] = int(EventType.MESSAGE)
    events["members"], events["forwards"] = MISSING_INT, MISSING_FORWARDS
    events["size"] = np.array(rows.sizes, np.int64)[order]
    events["actor"] = account_keys[edits["account"]]
    events["chat"] = page_keys[edits["page"]]
    owner = owner_keys[edits["page"]]
    edits["own"] = owner == events["actor"]
    events["target"] = np.where(owner != 0, owner, events["chat"])
    unknown = np.full(len(account_keys), UNLABELLED, np.int8)
    never = np.full(len(account_keys), np.nan)
    return Stream(events, edits, accounts, account_keys, unknown, never, pages, page_keys, owned)
