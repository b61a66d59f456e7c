"""The condition language of policy rules: text to a small tree of comparisons, never to code.

Grammar, loosest binding first::

    condition  = all { "or" all }
    all        = term { "and" term }
    term       = "not" term | "(" condition ")" | ("known" | "unknown") "(" feature ")" | comparison
    comparison = feature (">=" | ">" | "<=" | "<" | "==") ["~"] number [unit]

A missing value (NaN) makes every comparison false. ``not`` is pushed down to the comparisons while parsing
(negation normal form), so ``not sent_1m >= 5`` is ``sent_1m < 5`` and is just as false for a missing value:
what was never supplied can only be asked for with ``unknown(...)``.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from tidegate.engine.features import FEATURE_INDEX, FEATURES

SCORE = "score"
SCORE_COLUMN = len(FEATURES)
"""The model's score sits in the row right after the features."""
COLUMNS: dict[str, int] = {**FEATURE_INDEX, SCORE: SCORE_COLUMN}
"""Every name a condition may use, with its column in the row."""

MAX_TERMS = 64
"""Comparisons in one condition; also the deepest stack that evaluating its postfix form can need."""
MAX_CONDITION_CHARS = 4_000
MAX_NESTING = 32
MAX_NUMBER = 1e12
NEVER_AGAINST = frozenset({"unfounded_reports_14d"})
"""Features that may be bounded from above only: whoever is reported falsely is a victim, however often."""


class Op(IntEnum):
    """Comparison of a predicate; the values are those of ``predicate_op`` in the compiled policy."""

    AT_LEAST = 0
    ABOVE = 1
    AT_MOST = 2
    BELOW = 3
    EQUAL = 4
    KNOWN = 5
    UNKNOWN = 6


_SYMBOLS: dict[str, Op] = {">=": Op.AT_LEAST, ">": Op.ABOVE, "<=": Op.AT_MOST, "<": Op.BELOW, "==": Op.EQUAL}
_SYMBOL_OF: dict[Op, str] = {op: symbol for symbol, op in _SYMBOLS.items()}
_OPPOSITE: dict[Op, Op] = {
    Op.AT_LEAST: Op.BELOW,
    Op.ABOVE: Op.AT_MOST,
    Op.AT_MOST: Op.ABOVE,
    Op.BELOW: Op.AT_LEAST,
    Op.KNOWN: Op.UNKNOWN,
    Op.UNKNOWN: Op.KNOWN,
}


