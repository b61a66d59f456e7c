"""Everything that weights are learned from: templates and loosely written sentences, terms, pieces."""

import hashlib

from tidegate.desk.evidence.claims import terms
from tidegate.desk.evidence.claims.learning import corpus as templates
from tidegate.desk.evidence.claims.learning import loose
from tidegate.desk.evidence.claims.learning.corpus import Labelled
from tidegate.desk.evidence.claims.meanings import shipped_vocabulary


def learned_from() -> tuple[Labelled, ...]:
    """All sentences there are to learn from."""
    return (*templates.corpus(), *loose.loose())


def digest() -> str:
    """Of everything that weights are learned from: texts, terms, pieces."""
    texts = templates.source() + loose.source() + terms.source() + "\n".join(shipped_vocabulary())
    return hashlib.sha256(texts.encode()).hexdigest()[:16]
