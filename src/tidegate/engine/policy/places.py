"""Where keys and values stand in the source of a TOML document, which tomllib does not say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Offsets of a key and of its value; ``chars`` gives the offset of each character of a string value."""

    key: int
    value: int
    chars: tuple[int, ...] = ()


class Places:
    """Finds every key of a TOML document that tomllib has accepted already, so it checks nothing itself.

    Paths are as in the parsed document: ``("rule", 3, "when")``; elements of arrays are numbered.
    """

    _SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
    _BARE = re.compile(r"[A-Za-z0-9_-]+")
    _SCALAR = re.compile(r"[^,\]}#\n]*")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, Place] = {}
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
            self.found.setdefault(path[:length], Place(key, value))
        self.found.setdefault(path, Place(key, value, chars))

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
