"""Whether a step may be taken. What is refused is refused with words; nothing in Tidegate takes a step past this."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tidegate.desk.evidence.grounds.determination import Decider, Determination, held
from tidegate.desk.evidence.grounds.facts import Confirmed, Exhibit, Facts, OnPlatformFinding, Strength
from tidegate.desk.evidence.grounds.reading import observations, read
from tidegate.desk.evidence.grounds.rules import RuleSet
from tidegate.desk.evidence.grounds.table import LEGAL, ON_ACCOUNT, Action, Outcome, decide


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody, or the software, wants to do."""

    action: Action
    by: Decider
    facts: Facts
    rules: RuleSet
    determination: Determination | None = None
    second: Decider | None = None
    """A second person who approves."""
    counsel: Decider | None = None
    """A lawyer who decided, where the table leaves it to one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not."""

    code: str
    words: str


class RefusedStepError(Exception):
    """The step is refused; ``refusals`` holds every reason."""

    def __init__(self, step: Step, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(f"{step.action}: " + "; ".join(refusal.words for refusal in refusals))
        self.refusals = refusals


def refusals(step: Step) -> tuple[Refusal, ...]:
    """Every reason against the step; empty when it may be taken. Total: it raises nothing."""
    if step.action in ON_ACCOUNT:
        return _against_account(step)
    if step.action in LEGAL:
        return tuple(Refusal(code, words) for code, words, applies in _LEGAL_CHECKS if applies(step))
    return ()  # looking further, holding and archiving touch nobody


def require(step: Step) -> None:
    """Raises RefusedStepError unless the step may be taken."""
    found = refusals(step)
    if found:
        raise RefusedStepError(step, found)


def _against_account(step: Step) -> tuple[Refusal, ...]:
    """§5 stands by itself: no determination is needed, but the messenger itself must have seen something."""
    if not step.facts.account:
        return (Refusal("no_account", "no account is named"),)
    if not step.facts.account_signals:
        return (
            Refusal(
                "off_platform_only",
                "what was seen elsewhere is no ground against an account: it needs a signal of the messenger's own",
            ),
        )
    return ()


def _no_determination(step: Step) -> bool:
    return step.determination is None


def _changed(step: Step) -> bool:
    return step.determination is not None and not held(step.determination, step.facts, step.rules)


def _not_granted(step: Step) -> bool:
    determination = step.determination
    if determination is None or Action.ASK_COUNSEL in determination.outcome.allowed:
        return False
    return not determination.outcome.allows(step.action)


def _counsel_not_asked(step: Step) -> bool:
    if step.determination is None or Action.ASK_COUNSEL not in _outcome_beyond_names(step).allowed:
        return False
    return step.counsel is None or not step.counsel.is_person


def _outcome_beyond_names(step: Step) -> Outcome:
    """What the table says when links that rest on a name alone are taken away."""
    sound = {link.id for link in step.facts.links if not link.on_name_only}

    def kept(link: str) -> str:
        return link if link in sound else ""

    facts = replace(
        step.facts,
        findings=tuple(replace(one, link=kept(one.link)) for one in step.facts.findings),
        exhibits=tuple(replace(one, link=kept(one.link)) for one in step.facts.exhibits),
    )
    return decide(read(facts, step.rules, determined=True).state)


def _no_second(step: Step) -> bool:
    second, first = step.second, step.determination.decider if step.determination else None
    if second is None or not second.is_person:
        return True
    return _same(second, first)


def _same(one: Decider, other: Decider | None) -> bool:
    return other is not None and one.name.strip().casefold() == other.name.strip().casefold()


def _carrying(step: Step) -> tuple[list[OnPlatformFinding], list[Exhibit]]:
    """Findings and exhibits whose confirmed link rests on more than a name."""
    facts = step.facts

    def carries(thing: OnPlatformFinding | Exhibit) -> bool:
        link = facts.link_of(thing)
        return link is not None and not link.on_name_only

    return (
        [finding for finding in facts.findings if carries(finding)],
        [exhibit for exhibit in observations(facts) if carries(exhibit)],
    )


def _name_match(step: Step) -> bool:
    outcome = _outcome_beyond_names(step)
    return not outcome.allows(step.action) and Action.ASK_COUNSEL not in outcome.allowed and _names_link(step)


def _names_link(step: Step) -> bool:
    return any(link.confirmed and link.on_name_only for link in step.facts.links)


def _weak(step: Step) -> bool:
    """Without a finding of the messenger's own: one sound dated exhibit, or two dated ones."""
    findings, exhibits = _carrying(step)
    dated = [exhibit for exhibit in exhibits if exhibit.observed_at is not None]
    if findings:
        return False
    return not dated or (len(dated) == 1 and dated[0].weak)


def _implicit(step: Step) -> bool:
    findings, exhibits = _carrying(step)
    if findings:
        return False
    carrying = {exhibit.sha256 for exhibit in exhibits if exhibit.observed_at is not None}
    return not any(
        claim.exhibit in carrying
        and claim.strength is Strength.EXPLICIT
        and claim.offers
        and claim.state is Confirmed.CONFIRMED
        for claim in step.facts.claims
    )


def _off_platform_not_after(step: Step) -> bool:
    """The ground rests on an exhibit after the cut-off day: one that carries must be it."""
    findings, exhibits = _carrying(step)
    if findings:
        return False
    explicit = {
        claim.exhibit
        for claim in step.facts.claims
        if claim.strength is Strength.EXPLICIT and claim.offers and claim.state is Confirmed.CONFIRMED
    }
    edge = step.rules.safely_after
    return not any(
        exhibit.sha256 in explicit and exhibit.observed_at is not None and exhibit.observed_at >= edge
        for exhibit in exhibits
    )


_LEGAL_CHECKS: tuple[tuple[str, str, Callable[[Step], bool]], ...] = (
    (
        "automatic",
        "software writes no letter and brings no suit: a person does",
        lambda step: not step.by.is_person,
    ),
    ("no_determination", "no person has determined that there is abuse", _no_determination),
    ("changed", "facts or rules are not those of the determination: determine again", _changed),
    ("not_granted", "the notice grants no such step on these facts", _not_granted),
    (
        "counsel",
        "against an individual, on what was seen elsewhere only, counsel decides",
        _counsel_not_asked,
    ),
    ("no_second_person", "a second person, other than the one who determined, must approve", _no_second),
    ("name_match", "nothing but a name links the subject to what was seen", _name_match),
    (
        "weak_exhibit",
        "it would rest on undated exhibits, or on a single weak one: capture it again, with a date",
        _weak,
    ),
    ("implicit_claim", "no dated exhibit says it in so many words: the claims are implicit", _implicit),
    (
        "not_after",
        "no exhibit that carries the letter was seen safely after the cut-off day",
        _off_platform_not_after,
    ),
)
"""All that stands against a letter or a suit."""
