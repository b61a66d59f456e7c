"""What a homeserver tells an application service becomes lines of the log contract, without a word of content."""

import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from official_setup import Caller, Operator, sign_up, until

from tidegate.messengers.matrix.homeserver import Homeserver
from tidegate.messengers.matrix.official.lines import (
    Converter,
    EphemeralEvent,
    Line,
    RoomEvent,
    read_ephemeral,
    read_room_event,
)
from tidegate.messengers.matrix.official.rooms import NAMED_MEMBERS, Room, Rooms

NUMBERS = itertools.count(1)
NOW_S = 1_800_000_000.0
MINUTE_S = 60.0


def is_local(account: str) -> bool:
    return account.endswith(":tide.test")


def is_ignored(account: str) -> bool:
    return account == "@notices:tide.test"


def converter(rooms: Rooms | None = None) -> Converter:
    return Converter(Rooms(1000) if rooms is None else rooms, is_local, is_ignored, lambda: NOW_S)


# --- With a real homeserver -------------------------------------------------------------------------------------------


@dataclass
class Recorder:
    """Keeps the transactions that a homeserver sends."""

    bodies: list[bytes] = field(default_factory=list)

    def serve(self, port: int) -> ThreadingHTTPServer:
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing on the terminal."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@dataclass
class Watched:
    homeserver: Homeserver
    recorder: Recorder

    def person(self, name: str) -> Caller:
        return sign_up(self.homeserver, f"{name}{next(NUMBERS)}")

    def lines(self) -> list[Line]:
        """All lines so far, in order, from a converter that saw everything."""
        following = Converter(Rooms(1000), is_local, is_ignored)
        found: list[Line] = []
        for body in list(self.recorder.bodies):
            transaction = json.loads(body)
            events = [read_room_event(raw_of(event)) for event in transaction["events"]]
            old_name = "de.sorunome.msc2409.ephemeral"
            ephemeral = transaction.get("ephemeral") or transaction.get(old_name, [])
            notices = [read_ephemeral(raw_of(event)) for event in ephemeral]
            assert None not in events and None not in notices, "every event of a real homeserver can be read"
            found += following.lines(
                [one for one in events if one is not None], [one for one in notices if one is not None]
            )
        return found

    def about(self, *people: Caller) -> list[tuple[str, ...]]:
        """(type, actor, target or empty, number of members) of what these people did."""
        own = {person.user for person in people}
        return [
            (line.type, line.actor[1:4], line.target[1:4], str(line.members))
            for line in self.lines()
            if line.actor in own
        ]


