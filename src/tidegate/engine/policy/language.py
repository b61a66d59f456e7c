"""The condition language of policy rules: text to a tree of comparisons, with every mistake in its place.

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
from collections.abc import Iterable
from dataclasses import dataclass

from tidegate.engine.policy.conditions import (
    COLUMNS,
    MAX_TERMS,
    SYMBOLS,
    AllOf,
    AnyOf,
    Condition,
    Op,
    Predicate,
    predicates,
)
from tidegate.engine.policy.units import KINDS, PLAIN, SCALES, is_reachable, unit_of

MAX_CONDITION_CHARS = 4_000
MAX_NESTING = 32
MAX_NUMBER = 1e12
NEVER_AGAINST = frozenset({"unfounded_reports_14d"})
"""Features that may be bounded from above only: whoever is reported falsely is a victim, however often."""
_OPPOSITE: dict[Op, Op] = {
    Op.AT_LEAST: Op.BELOW,
    Op.ABOVE: Op.AT_MOST,
    Op.AT_MOST: Op.ABOVE,
    Op.BELOW: Op.AT_LEAST,
    Op.KNOWN: Op.UNKNOWN,
    Op.UNKNOWN: Op.KNOWN,
}


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
        op = SYMBOLS[symbol.text]
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
        if after.text in SCALES and after.kind != "end":
            raise _SyntaxError(
                Problem(after.offset, "a space before the unit", f"write {number.text}{after.text}")
            )

    def _threshold(self, feature: str, op: Op, number: _Token, random: bool) -> float:
        """The number in the feature's own unit; anything wrong with it is reported."""
        digits, suffix = re.fullmatch(r"(-?[0-9.]+)(.*)", number.text, re.DOTALL).groups()  # type: ignore[union-attr]
        unit = unit_of(feature)
        kind = KINDS.get(unit, PLAIN)
        how = f"{feature} is {kind.how.format(unit=unit)}"
        if suffix not in kind.suffixes:
            if not suffix:
                what, where = f"{number.text} has no unit", number.offset
            elif suffix in SCALES:
                what, where = f'unit "{suffix}" does not fit {feature}', number.offset + len(digits)
            else:
                what, where = f'unknown unit "{suffix}"', number.offset + len(digits)
            self.report(where, what, how)
            return 0.0
        value = float(digits) * SCALES[suffix]
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
