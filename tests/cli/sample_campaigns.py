"""Campaigns to look at and to test with, made up: a fleet of senders and a ring of reporters."""

from random import Random

from sample_findings import DAY, HOUR, START, decision

from tidegate.campaigns.finding import Kind, Link, SharedFact
from tidegate.cli.campaign_findings import CampaignShown, MemberShown, VictimShown
from tidegate.cli.shared_things import Shared


def fleet(members: int = 24, seed: int = 1, name: str = "f") -> CampaignShown:
    """Signs up one after another, writes to five strangers a day, is found on the second day and locked."""
    random = Random(seed)
    found = START + 2.4 * DAY
    shown = []
    for i in range(members):
        signed_up = START + i * 0.3 * HOUR
        acts = sorted(signed_up + HOUR + random.uniform(0.0, 4 * DAY) for _ in range(20))
        locked = decision(f"{name}{i}", "lock", found, until=found + DAY, stage="campaign")
        acted = (locked,) if i % 4 else ()
        rung = "lock" if acted else "allow"
        shown.append(MemberShown(f"{name}{i}", 0.9, found, True, rung, acted, signed_up, tuple(acts)))
    links = tuple(Link(i, (i + step) % members, 12.0 + step) for i in range(members) for step in (1, 2, 5))
    facts = (
        SharedFact("network", f"{members} of {members} were seen on the same network", members, 0.003),
        SharedFact(
            "pace", f"{members - 2} of {members} write to strangers at the same pace", members - 2, 0.12
        ),
        SharedFact(
            "region", f"{members} of {members} wrote to people of the same circle", members, float("nan")
        ),
    )
    halves = (tuple(range(members // 2)), tuple(range(members // 2, members)))
    shared = (
        Shared("network", halves[0]),
        Shared("device", halves[1][:3]),
        Shared("number range", halves[1]),
    )
    return CampaignShown(
        "00000000000000f1", Kind.SENDERS, found, tuple(shown), 0.9, 1e-9,
        f"{members} accounts act together.", facts, links, shared,
    )  # fmt: skip


def ring(members: int = 14) -> CampaignShown:
    """Complains about one account within two hours."""
    found = START + DAY
    shown = tuple(
        MemberShown(f"r{i}", 0.95, found, True, "allow", (), START, (found - 2 * HOUR + 400.0 * i,))
        for i in range(members)
    )
    links = tuple(Link(i, (i + 1) % members, 15.0) for i in range(members))
    fact = SharedFact("device", f"{members} of {members} were seen on the same device", members, 0.0)
    return CampaignShown(
        "00000000000000f2", Kind.REPORTERS, found, shown, 0.95, 1e-6,
        f"{members} accounts complain together.", (fact,), links, (), (VictimShown("victim", 0.93, "allow"),),
    )  # fmt: skip