def raw_of(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


@pytest.fixture(scope="module")
def watched(synapse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    operator = Operator(tmp_path_factory.mktemp("official"))
    recorder = Recorder()
    server = recorder.serve(operator.port)
    with Homeserver(operator.homeserver_settings(), python=synapse) as homeserver:
        yield Watched(homeserver, recorder)
    server.shutdown()
    server.server_close()


def test_a_conversation_of_two(watched: Watched) -> None:
    ann, ben = watched.person("ann"), watched.person("ben")
    room = ann.chat_with(ben)
    event = ann.write(room, "QUJD" * 100).body["event_id"]
    ben.join(room)
    ben.types(room)
    ben.reads(room, event)
    ben.call("PUT", f"/profile/{ben.user}/displayname", {"displayname": "Ben"})
    ben.write(room, "QUJD" * 10)
    until(lambda: len(watched.about(ann, ben)) >= 5, "five lines")
    assert sorted(watched.about(ann, ben)) == [
        ("invite", "ann", "ben", "2"),
        ("message", "ann", "ben", "2"),
        ("message", "ben", "ann", "2"),
        ("read", "ben", "ann", "2"),
        ("typing", "ben", "ann", "2"),
    ]
    sizes = {
        line.actor: line.size for line in watched.lines() if line.type == "message" and line.chat == room
    }
    assert sizes == {ann.user: 300, ben.user: 30}, "bytes of ciphertext, not characters of base64"


def test_a_group_and_who_declines_it(watched: Watched) -> None:
    ann, ben, cat = (watched.person(name) for name in ("ann", "ben", "cat"))
    room = ann.chat_with(ben, cat, direct=False)
    ben.join(room)
    cat.leave(room)
    ann.write(room)
    until(lambda: ("message", "ann", "ben", "2") in watched.about(ann), "the message")
    assert watched.about(ann, ben, cat) == [
        ("group_create", "ann", "", "0"),
        ("invite", "ann", "ben", "2"),
        ("invite", "ann", "cat", "3"),
        ("join", "ben", "", "3"),
        ("leave", "cat", "", "2"),
        ("message", "ann", "ben", "2"),
    ]


def test_who_is_removed_from_a_group_has_not_left_it(watched: Watched) -> None:
    ann, ben, cat = (watched.person(name) for name in ("ann", "ben", "cat"))
    room = ann.chat_with(ben, cat, direct=False)
    ben.join(room)
    ann.call("POST", f"/rooms/{room}/kick", {"user_id": ben.user})
    cat.join(room)
    until(lambda: len(watched.about(ann, ben, cat)) >= 4, "the memberships")
    assert [kind for kind, *_ in watched.about(ann, ben, cat)] == ["group_create", "invite", "invite", "join"]


def test_server_notices_are_not_passed_on(watched: Watched) -> None:
    ann, ben = watched.person("ann"), watched.person("ben")
    before = len(watched.recorder.bodies)
    content = {"msgtype": "m.text", "body": "Hello."}
    watched.homeserver.admin("POST", "/v1/send_server_notice", {"user_id": ann.user, "content": content})
    ann.chat_with(ben)
    until(lambda: watched.about(ann), "what ann did later")
    assert len(watched.recorder.bodies) > before + 1, "the homeserver has told of the notice, too"
    assert [kind for kind, *_ in watched.about(ann)] in (["invite"], ["join", "invite"])
    assert not [line for line in watched.lines() if "@notices" in line.actor or "@notices" in line.target]


def test_no_word_of_an_unencrypted_message_leaves_the_adapter(watched: Watched) -> None:
    ann, ben = watched.person("ann"), watched.person("ben")
    room = ann.chat_with(ben)
    secret = "meet me at the old lighthouse"
    ann.call("PUT", f"/rooms/{room}/send/m.room.message/m1", {"msgtype": "m.text", "body": secret})
    ann.call("PUT", f"/rooms/{room}/state/m.room.topic", {"topic": secret})
    until(lambda: ("message", "ann", "ben", "2") in watched.about(ann), "the message")
    assert secret.encode() in b"".join(watched.recorder.bodies), "the homeserver does tell it"
    assert secret.encode() not in msgspec.json.encode(watched.lines())


# --- Without one: what a homeserver rarely does -----------------------------------------------------------------------


def event(kind: str, sender: str, content: dict[str, Any], **more: Any) -> RoomEvent:
    fields = {
        "type": kind,
        "event_id": f"${next(NUMBERS)}",
        "room_id": "!r",
        "sender": sender,
        "origin_server_ts": int((NOW_S - MINUTE_S) * 1000),
        "content": content,
    }
    found = read_room_event(raw_of(fields | more))
    assert found is not None
    return found


def member(person: str, membership: str, before: str = "", sender: str = "") -> RoomEvent:
    unsigned = {"unsigned": {"prev_content": {"membership": before}}} if before else {}
    return event("m.room.member", sender or person, {"membership": membership}, state_key=person, **unsigned)


def notice(kind: str, content: Any) -> EphemeralEvent:
    found = read_ephemeral(raw_of({"type": kind, "room_id": "!r", "content": content}))
    assert found is not None
    return found


def known(*members: str) -> Rooms:
    rooms = Rooms(1000)
    rooms.put("!r", Room(named=set(members)))
    return rooms


def test_an_event_of_another_server_does_not_happen_in_the_future() -> None:
    rooms = known("@ann:tide.test", "@eve:else.test")
    late = event("m.room.encrypted", "@eve:else.test", {}, origin_server_ts=int((NOW_S + 1e6) * 1000))
    (line,) = converter(rooms).lines([late], [])
    assert line.time == NOW_S and line.target == "@ann:tide.test"


def test_typing_is_told_when_it_begins() -> None:
    rooms = known("@ann:tide.test", "@ben:tide.test")
    sure = converter(rooms)
    both = [
        notice("m.typing", {"user_ids": ids})
        for ids in (["@ann:tide.test"], ["@ann:tide.test", "@ben:tide.test"])
    ]
    assert [line.actor for line in sure.lines([], both)] == ["@ann:tide.test", "@ben:tide.test"]
    assert sure.lines([], [notice("m.typing", {"user_ids": []})]) == []
    assert [line.actor for line in sure.lines([], both[:1])] == ["@ann:tide.test"]


def test_rooms_are_looked_up_once_and_only_when_they_are_not_known() -> None:
    rooms = Rooms(1000)
    sure = converter(rooms)
    message = event("m.room.encrypted", "@ann:tide.test", {})
    assert sure.rooms_to_look_up([message, message], [notice("m.typing", {})]) == ["!r"]
    rooms.put("!r", Room(named={"@ann:tide.test", "@ben:tide.test"}))
    assert sure.rooms_to_look_up([message], []) == []
    creation = event("m.room.create", "@ann:tide.test", {}, room_id="!new")
    first = event("m.room.encrypted", "@ann:tide.test", {}, room_id="!new")
    assert sure.rooms_to_look_up([creation, first], []) == [], "its members are told from the beginning"


def test_a_large_room_is_counted_and_looked_up_again_when_it_has_shrunk() -> None:
    rooms = Rooms(1000)
    rooms.put("!r", Room(named=None, counted=NAMED_MEMBERS + 1))
    sure = converter(rooms)
    (line,) = sure.lines([event("m.room.encrypted", "@ann:tide.test", {})], [])
    assert (line.target, line.members) == ("", NAMED_MEMBERS + 1)
    leaving = member("@ben:tide.test", "leave", "join")
    assert [line.type for line in sure.lines([leaving], [])] == ["leave"]
    assert sure.rooms_to_look_up([leaving], []) == ["!r"]


def test_a_room_nobody_can_say_anything_about_has_no_members_that_count() -> None:
    rooms = Rooms(1000)
    rooms.put("!r", Room(named=None, unknowable=True))
    (line,) = converter(rooms).lines([event("m.room.encrypted", "@ann:tide.test", {})], [])
    assert (line.target, line.chat) == ("", "!r") and b"members" not in msgspec.json.encode(line)


def test_rooms_are_forgotten_beyond_the_limit_the_longest_unheard_first() -> None:
    rooms = Rooms(2)
    for name in ("!a", "!b"):
        rooms.put(name, Room())
    assert rooms.get("!a") is not None
    rooms.put("!c", Room())
    assert [name for name in ("!a", "!b", "!c") if rooms.get(name)] == ["!a", "!c"]


@pytest.mark.parametrize(
    "content",
    [
        {"ciphertext": 5},
        {"ciphertext": ["a"]},
        {"ciphertext": {"device": {"type": 0}}},
        {},
        {"ciphertext": None},
    ],
)
def test_what_has_no_ciphertext_has_no_size(content: dict[str, Any]) -> None:
    rooms = known("@ann:tide.test", "@ben:tide.test")
    (line,) = converter(rooms).lines([event("m.room.encrypted", "@ann:tide.test", content)], [])
    assert line.size is None


def test_a_message_for_each_device_is_as_long_as_all_of_them() -> None:
    rooms = known("@ann:tide.test", "@ben:tide.test")
    content = {"ciphertext": {"k1": {"type": 0, "body": "QUJD" * 4}, "k2": {"type": 1, "body": "QUJD"}}}
    (line,) = converter(rooms).lines([event("m.room.encrypted", "@ann:tide.test", content)], [])
    assert line.size == 15


@pytest.mark.parametrize("content", ["text", {"$e": 5}, {"$e": {"m.read": ["@ann:tide.test"]}}])
def test_receipts_without_their_form_say_nothing(content: Any) -> None:
    assert converter(known("@ann:tide.test")).lines([], [notice("m.receipt", content)]) == []


@pytest.mark.parametrize("raw", [b"5", b'"x"', b"{}", b'{"type": "m.room.message"}', b"[]"])
def test_what_has_not_the_form_of_an_event_is_none(raw: bytes) -> None:
    assert read_room_event(msgspec.Raw(raw)) is None
