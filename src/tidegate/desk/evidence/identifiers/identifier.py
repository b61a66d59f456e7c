"""What was found in a text."""

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """What an identifier is of."""

    PHONE = "phone"
    DOMAIN = "domain"
    EMAIL = "email"
    HANDLE = "handle"
    COMPANY = "company"
    REGISTRATION = "registration"
    PAYMENT = "payment"
    ANALYTICS = "analytics"
    CHAT_LINK = "chat_link"


class Validity(StrEnum):
    """What can be said of it without asking anybody."""

    VALID = "valid"
    """Its check digits are right, or its numbering plan or registry of suffixes knows it."""
    PLAUSIBLE = "plausible"
    """It has the form, and nothing in it could be checked, or its country is a guess."""
    INVALID = "invalid"
    """It is called one, and its check digits are wrong: kept, because people mistype and disguise."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier at one place."""

    type: Type
    scheme: str
    """Which sort of its type: ``br_cnpj``, ``iban``, ``BR`` for a phone number; empty when there is one sort."""
    raw: str
    """``text[start:end]``, nothing changed."""
    normalised: str
    """The form to compare by: E.164, the registrable domain in ASCII, digits without dots."""
    validity: Validity
    start: int
    end: int
    """Offsets in characters (Unicode code points) of the text given."""

    @property
    def kind(self) -> str:
        """As linking names it: ``registration:br_cnpj``, ``phone``."""
        if self.scheme and self.type in (Type.REGISTRATION, Type.PAYMENT, Type.ANALYTICS):
            return f"{self.type}:{self.scheme}"
        return self.type.value
