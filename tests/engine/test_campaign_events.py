"""What a campaign finding does to a member of a fleet, to a ring of false reporters, and to the ring's victim."""

import itertools
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, START, K, blast, event, key, log, people, policy
from numpy.typing import NDArray

from tidegate.campaigns.finding import Campaign, Kind, events_of
from tidegate.engine.engine import Engine
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.layout import BLOCK, CAUSE_EVIDENCE, CAUSE_PERSON, CAUSE_RELIEF
from tidegate.engine.policy import Policy
from tidegate.engine.reference import ReferenceEngine
from tidegate.engine.rungs import Rung, Stage
from tidegate.events.columns import Reason

SELLER, MODERATOR = key("seller"), key("moderator")
RING, OTHERS = people(40, "ring"), people(40, "others")
COMPLAINTS = "feedback | lock | negative_1d >= 3"
"""The policy of most tests here: complaints of three people."""


def finding(about: int, reason: Reason, at: float, strength: float = 1.0, **fields: Any) -> NDArray[Any]:
    """One campaign event about ``about``, as the search writes them."""
    said = {"reason": int(reason), "size": round(1000 * strength), "chat": 9, "members": 40} | fields
    return event(K.CAMPAIGN, at, about, **said)


def complaints(of: list[int], about: int, at: float, kind: K = K.REPORT) -> NDArray[Any]:
    """A complaint of each, a second apart."""
    return log([event(kind, at + i, one, about) for i, one in enumerate(of)])


def written_to(who: list[int], at: float = 0.0) -> NDArray[Any]:
    """The seller writes to each of them first, so that their complaints weigh."""
    return blast(SELLER, who, at)


def value_of(feature: str, about: int, engine: Engine, at: float) -> float:
    """A feature of an account, asked with a finding of no strength, which changes nothing."""
    rows, _ = engine.rows(finding(about, Reason.NONE, at, 0.0))
    return float(rows[0, FEATURE_INDEX[feature]])


def rungs(decisions: NDArray[Any]) -> list[Rung]:
    return [Rung(int(rung)) for rung in decisions["rung"]]


# --- Members ----------------------------------------------------------------------------------------------


def test_the_events_that_the_search_writes_are_the_ones_that_the_engine_reads() -> None:
    members = np.array(OTHERS[:5], np.uint64)
    fleet = Campaign(
        7, Kind.SENDERS, START + 100.0, members, np.array([0.95, 0.9, 0.9, 0.8, 0.7]), 0.85, 20.0
    )
    engine = Engine(policy("campaign | lock | campaign_score >= 0.85"))
    decisions = engine.observe(
        log([blast(who, RING[:3]) for who in OTHERS[:5]] + [events_of(fleet)])
    ).decisions
    assert decisions["key"].tolist() == OTHERS[:3] and set(rungs(decisions)) == {Rung.LOCK}
    assert set(decisions["stage"].tolist()) == {Stage.CAMPAIGN}
    ring = Campaign(
        8,
        Kind.REPORTERS,
        START + 200.0,
        np.array(RING, np.uint64),
        np.ones(40),
        1.0,
        20.0,
        victims=np.array([SELLER], np.uint64),
        victim_shares=np.array([1.0]),
    )
    engine = Engine(policy(COMPLAINTS))
    engine.observe(log([written_to(RING), complaints(RING, SELLER, 60.0)]))
    assert engine.rung_of(SELLER) == Rung.LOCK
    engine.observe(events_of(ring))
    assert engine.rung_of(SELLER) == Rung.ALLOW


def test_a_member_is_judged_when_it_is_found_though_it_does_nothing_more() -> None:
    engine = Engine(policy("campaign | lock | campaign_score >= 0.8 and strangers_14d >= 2.5"))
    assert len(engine.observe(blast(SELLER, OTHERS[:3])).decisions) == 0
    (found,) = engine.observe(finding(SELLER, Reason.ABUSIVE, HOUR, 0.9)).decisions
    assert (found["rung"], found["cause"], found["stage"]) == (Rung.LOCK, CAUSE_EVIDENCE, Stage.CAMPAIGN)


def test_a_finding_of_no_strength_changes_nothing() -> None:
    asked, unasked = Engine(policy(COMPLAINTS)), Engine(policy(COMPLAINTS))
    for reason in Reason:
        for part in (written_to(OTHERS), complaints(OTHERS[:2], SELLER, 60.0)):
            for engine in (asked, unasked):
                engine.observe(part)
            asked.observe(finding(SELLER, reason, 70.0, 0.0))
            unasked.observe(event(K.UNBLOCK, 70.0, MODERATOR, SELLER))
        ours, theirs = (e.accounts[e.accounts["key"] == SELLER] for e in (asked, unasked))
        assert ours.tobytes() == theirs.tobytes(), reason


