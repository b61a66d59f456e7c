"""How much an identifier that two records share says about their being of one hand.

Points add up; from :data:`LINK_FROM` on, a link is proposed. They were set by judgment and tried on generated records
of other seeds than those the results are of.
"""

import math
from dataclasses import dataclass

LINK_FROM = 3.0
"""Points from which a link is proposed."""
RELATED_FROM = 4.0
"""Points of identifiers alone from which two entities with different names are brought to a person's notice."""
SECOND_OF_A_KIND = 0.5
"""What further identifiers of the same kind count: they often come together."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of identifier."""

    points: float
    hub_from: int
    """Names of so many different owners beside it make it a hub, which links nobody."""
    exclusive: bool = False
    """A company has one: two different ones are two companies."""


KINDS: dict[str, Kind] = {
    "registration": Kind(7.0, 24, exclusive=True),
    "payment": Kind(6.0, 8),
    "phone": Kind(4.0, 8),
    "email": Kind(4.0, 8),
    "chat_link": Kind(4.0, 8),
    "device": Kind(4.0, 8),
    "analytics": Kind(3.5, 6),
    "domain": Kind(3.0, 8),
    "handle": Kind(3.0, 6),
    "address": Kind(2.0, 6),
    "network": Kind(1.0, 6),
}
OTHER = Kind(2.0, 6)
"""A kind that the table does not know."""
UNSUSPICIOUS = 3
"""Owners up to this many take nothing from an identifier: a brand and its company."""


def kind_of(name: str) -> Kind:
    """By the word before the colon."""
    return KINDS.get(name.partition(":")[0], OTHER)


def points_of(name: str, owners: int) -> float:
    """Points of a shared identifier with so many differently named owners; 0.0 for a hub."""
    kind = kind_of(name)
    if owners >= kind.hub_from:
        return 0.0
    if owners <= UNSUSPICIOUS:
        return kind.points
    return kind.points * (1 - math.log(owners / UNSUSPICIOUS) / math.log(kind.hub_from / UNSUSPICIOUS))
