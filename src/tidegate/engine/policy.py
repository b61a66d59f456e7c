"""The policy file: TOML text to a checked, immutable :class:`Policy`; mistakes are named by line and column.

Nothing here opens a file that an operator wrote; whoever calls has the text. ``docs/policy.md`` is the same
contract for the analyst who writes one.
"""

import hashlib
import importlib.resources
import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tidegate.engine.conditions import (
    COLUMNS,
    Condition,
    Op,
    describe_value,
    is_reachable,
    nearest,
    parse_condition,
    parse_duration,
    predicates,
)
from tidegate.engine.features import FAMILIES, FEATURE_INDEX, FEATURES
from tidegate.engine.rungs import RUNGS, SCORE_TABLES, STAGES, Rung, Stage

SHIPPED = "default"
MAX_POLICY_CHARS = 1_000_000
MAX_RULES = 500
MAX_ERRORS = 100
MAX_NAME_CHARS, MAX_REASON_CHARS, MAX_NOTICE_CHARS = 64, 300, 200
MAX_DURATION_S = 2 * 365 * 86_400.0
MAX_SPREAD = 0.5
MIN_PERIOD_S, MAX_PERIOD_S = 60.0, 28 * 86_400.0
MAX_KEYS = 4
TWO_KEY_RUNGS = (Rung.SUSPEND, Rung.BAN)
TIMES = 3
"""Durations of a rung: for the first, the second, and the third or any later time."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class LadderStep:
    """How long a rung lasts the first, second and later time; how many families of evidence it takes."""

    durations_s: tuple[float, ...] = (0.0,) * TIMES
    keys: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """When ``when`` holds at one of ``stages``, ``rung`` is proposed with evidence of ``family``."""

    name: str
    stages: tuple[Stage, ...]
    when: Condition
    family: str
    rung: Rung
    reason: str
    notice: str

    def describe(self, values: Mapping[str, float]) -> str:
        """The reason with its placeholders filled in; a name absent from ``values`` is shown as unknown."""
        return _PLACEHOLDER.sub(
            lambda found: describe_value(found[1], values.get(found[1], math.nan)), self.reason
        )


NO_THRESHOLDS: tuple[float, ...] = (math.inf,) * len(Rung)


@dataclass(frozen=True, slots=True)
class Policy:
    """What to do about what is seen. Compared and digested by content; never changed in place."""

    name: str
    version: str
    ladder: tuple[LadderStep, ...]
    """Indexed by :class:`Rung`."""
    spread: float
    """How far ``~`` thresholds move either way, as a share of themselves."""
    period_s: float
    """How long an account keeps its own ``~`` thresholds."""
    model: tuple[tuple[float, ...], ...]
    """Minimum score by row of ``SCORE_TABLES`` and rung, infinite where the score alone does not lead to that rung."""
    rules: tuple[Rule, ...] = field(repr=False)

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of SHA-256 over a canonical JSON form of everything above."""
        form = {
            "name": self.name,
            "version": self.version,
            "ladder": {
                r.word: [list(map(repr, s.durations_s)), s.keys]
                for r, s in zip(Rung, self.ladder, strict=True)
            },
            "randomisation": [repr(self.spread), repr(self.period_s)],
            "model": {word: list(map(repr, self.model[i])) for word, i in SCORE_TABLES.items()},
            "rules": [
                [r.name, [s.word for s in r.stages], str(r.when), r.family, r.rung.word, r.reason, r.notice]
                for r in self.rules
            ],
        }
        canonical = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]


def shipped_policy_text() -> str:
    """The policy file that comes with Tidegate."""
    return (importlib.resources.files("tidegate.engine") / "policies" / "default.toml").read_text("utf-8")


def load_policy(text: str, source: str) -> Policy:
    """The policy written in ``text``; ``source`` is its name in errors.

    A file that says ``extends = "default"`` is laid over the shipped policy. Raises PolicyErrors with all
    that is wrong.
    """
    reader = _Reader(text, source)
    document = reader.document()
    base = load_policy(shipped_policy_text(), "default.toml") if "extends" in document else None
    return _assemble(reader, document, base)


