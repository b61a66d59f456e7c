"""The JSON files of a case as values of the right shape; whatever is wrong in them is told, never raised."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tidegate.desk.evidence.custody.clocks import Clocks
from tidegate.desk.evidence.custody.verdict import Verdict

MOST_EXHIBITS = 50_000


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """What the register says about an exhibit."""

    number: int
    title: str
    file: str
    raw_sha256: str
    decoded_file: str
    decoded_sha256: str
    warc: str
    clocks: Clocks
    renderings: tuple[str, ...]
    tokens: tuple[str, ...]

    @property
    def called(self) -> str:
        return f"exhibit {self.number}, {self.title!r}"

    def files(self) -> Mapping[str, str]:
        """Every file of it, with what it is called."""
        named = {self.file: self.called}
        for what, names in (
            ("decoded copy", (self.decoded_file,)),
            ("WARC", (self.warc,)),
            ("rendering", self.renderings),
        ):
            named.update({name: f"the {what} of {self.called}" for name in names if name})
        return named


def json_of(text: bytes | None, name: str, kind: type, verdict: Verdict) -> Any:
    """The value of a JSON file, when it is of that kind; None otherwise, which is told."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        verdict.find(f"{name} is no JSON: {str(error)[:100]}")
        return None
    if not isinstance(value, kind):
        verdict.find(f"{name} does not hold what it should")
        return None
    return value


def register_of(values: list[Any] | None, name: str, verdict: Verdict) -> list[RegisterEntry]:
    """Every entry that can be read."""
    if values is not None and len(values) > MOST_EXHIBITS:
        verdict.find(f"{name}: {len(values):,} exhibits, {MOST_EXHIBITS:,} are the most")
    entries = []
    for number, value in enumerate((values or [])[:MOST_EXHIBITS], 1):
        entry = _entry(value)
        if entry is None:
            verdict.find(f"{name}: entry {number} does not hold what it should")
        elif entry.number != number:
            verdict.find(f"{name}: entry {number} says that it is exhibit {entry.number}")
        else:
            entries.append(entry)
    return entries


def _entry(value: Any) -> RegisterEntry | None:
    if not isinstance(value, dict) or not isinstance(value.get("clocks"), dict):
        return None
    clocks = value["clocks"]
    known = {field.name for field in fields(Clocks)}
    texts = [
        value.get(name) for name in ("title", "file", "raw_sha256", "decoded_file", "decoded_sha256", "warc")
    ]
    texts += [clocks.get(name) for name in ("system", "http_date", "claimed")]
    lists = [value.get("renderings"), value.get("tokens"), clocks.get("tsa")]
    sound = (
        type(value.get("number")) is int
        and set(clocks) == known
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in lists)
    )
    if not sound:
        return None
    return RegisterEntry(
        **{
            name: value[name]
            for name in ("number", "title", "file", "raw_sha256", "decoded_file", "decoded_sha256", "warc")
        },
        clocks=Clocks(clocks["system"], clocks["http_date"], clocks["claimed"], tuple(clocks["tsa"])),
        renderings=tuple(value["renderings"]),
        tokens=tuple(value["tokens"]),
    )
