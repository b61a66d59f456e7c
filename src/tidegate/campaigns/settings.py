"""Limits and thresholds of the search."""

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Limits and thresholds."""

    window_s: float = 14 * DAY_S
    """What lies further back is forgotten."""
    every_s: float = 300.0
    """Between passes, by the log's own time."""
    refresh_s: float = 3 * 3_600.0
    """Everybody is looked at anew after so long: silence grows without any event."""
    forget_every_s: float = DAY_S
    least_contacts: int = 1
    least_conduct: float = 0.05
    """Nats from which on an account is compared at all: one stranger stays silent for a quarter of an hour."""
    least_members: int = 5
    least_ties: int = 2
    """Of a member to others of its group."""
    false_discovery_rate: float = 1e-3
    most_candidates: int = 20_000
    """Compared with each other: those whom strangers shun most."""
    everybody_up_to: int = 60_000
    """So many pairs are compared without asking whether they have anything in common."""
    most_pairs: int = 400_000
    """Compared in one pass."""
    most_ties: int = 32
    """Kept of an account: its strongest."""
    most_bystanders: int = 1_500
    """Looked at for one group: those that share most with it."""
    complaints: int = 1 << 20
    """The latest that are remembered."""
    least_reporters: int = 8
    """Who complain about one account before they are looked at together."""
    most_reporters: int = 1_000
    """Looked at for one account: the latest."""
    ordinary_pairs: int = 4_000
    """Of ordinary accounts, drawn to see how common likeness is in this log."""