def overlay(base: Policy, own: str, source: str = "own policy") -> Policy:
    """``base`` with the changes that the text ``own`` makes.

    A rule of the same name replaces, ``enabled = false`` removes, a new one is added at the end; rungs,
    score thresholds (``false`` removes one) and randomisation are overridden one by one. Raises PolicyErrors
    with all that is wrong in ``own``.
    """
    reader = _Reader(own, source)
    return _assemble(reader, reader.document(), base)


# --- Errors ---------------------------------------------------------------------------------------------


@dataclass(eq=False)
class PolicyError(Exception):
    """One mistake in a policy file. ``line`` and ``column`` count from 1; ``text`` is that line."""

    source: str
    line: int
    column: int
    what: str
    right: str
    text: str = ""

    def __str__(self) -> str:
        start = max(0, self.column - 80)
        shown = self.text[start : start + 120]
        lead = "".join("\t" if c == "\t" else " " for c in shown[: self.column - 1 - start])
        message = f"{self.source}:{self.line}:{self.column}: {self.what}" + (
            f"; {self.right}" if self.right else ""
        )
        return f"{message}\n  {shown}\n  {lead}^"


class PolicyErrors(Exception):  # noqa: N818 - several errors, as ExceptionGroup is
    """Every mistake in a policy file, in the order of the file."""

    def __init__(self, errors: Iterable[PolicyError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.line, error.column)))
        super().__init__(self.errors)

    def __str__(self) -> str:
        lines = [str(error) for error in self.errors]
        if len(lines) >= MAX_ERRORS:
            lines.append(f"There may be more: reading stopped after {MAX_ERRORS} mistakes.")
        return "\n".join(lines)


# --- Where keys and values stand in the source ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Offsets of a key and of its value; ``chars`` gives the offset of each character of a string value."""

    key: int
    value: int
    chars: tuple[int, ...] = ()


