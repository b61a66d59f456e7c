"""The sections of a policy file but its rules: name, ladder, randomisation, score thresholds."""

import itertools
import math
from dataclasses import replace
from typing import Any

from tidegate.engine.policy.errors import PolicyErrors
from tidegate.engine.policy.form import NO_THRESHOLDS, TIMES, LadderStep, Policy
from tidegate.engine.policy.places import Path
from tidegate.engine.policy.reading import PROPOSABLE, Reader, TooManyError, shown, type_word
from tidegate.engine.policy.rules import read_rules
from tidegate.engine.rungs import RUNGS, SCORE_TABLES, Rung

SHIPPED = "default"
MAX_NAME_CHARS = 64
MAX_DURATION_S = 2 * 365 * 86_400.0
MAX_SPREAD = 0.5
MIN_PERIOD_S, MAX_PERIOD_S = 60.0, 28 * 86_400.0
MAX_KEYS = 4
TWO_KEY_RUNGS = (Rung.SUSPEND, Rung.BAN)
_SECTIONS = ("name", "version", "extends", "ladder", "randomisation", "model", "rule")


def assemble(reader: Reader, document: dict[str, Any], base: Policy | None) -> Policy:
    """Read all sections, then raise everything that is wrong, or return the whole policy."""
    try:
        policy = _policy(reader, document, base)
    except TooManyError:
        raise PolicyErrors(reader.errors) from None
    if reader.errors:
        raise PolicyErrors(reader.errors)
    return policy


def _policy(reader: Reader, document: dict[str, Any], base: Policy | None) -> Policy:
    reader.only(document, (), _SECTIONS, "section")
    if document.get("extends", SHIPPED) != SHIPPED:
        what = "only the shipped policy can be extended"
        reader.report(("extends",), what, f'write extends = "{SHIPPED}"', value=True)
    words = {}
    for key, example in (("name", '"my-policy"'), ("version", '"2026-11-22"')):
        words[key] = reader.get(document, (), key, (str,), example)
        if key not in document and base is None:
            reader.report((), f'the policy has no "{key}"', f"add {key} = {example} at the top")
        elif words[key] is not None and not 1 <= len(words[key]) <= MAX_NAME_CHARS:
            reader.report(
                (key,), f'"{key}" has {len(words[key])} characters', f"1 to {MAX_NAME_CHARS}", value=True
            )
    spread, period_s = _randomisation(reader, document, base)
    return Policy(
        name=words["name"] or (f"{base.name}+own" if base else ""),
        version=words["version"] or (base.version if base else ""),
        ladder=_ladder(reader, document, base),
        spread=spread,
        period_s=period_s,
        model=_model(reader, document, base),
        rules=read_rules(reader, document, base, spread),
    )


def _randomisation(reader: Reader, document: dict[str, Any], base: Policy | None) -> tuple[float, float]:
    path: Path = ("randomisation",)
    table = reader.table(document, (), "randomisation")
    reader.only(table, path, ("spread", "period"), "setting")
    spread, period_s = (base.spread, base.period_s) if base else (0.0, MIN_PERIOD_S)
    if base is None:
        for key, example in (("spread", "0.15"), ("period", '"1d"')):
            if key not in table:
                reader.report(
                    path, f'the randomisation has no "{key}"', f"add {key} = {example} under [randomisation]"
                )
    given = reader.get(table, path, "spread", (int, float), "0.15")
    if given is not None:
        if 0.0 <= given <= MAX_SPREAD:
            spread = float(given)
        else:
            reader.report(
                (*path, "spread"),
                f"spread {shown(given)} is out of range",
                f"from 0 to {MAX_SPREAD}",
                value=True,
            )
    if "period" in table:
        period_s = reader.duration(table["period"], (*path, "period"), MIN_PERIOD_S, MAX_PERIOD_S) or period_s
    return spread, period_s


