"""The rules of a policy file: what each needs, and how a file's own rules are laid over those it extends."""

import re
from collections.abc import Iterable
from typing import Any

from tidegate.engine.features import FAMILIES, FEATURE_INDEX, FEATURES
from tidegate.engine.policy.conditions import COLUMNS, Condition, Op, predicates
from tidegate.engine.policy.form import EVERYBODY, PLACEHOLDER, Policy, Rule
from tidegate.engine.policy.language import nearest, parse_condition
from tidegate.engine.policy.places import Path
from tidegate.engine.policy.reading import PROPOSABLE, Reader, shown, type_word
from tidegate.engine.policy.units import is_reachable
from tidegate.engine.rungs import RUNGS, STAGES, Stage

MAX_RULES = 500
MAX_RULE_NAME_CHARS, MAX_REASON_CHARS, MAX_NOTICE_CHARS = 64, 300, 200
_RULE_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RULE_KEYS = ("name", "stage", "when", "family", "rung", "reason", "notice", "accounts", "enabled")


def read_rules(
    reader: Reader, document: dict[str, Any], base: Policy | None, spread: float
) -> tuple[Rule, ...]:
    """Rules of the base in their order, with replacements in place, then the new ones."""
    given = document.get("rule", [])
    if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
        reader.report(("rule",), f'"rule" is {type_word(given)}', "head each rule with [[rule]]")
        return ()
    if len(given) > MAX_RULES:
        reader.report(("rule", MAX_RULES), f"{len(given)} rules", f"{MAX_RULES} is the limit")
        return ()
    rules = {rule.name: rule for rule in base.rules} if base else {}
    _check_spread(reader, rules.values(), spread)
    seen: dict[str, int] = {}
    for i, table in enumerate(given):
        path: Path = ("rule", i)
        reader.only(table, path, _RULE_KEYS, "key of a rule")
        name = _rule_name(reader, table, path)
        if name and name in seen:
            line = reader.text.count("\n", 0, reader.places["rule", seen[name], "name"].key) + 1
            reader.report(
                (*path, "name"), f'a second rule named "{name}"', f"the first is on line {line}", value=True
            )
        seen.setdefault(name, i)
        enabled = reader.get(table, path, "enabled", (bool,), "false")
        if enabled is False:
            _switch_off(reader, table, path, name, rules)
            continue
        rule = _rule(reader, table, path, name, spread)
        if rule is not None:
            rules[name] = rule
    if len(rules) > MAX_RULES:
        reader.report(
            ("rule",), f"{len(rules)} rules together with those extended", f"{MAX_RULES} is the limit"
        )
    return tuple(rules.values())


def _check_spread(reader: Reader, rules: Iterable[Rule], spread: float) -> None:
    for rule in rules:
        for predicate in predicates(rule.when):
            if not is_reachable(predicate, spread):
                reader.report(
                    ("randomisation", "spread"),
                    f'spread {spread:g} moves "{predicate}" of rule "{rule.name}" out of reach',
                    "choose a smaller spread, or replace that rule",
                    value=True,
                )


def _switch_off(reader: Reader, table: dict[str, Any], path: Path, name: str, rules: dict[str, Rule]) -> None:
    written_here = len(table) > 2
    if name and name not in rules and not written_here:
        right = nearest(name, rules, "only a rule of the extended policy can be switched off by name")
        reader.report((*path, "name"), f'there is no rule "{name}" to switch off', right, value=True)
    rules.pop(name, None)


def _rule_name(reader: Reader, table: dict[str, Any], path: Path) -> str:
    """The rule's name, or "" when there is none to speak of."""
    if "name" not in table:
        reader.report(path, "the rule has no name", 'add name = "what-it-catches"')
    name = reader.get(table, path, "name", (str,), '"what-it-catches"')
    if name is None:
        return ""
    if len(name) > MAX_RULE_NAME_CHARS or not _RULE_NAME.fullmatch(name):
        right = f"small letters, digits and single hyphens, at most {MAX_RULE_NAME_CHARS}"
        reader.report((*path, "name"), f"{shown(name)} cannot name a rule", right, value=True)
    return str(name)


_EXAMPLES = {
    "stage": '["messaging"]',
    "when": '"strangers_1h >= ~20"',
    "family": '"first contact"',
    "rung": '"challenge"',
    "reason": '"Wrote to {strangers_1h} strangers in about an hour."',
    "notice": '"Your account wrote to many new people."',
}


def _rule(reader: Reader, table: dict[str, Any], path: Path, name: str, spread: float) -> Rule | None:
    """The rule in ``table``, or None when anything that it needs is missing or wrong."""
    before = len(reader.errors)
    for key, example in _EXAMPLES.items():
        if key not in table:
            reader.report(path, f'rule "{name}" has no "{key}"', f"add {key} = {example}")
    stages = _stages(reader, table, path)
    when = _when(reader, table, path, spread)
    family = _family(reader, table, path, when)
    rung = reader.choice(table["rung"], (*path, "rung"), PROPOSABLE, "rung") if "rung" in table else None
    reason = _reason(reader, table, path)
    notice = _notice(reader, table, path)
    accounts = _accounts(reader, table, path)
    if len(reader.errors) > before or when is None or family is None or rung is None:
        return None
    return Rule(name, stages, when, family, RUNGS[rung], reason, notice, accounts)


