"""The node's words are read exactly, and what goes wrong is said once a minute."""

import logging

import module_source  # noqa: F401 -- makes the next import possible
import pytest
from tidegate_synapse.alarms import Alarms
from tidegate_synapse.rungs import NotUnderstoodError, Rung, read_action, read_challenge


def test_the_node_s_words_are_read_once_and_exactly() -> None:
    action = read_action(
        {"id": "00ff", "account": "@a:b", "rung": "lock", "until": "2026-11-22T12:00:00Z", "notice": "words"}
    )
    assert (action.rung, action.until_s, action.id) == (Rung.LOCK, 1_795_348_800.0, "00ff")
    assert not action.has_ended(1_795_348_799.0) and action.has_ended(1_795_348_800.0)
    assert read_action({"account": "@a:b", "rung": "ban", "until": None}).until_s == float("inf")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"account": "@a:b"},
        {"account": "@a:b", "rung": "throttle"},
        {"account": "@a:b", "rung": "lock", "until": "soon"},
        {"account": 7, "rung": "lock"},
    ],
)
def test_what_the_node_says_and_we_do_not_know_is_refused_in_words(fields: dict[str, object]) -> None:
    with pytest.raises(NotUnderstoodError):
        read_action(fields)


def test_a_challenge_is_at_the_operator_s_address_else_at_the_node_s() -> None:
    given = {"ticket": "a/b", "url": "https://node.example/c/a", "expires": "2026-11-22T12:00:00Z"}
    template = "https://tide.example/challenge/{ticket}"
    found = read_challenge(given, template)
    assert found is not None and found.address == "https://tide.example/challenge/a%2Fb"
    assert found.until_s == 1_795_348_800.0
    found = read_challenge(given, "")
    assert found is not None and found.address == "https://node.example/c/a"
    assert read_challenge({"ticket": "t"}, "") is None
    assert read_challenge({"ticket": "t", "url": "javascript:alert(1)"}, "") is None


def test_an_alarm_rings_once_a_minute_and_counts_what_it_kept_to_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now_s = [0.0]
    alarms = Alarms(logging.getLogger("test"), clock=lambda: now_s[0])
    for second in range(0, 130, 10):
        now_s[0] = float(second)
        alarms.raise_("away", "the node is away")
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "the node is away",
        "the node is away (5 more times since the last such line)",
        "the node is away (5 more times since the last such line)",
    ]
