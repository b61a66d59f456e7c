"""A token beside the name of the authority that made it, as case files keep them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A time stamp that was had for something."""

    token: bytes
    """The raw answer."""
    authority: str
    """Name in the case file's list of authorities."""
    at: str
    """Moment that was read from it when it came."""


@dataclass(frozen=True, slots=True)
class NamedAuthority:
    """Whose stamps are in a case file."""

    name: str
    roots_pem: bytes