def _stages(reader: Reader, table: dict[str, Any], path: Path) -> tuple[Stage, ...]:
    path = (*path, "stage")
    given = reader.get(table, path[:-1], "stage", (list,), '["messaging"]')
    if given is None:
        return ()
    if not given:
        reader.report(path, "the rule has no stage to fire at", f"any of {', '.join(STAGES)}", value=True)
    chosen: set[Stage] = set()
    for i, value in enumerate(given):
        word = reader.choice(value, (*path, i), STAGES, "stage")
        if word is not None and STAGES[word] in chosen:
            reader.report((*path, i), f'"{word}" is listed twice', "remove one", value=True)
        if word is not None:
            chosen.add(STAGES[word])
    return tuple(sorted(chosen))


def _when(reader: Reader, table: dict[str, Any], path: Path, spread: float) -> Condition | None:
    text = reader.get(table, path, "when", (str,), _EXAMPLES["when"])
    if text is None:
        return None
    condition, problems = parse_condition(text, spread)
    for problem in problems:
        reader.report((*path, "when"), problem.what, problem.right, char=problem.offset)
    return condition


def _family(reader: Reader, table: dict[str, Any], path: Path, when: Condition | None) -> str | None:
    """The rule's family: that of a feature it measures, so that two keys are two kinds of evidence."""
    if "family" not in table:
        return None
    family = reader.choice(table["family"], (*path, "family"), FAMILIES, "family")
    if family is None or when is None:
        return family
    used = {p.feature for p in predicates(when) if p.feature in FEATURE_INDEX and p.op is not Op.UNKNOWN}
    measured = sorted({FEATURES[FEATURE_INDEX[name]].family for name in used})
    if family not in measured:
        what = f'no feature of the family "{family}" is measured by this rule'
        right = (
            f"its evidence is of {', '.join(measured)}"
            if measured
            else "measure a feature; for the score alone use [model]"
        )
        reader.report((*path, "family"), what, right, value=True)
    return family


def _accounts(reader: Reader, table: dict[str, Any], path: Path) -> tuple[float, float]:
    """The share of accounts for which the rule counts, in percent."""
    path = (*path, "accounts")
    given = reader.get(table, path[:-1], "accounts", (list,), "[0, 10]")
    if given is None:
        return EVERYBODY
    if len(given) != 2 or not all(type(value) in (int, float) for value in given):
        reader.report(path, '"accounts" is not two numbers', "from and to in percent: [0, 10]", value=True)
        return EVERYBODY
    start, end = given
    if not 0 <= start <= 100 or not 0 <= end <= 100:
        what = f"accounts from {shown(start)} to {shown(end)} percent is out of range"
        reader.report(path, what, "both lie between 0 and 100", value=True)
        return EVERYBODY
    if start >= end:
        what = f"accounts from {shown(start)} to {shown(end)} percent is nobody"
        reader.report(
            path, what, "the second number is the larger one; enabled = false switches a rule off", value=True
        )
        return EVERYBODY
    return float(start), float(end)


def _text(reader: Reader, table: dict[str, Any], path: Path, key: str, longest: int) -> str:
    text = reader.get(table, path, key, (str,), _EXAMPLES[key])
    if text is None:
        return ""
    if not 1 <= len(text.strip()) <= len(text) <= longest or "\n" in text:
        what = (
            f'"{key}" has {len(text)} characters'
            if text.strip() and "\n" not in text
            else f'"{key}" is not one sentence'
        )
        reader.report((*path, key), what, f"one line of 1 to {longest} characters", value=True)
    return str(text)


def _reason(reader: Reader, table: dict[str, Any], path: Path) -> str:
    text = _text(reader, table, path, "reason", MAX_REASON_CHARS)
    path = (*path, "reason")
    for found in re.finditer(r"\{[^{}]*\}|[{}]", text):
        name = found.group()[1:-1]
        if not PLACEHOLDER.fullmatch(found.group()):
            reader.report(
                path, f'"{found.group()}" is not a placeholder', "write {feature}", char=found.start()
            )
        elif name not in COLUMNS:
            right = nearest(name, COLUMNS, "every name is listed in the feature reference")
            reader.report(path, f'unknown feature "{name}"', right, char=found.start() + 1)
    return text


def _notice(reader: Reader, table: dict[str, Any], path: Path) -> str:
    text = _text(reader, table, path, "notice", MAX_NOTICE_CHARS)
    telling = re.search(r"[{}\d]", text)
    if telling:
        what = f'"{telling.group()}" in a notice: it may not tell how thresholds lie'
        reader.report(
            (*path, "notice"), what, "say it without numbers and placeholders", char=telling.start()
        )
    return text