def _ladder(reader: Reader, document: dict[str, Any], base: Policy | None) -> tuple[LadderStep, ...]:
    ladder = reader.table(document, (), "ladder")
    reader.only(ladder, ("ladder",), PROPOSABLE, "rung")
    steps = [base.ladder[Rung.ALLOW] if base else LadderStep()]
    for word in PROPOSABLE:
        rung, path = RUNGS[word], ("ladder", word)
        table = reader.table(ladder, ("ladder",), word)
        reader.only(table, path, ("durations", "keys"), "setting")
        needed = 2 if rung in TWO_KEY_RUNGS else 1
        step = base.ladder[rung] if base else LadderStep(keys=needed)
        if rung is Rung.BAN:
            step = replace(step, durations_s=(math.inf,) * TIMES)
            if "durations" in table:
                reader.report(
                    (*path, "durations"), "a ban has no end", "remove durations; an appeal lifts it"
                )
        elif "durations" in table:
            step = replace(step, durations_s=_durations(reader, table, path) or step.durations_s)
        elif base is None:
            reader.report(
                path,
                f'the ladder does not say how long "{word}" lasts',
                f'add durations = ["1d", "7d"] under [ladder.{word}]',
            )
        keys = reader.get(table, path, "keys", (int,), str(needed))
        if keys is not None and not needed <= keys <= MAX_KEYS:
            why = f"a {word} needs two independent families of evidence or more: " if needed > 1 else ""
            reader.report(
                (*path, "keys"),
                f"keys = {shown(keys)} is refused",
                f"{why}{needed} to {MAX_KEYS}",
                value=True,
            )
        steps.append(step if keys is None else replace(step, keys=keys))
    return tuple(steps)


def _durations(reader: Reader, table: dict[str, Any], path: Path) -> tuple[float, ...] | None:
    """Exactly three durations; the last one given stands for those that are not."""
    path = (*path, "durations")
    given = reader.get(table, path[:-1], "durations", (list,), '["1h", "6h", "1d"]')
    if given is None:
        return None
    if not 1 <= len(given) <= TIMES:
        reader.report(
            path,
            f"{len(given)} durations",
            "one to three: for the first, second and any later time",
            value=True,
        )
        return None
    read = [reader.duration(value, (*path, i), 60.0, MAX_DURATION_S) for i, value in enumerate(given)]
    seconds = tuple(s for s in read if s is not None)
    if len(seconds) < len(read):
        return None
    for i in range(1, len(seconds)):
        if seconds[i] < seconds[i - 1]:
            reader.report(
                (*path, i),
                f'"{given[i]}" is shorter than the time before',
                "durations may not shrink",
                value=True,
            )
    return seconds + seconds[-1:] * (TIMES - len(seconds))


def _model(reader: Reader, document: dict[str, Any], base: Policy | None) -> tuple[tuple[float, ...], ...]:
    model = reader.table(document, (), "model")
    reader.only(model, ("model",), SCORE_TABLES, "stage")
    return tuple(
        _thresholds(
            reader,
            reader.table(model, ("model",), word),
            ("model", word),
            base.model[row] if base else NO_THRESHOLDS,
        )
        for word, row in SCORE_TABLES.items()
    )


def _thresholds(
    reader: Reader, table: dict[str, Any], path: Path, base: tuple[float, ...]
) -> tuple[float, ...]:
    reader.only(table, path, PROPOSABLE, "rung")
    thresholds = list(base)
    for word, value in table.items():
        if word not in PROPOSABLE:
            continue
        if value is False:
            thresholds[RUNGS[word]] = math.inf
        elif type(value) not in (int, float):
            reader.report(
                (*path, word),
                f'"{word}" is {type_word(value)}',
                "a score from 0 to 1, or false for none",
                value=True,
            )
        elif not 0.0 < value <= 1.0:
            reader.report(
                (*path, word), f"{shown(value)} is not a score", "above 0 and at most 1", value=True
            )
        else:
            thresholds[RUNGS[word]] = float(value)
    in_use = [rung for rung in Rung if math.isfinite(thresholds[rung])]
    for weaker, stronger in itertools.pairwise(in_use):
        if thresholds[stronger] <= thresholds[weaker]:
            word = stronger.word if stronger.word in table else weaker.word
            high, low = thresholds[stronger], thresholds[weaker]
            reader.report(
                (*path, word),
                f"{stronger.word} at {high:g} is no higher than {weaker.word} at {low:g}",
                "a stronger rung needs a higher score",
                value=True,
            )
    return tuple(thresholds)
