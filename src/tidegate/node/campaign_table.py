"""What the node keeps of findings, beside the events that tell them: who, when, how strongly, and why in words.

It lies in the journal's file, so that a finding's events and its words are durable together: the search does not tell
again what the journal holds. Accounts stand there by pseudonym.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import msgspec

from tidegate.campaigns.finding import Kind
from tidegate.node.campaign_found import CampaignFound, FactFound
from tidegate.node.database import opened, storage_errors, transaction

SCHEMA = """
create table if not exists campaign (
    number integer primary key autoincrement, id integer not null unique, kind integer not null,
    first real not null, last real not null, kept real not null, score real not null, q_value real not null,
    reason text not null, facts blob not null, links blob not null
);
create index if not exists campaign_by_time on campaign (kept);

-- kept: when it was last written down, by the node's clock; all other times are the log's.
-- place: among the members as they were last seen, strongest tied first; -1 for one found earlier.
-- role: the campaign's kind for a member, 3 for whom a ring complains about; score is then its share of the complaints.
create table if not exists campaign_member (
    campaign integer not null, pseudonym integer not null, role integer not null,
    place integer not null, score real not null, found real not null,
    primary key (campaign, pseudonym, role)
) without rowid;
create index if not exists campaign_of_account on campaign_member (pseudonym);

-- what several members used, by pseudonym; accounts: how many have it in all
create table if not exists campaign_infrastructure (
    campaign integer not null, kind text not null, pseudonym integer not null,
    members integer not null, accounts integer not null,
    primary key (campaign, kind, pseudonym)
) without rowid;
create index if not exists campaign_of_infrastructure on campaign_infrastructure (kind, pseudonym);
"""
VICTIM = 3
_SIGN = 1 << 63
_LINKS: msgspec.json.Decoder[list[tuple[int, int, float]]] = msgspec.json.Decoder(
    list[tuple[int, int, float]]
)
_FACTS: msgspec.json.Decoder[list[FactFound]] = msgspec.json.Decoder(list[FactFound])
_MINE = "select campaign from campaign_member where pseudonym = ?"


# -- writing, in a transaction of the journal's -------------------------------------------------------------------------


def write(db: sqlite3.Connection, found: CampaignFound, now_s: float) -> None:
    """A finding in the place of what was kept of the same campaign. Who was in another one moves to this."""
    number, members = found.id - _SIGN, json.dumps([key - _SIGN for key in found.members])
    moved = "pseudonym in (select value from json_each(?)) and role = ? and campaign != ?"
    left = db.execute(
        f"select distinct campaign from campaign_member where {moved}", (members, found.kind, number)
    ).fetchall()
    db.execute(f"delete from campaign_member where {moved}", (members, found.kind, number))
    db.execute(
        "insert into campaign (id, kind, first, last, kept, score, q_value, reason, facts, links) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set last = excluded.last, "
        "kept = excluded.kept, score = excluded.score, q_value = excluded.q_value, reason = excluded.reason, "
        "facts = excluded.facts, links = excluded.links",
        (
            *(number, found.kind, found.found_s, found.found_s, now_s),
            *(found.score, found.q_value, found.reason),
            *(msgspec.json.encode(found.facts), msgspec.json.encode(found.links)),
        ),
    )
    db.execute("update campaign_member set place = -1 where campaign = ?", (number,))
    people = [
        *zip(found.members, found.scores, [found.kind] * len(found.members), strict=True),
        *zip(found.victims, found.victim_shares, [VICTIM] * len(found.victims), strict=True),
    ]
    places = (*range(len(found.members)), *range(len(found.victims)))
    db.executemany(
        "insert into campaign_member values (?, ?, ?, ?, ?, ?) on conflict (campaign, pseudonym, role) do update set "
        "place = excluded.place, score = excluded.score",
        [
            (number, key - _SIGN, role, place, score, found.found_s)
            for (key, score, role), place in zip(people, places, strict=True)
        ],
    )
    db.execute("delete from campaign_infrastructure where campaign = ?", (number,))
    db.executemany(
        "insert into campaign_infrastructure values (?, ?, ?, ?, ?)",
        [(number, one.kind, one.key - _SIGN, one.members, one.accounts) for one in found.infrastructure],
    )
    _drop_empty(db, [row[0] for row in left])


def erase(db: sqlite3.Connection, key: int) -> int:
    """Take an account out of whatever it was found in. Returns how many campaigns those were."""
    rows = db.execute(
        "select campaign, place, role, links from campaign_member join campaign on id = campaign where pseudonym = ?",
        (key - _SIGN,),
    ).fetchall()
    for number, place, role, links in rows:
        if role != VICTIM and place >= 0:
            kept = [link for link in _LINKS.decode(links) if place not in link[:2]]
            db.execute("update campaign set links = ? where id = ?", (msgspec.json.encode(kept), number))
        # Not known which of it was that account's alone; the next finding brings the rest again.
        db.execute("delete from campaign_infrastructure where campaign = ?", (number,))
    db.execute("delete from campaign_member where pseudonym = ?", (key - _SIGN,))
    found = {row[0] for row in rows}
    _drop_empty(db, found)
    return len(found)


def forget(db: sqlite3.Connection, before_s: float, most: int) -> int:
    """Drop up to ``most`` campaigns that were last written down before ``before_s``. Returns how many."""
    rows = db.execute(
        "select id from campaign where kept < ? order by kept limit ?", (before_s, most)
    ).fetchall()
    for row in rows:
        _drop(db, row[0])
    return len(rows)


def _drop_empty(db: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """A campaign all of whose members were found to belong to another one since is that other one."""
    for number in numbers:
        if not db.execute(
            "select 1 from campaign_member where campaign = ? and role != ? limit 1", (number, VICTIM)
        ).fetchone():
            _drop(db, number)


def _drop(db: sqlite3.Connection, number: int) -> None:
    for table in ("campaign_infrastructure", "campaign_member"):
        db.execute(f"delete from {table} where campaign = ?", (number,))
    db.execute("delete from campaign where id = ?", (number,))


# -- reading -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CampaignKept:
    """What is known of a campaign without its members."""

    number: int
    """Counts campaigns in the order in which they were found first."""
    id: int
    kind: Kind
    first_s: float
    """Unix seconds, by the log's time."""
    last_s: float
    """Of the last finding with somebody new."""
    score: float
    q_value: float
    reason: str
    facts: list[FactFound]
    members: int
    """How many belong to it, those found earlier among them."""