def test_strength_fades_by_half_in_a_fortnight_and_is_never_more_than_one() -> None:
    engine = Engine(policy())
    engine.observe(finding(SELLER, Reason.ABUSIVE, 0.0, 4.0))
    assert value_of("campaign_score", SELLER, engine, 0.0) == 1.0
    engine.observe(finding(SELLER, Reason.ABUSIVE, 14 * DAY, 0.3))
    assert abs(value_of("campaign_score", SELLER, engine, 14 * DAY) - 0.5) < 1e-3, "a weaker one adds nothing"


# --- Reporters --------------------------------------------------------------------------------------------


def test_complaints_of_a_ring_weigh_nothing_from_the_finding_on_and_regain_weight_in_time() -> None:
    engine = Engine(policy(COMPLAINTS))
    engine.observe(log([finding(one, Reason.OTHER, 0.0) for one in RING] + [written_to(RING, 60.0)]))
    assert len(engine.observe(complaints(RING, SELLER, 120.0)).decisions) == 0
    assert value_of("reports_14d", SELLER, engine, 200.0) == 0.0
    assert value_of("unfounded_reports_14d", SELLER, engine, 200.0) > 39.0
    assert value_of("campaign_score", RING[0], engine, 200.0) == 0.0, "no sender"
    # A fortnight later a strength of 1 has become a half, and three weeks later less.
    engine.observe(complaints(RING[:1], SELLER, 13 * DAY, K.BLOCK))
    assert value_of("blocks_14d", SELLER, engine, 13 * DAY) == 0.0
    engine.observe(log([written_to(people(1, "new"), 29 * DAY), finding(key("late"), Reason.OTHER, 0.0)]))
    fresh = people(1, "new")[0]
    engine.observe(
        log([finding(fresh, Reason.OTHER, 29 * DAY, 0.2), event(K.BLOCK, 29 * DAY, fresh, SELLER)])
    )
    assert abs(value_of("blocks_14d", SELLER, engine, 29 * DAY) - 0.6) < 0.01


def test_complaints_of_a_fleet_of_senders_weigh_nothing_either() -> None:
    engine = Engine(policy(COMPLAINTS))
    engine.observe(log([finding(one, Reason.ABUSIVE, 0.0, 0.9) for one in RING] + [written_to(RING, 60.0)]))
    assert len(engine.observe(complaints(RING, SELLER, 120.0)).decisions) == 0


def test_a_member_of_a_fleet_does_not_get_rid_of_it_by_reporting_falsely() -> None:
    engine = Engine(policy())
    engine.observe(log([finding(SELLER, Reason.ABUSIVE, 0.0, 0.9), finding(SELLER, Reason.OTHER, 10.0, 1.0)]))
    assert value_of("campaign_score", SELLER, engine, 20.0) > 0.89
    engine.observe(
        log([finding(MODERATOR, Reason.OTHER, 30.0), finding(MODERATOR, Reason.ABUSIVE, 40.0, 0.7)])
    )
    assert abs(value_of("campaign_score", MODERATOR, engine, 50.0) - 0.7) < 1e-3


# --- The victim of a ring ---------------------------------------------------------------------------------


def besieged(*rules: str, ring: list[int] = RING, others: list[int] = OTHERS[:0]) -> Engine:
    """The seller wrote to everybody; the ring, and some others, complained."""
    engine = Engine(policy(*(rules or (COMPLAINTS,))))
    engine.observe(written_to(ring + others))
    engine.observe(log([complaints(ring, SELLER, 60.0), complaints(others, SELLER, 120.0)]))
    return engine


def relief(at: float = HOUR, share: float = 1.0) -> NDArray[Any]:
    return finding(SELLER, Reason.LEGITIMATE, at, share)


def test_a_rung_that_only_the_ring_held_ends_with_the_finding() -> None:
    engine = besieged()
    assert engine.rung_of(SELLER) == Rung.LOCK
    (lifted,) = engine.observe(relief()).decisions
    assert (lifted["rung"], lifted["previous"], lifted["cause"]) == (Rung.ALLOW, Rung.LOCK, CAUSE_RELIEF)
    assert np.isnan(lifted["until"]) and not lifted["rules"].any()
    for feature in ("reports_14d", "blocks_14d", "negative_1d"):
        assert value_of(feature, SELLER, engine, HOUR) == 0.0
    assert len(engine.observe(relief(2 * HOUR)).decisions) == 0, "once"


