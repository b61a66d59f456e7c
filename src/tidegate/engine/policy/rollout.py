"""From one policy to another for a share of accounts: what differs, and both in one policy for the time between."""

from dataclasses import dataclass, replace
from typing import Literal

from tidegate.engine.policy import MAX_RULES, Policy, Rule, load_policy
from tidegate.engine.policy.conditions import predicates
from tidegate.engine.policy.rules import MAX_RULE_NAME_CHARS
from tidegate.engine.policy.sections import MAX_NAME_CHARS
from tidegate.engine.policy.writing import sections, written, written_rule
from tidegate.engine.rungs import Rung

BEFORE = "before"
"""Ends the name under which the stable version of a changed rule stays for the other accounts."""
Kind = Literal["added", "changed", "dropped", "section"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two policies. ``before`` and ``after`` are lines of a policy file, or ""."""

    name: str
    """Of the rule, or of the section: ``ladder.lock``, ``model.messaging``, ``randomisation``."""
    kind: Kind
    before: str
    after: str


class RolloutError(Exception):
    """Two policies cannot be merged; the message says why and what would be right."""


def changes(stable_text: str, candidate_text: str) -> list[Change]:
    """How the candidate differs from the stable policy: sections, then its own rules in their order, then dropped ones.

    Names and versions are not compared. Either text may extend the shipped policy. Raises PolicyErrors.
    """
    stable, candidate = _both(stable_text, candidate_text)
    before, after = sections(stable), sections(candidate)
    found = [
        Change(name, "section", before[name], after[name]) for name in before if before[name] != after[name]
    ]
    old, new = _by_name(stable), _by_name(candidate)
    for rule in candidate.rules:
        if rule.name not in old:
            found.append(Change(rule.name, "added", "", written_rule(rule)))
        elif old[rule.name] != rule:
            found.append(Change(rule.name, "changed", written_rule(old[rule.name]), written_rule(rule)))
    gone = [rule for rule in stable.rules if rule.name not in new]
    return found + [Change(rule.name, "dropped", written_rule(rule), "") for rule in gone]


def touches_bans(stable_text: str, candidate_text: str) -> bool:
    """Whether the candidate changes who is banned, or what bans and suspensions are.

    That is: a rule whose rung is or was ``ban``; the ladder's ``ban`` or ``suspend``; a score that leads to a ban; or the
    randomisation, when it moves a threshold of a rule that bans. Raises PolicyErrors.
    """
    stable, candidate = _both(stable_text, candidate_text)
    if _bans(stable) != _bans(candidate):
        return True
    if any(stable.ladder[rung] != candidate.ladder[rung] for rung in (Rung.BAN, Rung.SUSPEND)):
        return True
    if [row[Rung.BAN] for row in stable.model] != [row[Rung.BAN] for row in candidate.model]:
        return True
    moved = (stable.spread, stable.period_s) != (candidate.spread, candidate.period_s)
    return moved and any(p.random for rule in _bans(stable).values() for p in predicates(rule.when))


def merged(stable_text: str, candidate_text: str, percent: float) -> str:
    """One policy, whole, that treats accounts in [0, ``percent``) by the candidate's rules, all others by the stable's.

    Which accounts these are follows from a keyed hash, always the same, so a growing percentage only adds accounts.
    A changed rule keeps its name in the candidate's version; the stable version goes on as ``NAME-before``, the name cut
    where it would be too long. Only rules are shared out: ladder, score thresholds and randomisation stay the stable
    policy's for everybody until 100, where the whole candidate is returned; at 0 it is the stable policy.

    Raises PolicyErrors when either text, or the two together, are no policy (a rule of the candidate may need another
    spread than the stable policy has), and :class:`RolloutError` for anything else.
    """
    stable, candidate = _both(stable_text, candidate_text)
    if not 0.0 <= percent <= 100.0:
        raise RolloutError(f"{percent:g} percent of all accounts is not possible; between 0 and 100")
    if percent in (0.0, 100.0):
        return written(candidate if percent else stable)
    rules = _shared_out(stable, candidate, float(percent))
    if len(rules) > MAX_RULES:
        raise RolloutError(
            f"both together have {len(rules)} rules, {MAX_RULES} is the limit: change fewer of them at once"
        )
    version = f"{stable.version} with {percent:g} % {candidate.version}"[:MAX_NAME_CHARS]
    text = written(replace(stable, version=version, rules=tuple(rules)))
    load_policy(text, "the two policies together")
    return text


def _both(stable_text: str, candidate_text: str) -> tuple[Policy, Policy]:
    return load_policy(stable_text, "stable policy"), load_policy(candidate_text, "candidate policy")


def _by_name(policy: Policy) -> dict[str, Rule]:
    return {rule.name: rule for rule in policy.rules}


def _bans(policy: Policy) -> dict[str, Rule]:
    return {rule.name: rule for rule in policy.rules if rule.rung is Rung.BAN}


def _shared_out(stable: Policy, candidate: Policy, percent: float) -> list[Rule]:
    """The stable policy's rules in their order, each beside its new version, then the candidate's own."""
    old, new = _by_name(stable), _by_name(candidate)
    taken = set(old) | set(new)
    rules: list[Rule | None] = []
    for rule in stable.rules:
        other = new.get(rule.name)
        if other == rule:
            rules.append(rule)
        elif other is None:
            rules.append(_within(rule, percent, 100.0))
        else:
            rules.append(_within(other, 0.0, percent))
            stays = _within(rule, percent, 100.0)
            rules.append(stays and replace(stays, name=_name_before(rule.name, taken)))
    rules += [_within(rule, 0.0, percent) for rule in candidate.rules if rule.name not in old]
    return [rule for rule in rules if rule is not None]


def _within(rule: Rule, start: float, end: float) -> Rule | None:
    """The rule for those of its accounts that lie in [start, end); None when there are none."""
    start, end = max(start, rule.accounts[0]), min(end, rule.accounts[1])
    return replace(rule, accounts=(start, end)) if start < end else None


def _name_before(name: str, taken: set[str]) -> str:
    """A free name for the stable version of a rule; it is taken from now on."""
    number = 1
    while True:
        ending = f"-{BEFORE}" if number == 1 else f"-{BEFORE}-{number}"
        found = name[: MAX_RULE_NAME_CHARS - len(ending)].rstrip("-") + ending
        if found not in taken:
            taken.add(found)
            return found
        number += 1