@dataclass(frozen=True, slots=True)
class MemberKept:
    """An account in a campaign."""

    key: int
    score: float
    """0 to 1; of a victim, the ring's share of the complaints about it."""
    found_s: float
    place: int
    """As the ties count; -1: it was found earlier and is not in the group as that was last seen."""


@dataclass(frozen=True, slots=True)
class InfrastructureKept:
    """A network or device that several members used."""

    kind: str
    """``network`` or ``device``."""
    key: int
    """Its pseudonym."""
    members: int
    accounts: int
    """How many accounts had it in all when the campaign was last found."""

    @property
    def is_own(self) -> bool:
        """Whether the campaign's accounts are at least half of those that have it; else it is a crowd's (a carrier, a
        house), and links nobody."""
        return 2 * self.members >= self.accounts


@dataclass(frozen=True, slots=True)
class Membership:
    """That an account was found in a campaign."""

    campaign: CampaignKept
    score: float
    found_s: float


_SHOWN = (
    "select number, id, kind, first, last, campaign.score, q_value, reason, facts, "
    f"(select count(*) from campaign_member where campaign = id and role != {VICTIM})"
)


class Campaigns:
    """What is kept, for whoever looks. Any thread; writes nothing."""

    def __init__(self, path: Path) -> None:
        """``path``: of the journal's file, which is there. Raises :class:`~tidegate.node.requests.StorageError`."""
        self.path = path
        self._lock = Lock()
        self._db = opened(path, "", read_only=True)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def page(self, before: int, limit: int) -> list[CampaignKept]:
        """Campaigns with a number below ``before``, newest first."""
        with self._lock, storage_errors(self.path):
            rows = self._db.execute(
                f"{_SHOWN} from campaign where number < ? order by number desc limit ?", (before, limit)
            ).fetchall()
        return [_kept(row) for row in rows]

    def one(self, identifier: int) -> CampaignKept | None:
        """One by its id."""
        with self._lock, storage_errors(self.path):
            row = self._db.execute(f"{_SHOWN} from campaign where id = ?", (identifier - _SIGN,)).fetchone()
        return _kept(row) if row else None

    def members(self, identifier: int, limit: int) -> tuple[list[MemberKept], list[MemberKept]]:
        """Members, strongest tied first and then those found earlier; and victims. Up to ``limit`` of each."""
        with self._lock, storage_errors(self.path):
            found = [
                self._db.execute(
                    "select pseudonym, score, found, place from campaign_member "
                    f"where campaign = ? and role {which} {VICTIM} order by place < 0, place, found limit ?",
                    (identifier - _SIGN, limit),
                ).fetchall()
                for which in ("!=", "=")
            ]
        members, victims = ([MemberKept(row[0] + _SIGN, *row[1:]) for row in rows] for rows in found)
        return members, victims

    def links(self, identifier: int) -> list[tuple[int, int, float]]:
        """Ties of the members as they were last seen: two places and nats, strongest first."""
        with self._lock, storage_errors(self.path):
            row = self._db.execute(
                "select links from campaign where id = ?", (identifier - _SIGN,)
            ).fetchone()
        return _LINKS.decode(row[0]) if row else []

    def infrastructure(self, identifier: int) -> list[InfrastructureKept]:
        """What several of its members used, most its own first."""
        with self._lock, storage_errors(self.path):
            rows = self._db.execute(
                "select kind, pseudonym, members, accounts from campaign_infrastructure where campaign = ? "
                "order by 1.0 * members / accounts desc, members desc, kind, pseudonym",
                (identifier - _SIGN,),
            ).fetchall()
        return [InfrastructureKept(row[0], row[1] + _SIGN, *row[2:]) for row in rows]

    def with_infrastructure(
        self, wanted: Iterable[tuple[str, int]], limit: int
    ) -> list[tuple[int, str, int]]:
        """(campaign, kind, key) for each of the ``wanted`` (kind, key) that is a campaign's own, newest first."""
        pairs = json.dumps([[kind, key - _SIGN] for kind, key in wanted])
        with self._lock, storage_errors(self.path):
            rows = self._db.execute(
                "select used.campaign, used.kind, used.pseudonym from json_each(?) as wanted "
                "cross join campaign_infrastructure as used on used.kind = json_extract(wanted.value, '$[0]') "
                "and used.pseudonym = json_extract(wanted.value, '$[1]') join campaign on campaign.id = used.campaign "
                "where 2 * used.members >= used.accounts order by number desc, used.kind, used.pseudonym limit ?",
                (pairs, limit),
            ).fetchall()
        return [(row[0] + _SIGN, row[1], row[2] + _SIGN) for row in rows]

    def of_account(self, key: int) -> Membership | None:
        """The campaign in which an account was found last, as a member."""
        with self._lock, storage_errors(self.path), closing(self._db.cursor()) as cursor:
            row = cursor.execute(
                f"{_SHOWN}, campaign_member.score, found from campaign_member join campaign on id = campaign "
                "where pseudonym = ? and role != ? order by found desc, number desc limit 1",
                (key - _SIGN, VICTIM),
            ).fetchone()
        return Membership(_kept(row[:10]), row[10], row[11]) if row else None


class CampaignTable:
    """The writing side that is not part of an append; belongs to the journal's thread and connection."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path

    def erase(self, key: int) -> int:
        """See :func:`erase`; what is removed is overwritten in the file. Raises StorageError."""
        with storage_errors(self._path):
            if not self._db.execute(_MINE, (key - _SIGN,)).fetchone():
                return 0
            before = self._db.execute("pragma secure_delete").fetchone()[0]
            self._db.execute("pragma secure_delete = on")
            try:
                with transaction(self._db):
                    return erase(self._db, key)
            finally:
                self._db.execute(f"pragma secure_delete = {before}")

    def forget(self, before_s: float, most: int = 100) -> int:
        """See :func:`forget`. Raises StorageError."""
        with storage_errors(self._path), transaction(self._db):
            return forget(self._db, before_s, most)


def _kept(row: tuple[int, int, int, float, float, float, float, str, bytes, int]) -> CampaignKept:
    number, identifier, kind, first_s, last_s, score, q_value, reason, facts, members = row
    return CampaignKept(
        *(number, identifier + _SIGN, Kind(kind), first_s, last_s, score, q_value, reason),
        _FACTS.decode(facts),
        members,
    )