def test_it_takes_its_strike_back_and_is_not_counted_as_an_earlier_rung() -> None:
    network = key("network", "network")
    engine = Engine(policy(COMPLAINTS))
    engine.observe(log([blast(SELLER, RING, network=network), complaints(RING, SELLER, 60.0), relief()]))
    newcomers = [event(K.REGISTER, HOUR + 60.0, key(i, "new"), network=network) for i in range(BLOCK + 1)]
    rows, _ = engine.rows(log(newcomers))
    assert rows[-1, FEATURE_INDEX["net_strikes_14d"]] == 0.0
    engine.observe(blast(SELLER, OTHERS, 3 * HOUR))
    (again,) = engine.observe(complaints(OTHERS, SELLER, 4 * HOUR)).decisions
    assert again["until"] - again["time"] == DAY, "as long as the first"


def test_complaints_of_others_still_hold_it() -> None:
    engine = besieged(others=OTHERS[:8])
    assert len(engine.observe(relief(share=40 / 48)).decisions) == 0
    assert engine.rung_of(SELLER) == Rung.LOCK
    engine = besieged(ring=RING[:10], others=OTHERS)
    assert len(engine.observe(relief(at=DAY - HOUR, share=0.2)).decisions) == 0, (
        "a ring of few was not its cause"
    )


def test_what_its_own_conduct_held_stays() -> None:
    for own, of_complaints in ((Rung.BUDGET, Rung.LOCK), (Rung.LOCK, Rung.SUSPEND)):
        engine = besieged(
            f"first contact | {own.word} | strangers_1h >= 30",
            f"feedback | {of_complaints.word} | negative_1d >= 3",
        )
        assert engine.rung_of(SELLER) == of_complaints
        (lowered,) = engine.observe(relief()).decisions
        assert (lowered["rung"], lowered["previous"]) == (own, of_complaints)
        assert lowered["until"] - lowered["time"] <= DAY, "no longer than it would have stood by itself"


def test_conduct_found_while_the_rung_stands_makes_it_firm() -> None:
    engine = besieged(COMPLAINTS, "groups | lock | invites_1h >= 2")
    assert engine.rung_of(SELLER) == Rung.LOCK
    engine.observe(log([event(K.INVITE, 600.0 + i, SELLER, one, chat=5) for i, one in enumerate(OTHERS[:9])]))
    assert len(engine.observe(relief(20 * HOUR)).decisions) == 0
    assert engine.rung_of(SELLER) == Rung.LOCK


def test_a_victim_is_never_raised_by_the_finding() -> None:
    engine = Engine(policy(COMPLAINTS))
    engine.observe(log([written_to(RING[:15]), complaints(RING[:2], SELLER, 60.0)]))
    before = engine.rung_of(SELLER)
    engine.put_in_force(policy("first contact | lock | strangers_14d >= 5"), None)
    assert len(engine.observe(relief()).decisions) == 0
    assert engine.rung_of(SELLER) == before == Rung.ALLOW


def test_what_a_person_ruled_is_not_touched() -> None:
    ruling = event(K.RULING, 200.0, MODERATOR, SELLER, reason=int(Reason.ABUSIVE))
    for part in (ruling, event(K.LABEL, 200.0, MODERATOR, SELLER, reason=int(Reason.ABUSIVE))):
        engine = besieged()
        engine.observe(part)
        standing = engine.rung_of(SELLER)
        assert standing >= Rung.LOCK
        assert len(engine.observe(relief()).decisions) == 0
        assert engine.rung_of(SELLER) == standing
    engine = Engine(policy())
    (suspended,) = engine.observe(ruling).decisions
    assert suspended["cause"] == CAUSE_PERSON
    assert len(engine.observe(relief()).decisions) == 0


def test_weightless_accounts_that_report_a_sender_take_no_weight_from_what_its_targets_said() -> None:
    engine = Engine(policy(COMPLAINTS))
    engine.observe(log([written_to(OTHERS[:8]), complaints(people(200, "puppets"), SELLER, 60.0)]))
    engine.observe(complaints(OTHERS[:8], SELLER, 300.0))
    before = value_of("reports_14d", SELLER, engine, HOUR)
    assert engine.rung_of(SELLER) == Rung.LOCK and before > 7.5
    assert len(engine.observe(relief(share=200 / 208)).decisions) == 0
    assert value_of("reports_14d", SELLER, engine, HOUR) > 7.5
    assert engine.rung_of(SELLER) == Rung.LOCK


