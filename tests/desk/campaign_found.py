"""A campaign as the node's search tells it, taken by the node like any other."""

from typing import Any

import numpy as np

from tidegate.events.columns import EVENT, EventType
from tidegate.node.campaign_found import CampaignFound, FactFound, InfrastructureFound
from tidegate.node.requests import Tick

SENDERS, REPORTERS = 1, 2


def told(
    beside: Any,
    number: int,
    names: list[str],
    *,
    kind: int = SENDERS,
    victims: tuple[str, ...] = (),
    infrastructure: tuple[InfrastructureFound, ...] = (),
) -> list[int]:
    """The keys of its members, which the node has heard of."""
    members = [beside.key(name) for name in names]
    events = np.zeros(len(members), EVENT)
    events["type"], events["actor"], events["chat"] = EventType.CAMPAIGN, members, number
    # Size and members carry strength and number as the search writes them.
    events["time"], events["size"], events["members"] = beside.link.now_s() - 60.0, 100, len(members)
    finding = CampaignFound(
        id=number,
        kind=kind,
        found_s=beside.link.now_s() - 60.0,
        members=members,
        scores=[0.9 - 0.01 * place for place in range(len(members))],
        victims=[beside.key(name) for name in victims],
        victim_shares=[0.8] * len(victims),
        score=0.84,
        q_value=1e-9,
        reason=f"{len(members)} accounts write to new people at the same pace.",
        facts=[
            FactFound("pace", "write to a new person every minute", len(members), 0.004),
            FactFound("network", "use one network", len(members) - 1, None),
        ],
        links=[(at, (at + step) % len(members), 5.0 / step) for at in range(len(members)) for step in (1, 2)],
        told=events.tobytes(),
        infrastructure=list(infrastructure),
    )
    beside.node._searching._heard.put(finding)
    beside.take([Tick(), Tick()])
    assert beside.link.campaigns.one(number) is not None
    return members
