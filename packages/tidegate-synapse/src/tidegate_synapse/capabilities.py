"""What this Synapse offers, found out by looking and not by its version number."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

OFFICIAL, PRIVATE = "module API", "private method"


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing the module can or cannot do on this process."""

    name: str
    meaning: str
    kind: str
    source: str
    on: bool
    why_not: str = ""


class Capabilities:
    """The list that an operator sees at start, at the status address and in the metrics."""

    def __init__(self) -> None:
        self.rows: list[Capability] = []

    def official(self, name: str, meaning: str, source: str, register: Callable[[], object]) -> None:
        """Register a callback of the module API; what this Synapse does not take is noted, not raised."""
        try:
            register()
        except Exception as error:  # noqa: BLE001 -- whatever it raises, Synapse must start; the row says what it was
            self.rows.append(Capability(name, meaning, OFFICIAL, source, False, _words(error)))
        else:
            self.rows.append(Capability(name, meaning, OFFICIAL, source, True))

    def private(
        self,
        name: str,
        meaning: str,
        source: str,
        find: Callable[[], Any],
        *parameters: str,
        keyword: str = "",
    ) -> Callable[..., Any] | None:
        """The private method that ``find`` gives, if it begins with exactly these parameters.

        Any further ones must have defaults, apart from ``keyword``, which it must take as well.
        """
        method, why_not = None, ""
        try:
            method = find()
            why_not = _unlike(method, parameters, keyword)
        except Exception as error:  # noqa: BLE001 -- same
            why_not = _words(error)
        self.rows.append(Capability(name, meaning, PRIVATE, source, not why_not, why_not))
        return None if why_not else method

    def wrap(
        self,
        name: str,
        meaning: str,
        find: Callable[[], Any],
        attribute: str,
        parameters: tuple[str, ...],
        around: Callable[[Callable[..., Any]], Callable[..., Any]],
    ) -> bool:
        """Put ``around(original)`` in the place of a private method of the object that ``find`` gives."""
        holder: list[Any] = []

        def method() -> Any:
            holder.append(find())
            return getattr(holder[0], attribute)

        original = self.private(name, meaning, attribute, method, *parameters)
        if original is None:
            return False
        setattr(holder[0], attribute, functools.wraps(original)(around(original)))
        return True

    def off(self, name: str, meaning: str, source: str, why_not: str) -> None:
        """Note something that is off on purpose."""
        self.rows.append(Capability(name, meaning, PRIVATE, source, False, why_not))

    def has(self, name: str) -> bool:
        """Whether something by this name is on."""
        return any(row.on for row in self.rows if row.name == name)

    def table(self) -> str:
        """Text for the log, one line each."""
        widths = [max((len(row.name) for row in self.rows), default=0), 3, len(PRIVATE)]
        lines = []
        for row in self.rows:
            line = (
                f"  {row.name:<{widths[0]}}  {'on' if row.on else 'OFF':<{widths[1]}}  {row.kind:<{widths[2]}}  "
                f"{row.meaning}"
            )
            lines.append(line if row.on else f"{line} -- {row.source}: {row.why_not}")
        return "\n".join(lines)


def _unlike(method: Any, parameters: tuple[str, ...], keyword: str) -> str:
    """How the method differs from what is expected; empty when it does not."""
    if not callable(method):
        return "is no method here"
    found = [one for one in inspect.signature(method).parameters.values() if one.name != "self"]
    names = [one.name for one in found]
    if tuple(names[: len(parameters)]) != parameters:
        return f"takes ({', '.join(names)}) where ({', '.join(parameters)}) is expected"
    if keyword and keyword not in names:
        return f"takes no {keyword}"
    required = [
        one.name
        for one in found[len(parameters) :]
        if one.default is one.empty
        and one.name != keyword
        and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    return f"also needs {', '.join(required)}" if required else ""


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
