"""How much is measured of a node."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeSizes:
    """Counts for one run of ``tidegate bench --node``."""

    people: int
    """Of the simulated messenger; attackers come on top."""
    days: int
    """Of its log; the first is not measured."""
    accounts: int
    """Of the synthetic traffic."""
    events: int
    """Of synthetic traffic, a run."""
    checks: int
    """A run as fast as they are answered."""
    steady_s: float
    """Length of a run at a steady rate."""
    connections: int
    messages: int
    """Through a homeserver, a run."""
    large_accounts: int
    tail_events: int
    runs: int
    kills: int


NODE_FULL = NodeSizes(
    people=40_000,
    days=3,
    accounts=200_000,
    events=300_000,
    checks=20_000,
    steady_s=10.0,
    connections=16,
    messages=800,
    large_accounts=10_000_000,
    tail_events=3_000_000,
    runs=3,
    kills=200,
)
NODE_QUICK = NodeSizes(
    people=100,
    days=2,
    accounts=500,
    events=4_000,
    checks=200,
    steady_s=0.2,
    connections=4,
    messages=20,
    large_accounts=2_000,
    tail_events=3_000,
    runs=1,
    kills=3,
)
