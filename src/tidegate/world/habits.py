"""The habits of one world, drawn from its seed so that a model of many worlds leans on none of them."""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, slots=True)
class Habits:
    """Numbers that hold for a whole world. Ranges are in ``RANGES``; rates are per person."""

    sessions_per_day: float
    """Conversations that a typical person begins in a day."""
    activity_sigma: float
    """Spread between people, of the logarithm of the above."""
    messages_mu: float
    """Logarithm of the typical number of messages in a conversation."""
    contacts_median: float
    """Contacts a typical person has."""
    tie_decay: float
    """Exponent with which ties weaken by rank: larger means fewer and stronger ties."""
    alternation: float
    """Probability that the next message comes from the other side."""
    reply_latency_s: float
    """Median time to the first answer in a conversation among acquaintances."""
    one_sided_ties: float
    """Share of weak ties that are never answered."""
    stranger_rate: float
    """Strangers written to in a week (wrong numbers, classified ads, friends of friends)."""
    stranger_reply: float
    group_rate: float
    """Groups for each person."""
    group_sessions: float
    """Bursts in a group in a day."""
    typing: float
    """Typing notices for each message of a typical person."""
    receipts: float
    """Share of people who send read receipts."""
    newcomers: float
    """Share of accounts that sign up inside a 30-day log."""
    carrier_nat: float
    """Share of people whose mobile network is one address for thousands."""
    mobile_share: float
    stranger_block: float
    """Probability that an honest stranger is blocked; reports are a third of it."""
    complaint_scale: float
    """Factor on the complaints that attackers draw."""
    reply_scale: float
    """Factor on the answers that attackers draw."""
    holiday: float
    """Share of people who greet on the holiday; 0 when the log has none."""
    import_share: float
    """Share of newcomers who import their contacts."""
    utc_offset_h: float
    """The time zone most people live in."""


RANGES: dict[str, tuple[float, float]] = {
    "sessions_per_day": (0.2, 0.42),
    "activity_sigma": (1.1, 1.4),
    "messages_mu": (0.5, 0.9),
    "contacts_median": (14.0, 28.0),
    "tie_decay": (1.6, 2.3),
    "alternation": (0.7, 0.82),
    "reply_latency_s": (400.0, 3_000.0),
    "one_sided_ties": (0.06, 0.25),
    "stranger_rate": (0.08, 0.4),
    "stranger_reply": (0.35, 0.7),
    "group_rate": (0.25, 0.6),
    "group_sessions": (0.5, 1.3),
    "typing": (0.8, 0.97),
    "receipts": (0.6, 0.95),
    "newcomers": (0.02, 0.08),
    "carrier_nat": (0.1, 0.5),
    "mobile_share": (0.15, 0.45),
    "stranger_block": (0.0005, 0.03),
    "complaint_scale": (0.5, 1.5),
    "reply_scale": (0.6, 1.5),
    "holiday": (-0.25, 0.35),
    "import_share": (0.2, 1.0),
    "utc_offset_h": (-8.0, 10.0),
}


OPEN_RANGES: dict[str, tuple[float, float]] = RANGES | {
    "contacts_median": (14.0, 60.0),
    "tie_decay": (1.0, 1.8),
    "reply_latency_s": (2_000.0, 60_000.0),
    "one_sided_ties": (0.2, 0.65),
    "stranger_rate": (0.5, 6.0),
    "stranger_reply": (0.1, 0.5),
    "messages_mu": (-0.3, 0.5),
}
"""Where people meet by writing to each other, as on a campus network or by e-mail: many strangers, half of
them silent (CollegeMsg: 47 % of ties ever answered, a first answer after 3.9 hours)."""


def draw_habits(rng: np.random.Generator, randomised: bool, open_society: bool) -> Habits:
    """Habits for a world: uniform in each range, or the middle of each when not randomised."""
    ranges = OPEN_RANGES if open_society else RANGES
    drawn = {
        field.name: float(rng.uniform(*ranges[field.name])) if randomised else sum(ranges[field.name]) / 2.0
        for field in fields(Habits)
    }
    return Habits(**drawn)
