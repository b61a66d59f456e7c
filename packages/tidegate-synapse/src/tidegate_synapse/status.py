"""What the module is doing, for an operator: Prometheus metrics beside Synapse's own, and one page for admins."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from synapse.http.server import DirectServeJsonResource, respond_with_json
from synapse.module_api.errors import SynapseError

from tidegate_synapse.backlog import Backlog
from tidegate_synapse.host import Host
from tidegate_synapse.link import Link
from tidegate_synapse.rooms import Rooms
from tidegate_synapse.standing import Standings

STATUS_PATH = "/_synapse/client/tidegate/status"


class Status:
    """One reading of everything that is counted."""

    def __init__(self, host: Host, backlog: Backlog, link: Link, rooms: Rooms, standings: Standings) -> None:
        self._host, self._backlog, self._link = host, backlog, link
        self._rooms, self._standings = rooms, standings

    def register(self) -> None:
        """Offer the page and the metrics."""
        api = self._host.api
        self._host.capabilities.official(
            "status page",
            f"GET {STATUS_PATH} for admins",
            "register_web_resource",
            lambda: api.register_web_resource(STATUS_PATH, _Page(self._host, self)),
        )
        self._host.capabilities.official(
            "metrics",
            "tidegate_* in Synapse's metrics",
            "prometheus_client",
            lambda: REGISTRY.register(self),
        )

    def gauges(self) -> dict[str, float]:
        """What is now."""
        return {
            "node_reachable": float(self._link.reachable),
            "standing_known": float(self._link.standing_known),
            "backlog_lines": float(len(self._backlog)),
            "restricted_accounts": float(len(self._standings)),
            "rooms_remembered": float(len(self._rooms)),
        }

    def counters(self) -> dict[str, int]:
        """What has happened since Synapse started."""
        return {
            "lines_sent": self._link.sent,
            "lines_rejected": self._link.rejected,
            "lines_refused": self._link.refused,
            "lines_duplicate": self._link.duplicates,
            "lines_dropped": self._backlog.dropped,
        }

    def page(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "capabilities": [
                {
                    "name": row.name,
                    "meaning": row.meaning,
                    "kind": row.kind,
                    "on": row.on,
                    "why_not": row.why_not,
                }
                for row in self._host.capabilities.rows
            ],
            "counts": self.counters() | dict(self._host.counts),
            **self.gauges(),
        }

    def collect(self) -> Iterator[Metric]:
        """Prometheus asks."""
        server = self._host.server_name
        capability = GaugeMetricFamily(
            "tidegate_capability", "Whether a capability is on", labels=["server_name", "capability", "kind"]
        )
        for row in self._host.capabilities.rows:
            capability.add_metric([server, row.name, row.kind], float(row.on))
        yield capability
        for name, value in self.gauges().items():
            gauge = GaugeMetricFamily(f"tidegate_{name}", name.replace("_", " "), labels=["server_name"])
            gauge.add_metric([server], value)
            yield gauge
        for name, count in self.counters().items():
            counter = CounterMetricFamily(f"tidegate_{name}", name.replace("_", " "), labels=["server_name"])
            counter.add_metric([server], count)
            yield counter
        events = CounterMetricFamily(
            "tidegate_events", "Refusals, measures, failures, losses", labels=["server_name", "event"]
        )
        for name, count in sorted(self._host.counts.items()):
            events.add_metric([server, name], count)
        yield events


class _Page(DirectServeJsonResource):
    def __init__(self, host: Host, status: Status) -> None:
        super().__init__(clock=host.hs.get_clock())
        self._host, self._status = host, status

    async def _async_render_GET(self, request: Any) -> None:  # noqa: N802 -- Synapse's name
        requester = await self._host.api.get_user_by_req(request)
        if not await self._host.api.is_user_admin(requester.user.to_string()):
            raise SynapseError(HTTPStatus.FORBIDDEN, "You are not a server admin", "M_FORBIDDEN")
        respond_with_json(request, HTTPStatus.OK, self._status.page(), send_cors=True)