@dataclass(frozen=True, slots=True)
class Predicate:
    """One comparison; ``threshold`` is in the feature's own unit, ``random`` says that a ``~`` marks it."""

    feature: str
    op: Op
    threshold: float = 0.0
    random: bool = False

    def __str__(self) -> str:
        if self.op in (Op.KNOWN, Op.UNKNOWN):
            return f"{self.op.name.lower()}({self.feature})"
        return f"{self.feature} {_SYMBOL_OF[self.op]} {'~' if self.random else ''}{self.threshold!r}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when each of two or more terms is."""

    terms: tuple["Condition", ...]

    def __str__(self) -> str:
        return "(" + " and ".join(map(str, self.terms)) + ")"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when at least one of two or more terms is."""

    terms: tuple["Condition", ...]

    def __str__(self) -> str:
        return "(" + " or ".join(map(str, self.terms)) + ")"


Condition = Predicate | AllOf | AnyOf


def predicates(condition: Condition) -> Iterable[Predicate]:
    """Each comparison of ``condition``, left to right."""
    if isinstance(condition, Predicate):
        yield condition
        return
    for term in condition.terms:
        yield from predicates(term)


def evaluate(condition: Condition, values: Mapping[str, float], factor: float = 1.0) -> bool:
    """Whether ``condition`` holds: the plain reading that the compiled form must agree with.

    A name absent from ``values`` is missing, as is NaN. Arithmetic is ``float32``, as in the kernel; a
    threshold marked ``~`` is multiplied by ``factor``.
    """
    if isinstance(condition, AllOf):
        return all(evaluate(term, values, factor) for term in condition.terms)
    if isinstance(condition, AnyOf):
        return any(evaluate(term, values, factor) for term in condition.terms)
    value = np.float32(values.get(condition.feature, math.nan))
    threshold = np.float32(condition.threshold)
    if condition.random:
        threshold = np.float32(threshold * np.float32(factor))
    match condition.op:
        case Op.AT_LEAST:
            return bool(value >= threshold)
        case Op.ABOVE:
            return bool(value > threshold)
        case Op.AT_MOST:
            return bool(value <= threshold)
        case Op.BELOW:
            return bool(value < threshold)
        case Op.EQUAL:
            return bool(value == threshold)
        case Op.KNOWN:
            return not bool(np.isnan(value))
        case Op.UNKNOWN:
            return bool(np.isnan(value))


# --- Units: how a number of each kind of feature is written and shown -----------------------------------

DURATIONS_S: dict[str, float] = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_SCALES: dict[str, float] = {"": 1.0, "%": 0.01, "k": 1_000.0, **DURATIONS_S}
_WEIGHTED = frozenset({"blocks", "reports", "complaints"})
_COUNTED = _WEIGHTED | {"messages", "people", "groups", "accounts", "changes"}


@dataclass(frozen=True, slots=True)
class _Kind:
    suffixes: tuple[str, ...]
    lowest: float
    highest: float
    how: str


_TIME = _Kind(tuple(DURATIONS_S), 0.0, math.inf, "a time: write 30s, 10m, 6h, 3d or 2w")
_SHARE = _Kind(("", "%"), 0.0, 1.0, "a share from 0 to 1: write 0.8 or 80%")
_COUNT = _Kind(("", "k"), 0.0, math.inf, "a number of {unit}: write 50 or 2k")
_RATIO = _Kind(("", "%"), 0.0, math.inf, "a {unit}: write a plain number such as 0.6, or 60%")
_UNIT_INTERVAL = _Kind(("",), -1.0, 1.0, "a {unit} from -1 to 1: write a plain number such as 0.6")
_PLAIN = _Kind(("",), -math.inf, math.inf, "in {unit}: write a plain number such as 2.5")
_KINDS: dict[str, _Kind] = {
    "seconds": _TIME,
    "share": _SHARE,
    "ratio": _RATIO,
    "correlation": _UNIT_INTERVAL,
    "index": _UNIT_INTERVAL,
    **dict.fromkeys(_COUNTED, _COUNT),
}


def _unit(feature: str) -> str:
    return "share" if feature == SCORE else FEATURES[FEATURE_INDEX[feature]].unit


def is_reachable(predicate: Predicate, spread: float) -> bool:
    """False for a ``~`` lower bound that ``spread`` can move past anything the feature ever is."""
    if not predicate.random or predicate.op not in (Op.AT_LEAST, Op.ABOVE):
        return True
    return predicate.threshold * (1.0 + spread) <= _KINDS.get(_unit(predicate.feature), _PLAIN).highest


def parse_duration(text: str) -> float | None:
    """Seconds in ``"30s"``, ``"10m"``, ``"6h"``, ``"1.5d"`` or ``"2w"``; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhdw])", text)
    return float(found[1]) * DURATIONS_S[found[2]] if found else None


_SPOKEN_UNITS = (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0))


def describe_duration(seconds: float) -> str:
    """``300`` as "5 minutes", ``5400`` as "1.5 hours"; rounded to what a person would say."""
    if math.isinf(seconds):
        return "without end"
    if seconds < 1.0:
        return "under a second"
    # 59.8 s is shown as "1 minute", not "60 seconds"
    word, length_s = next(unit for unit in _SPOKEN_UNITS if seconds >= unit[1] * 0.995)
    amount = seconds / length_s
    shown = f"{amount:,.0f}" if amount >= 10 else f"{amount:.1f}".removesuffix(".0")
    return f"{shown} {word}" if shown == "1" else f"{shown} {word}s"


def describe_value(feature: str, value: float) -> str:
    """``value`` of ``feature`` as a reason shows it: "5 minutes", "83%", "97"; "unknown" when missing.

    Times carry their unit and shares their sign; counts are bare, since the sentence around them names what
    was counted. Decayed counts are rounded to whole ones. Raises KeyError for a name that no feature has.
    """
    unit = _unit(feature)
    if math.isnan(value):
        return "an unknown number of" if unit in _COUNTED else "unknown"
    if unit == "seconds":
        return describe_duration(value)
    if feature == SCORE:
        return f"{value:.2f}"
    if unit == "share":
        return f"{value:.0%}"
    if unit in _WEIGHTED and value < 10:
        return f"{value:.1f}".removesuffix(".0")
    if unit in _COUNTED:
        return "under 1" if 0.0 < value < 0.5 else f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"


# --- Parsing --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at character ``offset`` of a condition, with what would be right."""

    offset: int
    what: str
    right: str


