"""What the module writes, the log contract takes: every line is an event for Tidegate, and none carries content."""

import json

import module_source  # noqa: F401 -- makes the next import possible
import pytest
from tidegate_synapse.lines import (
    client_software,
    event_line,
    identifier,
    ignored_difference,
    message_size,
    network_address,
    phone_number,
)

from tidegate.events.contract import FIELDS, Reading, read_event, refuse_content
from tidegate.events.moment import TimeBounds
from tidegate.events.pseudonym import Pseudonyms

NOW_S = 1_795_000_000.0
READING = Reading(Pseudonyms(bytes(16)), TimeBounds(NOW_S + 1.0))


def test_a_message_line_is_an_event_of_the_contract() -> None:
    line = event_line(
        NOW_S,
        "message",
        "@ann:tide.test",
        target="@bea:tide.test",
        chat="!r",
        members=2,
        size=75,
        ip="203.0.113.7",
        device="@ann:tide.test/ABC",
        client="Element",
        id="$e",
    )
    fields = json.loads(line)
    assert b"\n" not in line and set(fields) <= set(FIELDS)
    for name in fields:
        refuse_content(name)
    event = read_event(fields, READING)
    assert (event.actor, event.target) == ("@ann:tide.test", "@bea:tide.test")


def test_what_is_not_known_is_left_out() -> None:
    assert json.loads(event_line(NOW_S, "login", "@ann:tide.test", ip=None, device=None)) == {
        "time": NOW_S,
        "type": "login",
        "actor": "@ann:tide.test",
    }


@pytest.mark.parametrize("awkward", ["line\nbreak", 'quo"te', "żółw", "\ud800half", "\x00"])
def test_awkward_text_stays_one_line_of_valid_json(awkward: str) -> None:
    line = event_line(NOW_S, "login", "@ann:tide.test", client=awkward)
    assert line.count(b"\n") == 0
    read_event(json.loads(line), READING)


def test_the_size_of_a_ciphertext_is_that_of_its_bytes() -> None:
    megolm = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "A" * 400}
    assert message_size("m.room.encrypted", megolm) == 300
    olm = {"ciphertext": {"key1": {"type": 0, "body": "A" * 40}, "key2": {"type": 0, "body": "A" * 80}}}
    assert message_size("m.room.encrypted", olm) == 90


def test_the_size_of_a_plain_message_is_that_of_its_text_in_bytes() -> None:
    assert message_size("m.room.message", {"msgtype": "m.text", "body": "ża"}) == 3


@pytest.mark.parametrize("content", [{}, {"ciphertext": 7}, {"body": None}, {"ciphertext": {"k": "no"}}])
def test_malformed_content_has_no_size_and_breaks_nothing(content: dict[str, object]) -> None:
    assert message_size("m.room.encrypted", content) in (None, 0)
    assert message_size("m.room.message", content) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("/run/synapse.sock", None),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_is_one_that_the_contract_takes_or_none(text: str | None, address: str | None) -> None:
    assert network_address(text) == address
    fields = {"time": NOW_S, "type": "login", "actor": "ann", "ip": network_address(text)}
    read_event(fields, READING)


def test_long_client_names_are_cut_between_characters_and_long_devices_left_out() -> None:
    cut = client_software("é" * 200)
    assert cut is not None and len(cut.encode()) <= 255 and set(cut) == {"é"}
    assert identifier("d" * 255) == "d" * 255 and identifier("d" * 256) is None
    assert identifier("") is None and identifier(7) is None


def test_a_number_proven_at_sign_up_is_written_with_a_plus() -> None:
    assert (
        phone_number({"m.login.msisdn": {"medium": "msisdn", "address": "4915112345678"}}) == "+4915112345678"
    )
    fields = {"time": NOW_S, "type": "register", "actor": "ann", "phone": "+4915112345678"}
    read_event(fields, READING)
    for nothing in ({}, {"m.login.dummy": True}, {"m.login.msisdn": {"address": "hello"}}):
        assert phone_number(nothing) is None


def test_only_changes_of_the_list_of_ignored_users_are_told() -> None:
    before = frozenset({"@a", "@b"})
    assert ignored_difference(before, {"ignored_users": {"@b": {}, "@c": {}}}) == (
        frozenset({"@c"}),
        frozenset({"@a"}),
    )
    assert ignored_difference(before, {}) == (frozenset(), before)
    assert ignored_difference(before, {"ignored_users": "nonsense"}) == (frozenset(), before)