class _Places:
    """Finds every key of a TOML document that tomllib has accepted already, so it checks nothing itself.

    Paths are as in the parsed document: ``("rule", 3, "when")``; elements of arrays are numbered.
    """

    _SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
    _BARE = re.compile(r"[A-Za-z0-9_-]+")
    _SCALAR = re.compile(r"[^,\]}#\n]*")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, _Place] = {}
        self.tables: dict[Path, int] = {}
        """How many ``[[…]]`` headers each array of tables has had."""
        prefix: Path = ()
        while True:
            self._skip()
            if self.at >= len(text):
                return
            if text[self.at] == "[":
                prefix = self._header()
            else:
                self._pair(prefix)

    def _skip(self) -> None:
        found = self._SPACE.match(self.text, self.at)
        assert found is not None  # the pattern matches the empty string
        self.at = found.end()

    def _note(self, path: Path, key: int, value: int, chars: tuple[int, ...] = ()) -> None:
        for length in range(1, len(path)):
            self.found.setdefault(path[:length], _Place(key, value))
        self.found.setdefault(path, _Place(key, value, chars))

    def _header(self) -> Path:
        start = self.at
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        names = self._key()
        self.at = self.text.index("]", self.at) + (2 if array else 1)
        path: Path = ()
        for depth, name in enumerate(names):
            path = (*path, name)
            if array and depth == len(names) - 1:
                self.tables[path] = self.tables.get(path, 0) + 1
            if path in self.tables:
                path = (*path, self.tables[path] - 1)
        self._note(path, start, start)
        return path

    def _key(self) -> tuple[str, ...]:
        names: list[str] = []
        while True:
            self._skip()
            if self.text[self.at] in "\"'":
                names.append(self._string()[0])
            else:
                bare = self._BARE.match(self.text, self.at)
                assert bare is not None, "tomllib accepted a key that is neither bare nor quoted"
                names.append(bare.group())
                self.at = bare.end()
            self._skip()
            if self.text[self.at] != ".":
                return tuple(names)
            self.at += 1

    def _pair(self, prefix: Path) -> None:
        start = self.at
        path = prefix + self._key()
        self.at += 1  # the = sign
        self._value(path, start)

    def _value(self, path: Path, key: int) -> None:
        self._skip()
        start = self.at
        first = self.text[start]
        if first in "\"'":
            self._note(path, key, start, self._string()[1])
        elif first in "[{":
            self._note(path, key, start)
            self._nested(path, "]" if first == "[" else "}")
        else:
            scalar = self._SCALAR.match(self.text, start)
            assert scalar is not None  # the pattern matches the empty string
            self.at = scalar.end()
            self._note(path, key, start)

    def _nested(self, path: Path, closing: str) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip()
            if self.text[self.at] == closing:
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
            elif closing == "}":
                self._pair(path)
            else:
                self._value((*path, index), self.at)
                index += 1

    def _string(self) -> tuple[str, tuple[int, ...]]:
        """The string that starts here, decoded, with the offset of each character."""
        text, quote = self.text, self.text[self.at]
        long = text.startswith(quote * 3, self.at)
        fence = quote * 3 if long else quote
        self.at += len(fence)
        if long and text.startswith("\n", self.at):
            self.at += 1
        chars: list[str] = []
        offsets: list[int] = []
        while not text.startswith(fence, self.at) or (long and text.startswith(quote * 4, self.at)):
            start = self.at
            if quote == '"' and text[start] == "\\":
                char = self._escape()
                if char is None:
                    continue
            else:
                char = text[start]
                self.at += 1
            chars.append(char)
            offsets.append(start)
        self.at += len(fence)
        return "".join(chars), tuple(offsets)

    _ESCAPES: Mapping[str, str] = {
        "b": "\b",
        "t": "\t",
        "n": "\n",
        "f": "\f",
        "r": "\r",
        "e": "\x1b",
        '"': '"',
        "\\": "\\",
    }
    _HEX_DIGITS: Mapping[str, int] = {"x": 2, "u": 4, "U": 8}

    def _escape(self) -> str | None:
        """The escaped character, or None for a backslash that folds a line end."""
        kind = self.text[self.at + 1]
        self.at += 2
        if kind in self._ESCAPES:
            return self._ESCAPES[kind]
        if kind in self._HEX_DIGITS:
            end = self.at + self._HEX_DIGITS[kind]
            char = chr(int(self.text[self.at : end], 16))
            self.at = end
            return char
        while self.text[self.at] in " \t\n":
            self.at += 1
        return None


# --- Reading --------------------------------------------------------------------------------------------


class _TooManyError(Exception):
    """More mistakes than anybody reads at once."""


_PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")
_RULE_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TOML_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_TYPE_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}
_SECTIONS = ("name", "version", "extends", "ladder", "randomisation", "model", "rule")
_RULE_KEYS = ("name", "stage", "when", "family", "rung", "reason", "notice", "enabled")
_PROPOSABLE = tuple(rung.word for rung in Rung if rung is not Rung.ALLOW)


def _type_word(value: object) -> str:
    return _TYPE_WORDS.get(type(value), "a date or time")


def _shown(value: object) -> str:
    """A value for a message, never longer than a line: a file may hold a number of a thousand digits."""
    if isinstance(value, str):
        return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "that number" if abs(value) >= 1e15 else str(value)
    return _type_word(value)


