"""Identifiers in a text: numbers, addresses, names and ids, each with its kind, its normal form, and its exact place.

:func:`find` reads the text it is given and nothing else. Phone numbers, registration numbers and domains need the extra
``evidence``.
"""

from tidegate.desk.evidence.identifiers.finding import find
from tidegate.desk.evidence.identifiers.identifier import Identifier, Type, Validity

__all__ = ["Identifier", "Type", "Validity", "find"]
