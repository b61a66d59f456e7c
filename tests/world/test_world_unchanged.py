"""Worlds that ask for neither crowds nor fleets are, byte for byte, those the shipped model was trained on."""

import hashlib
import math

import numpy as np
import pytest
from world_observed import first_contacts

from tidegate.world import FAMILIES, World, WorldSettings, simulate
from tidegate.world.accounts import HONEST_ROLES, ROLES

ARITHMETIC = "7ccd849ee40e8bc7"
"""What :func:`_arithmetic` gave where the digests below were taken, before there were crowds and fleets."""

DIGESTS = {
    "bb66707b305fa803f7d2f0d5906d91271dde73f2791ca817b7b5ae7eaa7c0afd": WorldSettings(
        people=300, days=4, seed=9
    ),
    "4d157fdf9c4e2a1a886b910d5ae4007f7c5a38f6d57c0ef6a4f1d9d6f04b07a7": WorldSettings(
        people=400, days=6, seed=2, open_society=True, attacker_share=0.12, prelude=True
    ),
    "5cdaa130e164926b746df94f6bcc982241b9d3b2911060109a3f6b95593828af": WorldSettings(
        people=250, days=3, seed=5, attackers={}, randomised=False
    ),
    "f5272c43e5bbea6ae70b375aaf946029d677016a71f4313cbd09f73166c0566e": WorldSettings(
        people=600, days=10, seed=7, attacker_share=0.1
    ),
}


def _arithmetic() -> str:
    """How this machine's libraries round: a last bit that differs may move an event by a millisecond."""
    rng = np.random.default_rng(7)
    x = rng.uniform(0.01, 20.0, 4_000)
    parts = [np.exp(x), np.log(x), np.sqrt(x), x**-1.15, x.astype(np.float32) ** np.float32(0.6)]
    parts += [rng.standard_normal(2_000), rng.standard_exponential(2_000), rng.gamma(2.0, 0.5, 2_000)]
    parts += [rng.beta(1.2, 3.0, 2_000), rng.laplace(0.0, 45.0, 2_000), rng.dirichlet(np.full(5, 2.0))]
    parts += [rng.poisson(x), rng.geometric(0.45, 2_000), rng.permutation(2_000)]
    parts += [np.array([math.exp(v) for v in x[:500]]), np.array([math.pow(v, -0.15) for v in x[:500]])]
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()[:16]


def _digest(world: World) -> str:
    digest = hashlib.sha256()
    for name in sorted(world.columns):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(world.columns[name]).tobytes())
    who = world.who
    for array in (world.names, world.addresses, who.phone, who.signup[: len(who)], who.attack_start):
        digest.update(np.ascontiguousarray(array).tobytes())
    table = world.accounts
    rows = zip(table.role, table.family, table.stratum, table.campaign, strict=True)
    digest.update("\n".join(",".join(row) for row in rows).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("digest", DIGESTS)
def test_a_world_without_crowds_is_byte_for_byte_what_it_was(digest: str) -> None:
    if _arithmetic() != ARITHMETIC:
        pytest.skip("this machine rounds otherwise than the one where the digests were taken")
    assert _digest(simulate(DIGESTS[digest])) == digest


def test_no_older_role_has_another_code() -> None:
    assert ROLES[: len(HONEST_ROLES) + len(FAMILIES)] == HONEST_ROLES + tuple(FAMILIES)


def test_crowds_leave_other_people_their_messages() -> None:
    """All but a few: who is added to a new group of a teacher depends on who has signed up by then."""
    settings = {"people": 900, "days": 5, "seed": 9, "attackers": {}}
    alone = simulate(WorldSettings(**settings))  # type: ignore[arg-type]
    joined = simulate(WorldSettings(**settings, crowds={"school": 1, "couriers": 2, "chain": 1}))  # type: ignore[arg-type]
    outside = joined.accounts.crowd < 0
    assert np.array_equal(alone.accounts.role[outside], joined.accounts.role[outside])

    def among_others(world: World) -> set[tuple[float, int, int]]:
        time, sender, receiver = first_contacts(world)
        real = receiver < len(outside)
        time, sender, receiver = time[real], sender[real], receiver[real]
        kept = outside[sender] & outside[receiver]
        return set(zip(time[kept].tolist(), sender[kept].tolist(), receiver[kept].tolist(), strict=True))

    before, after = among_others(alone), among_others(joined)
    assert len(before & after) / len(before | after) > 0.9
