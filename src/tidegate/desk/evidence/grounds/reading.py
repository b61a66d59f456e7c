"""From facts to the state that the table decides over, with what counsel should look at."""

from dataclasses import dataclass

from tidegate.desk.evidence.grounds.facts import Confirmed, Exhibit, Facts, OnPlatformFinding
from tidegate.desk.evidence.grounds.rules import RuleSet
from tidegate.desk.evidence.grounds.states import OffPlatform, OnPlatform, State


@dataclass(frozen=True, slots=True)
class Reading:
    """A state, and what is doubtful about it."""

    state: State
    for_counsel: tuple[str, ...]


def read(facts: Facts, rules: RuleSet, determined: bool) -> Reading:
    """The state of the facts under a version of the rules. Where dates leave a doubt, the narrower ground is taken."""
    doubts: list[str] = []
    state = State(
        on_platform=_on_platform(facts, rules, doubts),
        off_platform=_off_platform(facts, rules, doubts),
        subject=facts.subject,
        determined=determined,
        account_signal=bool(facts.account and facts.account_signals),
    )
    return Reading(state, tuple(doubts))


def _on_platform(facts: Facts, rules: RuleSet, doubts: list[str]) -> OnPlatform:
    if not facts.findings:
        return OnPlatform.NONE
    linked = [finding for finding in facts.findings if facts.link_of(finding)]
    if not linked:
        return OnPlatform.UNLINKED
    # Every finding is looked at: a doubt about one is for counsel even when another settles the state.
    before = [_is_before(finding, rules, doubts) for finding in linked]
    return OnPlatform.LINKED_BEFORE if any(before) else OnPlatform.LINKED


def _is_before(finding: OnPlatformFinding, rules: RuleSet, doubts: list[str]) -> bool:
    """Committed (as the French text reads) and recorded (as the Italian one does) before the cut-off day."""
    edge = rules.safely_before
    precedes = {
        "abuse_at": finding.abuse_at < edge,
        "recorded_at": finding.recorded_at < edge,
        "acquired_at": finding.acquired_at < edge,
    }
    if any(precedes.values()) and not all(precedes.values()):
        early = " and ".join(name for name, is_early in precedes.items() if is_early)
        late = " and ".join(name for name, is_early in precedes.items() if not is_early)
        doubts.append(
            f"finding about {finding.account}: {early} before the cut-off day, {late} not; "
            "the language versions of the notice do not agree on which of them counts"
        )
    for name in ("abuse_at", "recorded_at"):
        at = getattr(finding, name)
        if edge <= at < rules.safely_after:
            doubts.append(
                f"finding about {finding.account}: {name} {at.isoformat()} falls on the cut-off day somewhere; "
                "the notice names no time zone"
            )
    return precedes["abuse_at"] and precedes["recorded_at"]


def _off_platform(facts: Facts, rules: RuleSet, doubts: list[str]) -> OffPlatform:
    seen = observations(facts)
    if not seen:
        return OffPlatform.NONE
    dated = [exhibit for exhibit in seen if exhibit.observed_at is not None]
    if not dated:
        return OffPlatform.UNDATED
    return OffPlatform.AFTER if any(_is_after(one, rules, doubts) for one in dated) else OffPlatform.NOT_AFTER


def _is_after(exhibit: Exhibit, rules: RuleSet, doubts: list[str]) -> bool:
    at = exhibit.observed_at
    assert at is not None
    if at >= rules.safely_after:
        return True
    if at >= rules.safely_before:
        doubts.append(
            f"exhibit {exhibit.sha256[:12]}: seen at {at.isoformat()}, which is the cut-off day somewhere; "
            f"only from {rules.safely_after.isoformat()} on is it safely after it"
        )
    return False


def observations(facts: Facts) -> list[Exhibit]:
    """The exhibits that show abuse by this subject: linked to it, with a claim in which a person read an offer."""
    offering = {
        claim.exhibit for claim in facts.claims if claim.offers and claim.state is Confirmed.CONFIRMED
    }
    return [exhibit for exhibit in facts.exhibits if exhibit.sha256 in offering and facts.link_of(exhibit)]
