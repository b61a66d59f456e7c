"""What an account is like at the moment, in a few lines for a person."""

import math
from collections.abc import Mapping

from tidegate.engine.policy.units import describe_value

_LINES = (
    ("Signed up", "account_age", "{} ago"),
    ("First seen", "known_for", "{} ago"),
    ("Messages", "sent_14d", "{} in about the last fortnight"),
    ("First contacts", "distinct_strangers", "{} people"),
    ("Answered", "reply_rate_14d", "{} of new contacts wrote back"),
    ("Blocks", "blocks_14d", "{} in about the last fortnight"),
    ("Reports", "reports_14d", "{} in about the last fortnight"),
)


def facts_of(row: Mapping[str, float | None] | None) -> list[tuple[str, str]]:
    """``(name, words)`` of what is known. ``row``: as the node measures it now; None: it does not know the account."""
    found = []
    for name, feature, words in _LINES:
        value = (row or {}).get(feature)
        if value is not None and math.isfinite(value):
            found.append((name, words.format(describe_value(feature, value))))
    return found
