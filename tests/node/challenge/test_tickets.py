"""A ticket is worth something only as its node wrote it, and only for what it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.node.challenge.tickets import TICKET_CHARACTERS, Kind, Signer, Ticket, new_id

KEY = bytes(range(32))
SOMEWHEN = st.integers(0, (1 << 48) - 1)
TICKETS = st.builds(
    Ticket,
    kind=st.sampled_from(Kind),
    id=st.binary(min_size=16, max_size=16),
    account=st.integers(0, (1 << 64) - 1),
    begin_ms=SOMEWHEN,
    end_ms=SOMEWHEN,
    times=st.integers(0, 255),
)
A_TICKET = Ticket(Kind.LINK, new_id(), 12345, 1_000, 2_000)


@given(TICKETS)
def test_a_ticket_comes_back_as_it_was_written(ticket: Ticket) -> None:
    text = Signer(KEY).write(ticket)
    assert len(text) == TICKET_CHARACTERS
    assert Signer(KEY).read(text, ticket.kind) == ticket


@pytest.mark.parametrize("place", range(TICKET_CHARACTERS))
def test_a_ticket_with_one_other_character_is_none(place: int) -> None:
    text = Signer(KEY).write(A_TICKET)
    other = "A" if text[place] != "A" else "B"
    assert Signer(KEY).read(text[:place] + other + text[place + 1 :], *Kind) is None


@given(st.text(max_size=2 * TICKET_CHARACTERS))
def test_what_somebody_made_up_is_none(text: str) -> None:
    assert Signer(KEY).read(text, *Kind) is None


def test_a_ticket_of_another_node_is_none() -> None:
    assert Signer(bytes(32)).read(Signer(KEY).write(A_TICKET), Kind.LINK) is None


@pytest.mark.parametrize("kind", Kind)
def test_no_kind_is_taken_for_another(kind: Kind) -> None:
    text = Signer(KEY).write(Ticket(kind, new_id(), 1, 0, 1))
    others = [other for other in Kind if other is not kind]
    assert Signer(KEY).read(text, *others) is None


def test_a_ticket_can_be_used_from_its_beginning_until_its_end() -> None:
    usable = [A_TICKET.usable(now_ms) for now_ms in (999, 1_000, 1_999, 2_000)]
    assert usable == [False, True, True, False]
