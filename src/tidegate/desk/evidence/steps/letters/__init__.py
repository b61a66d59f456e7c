"""Letters in the recipient's language, which cannot be written without facts. Pure: no database, no desk."""

from tidegate.desk.evidence.steps.letters.facts import (
    FindingsTold,
    LetterError,
    LetterFacts,
    LetterKind,
    Quoted,
    missing,
)
from tidegate.desk.evidence.steps.letters.rendering import Letter, write
from tidegate.desk.evidence.steps.letters.templates import LANGUAGES, VERSION, Template, template_of

__all__ = [
    "LANGUAGES",
    "VERSION",
    "FindingsTold",
    "Letter",
    "LetterError",
    "LetterFacts",
    "LetterKind",
    "Quoted",
    "Template",
    "missing",
    "template_of",
    "write",
]