class _SyntaxError(Exception):
    """Carries the one problem after which the rest of a condition cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?[A-Za-z_%]*)"
    r"|(?P<op>>=|<=|==|>|<)"
    r"|(?P<mark>[()~])"
    r"|(?P<other>!=|&&|\|\||=>|=<|.)",
    re.DOTALL,
)
_INSTEAD: dict[str, str] = {
    "=": 'for "equal" write ==',
    "!=": 'for "different" write: not feature == number',
    "!": "write not",
    "&&": "write and",
    "&": "write and",
    "||": "write or",
    "|": "write or",
    "=>": "write >=",
    "=<": "write <=",
    "≥": "write >=",
    "≤": "write <=",
    ",": "join comparisons with and, or",
    ".": "write 0.5 with the zero in front",
}
_KEYWORDS = frozenset(("and", "or", "not", "known", "unknown"))


def nearest(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """``did you mean "…"?`` for the closest of ``names``, or ``otherwise`` when none is close."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else otherwise


def parse_condition(text: str, spread: float = 0.0) -> tuple[Condition | None, list[Problem]]:
    """The condition written in ``text``, or None with everything wrong with it, in the order of the text.

    ``spread`` is how far a ``~`` threshold may move (0.15 for 15 %): one that could move past what the
    feature can ever reach is a problem.
    """
    if len(text) > MAX_CONDITION_CHARS:
        return None, [
            Problem(
                0,
                f"the condition has {len(text):,} characters",
                f"{MAX_CONDITION_CHARS:,} is the limit; split the rule",
            )
        ]
    parser = _Parser(text, spread)
    try:
        condition = parser.condition()
    except _SyntaxError as stop:
        return None, [*parser.problems, stop.problem]
    terms = sum(1 for _ in predicates(condition))
    if terms > MAX_TERMS:
        parser.report(0, f"the condition has {terms} terms", f"{MAX_TERMS} is the limit; split the rule")
    return (None if parser.problems else condition), parser.problems


def _join(kind: type[AllOf] | type[AnyOf], terms: list[Condition]) -> Condition:
    """Terms as one condition; a nested one of the same kind is flattened, so the stack stays low."""
    flat: list[Condition] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, kind) else (term,))
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