class _Reader:
    """The source of one file, where its parts stand, and what is wrong with them so far."""

    def __init__(self, text: str, source: str) -> None:
        # tomllib reads \r\n as \n; so do positions here.
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self.source = source
        self.errors: list[PolicyError] = []
        self.places: dict[Path, _Place] = {}

    def document(self) -> dict[str, Any]:
        """The parsed TOML. Raises PolicyErrors when it is not TOML at all."""
        if len(self.text) > MAX_POLICY_CHARS:
            self.at_offset(
                0, f"the file has {len(self.text):,} characters", f"{MAX_POLICY_CHARS:,} is the limit"
            )
            raise PolicyErrors(self.errors)
        try:
            document = self._parsed()
            self.places = _Places(self.text).found
        except RecursionError:
            self.at_offset(0, "lists or tables are nested too deeply", "")
            raise PolicyErrors(self.errors) from None
        return document

    def _parsed(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except ValueError as error:  # TOMLDecodeError, or an integer too long for Python
            self._not_toml(str(error))
            raise PolicyErrors(self.errors) from None

    def _not_toml(self, message: str) -> None:
        found = _TOML_POSITION.search(message)
        what = "not valid TOML: " + _TOML_POSITION.sub("", message).strip()
        if found and found[1]:
            lines = self.text.split("\n")
            offset = sum(len(line) + 1 for line in lines[: int(found[1]) - 1]) + int(found[2]) - 1
        else:
            offset = len(self.text.rstrip())
        right = 'text needs quotes: key = "text"' if "Invalid value" in message else ""
        self.at_offset(offset, what, right)

    def at_offset(self, offset: int, what: str, right: str) -> None:
        """Report a mistake at a character of the source."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        line = self.text.count("\n", 0, offset) + 1
        text = self.text[start : end if end >= 0 else None]
        self.errors.append(PolicyError(self.source, line, offset - start + 1, what, right, text))
        if len(self.errors) >= MAX_ERRORS:
            raise _TooManyError

    def report(
        self, path: Path, what: str, right: str = "", *, value: bool = False, char: int | None = None
    ) -> None:
        """Report a mistake at a key, at its ``value``, or at character ``char`` of a text value."""
        while path and path not in self.places:
            path = path[:-1]
        place = self.places.get(path, _Place(0, 0))
        offset = place.value if value or char is not None else place.key
        if char is not None and place.chars:
            offset = place.chars[char] if char < len(place.chars) else place.chars[-1] + 1
        self.at_offset(offset, what, right)

    def get(
        self, table: Mapping[str, Any], path: Path, key: str, types: tuple[type, ...], example: str
    ) -> Any:
        """``table[key]``, or None when it is absent or, reported, of another type; true is no number here."""
        value = table.get(key)
        if value is None or type(value) in types:
            return value
        self.report((*path, key), f'"{key}" is {_type_word(value)}', f"write {key} = {example}", value=True)
        return None

    def table(self, parent: Mapping[str, Any], path: Path, key: str) -> dict[str, Any]:
        """The table ``parent[key]``; empty when absent or, reported, something else."""
        value = parent.get(key, {})
        if isinstance(value, dict):
            return value
        self.report(
            (*path, key),
            f'"{key}" is {_type_word(value)}',
            f"write a table: [{'.'.join(map(str, (*path, key)))}]",
        )
        return {}

    def only(self, table: Mapping[str, Any], path: Path, allowed: Iterable[str], kind: str) -> None:
        """Report keys of ``table`` that mean nothing."""
        allowed = tuple(allowed)
        for key in table:
            if key not in allowed:
                right = nearest(key, allowed, f"possible here: {', '.join(allowed)}")
                self.report((*path, key), f"unknown {kind} {_shown(key)}", right)

    def choice(self, value: Any, path: Path, allowed: Iterable[str], kind: str) -> str | None:
        """``value`` when it is one of the words ``allowed``."""
        allowed = tuple(allowed)
        if isinstance(value, str) and value in allowed:
            return value
        otherwise = f"one of {', '.join(allowed)}"
        right = nearest(value, allowed, otherwise) if isinstance(value, str) else otherwise
        self.report(path, f"unknown {kind} {_shown(value)}", right, value=True)
        return None

    def duration(self, value: Any, path: Path, lowest: float, highest: float) -> float | None:
        """Seconds of a value such as "6h"."""
        seconds = parse_duration(value) if isinstance(value, str) else None
        if seconds is None:
            self.report(
                path,
                "not a length of time",
                'write it with a unit, in quotes: "30m", "6h", "7d" or "2w"',
                value=True,
            )
        elif not lowest <= seconds <= highest:
            right = f"between {lowest / 60:g} minutes and {highest / 86_400:g} days"
            self.report(path, f'"{value}" is out of range', right, value=True)
            return None
        return seconds


def _assemble(reader: _Reader, document: dict[str, Any], base: Policy | None) -> Policy:
    """Read all sections, then raise everything that is wrong, or return the whole policy."""
    try:
        policy = _policy(reader, document, base)
    except _TooManyError:
        raise PolicyErrors(reader.errors) from None
    if reader.errors:
        raise PolicyErrors(reader.errors)
    return policy


def _policy(reader: _Reader, document: dict[str, Any], base: Policy | None) -> Policy:
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
        rules=_rules(reader, document, base, spread),
    )


def _randomisation(reader: _Reader, document: dict[str, Any], base: Policy | None) -> tuple[float, float]:
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
                f"spread {_shown(given)} is out of range",
                f"from 0 to {MAX_SPREAD}",
                value=True,
            )
    if "period" in table:
        period_s = reader.duration(table["period"], (*path, "period"), MIN_PERIOD_S, MAX_PERIOD_S) or period_s
    return spread, period_s


def _ladder(reader: _Reader, document: dict[str, Any], base: Policy | None) -> tuple[LadderStep, ...]:
    ladder = reader.table(document, (), "ladder")
    reader.only(ladder, ("ladder",), _PROPOSABLE, "rung")
    steps = [base.ladder[Rung.ALLOW] if base else LadderStep()]
    for word in _PROPOSABLE:
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
                f"keys = {_shown(keys)} is refused",
                f"{why}{needed} to {MAX_KEYS}",
                value=True,
            )
        steps.append(step if keys is None else replace(step, keys=keys))
    return tuple(steps)


def _durations(reader: _Reader, table: dict[str, Any], path: Path) -> tuple[float, ...] | None:
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


def _model(reader: _Reader, document: dict[str, Any], base: Policy | None) -> tuple[tuple[float, ...], ...]:
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
    reader: _Reader, table: dict[str, Any], path: Path, base: tuple[float, ...]
) -> tuple[float, ...]:
    reader.only(table, path, _PROPOSABLE, "rung")
    thresholds = list(base)
    for word, value in table.items():
        if word not in _PROPOSABLE:
            continue
        if value is False:
            thresholds[RUNGS[word]] = math.inf
        elif type(value) not in (int, float):
            reader.report(
                (*path, word),
                f'"{word}" is {_type_word(value)}',
                "a score from 0 to 1, or false for none",
                value=True,
            )
        elif not 0.0 < value <= 1.0:
            reader.report(
                (*path, word), f"{_shown(value)} is not a score", "above 0 and at most 1", value=True
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


def _rules(reader: _Reader, document: dict[str, Any], base: Policy | None, spread: float) -> tuple[Rule, ...]:
    """Rules of the base in their order, with replacements in place, then the new ones."""
    given = document.get("rule", [])
    if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
        reader.report(("rule",), f'"rule" is {_type_word(given)}', "head each rule with [[rule]]")
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


def _check_spread(reader: _Reader, rules: Iterable[Rule], spread: float) -> None:
    for rule in rules:
        for predicate in predicates(rule.when):
            if not is_reachable(predicate, spread):
                reader.report(
                    ("randomisation", "spread"),
                    f'spread {spread:g} moves "{predicate}" of rule "{rule.name}" out of reach',
                    "choose a smaller spread, or replace that rule",
                    value=True,
                )


def _switch_off(
    reader: _Reader, table: dict[str, Any], path: Path, name: str, rules: dict[str, Rule]
) -> None:
    written_here = len(table) > 2
    if name and name not in rules and not written_here:
        right = nearest(name, rules, "only a rule of the extended policy can be switched off by name")
        reader.report((*path, "name"), f'there is no rule "{name}" to switch off', right, value=True)
    rules.pop(name, None)


def _rule_name(reader: _Reader, table: dict[str, Any], path: Path) -> str:
    """The rule's name, or "" when there is none to speak of."""
    if "name" not in table:
        reader.report(path, "the rule has no name", 'add name = "what-it-catches"')
    name = reader.get(table, path, "name", (str,), '"what-it-catches"')
    if name is None:
        return ""
    if len(name) > MAX_NAME_CHARS or not _RULE_NAME.fullmatch(name):
        right = f"small letters, digits and single hyphens, at most {MAX_NAME_CHARS}"
        reader.report((*path, "name"), f"{_shown(name)} cannot name a rule", right, value=True)
    return str(name)


_EXAMPLES = {
    "stage": '["messaging"]',
    "when": '"strangers_1h >= ~20"',
    "family": '"first contact"',
    "rung": '"challenge"',
    "reason": '"Wrote to {strangers_1h} strangers in about an hour."',
    "notice": '"Your account wrote to many new people."',
}


def _rule(reader: _Reader, table: dict[str, Any], path: Path, name: str, spread: float) -> Rule | None:
    """The rule in ``table``, or None when anything that it needs is missing or wrong."""
    before = len(reader.errors)
    for key, example in _EXAMPLES.items():
        if key not in table:
            reader.report(path, f'rule "{name}" has no "{key}"', f"add {key} = {example}")
    stages = _stages(reader, table, path)
    when = _when(reader, table, path, spread)
    family = _family(reader, table, path, when)
    rung = reader.choice(table["rung"], (*path, "rung"), _PROPOSABLE, "rung") if "rung" in table else None
    reason = _reason(reader, table, path)
    notice = _notice(reader, table, path)
    if len(reader.errors) > before or when is None or family is None or rung is None:
        return None
    return Rule(name, stages, when, family, RUNGS[rung], reason, notice)


def _stages(reader: _Reader, table: dict[str, Any], path: Path) -> tuple[Stage, ...]:
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


def _when(reader: _Reader, table: dict[str, Any], path: Path, spread: float) -> Condition | None:
    text = reader.get(table, path, "when", (str,), _EXAMPLES["when"])
    if text is None:
        return None
    condition, problems = parse_condition(text, spread)
    for problem in problems:
        reader.report((*path, "when"), problem.what, problem.right, char=problem.offset)
    return condition


def _family(reader: _Reader, table: dict[str, Any], path: Path, when: Condition | None) -> str | None:
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


def _text(reader: _Reader, table: dict[str, Any], path: Path, key: str, longest: int) -> str:
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


def _reason(reader: _Reader, table: dict[str, Any], path: Path) -> str:
    text = _text(reader, table, path, "reason", MAX_REASON_CHARS)
    path = (*path, "reason")
    for found in re.finditer(r"\{[^{}]*\}|[{}]", text):
        name = found.group()[1:-1]
        if not _PLACEHOLDER.fullmatch(found.group()):
            reader.report(
                path, f'"{found.group()}" is not a placeholder', "write {feature}", char=found.start()
            )
        elif name not in COLUMNS:
            right = nearest(name, COLUMNS, "every name is listed in the feature reference")
            reader.report(path, f'unknown feature "{name}"', right, char=found.start() + 1)
    return text


def _notice(reader: _Reader, table: dict[str, Any], path: Path) -> str:
    text = _text(reader, table, path, "notice", MAX_NOTICE_CHARS)
    telling = re.search(r"[{}\d]", text)
    if telling:
        what = f'"{telling.group()}" in a notice: it may not tell how thresholds lie'
        reader.report(
            (*path, "notice"), what, "say it without numbers and placeholders", char=telling.start()
        )
    return text
