"""Typed reading of a policy file: each value that is missing or wrong is reported where it stands."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from tidegate.engine.policy.errors import MAX_ERRORS, PolicyError, PolicyErrors
from tidegate.engine.policy.language import nearest
from tidegate.engine.policy.places import Path, Place, Places
from tidegate.engine.policy.units import parse_duration
from tidegate.engine.rungs import Rung

MAX_POLICY_CHARS = 1_000_000
PROPOSABLE = tuple(rung.word for rung in Rung if rung is not Rung.ALLOW)
"""Rungs that a ladder, a threshold or a rule may name."""


class TooManyError(Exception):
    """More mistakes than anybody reads at once."""


_TOML_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_TYPE_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}


def type_word(value: object) -> str:
    return _TYPE_WORDS.get(type(value), "a date or time")


def shown(value: object) -> str:
    """A value for a message, never longer than a line: a file may hold a number of a thousand digits."""
    if isinstance(value, str):
        return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "that number" if abs(value) >= 1e15 else str(value)
    return type_word(value)


class Reader:
    """The source of one file, where its parts stand, and what is wrong with them so far."""

    def __init__(self, text: str, source: str) -> None:
        # tomllib reads \r\n as \n; so do positions here.
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self.source = source
        self.errors: list[PolicyError] = []
        self.places: dict[Path, Place] = {}

    def document(self) -> dict[str, Any]:
        """The parsed TOML. Raises PolicyErrors when it is not TOML at all."""
        if len(self.text) > MAX_POLICY_CHARS:
            self.at_offset(
                0, f"the file has {len(self.text):,} characters", f"{MAX_POLICY_CHARS:,} is the limit"
            )
            raise PolicyErrors(self.errors)
        try:
            document = self._parsed()
            self.places = Places(self.text).found
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
            raise TooManyError

    def report(
        self, path: Path, what: str, right: str = "", *, value: bool = False, char: int | None = None
    ) -> None:
        """Report a mistake at a key, at its ``value``, or at character ``char`` of a text value."""
        while path and path not in self.places:
            path = path[:-1]
        place = self.places.get(path, Place(0, 0))
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
        self.report((*path, key), f'"{key}" is {type_word(value)}', f"write {key} = {example}", value=True)
        return None

    def table(self, parent: Mapping[str, Any], path: Path, key: str) -> dict[str, Any]:
        """The table ``parent[key]``; empty when absent or, reported, something else."""
        value = parent.get(key, {})
        if isinstance(value, dict):
            return value
        self.report(
            (*path, key),
            f'"{key}" is {type_word(value)}',
            f"write a table: [{'.'.join(map(str, (*path, key)))}]",
        )
        return {}

    def only(self, table: Mapping[str, Any], path: Path, allowed: Iterable[str], kind: str) -> None:
        """Report keys of ``table`` that mean nothing."""
        allowed = tuple(allowed)
        for key in table:
            if key not in allowed:
                right = nearest(key, allowed, f"possible here: {', '.join(allowed)}")
                self.report((*path, key), f"unknown {kind} {shown(key)}", right)

    def choice(self, value: Any, path: Path, allowed: Iterable[str], kind: str) -> str | None:
        """``value`` when it is one of the words ``allowed``."""
        allowed = tuple(allowed)
        if isinstance(value, str) and value in allowed:
            return value
        otherwise = f"one of {', '.join(allowed)}"
        right = nearest(value, allowed, otherwise) if isinstance(value, str) else otherwise
        self.report(path, f"unknown {kind} {shown(value)}", right, value=True)
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
