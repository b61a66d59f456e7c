"""Rules for a share of accounts, and one policy made of two for the time between them."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import HEAD, K, event, key, log, people, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import Engine
from tidegate.engine.policy import MAX_RULES, PolicyErrors, load_policy, overlay, shipped_policy_text
from tidegate.engine.policy.rollout import RolloutError, changes, merged, touches_bans
from tidegate.engine.policy.writing import written
from tidegate.engine.rule_kernel import account_draw
from tidegate.engine.rungs import Rung
from tidegate.events.compiled import compiled

PEPPER = 77
EXTENDS = 'extends = "default"\nname = "own"\nversion = "2"\n'


def rule(name: str, when: str, rung: str = "warn", family: str = "first contact", more: str = "") -> str:
    return f"""
[[rule]]
name = "{name}"
stage = ["registration", "messaging", "feedback", "campaign"]
when = "{when}"
family = "{family}"
rung = "{rung}"
reason = "A reason."
notice = "A notice."
{more}
"""


STABLE = HEAD + rule("fast", "strangers_1m >= 2.9", "lock") + rule("slow", "strangers_14d >= ~6", "budget")
STABLE += rule("crowd", "net_accounts >= 3", "warn", "network")
CANDIDATE = HEAD.replace('version = "1"', 'version = "2"') + rule("fast", "strangers_1m >= 1.9", "challenge")
CANDIDATE += rule("crowd", "net_accounts >= 3", "warn", "network")
CANDIDATE += rule("groups", "invites_1d >= 0.9", "challenge", "groups")


@compiled
def every_draw(keys: Any, pepper: Any, out: Any) -> None:
    for i in range(len(keys)):
        out[i] = account_draw(keys[i], pepper)


def draws(keys: NDArray[np.uint64], pepper: int = PEPPER) -> NDArray[np.float64]:
    out = np.zeros(len(keys))
    every_draw(keys, np.uint64(pepper), out)
    return out


def errors_of(text: str) -> str:
    with pytest.raises(PolicyErrors) as caught:
        load_policy(text, "own.toml")
    return "\n".join(f"{error.what}; {error.right}" for error in caught.value.errors)


# --- A rule for a share of accounts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("[0, 0]", "accounts from 0 to 0 percent is nobody; the second number is the larger one"),
        ("[60, 40]", "accounts from 60 to 40 percent is nobody"),
        ("[0, 101]", "accounts from 0 to 101 percent is out of range; both lie between 0 and 100"),
        ("[-1, 50]", "accounts from -1 to 50 percent is out of range"),
        ("[nan, 50]", "accounts from nan to 50 percent is out of range"),
        ("[0, true]", '"accounts" is not two numbers; from and to in percent'),
        ("[50]", '"accounts" is not two numbers'),
        ("50", '"accounts" is a whole number; write accounts = [0, 10]'),
    ],
)
def test_a_share_that_is_none_is_told_with_what_would_be_right(given: str, words: str) -> None:
    assert words in errors_of(
        HEAD + rule("one", "sent_1m >= 1", family="velocity", more=f"accounts = {given}")
    )


def test_a_rule_for_everybody_leaves_the_policy_as_it_was() -> None:
    plain, said = (
        load_policy(HEAD + rule("one", "sent_1m >= 1", family="velocity", more=more), "own.toml")
        for more in ("", "accounts = [0, 100]")
    )
    assert plain.digest == said.digest and plain == said
    some = load_policy(
        HEAD + rule("one", "sent_1m >= 1", family="velocity", more="accounts = [0, 99.5]"), "own.toml"
    )
    assert some.digest != plain.digest and some.rules[0].accounts == (0.0, 99.5)


@settings(max_examples=20, deadline=None)
@given(start=st.floats(0, 99), width=st.floats(0.5, 100), pepper=st.integers(0, 2**63))
def test_the_share_of_accounts_is_the_one_that_was_asked_for(start: float, width: float, pepper: int) -> None:
    keys = np.random.default_rng(1).integers(1, 2**64, 20_000, dtype=np.uint64)
    drawn, end = draws(keys, pepper), min(start + width, 100.0)
    assert drawn.min() >= 0.0 and drawn.max() < 100.0
    share = float(((start <= drawn) & (drawn < end)).mean()) * 100.0
    assert abs(share - (end - start)) < 1.8, "five standard errors of the widest share"


def test_a_rule_counts_for_the_accounts_of_its_share_alone_and_always_for_the_same() -> None:
    senders = people(300, "sender")
    events = log([event(K.MESSAGE, i * 1.0, one, key("somebody")) for i, one in enumerate(senders)])
    where = draws(np.array(senders, np.uint64))
    for start, end in ((0, 10), (10, 100), (33.3, 66.6)):
        share = rule("one", "sent_1m >= 0.9", family="velocity", more=f"accounts = [{start}, {end}]")
        chosen = load_policy(HEAD + share, "own.toml")
        for _ in range(2):
            warned = Engine(chosen, pepper=PEPPER).observe(events).decisions["key"].tolist()
            inside = (where >= start) & (where < end)
            assert warned == [one for one, within in zip(senders, inside, strict=True) if within]
            assert 0 < len(warned) < len(senders)


def test_outside_its_share_a_rule_is_not_told_as_a_reason_either() -> None:
    (sender,) = people(1, "sender")
    at = float(draws(np.array([sender], np.uint64))[0])
    share = f"accounts = [0, {at:.6f}]" if at > 50 else f"accounts = [{at + 1e-3:.6f}, 100]"
    text = HEAD + rule("one", "sent_1m >= 0.9", "lock", "velocity", share)
    text += rule("two", "strangers_1m >= 0.9")
    (decision,) = (
        Engine(load_policy(text, "own.toml"), pepper=PEPPER)
        .observe(event(K.MESSAGE, 0.0, sender, key("somebody")))
        .decisions
    )
    assert (decision["rung"], decision["rules"][0]) == (Rung.WARN, 0b10)


def test_the_share_does_not_go_with_the_randomised_thresholds() -> None:
    keys = np.random.default_rng(1).integers(1, 2**64, 5_000, dtype=np.uint64)
    assert abs(np.corrcoef(draws(keys), draws(keys, PEPPER + 1))[0, 1]) < 0.06
    engine = Engine(policy("first contact | warn | strangers_1d >= ~20"), pepper=PEPPER)
    senders = people(200, "probe")
    others = people(30, "people")
    log_of_all = log([event(K.MESSAGE, 0.0, one, other) for one in senders for other in others])
    met = engine.observe(log_of_all).decisions["event"] % 30
    assert abs(np.corrcoef(met, draws(np.array(senders, np.uint64)))[0, 1]) < 0.25


# --- Written as a file ------------------------------------------------------------------------------------


def test_the_shipped_policy_is_written_and_read_back_as_it_is() -> None:
    shipped = load_policy(shipped_policy_text(), "default.toml")
    again = load_policy(written(shipped), "written")
    assert again == shipped and again.digest == shipped.digest


@pytest.mark.parametrize("when", ["sent_1d >= 0.00001", "account_age <= 0.5s", "net_abuse_rate > 7%"])
def test_numbers_of_every_size_are_written_as_they_are_read(when: str) -> None:
    family = {"s": "velocity", "a": "age", "n": "network"}[when[0]]
    text = HEAD + rule(
        "odd", f"{when} and (sent_1m < 3 or not (sent_1h >= 2k and known(silence)))", family=family
    )
    text = text.replace("A reason.", 'Say \\"no\\" \\\\ \\u007f ü.').replace("silence", "longest_silence")
    try:
        once = load_policy(text, "own.toml")
    except PolicyErrors as errors:
        text = re.sub(r" and known\(longest_silence\)", "", text)
        assert "unknown feature" in str(errors)
        once = load_policy(text, "own.toml")
    assert load_policy(written(once), "written").digest == once.digest


# --- What differs -----------------------------------------------------------------------------------------


def test_what_differs_is_told_rule_by_rule_and_section_by_section() -> None:
    longer = CANDIDATE.replace('lock = { durations = ["1d", "2d", "7d"] }', 'lock = { durations = ["9d"] }')
    found = changes(STABLE, longer)
    assert [(change.name, change.kind) for change in found] == [
        ("ladder.lock", "section"),
        ("fast", "changed"),
        ("groups", "added"),
        ("slow", "dropped"),
    ]
    assert found[0].after == 'durations = ["9d", "9d", "9d"]\nkeys = 1'
    assert 'when = "strangers_1m >= 2.9"' in found[1].before and "1.9" in found[1].after
    assert (found[2].before, found[3].after) == ("", "")
    assert changes(STABLE, STABLE) == []


def test_policies_that_extend_are_compared_as_what_they_come_to() -> None:
    assert changes(EXTENDS, shipped_policy_text()) == []
    (change,) = changes(EXTENDS, EXTENDS + '[[rule]]\nname = "device-farm"\nenabled = false\n')
    assert (change.name, change.kind) == ("device-farm", "dropped")


BAN_RULE = rule("worst", "strangers_1m >= ~50", "ban")


@pytest.mark.parametrize(
    ("stable", "candidate", "touches"),
    [
        (STABLE, CANDIDATE, False),
        (STABLE, STABLE + BAN_RULE, True),
        (STABLE + BAN_RULE, STABLE, True),
        (STABLE + BAN_RULE, STABLE + BAN_RULE.replace("50", "60"), True),
        (STABLE + BAN_RULE, STABLE + BAN_RULE.replace('"ban"', '"lock"'), True),
        (STABLE + BAN_RULE, CANDIDATE + BAN_RULE, False),
        (STABLE + BAN_RULE, (STABLE + BAN_RULE).replace("spread = 0.2", "spread = 0.1"), True),
        (STABLE, STABLE.replace("spread = 0.2", "spread = 0.1"), False),
        (
            STABLE,
            STABLE.replace('suspend = { durations = ["3d"] }', 'suspend = { durations = ["4d"] }'),
            True,
        ),
        (EXTENDS, EXTENDS + "[ladder.ban]\nkeys = 3\n", True),
        (EXTENDS, EXTENDS + "[model.messaging]\nban = false\n", True),
        (EXTENDS, EXTENDS + "[model.messaging]\nchallenge = 0.91\n", False),
    ],
)
def test_what_a_ban_rests_on_is_told_apart(stable: str, candidate: str, touches: bool) -> None:
    assert touches_bans(stable, candidate) is touches


# --- Two policies in one ----------------------------------------------------------------------------------


def test_new_changed_and_dropped_rules_are_shared_out_and_the_rest_counts_for_all() -> None:
    both = load_policy(merged(STABLE, CANDIDATE, 10), "merged")
    assert [(one.name, one.accounts) for one in both.rules] == [
        ("fast", (0.0, 10.0)),
        ("fast-before", (10.0, 100.0)),
        ("slow", (10.0, 100.0)),
        ("crowd", (0.0, 100.0)),
        ("groups", (0.0, 10.0)),
    ]
    assert both.version == "1 with 10 % 2"


def test_sections_stay_the_stable_ones_until_everybody_has_the_candidate() -> None:
    candidate = CANDIDATE.replace("spread = 0.2", "spread = 0.1").replace('["1h"]', '["9h"]')
    stable, wanted = load_policy(STABLE, "stable"), load_policy(candidate, "candidate")
    for percent in (0, 1, 99.5):
        both = load_policy(merged(STABLE, candidate, percent), "merged")
        assert (both.spread, both.ladder, both.model) == (stable.spread, stable.ladder, stable.model)
    assert load_policy(merged(STABLE, candidate, 0), "merged") == stable
    assert load_policy(merged(STABLE, candidate, 100), "merged") == wanted


def test_a_share_that_a_rule_has_already_is_kept_within() -> None:
    old = HEAD + rule("one", "strangers_1m >= 2", more="accounts = [0, 50]")
    new = HEAD + rule("one", "strangers_1m >= 3", more="accounts = [40, 100]")
    shared = load_policy(merged(old, new, 45), "merged").rules
    assert [(one.name, one.accounts) for one in shared] == [
        ("one", (40.0, 45.0)),
        ("one-before", (45.0, 50.0)),
    ]
    assert [one.name for one in load_policy(merged(old, new, 60), "merged").rules] == ["one"]


def test_a_name_that_would_be_too_long_or_is_taken_makes_room() -> None:
    long = "a" * 57 + "-" + "b" * 6
    old = HEAD + rule(long, "strangers_1m >= 2") + rule("one", "sent_1m >= 1", family="velocity")
    old += rule("one-before", "sent_1h >= 1", family="velocity")
    new = old.replace(">= 2", ">= 3").replace("sent_1m >= 1", "sent_1m >= 2")
    names = [one.name for one in load_policy(merged(old, new, 50), "merged").rules]
    assert names == [long, "a" * 57 + "-before", "one", "one-before-2", "one-before"]


@pytest.mark.parametrize("percent", [-1.0, 100.5, float("nan")])
def test_a_share_that_cannot_be_is_refused(percent: float) -> None:
    with pytest.raises(RolloutError, match="percent of all accounts is not possible; between 0 and 100"):
        merged(STABLE, CANDIDATE, percent)


def test_what_fits_no_policy_is_refused_with_words() -> None:
    many = [rule(f"r{i}", "sent_1m >= 1", family="velocity") for i in range(MAX_RULES)]
    with pytest.raises(RolloutError, match=r"both together have 1000 rules, 500 is the limit"):
        merged(HEAD + "".join(many), HEAD + "".join(many).replace(">= 1", ">= 2"), 50)
    wide = STABLE.replace("spread = 0.2", "spread = 0.5")
    narrow = HEAD.replace("spread = 0.2", "spread = 0") + rule(
        "share", "first_contact_ratio_1d >= ~0.9", family="first contact"
    )
    with pytest.raises(PolicyErrors, match="can move up to"):
        merged(wide, narrow, 50)
    with pytest.raises(PolicyErrors, match="candidate policy"):
        merged(STABLE, "name = 1", 50)


def moves(text: str, events: NDArray[Any]) -> dict[int, list[tuple[float, int, float]]]:
    """What was decided about each account."""
    found: dict[int, list[tuple[float, int, float]]] = {}
    for decision in Engine(load_policy(text, "policy"), pepper=PEPPER).observe(events).decisions:
        move = float(decision["time"]), int(decision["rung"]), float(np.nan_to_num(decision["until"]))
        found.setdefault(int(decision["key"]), []).append(move)
    return found


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), percent=st.floats(5, 95))
def test_accounts_inside_are_decided_by_the_candidate_and_those_outside_by_the_stable(
    seed: int, percent: float
) -> None:
    # Strikes would carry what is decided about one account to another; these rules do not look at them.
    kinds = [kind for kind in K if kind not in (K.LABEL, K.RULING, K.ERASURE)]
    events = random_log(seed, 2_000, accounts=60, kinds=kinds)
    by_stable, by_candidate = moves(STABLE, events), moves(CANDIDATE, events)
    together = moves(merged(STABLE, CANDIDATE, percent), events)
    accounts = sorted({*by_stable, *by_candidate, *together})
    for one, at in zip(accounts, draws(np.array(accounts, np.uint64)).tolist(), strict=True):
        expected = by_candidate if at < percent else by_stable
        assert together.get(one) == expected.get(one), f"account {one:016x} at {at:.3f}"
    assert by_stable != by_candidate


def test_a_merged_policy_can_be_extended_like_any_other_text() -> None:
    both = load_policy(
        merged(shipped_policy_text(), EXTENDS + rule("own", "strangers_1m >= 5"), 25), "merged"
    )
    assert both.rules[-1].accounts == (0.0, 25.0)
    off = overlay(both, 'name = "x"\n[[rule]]\nname = "own"\nenabled = false\n')
    assert len(off.rules) == len(both.rules) - 1
