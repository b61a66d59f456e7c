"""A policy as the text of a policy file: whole, extending nothing, and read back as the very same policy."""

import json
import math
from decimal import Decimal

from tidegate.engine.policy.conditions import SYMBOLS, AllOf, Condition, Op, Predicate
from tidegate.engine.policy.form import EVERYBODY, LadderStep, Policy, Rule
from tidegate.engine.policy.units import DURATIONS_S, unit_of
from tidegate.engine.rungs import RUNGS, SCORE_TABLES, Rung


def written(policy: Policy) -> str:
    """TOML that ``load_policy`` reads as a policy of the same digest."""
    parts = [f"name = {text(policy.name)}\nversion = {text(policy.version)}"]
    parts += [f"[{name}]\n{lines}" for name, lines in sections(policy).items() if lines]
    parts += [f"[[rule]]\n{written_rule(rule)}" for rule in policy.rules]
    return "\n\n".join(parts) + "\n"


def sections(policy: Policy) -> dict[str, str]:
    """The lines of every section but the rules, by its name; empty where it says nothing."""
    found = {
        f"ladder.{word}": _step(policy.ladder[rung]) for word, rung in RUNGS.items() if rung is not Rung.ALLOW
    }
    found["randomisation"] = f"spread = {policy.spread!r}\nperiod = {text(_duration(policy.period_s))}"
    for word, row in SCORE_TABLES.items():
        thresholds = zip(Rung, policy.model[row], strict=True)
        found[f"model.{word}"] = "\n".join(
            f"{rung.word} = {least!r}" for rung, least in thresholds if math.isfinite(least)
        )
    return found


def written_rule(rule: Rule) -> str:
    """Its lines, without the header."""
    lines = {
        "name": text(rule.name),
        "stage": f"[{', '.join(text(stage.word) for stage in rule.stages)}]",
        "when": text(_condition(rule.when)),
        "family": text(rule.family),
        "rung": text(rule.rung.word),
        "reason": text(rule.reason),
        "notice": text(rule.notice),
    }
    if rule.accounts != EVERYBODY:
        lines["accounts"] = f"[{', '.join(map(_digits, rule.accounts))}]"
    return "\n".join(f"{key} = {value}" for key, value in lines.items())


def text(value: str) -> str:
    """A string of TOML: JSON's escapes, and the one control character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _step(step: LadderStep) -> str:
    lines = [f"keys = {step.keys}"]
    if all(map(math.isfinite, step.durations_s)):
        lines.insert(0, f"durations = [{', '.join(text(_duration(s)) for s in step.durations_s)}]")
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    """In the longest unit that is a whole number of, but no weeks: everybody else writes 14d."""
    for suffix in ("d", "h", "m"):
        amount, rest = divmod(seconds, DURATIONS_S[suffix])
        if amount >= 1.0 and rest == 0.0:
            return f"{amount:.0f}{suffix}"
    return f"{_digits(seconds)}s"


def _condition(condition: Condition, *, outermost: bool = True) -> str:
    """As a person would write it: with units, and without parentheses around the whole."""
    if isinstance(condition, Predicate):
        return _comparison(condition)
    word = " and " if isinstance(condition, AllOf) else " or "
    terms = word.join(_condition(term, outermost=False) for term in condition.terms)
    return terms if outermost else f"({terms})"


def _comparison(predicate: Predicate) -> str:
    if predicate.op in (Op.KNOWN, Op.UNKNOWN):
        return str(predicate)
    symbol = next(symbol for symbol, op in SYMBOLS.items() if op is predicate.op)
    plain = unit_of(predicate.feature) != "seconds"
    number = _digits(predicate.threshold) if plain else _duration(predicate.threshold)
    return f"{predicate.feature} {symbol} {'~' if predicate.random else ''}{number}"


def _digits(number: float) -> str:
    """The shortest digits that are read as this number, never with an exponent."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")
