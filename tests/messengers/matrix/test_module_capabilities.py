"""What a Synapse lacks is found by looking, noted in one table, and never stops it."""

import re

import module_source  # noqa: F401 -- makes the next import possible
import pytest
from tidegate_synapse.capabilities import Capabilities


class Server:
    """As some release of a homeserver might be."""

    def same(self, user: str, room: str, extra: str = "") -> str:
        return f"{user} in {room}"

    def renamed(self, member: str, room: str) -> str:
        return member

    def demanding(self, user: str, room: str, also: str) -> str:
        return also

    attribute = "not a method"


def test_a_method_that_looks_as_expected_is_wrapped_and_does_what_it_did() -> None:
    server, capabilities, seen = Server(), Capabilities(), list[str]()

    def around(original: object) -> object:
        def same(user: str, room: str, extra: str = "") -> object:
            seen.append(user)
            return original(user, room, extra)  # type: ignore[operator]

        return same

    assert capabilities.wrap("same", "it", lambda: server, "same", ("user", "room"), around)  # type: ignore[arg-type]
    assert server.same("ann", room="!r") == "ann in !r" and seen == ["ann"]
    assert capabilities.has("same")


@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        ("renamed", r"takes \(member, room\) where \(user, room\) is expected"),
        ("demanding", "also needs also"),
        ("attribute", "is no method"),
        ("gone", "no attribute 'gone'"),
    ],
)
def test_any_other_method_is_left_alone_and_the_table_says_why(attribute: str, why: str) -> None:
    server, capabilities = Server(), Capabilities()
    before = getattr(server, attribute, None)
    assert not capabilities.wrap(
        "thing", "what it is for", lambda: server, attribute, ("user", "room"), lambda one: one
    )
    assert getattr(server, attribute, None) == before
    assert not capabilities.has("thing")
    table = capabilities.table()
    assert "OFF" in table and "what it is for" in table
    assert re.search(why, table)


def test_a_server_that_raises_when_asked_still_starts() -> None:
    capabilities = Capabilities()

    def missing() -> object:
        raise RuntimeError("not on this worker")

    assert capabilities.private("x", "y", "z", missing) is None
    capabilities.official("callback", "y", "z", missing)
    assert [row.why_not for row in capabilities.rows] == ["RuntimeError: not on this worker"] * 2
