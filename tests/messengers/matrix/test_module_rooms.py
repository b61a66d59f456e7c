"""Rooms in memory: members as the events tell, one other person or a group, and never more than stated."""

import module_source  # noqa: F401 -- makes the next import possible
from hypothesis import given
from hypothesis import strategies as st
from tidegate_synapse.rooms import CROWD_MEMBERS, INVITE, JOIN, Room, Rooms

ANN, BEA, CAS = "@ann:tide.test", "@bea:tide.test", "@cas:tide.test"


def test_an_invitation_makes_two_before_it_is_accepted() -> None:
    room = Room.just_created()
    room.change(ANN, JOIN, None)
    assert room.other(ANN) is None
    room.change(BEA, INVITE, None)
    assert (room.other(ANN), room.other(BEA), room.members()) == (BEA, ANN, 2)
    room.change(BEA, JOIN, INVITE)
    assert room.members() == 2
    room.change(CAS, INVITE, None)
    assert room.other(ANN) is None and room.members() == 3
    room.change(CAS, "leave", INVITE)
    assert room.other(ANN) == BEA and room.other(CAS) is None


def test_of_a_crowd_only_the_number_is_kept() -> None:
    room = Room.of_members([f"@u{number}:tide.test" for number in range(CROWD_MEMBERS + 1)], [ANN])
    assert room.members() == CROWD_MEMBERS + 2 and not room.memberships
    room.change(BEA, JOIN, None)
    room.change(BEA, JOIN, JOIN)  # a new display name is no new member
    room.change(ANN, "leave", INVITE)
    assert room.members() == CROWD_MEMBERS + 2
    assert room.other(BEA) is None and not room.is_direct()


def test_a_room_becomes_a_crowd_when_it_grows() -> None:
    room = Room.just_created()
    for number in range(CROWD_MEMBERS + 5):
        room.change(f"@u{number}:tide.test", JOIN, None)
    assert room.members() == CROWD_MEMBERS + 5 and not room.memberships


@given(
    uses=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=120),
    most_rooms=st.integers(1, 8),
    most_memberships=st.integers(1, 40),
)
def test_rooms_are_bounded_by_number_and_by_memberships(
    uses: list[tuple[int, int]], most_rooms: int, most_memberships: int
) -> None:
    rooms = Rooms(most_rooms, most_memberships)
    for number, members in uses:
        room_id = f"!{number}"
        room = rooms.get(room_id)
        if room is None:
            rooms.put(room_id, Room.of_members([f"@u{member}" for member in range(members)], ()))
        elif members == 9:
            rooms.forget(room_id)
        else:
            room.change(f"@new{members}", JOIN, None)
            rooms.recount(room_id)
        kept = [rooms.peek(f"!{one}") for one in range(31)]
        sizes = [len(one.memberships) for one in kept if one is not None]
        assert len(rooms) == len(sizes) <= most_rooms
        assert sum(sizes) <= most_memberships or len(sizes) == 1


def test_the_rooms_longest_unused_are_forgotten_first() -> None:
    rooms = Rooms(2)
    for room_id in ("!a", "!b"):
        rooms.put(room_id, Room.just_created())
    rooms.get("!a")
    rooms.put("!c", Room.just_created())
    assert rooms.peek("!b") is None and rooms.peek("!a") is not None and rooms.peek("!c") is not None