def test_a_finding_that_comes_again_takes_out_nothing_twice() -> None:
    engine = besieged(ring=RING[:18], others=OTHERS[:2])
    engine.observe(relief(share=0.9))
    once = value_of("reports_14d", SELLER, engine, HOUR)
    assert abs(once - 2.0) < 0.1
    engine.observe(log([relief(HOUR + i, share=0.9) for i in range(5)]))
    assert abs(value_of("reports_14d", SELLER, engine, HOUR) - once) < 0.01


def test_two_hundred_false_reporters_leave_their_victim_alone_before_and_after_they_are_found() -> None:
    puppets = people(200, "puppets")
    engine = Engine(policy(COMPLAINTS))
    engine.observe(written_to(OTHERS[:5]))
    early = engine.observe(complaints(puppets, SELLER, 60.0)).decisions
    found = log([finding(one, Reason.OTHER, HOUR) for one in puppets] + [relief(HOUR)])
    later = engine.observe(log([found, written_to(puppets, 2 * HOUR), complaints(puppets, SELLER, 3 * HOUR)]))
    assert len(early) == len(later.decisions) == 0


# --- Kernel and reference, and any way of cutting a log ---------------------------------------------------


@st.composite
def quarrels(draw: st.DrawFn) -> NDArray[Any]:
    """A small log thick with first messages, complaints, findings and people's words about few accounts."""
    few = people(7, "few")
    parts, at = [], 0.0
    steps = st.tuples(
        st.sampled_from(
            [K.MESSAGE, K.MESSAGE, K.BLOCK, K.REPORT, K.REPORT, K.CAMPAIGN, K.CAMPAIGN, K.RULING]
        ),
        st.integers(0, 6),
        st.integers(0, 6),
        st.sampled_from(list(Reason)),
        st.sampled_from([0, 100, 450, 600, 900, 1000, 2000]),
        st.sampled_from([1.0, 60.0, 7_200.0, 5 * DAY]),
    )
    for kind, one, other, reason, size, gap in draw(st.lists(steps, min_size=20, max_size=150)):
        at += gap
        if kind == K.CAMPAIGN:
            parts.append(finding(few[one], reason, at, size / 1000))
        else:
            network = key(one % 4, "network")
            parts.append(
                event(kind, at, few[one], few[other], reason=int(reason), size=size, network=network)
            )
    return log(parts)


LIVELY = policy(
    "feedback | challenge | negative_1d >= 0.4",
    "feedback | lock | reports_14d >= 0.9",
    "first contact | budget | strangers_1d >= 2.5",
    "feedback | suspend | blocks_14d >= 0.9",
    "campaign | lock | campaign_score >= 0.5",
)


def digest_and_decisions(rules: Policy, parts: list[NDArray[Any]]) -> tuple[str, bytes]:
    engine = Engine(rules)
    made = [engine.observe(part).decisions for part in parts]
    for decisions in made:
        decisions["event"] = 0
    return engine.digest(), b"".join(decisions.tobytes() for decisions in made)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=quarrels(), cuts=st.lists(st.integers(0, 150), max_size=12))
def test_any_cutting_gives_the_same_bits_and_what_is_firm_is_never_above_what_stands(
    events: NDArray[Any], cuts: list[int]
) -> None:
    whole = digest_and_decisions(LIVELY, [events])
    edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    parts = [events[a:b] for a, b in itertools.pairwise(edges) if b > a]
    assert digest_and_decisions(LIVELY, parts) == whole
    assert digest_and_decisions(LIVELY, [events[i : i + 1] for i in range(len(events))]) == whole
    engine = Engine(LIVELY)
    for one in events:
        engine.check(one)
        accounts = engine.accounts
        assert (accounts["firm_rung"] <= accounts["rung"]).all()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=quarrels())
def test_the_kernel_weighs_findings_and_complaints_as_the_reference_does(events: NDArray[Any]) -> None:
    kernel, reference = Engine(policy()), ReferenceEngine()
    for i, one in enumerate(events):
        judged = reference.observe(one)
        rows, looks = kernel.rows(events[i : i + 1])
        assert len(rows) == (judged is not None), i
        if judged is None:
            continue
        assert (int(kernel.keys_of(looks["slot"])[0]), int(looks["stage"][0])) == (
            judged.account,
            judged.stage,
        )
        for name in ("campaign_score", "reports_14d", "blocks_14d", "negative_1d", "unfounded_reports_14d"):
            expected, found = judged.features[name], float(rows[0, FEATURE_INDEX[name]])
            assert np.isclose(found, expected, rtol=1e-3, atol=1e-4, equal_nan=True), (
                i,
                name,
                found,
                expected,
            )
