"""Handlers for whoever watches a node: health, metrics, the description of the API."""

import asyncio
from typing import Any

from tidegate.node.api.deliveries import word_of_reason
from tidegate.node.api.exchange import Call, Reply, in_json
from tidegate.node.api.exposition import MEDIA_TYPE
from tidegate.node.api.messages import Health
from tidegate.node.api.services import Services
from tidegate.node.requests import StorageError

HEALTH_S = 5.0
"""Whoever asks for health gives up soon; an answer that comes later is none."""


async def healthz(services: Services, call: Call) -> Reply:
    """``GET /healthz``."""
    found: dict[str, Any] = {"troubles": [], "notes": [], "campaigns": "not known now"}
    try:
        async with asyncio.timeout(HEALTH_S):
            found = await services.aside(services.node.health)
    except TimeoutError:
        found["troubles"] = [f"the node could not be looked at within {HEALTH_S:.0f} s"]
    except StorageError as error:
        found["troubles"] = [str(error)]
    troubles = list(found["troubles"])
    if services.coalescer.fault is not None:
        troubles.append(
            "a fault stopped the node; its log tells which, and a restart recovers from the journal"
        )
    notes, campaigns = list(found["notes"]), found["campaigns"]
    if not len(services.tokens):
        notes.append("there are no tokens yet, so nobody can use this node: `tidegate token add` makes one")
    if troubles:
        return in_json(Health("failing", troubles, notes, campaigns), 503)
    return in_json(Health("degraded" if notes else "ok", [], notes, campaigns))


async def metrics(services: Services, call: Call) -> Reply:
    """``GET /metrics``."""
    node = services.node
    figures = await services.aside(node.figures)
    rejected = {word_of_reason(reason): count for reason, count in node.rejected_by_reason.items()}
    page = services.meters.page(figures, rejected, services.admission, services.pollers.waiting)
    return Reply(page, media_type=MEDIA_TYPE)


async def openapi(services: Services, call: Call) -> Reply:
    """``GET /openapi.json``."""
    return Reply(services.description)
