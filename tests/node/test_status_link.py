"""A notice that limits something tells where to see what happened, by a link that nobody else can make."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_cases import DAY, HOUR, NOW, Clock, decided, key_of
from policy_texts import LAX, MIDNIGHT_S, first_day

from tidegate.engine.rungs import Rung
from tidegate.node.challenge.tickets import TICKET_CHARACTERS, Kind, Signer, Ticket, new_id
from tidegate.node.keys import keys_of
from tidegate.node.node import Node
from tidegate.node.notices import status_in
from tidegate.node.outbox import Result
from tidegate.node.requests import Delivery, PolicyChange
from tidegate.node.settings import (
    SETTINGS_FILE,
    Enforcement,
    Mode,
    NodeSettings,
    Notices,
    SettingsError,
    read_settings,
)
from tidegate.node.sqlite_ledger import SqliteLedger
from tidegate.node.status_link import LIFETIME_S, TOKEN_CHARACTERS, StatusLinks

KEY = bytes(range(32))
PUBLIC_URL = "https://help.example.org/tidegate"
"""A path may stand in it: the desk can lie below another site."""


@given(st.integers(0, (1 << 64) - 1), st.floats(0.0, 4e9))
def test_a_link_says_whose_it_is_and_when_it_ends(pseudonym: int, issued_s: float) -> None:
    token = StatusLinks(KEY).write(pseudonym, issued_s)
    link = StatusLinks(KEY).read(token)
    assert link is not None and len(token) == TOKEN_CHARACTERS
    assert link.pseudonym == pseudonym and link.issued_s == int(issued_s)
    assert link.usable(link.end_s - 1) and not link.usable(link.end_s)
    assert link.end_s == min(link.issued_s + LIFETIME_S, (1 << 32) - 1)


@given(st.data())
def test_another_spelling_is_no_link(data: st.DataObject) -> None:
    token = StatusLinks(KEY).write(7, NOW)
    at = data.draw(st.integers(0, len(token) - 1))
    other = token[:at] + data.draw(st.characters()) + token[at + 1 :]
    links = StatusLinks(KEY)
    assert (links.read(other) is None) == (other != token)
    assert links.read(token + "=") is None and links.read(token[:-1]) is None and links.read("") is None


def test_links_of_another_node_and_tickets_of_the_same_are_none() -> None:
    token = StatusLinks(KEY).write(7, NOW)
    assert StatusLinks(os.urandom(32)).read(token) is None
    ticket = Signer(KEY).write(Ticket(Kind.LINK, new_id(), 7, 0, 1))
    assert len(ticket) == TICKET_CHARACTERS and StatusLinks(KEY).read(ticket) is None
    assert Signer(KEY).read(token, *Kind) is None


@pytest.fixture
def ledger(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., SqliteLedger]:
    def make(public_url: str = PUBLIC_URL) -> SqliteLedger:
        settings = NodeSettings(
            enforcement=Enforcement(mode=Mode.ENFORCE), notices=Notices(public_url=public_url)
        )
        made = SqliteLedger(tmp_path, settings, now_s=Clock())
        request.addfinalizer(made.close)
        return made

    return make


def test_every_notice_that_limits_something_ends_with_the_accounts_own_page(
    ledger: Callable[..., SqliteLedger], tmp_path: Path
) -> None:
    made, links = ledger(), StatusLinks(keys_of(tmp_path).ticket)
    limits = ("challenge", "budget", "lock", "suspend", "ban")
    made.commit([decided(rung, rung, until=NOW + HOUR) for rung in limits], 10)
    actions = made.outbox.due(10, NOW)
    assert {action.rung.word for action in actions} == set(limits)
    for action in actions:
        address = status_in(action.notice)
        assert action.notice.endswith(f" See what happened and how to appeal: {address}")
        link = links.read(address.removeprefix(f"{PUBLIC_URL}/status/"))
        assert link is not None
        assert link.pseudonym == key_of(action.account) and link.end_s == NOW - NOW % DAY + 180 * DAY


def test_a_second_attempt_on_the_same_day_tells_the_very_same(ledger: Callable[..., SqliteLedger]) -> None:
    made = ledger()
    made.commit([decided("mallory", "lock", until=NOW + DAY)], 1)
    first = made.outbox.due(1, NOW)
    again = made.outbox.due(1, NOW + HOUR)
    assert first[0].notice == again[0].notice and again[0].attempt == 2


def test_whoever_asks_what_is_in_effect_is_told_the_page_too(ledger: Callable[..., SqliteLedger]) -> None:
    made = ledger()
    made.commit([decided("mallory", "lock")], 1)
    made.outbox.confirm([Result(action.id, done=True) for action in made.outbox.due(1, NOW)], NOW)
    assert [bool(status_in(one.notice)) for one in made.outbox.standing()] == [True]


def test_what_limits_nothing_has_no_link(ledger: Callable[..., SqliteLedger]) -> None:
    made = ledger()
    made.commit([decided("careless", "warn"), decided("mallory", "lock")], 1)
    actions = {action.account: action for action in made.outbox.due(2, NOW)}
    assert not status_in(actions["careless"].notice) and status_in(actions["mallory"].notice)
    made.outbox.confirm([Result(action.id, done=True) for action in actions.values()], NOW)
    made.commit([decided("mallory", "allow", NOW + HOUR)], 2)
    (lifted,) = made.outbox.due(1, NOW + HOUR)
    assert lifted.rung is Rung.ALLOW and lifted.notice and not status_in(lifted.notice)


def test_without_an_address_notices_are_as_they_were(ledger: Callable[..., SqliteLedger]) -> None:
    made = ledger("")
    made.commit([decided("mallory", "lock")], 1)
    assert "appeal" not in made.outbox.due(1, NOW)[0].notice


@pytest.mark.parametrize("wrong", ["https://help.example.org/", "help.example.org", "https://x/?q=1"])
def test_an_address_that_no_link_can_begin_with_is_refused(tmp_path: Path, wrong: str) -> None:
    (tmp_path / SETTINGS_FILE).write_text(f'[notices]\npublic_url = "{wrong}"\n')
    with pytest.raises(SettingsError, match="public_url"):
        read_settings(tmp_path / SETTINGS_FILE)


def test_a_node_tells_its_messenger_the_page_of_the_very_account(tmp_path: Path) -> None:
    settings = NodeSettings(
        enforcement=Enforcement(mode=Mode.ENFORCE), notices=Notices(public_url=PUBLIC_URL)
    )
    node = Node.open(tmp_path / "node", settings, lambda: MIDNIGHT_S + 2.0 * DAY)
    try:
        node.take([PolicyChange(LAX), Delivery(first_day())])
        assert node.drain(10.0)
        (action,) = node.outbox.due(10, node.now_s())
        link = StatusLinks(node.keys.ticket).read(
            status_in(action.notice).removeprefix(f"{PUBLIC_URL}/status/")
        )
        assert action.account == "flood" and link is not None
        assert link.pseudonym == node.pseudonyms.one("flood") and link.usable(node.now_s() + 179 * DAY)
        assert "flood" not in action.notice
    finally:
        node.close()
