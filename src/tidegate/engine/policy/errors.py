"""What is wrong with a policy file, named by line and column with what would be right."""

from collections.abc import Iterable
from dataclasses import dataclass

MAX_ERRORS = 100


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