class _Parser:
    """Recursive descent; ``negated`` says whether an odd number of ``not`` stands above."""

    def __init__(self, text: str, spread: float) -> None:
        self.spread = spread
        self.problems: list[Problem] = []
        self.depth = 0
        self.at = 0
        self.tokens = [
            _Token(str(found.lastgroup), found.group(), found.start())
            for found in _TOKEN.finditer(text)
            if found.lastgroup != "space"
        ]
        self.tokens.append(_Token("end", "", len(text.rstrip())))

    def report(self, offset: int, what: str, right: str) -> None:
        self.problems.append(Problem(offset, what, right))

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def _take(self) -> _Token:
        token = self.token
        self.at += 1
        return token

    def _accept(self, text: str) -> bool:
        if self.token.text != text:
            return False
        self.at += 1
        return True

    def _stop(self, expected: str, token: _Token | None = None) -> _SyntaxError:
        token = token or self.token
        if token.kind == "end":
            return _SyntaxError(Problem(token.offset, "the condition ends too early", f"expected {expected}"))
        if token.kind == "other":
            right = _INSTEAD.get(token.text, f"expected {expected}")
            return _SyntaxError(Problem(token.offset, f'"{token.text}" is not part of the language', right))
        right = f"expected {expected}"
        if token.kind == "name" and token.text.lower() in _KEYWORDS and token.text not in _KEYWORDS:
            right = f"write {token.text.lower()} in small letters"
        return _SyntaxError(Problem(token.offset, f'"{token.text}" cannot stand here', right))

    def condition(self) -> Condition:
        whole = self._any(negated=False)
        if self.token.kind == "end":
            return whole
        if self.token.text == ")":
            raise _SyntaxError(
                Problem(self.token.offset, "this ) closes nothing", "remove it, or open it with (")
            )
        raise self._stop("and, or, or the end of the condition")

    def _any(self, negated: bool) -> Condition:
        terms = [self._all(negated)]
        while self._accept("or"):
            terms.append(self._all(negated))
        return _join(AllOf if negated else AnyOf, terms)

    def _all(self, negated: bool) -> Condition:
        terms = [self._term(negated)]
        while self._accept("and"):
            terms.append(self._term(negated))
        return _join(AnyOf if negated else AllOf, terms)

    def _term(self, negated: bool) -> Condition:
        token = self._take()
        if token.text in ("not", "("):
            self.depth += 1
            if self.depth > MAX_NESTING:
                raise _SyntaxError(
                    Problem(token.offset, "nested too deeply", f"{MAX_NESTING} levels is the limit")
                )
            inner = self._term(not negated) if token.text == "not" else self._parenthesised(token, negated)
            self.depth -= 1
            return inner
        if token.text in ("known", "unknown"):
            return self._known(Op[token.text.upper()], negated)
        if token.kind == "number":
            raise self._stop("a feature's name first, then the comparison, then the number", token)
        if token.kind != "name" or token.text in ("and", "or"):
            raise self._stop("a comparison such as sent_1m >= 50", token)
        return self._comparison(token, negated)

    def _parenthesised(self, opening: _Token, negated: bool) -> Condition:
        inner = self._any(negated)
        if self.token.kind == "end":
            raise _SyntaxError(Problem(opening.offset, "this ( is never closed", "close it with )"))
        if not self._accept(")"):
            raise self._stop("and, or, or )")
        return inner

    def _known(self, op: Op, negated: bool) -> Condition:
        if not self._accept("("):
            raise self._stop(f"{op.name.lower()}(feature)")
        name = self._take()
        if name.kind != "name":
            raise self._stop("the name of a feature", name)
        self._check_name(name)
        if not self._accept(")"):
            raise self._stop(f") after {op.name.lower()}({name.text}")
        return Predicate(name.text, _OPPOSITE[op] if negated else op)

    def _comparison(self, name: _Token, negated: bool) -> Condition:
        if self.token.kind != "op":
            if name.text.lower() in _KEYWORDS:  # AND, Not, Known
                raise self._stop("a comparison", name)
            raise self._stop(f"a comparison after {name.text}: >=, >, <=, < or ==")
        is_feature = self._check_name(name)
        symbol = self._take()
        op = _SYMBOLS[symbol.text]
        random = self._accept("~")
        number = self._take()
        if number.kind == "name" and number.text in COLUMNS:
            raise _SyntaxError(
                Problem(
                    number.offset, "a feature can only be compared with a number", f"replace {number.text}"
                )
            )
        if number.kind != "number":
            raise self._stop("a number", number)
        self._check_after(number)
        if random and op is Op.EQUAL:
            self.report(number.offset, "an exact comparison cannot be randomised", "remove the ~")
        threshold = self._threshold(name.text, op, number, random) if is_feature else 0.0
        bounded_below = op is Op.EQUAL or (op in (Op.AT_LEAST, Op.ABOVE)) != negated
        if name.text in NEVER_AGAINST and bounded_below:
            self.report(
                name.offset, f"{name.text} may never count against an account", "only < or <= is allowed"
            )
        if not negated:
            return Predicate(name.text, op, threshold, random)
        if op is Op.EQUAL:
            return AnyOf(
                (Predicate(name.text, Op.BELOW, threshold), Predicate(name.text, Op.ABOVE, threshold))
            )
        return Predicate(name.text, _OPPOSITE[op], threshold, random)

    def _check_name(self, name: _Token) -> bool:
        if name.text in COLUMNS:
            return True
        right = nearest(name.text, COLUMNS, "every name is listed in the feature reference")
        self.report(name.offset, f'unknown feature "{name.text}"', right)
        return False

    def _check_after(self, number: _Token) -> None:
        """Two slips worth their own words: a chained comparison, a space between number and unit."""
        after = self.token
        if after.kind == "op":
            raise _SyntaxError(
                Problem(after.offset, "comparisons cannot be chained", "write both and join them with and")
            )
        if after.text in _SCALES and after.kind != "end":
            raise _SyntaxError(
                Problem(after.offset, "a space before the unit", f"write {number.text}{after.text}")
            )

    def _threshold(self, feature: str, op: Op, number: _Token, random: bool) -> float:
        """The number in the feature's own unit; anything wrong with it is reported."""
        digits, suffix = re.fullmatch(r"(-?[0-9.]+)(.*)", number.text, re.DOTALL).groups()  # type: ignore[union-attr]
        unit = _unit(feature)
        kind = _KINDS.get(unit, _PLAIN)
        how = f"{feature} is {kind.how.format(unit=unit)}"
        if suffix not in kind.suffixes:
            if not suffix:
                what, where = f"{number.text} has no unit", number.offset
            elif suffix in _SCALES:
                what, where = f'unit "{suffix}" does not fit {feature}', number.offset + len(digits)
            else:
                what, where = f'unknown unit "{suffix}"', number.offset + len(digits)
            self.report(where, what, how)
            return 0.0
        value = float(digits) * _SCALES[suffix]
        if suffix == "%":
            value = float(digits) / 100.0  # 7% is the float nearest 0.07, as if written so
        if not kind.lowest <= value <= kind.highest or abs(value) > MAX_NUMBER:
            self.report(number.offset, f"{number.text} is out of range", how)
        elif not is_reachable(Predicate(feature, op, value, random), self.spread):
            most = kind.highest / (1.0 + self.spread)
            self.report(
                number.offset,
                f"~{number.text} can move up to {value * (1.0 + self.spread):.3g}; {feature} never does",
                f"at most ~{math.floor(most * 100) / 100:g}, or remove the ~",
            )
        return value
