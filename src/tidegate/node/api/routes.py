"""Everything that can be asked of a node, in one table. Routing, authorisation and the description all read it."""

from collections.abc import Sequence
from dataclasses import replace

from tidegate.node.api import acting, campaigns, deliveries, monitoring, people
from tidegate.node.api.event_schema import EVENT_EXAMPLE, EVENT_SCHEMA, LINES_EXAMPLE
from tidegate.node.api.messages import (
    Account,
    AccountInPath,
    ActionInPath,
    Actions,
    ActionsAsked,
    Breakers,
    CampaignInPath,
    CampaignsAsked,
    CampaignShown,
    CampaignSummaries,
    Carried,
    Checked,
    Confirmed,
    DeadAsked,
    DeadLetters,
    ErrorBody,
    Health,
    ProofAsked,
    ResetAsked,
    ResultsAsked,
    Retried,
    RulingAsked,
    RungInPath,
    Standings,
    Taken,
    WasReset,
)
from tidegate.node.api.routing import Answered, Body, Header, Route, Routes
from tidegate.node.api.tokens import Scope
from tidegate.node.settings import NodeSettings

_JSON = "application/json"
_FORM_BYTES = 64 << 10
_RESULTS_BYTES = 4 << 20
_POLICY_BYTES = 1 << 20
_UNKNOWN_ACCOUNT = Answered("The node has never heard of this account.", ErrorBody)

_SOURCE = Header(
    "Tidegate-Source",
    "Who sends, when it counts its lines: lines already taken from it are not taken twice.",
    {"type": "string", "pattern": "^[!-~]{1,128}$"},
)
_SEQUENCE = Header(
    "Tidegate-Sequence",
    "Number of the body's first line in that source's own counting, from 1. Needs Tidegate-Source.",
    {"type": "integer", "minimum": 1, "maximum": deliveries.LARGEST_SEQUENCE},
)

_TABLE = (
    Route(
        method="POST",
        path="/v1/events",
        scope=Scope.INGEST,
        handler=deliveries.take_events,
        summary="Hand in events",
        description="Answers when the events are durable. A line that cannot be used is set aside and described; a field "
        "that looks like message content refuses the whole body.",
        headers=(_SOURCE, _SEQUENCE),
        body=Body(
            "application/x-ndjson",
            "JSON Lines, one event a line, as docs/log-format.md describes them.",
            example=LINES_EXAMPLE,
        ),
        answers={200: Answered("They were taken.", Taken)},
        takes=True,
    ),
    Route(
        method="POST",
        path="/v1/check",
        scope=Scope.CHECK,
        handler=deliveries.check,
        summary="Hand in one event and learn where its actor stands after it",
        body=Body(_JSON, "One event.", schema=EVENT_SCHEMA, example=EVENT_EXAMPLE, limit_bytes=_FORM_BYTES),
        answers={200: Answered("It was taken, durably.", Checked)},
        takes=True,
    ),
    Route(
        method="GET",
        path="/v1/accounts/{id}",
        scope=Scope.READ,
        handler=people.show_account,
        summary="Where an account stands, why, and how it came there",
        parameters={"id": AccountInPath},
        answers={200: Answered("What is known of it.", Account), 404: _UNKNOWN_ACCOUNT},
    ),
    Route(
        method="DELETE",
        path="/v1/accounts/{id}",
        scope=Scope.ADMIN,
        handler=people.erase,
        summary="Erase an account",
        description="Forgets its identifier, what the engine remembers of it, its decisions and its events.",
        parameters={"id": AccountInPath},
        answers={200: Answered("It is forgotten.", Carried), 404: _UNKNOWN_ACCOUNT},
        takes=True,
    ),
    Route(
        method="GET",
        path="/v1/campaigns",
        scope=Scope.READ,
        handler=campaigns.list_campaigns,
        summary="Accounts found to act together",
        description="Without names.",
        query=CampaignsAsked,
        answers={200: Answered("Newest first.", CampaignSummaries)},
    ),
    Route(
        method="GET",
        path="/v1/campaigns/{id}",
        scope=Scope.READ,
        handler=campaigns.show_campaign,
        summary="A campaign: who belongs to it, and what they have in common",
        description="That its members were looked up is written down, with the token's name.",
        parameters={"id": CampaignInPath},
        answers={
            200: Answered("What is known of it.", CampaignShown),
            404: Answered("There is no such campaign.", ErrorBody),
        },
    ),
    Route(
        method="GET",
        path="/v1/actions",
        scope=Scope.ACT,
        handler=acting.due_actions,
        summary="Wait for actions to carry out",
        description="Answers as soon as something is due. What is not confirmed comes again.",
        query=ActionsAsked,
        answers={
            200: Answered("What is due, or nothing.", Actions),
            429: Answered("Too many wait already.", ErrorBody),
        },
    ),
    Route(
        method="POST",
        path="/v1/actions/confirm",
        scope=Scope.ACT,
        handler=acting.confirm,
        summary="Say what became of actions",
        body=Body(_JSON, "A result for each action.", ResultsAsked, limit_bytes=_RESULTS_BYTES),
        answers={200: Answered("It is noted.", Confirmed)},
    ),
    Route(
        method="GET",
        path="/v1/actions/dead",
        scope=Scope.ADMIN,
        handler=acting.dead_letters,
        summary="Actions that were given up",
        query=DeadAsked,
        answers={200: Answered("Oldest first.", DeadLetters)},
    ),
    Route(
        method="POST",
        path="/v1/actions/{id}/retry",
        scope=Scope.ADMIN,
        handler=acting.retry,
        summary="Have an action that was given up tried again",
        parameters={"id": ActionInPath},
        answers={
            200: Answered("It is due again.", Retried),
            404: Answered("There is no such dead letter.", ErrorBody),
        },
    ),
    Route(
        method="GET",
        path="/v1/standing",
        scope=Scope.ACT,
        handler=acting.standing,
        summary="All accounts whose enforced rung is above allow",
        answers={200: Answered("All of them.", Standings)},
    ),
    Route(
        method="POST",
        path="/v1/proofs",
        scope=Scope.ACT,
        handler=acting.prove,
        summary="The account holder has passed a challenge",
        body=Body(_JSON, "Who.", ProofAsked, limit_bytes=_FORM_BYTES),
        answers={200: Answered("It counts, durably.", Carried), 404: _UNKNOWN_ACCOUNT},
        takes=True,
    ),
    Route(
        method="POST",
        path="/v1/rulings",
        scope=Scope.ADMIN,
        handler=people.rule,
        summary="A person has decided about an account",
        body=Body(_JSON, "About whom, and what was found.", RulingAsked, limit_bytes=_FORM_BYTES),
        answers={
            200: Answered("It is in effect, durably.", Carried),
            404: _UNKNOWN_ACCOUNT,
            409: Answered(
                "Finding, rung, duration and label contradict one another; nothing has changed.", ErrorBody
            ),
        },
        takes=True,
    ),
    Route(
        method="GET",
        path="/v1/policy",
        scope=Scope.READ,
        handler=people.show_policy,
        summary="The policy in force",
        answers={200: Answered("As it was written.", None, "application/toml")},
    ),
    Route(
        method="PUT",
        path="/v1/policy",
        scope=Scope.ADMIN,
        handler=people.put_policy,
        summary="Put another policy into force",
        body=Body("application/toml", "The policy, whole.", limit_bytes=_POLICY_BYTES),
        answers={
            200: Answered("It decides from now on.", Carried),
            422: Answered("It cannot be used; every error is told, and nothing has changed.", ErrorBody),
        },
        takes=True,
    ),
    Route(
        method="GET",
        path="/v1/breakers",
        scope=Scope.READ,
        handler=acting.breakers,
        summary="The circuit breakers",
        answers={200: Answered("All of them.", Breakers)},
    ),
    Route(
        method="POST",
        path="/v1/breakers/{rung}/reset",
        scope=Scope.ADMIN,
        handler=acting.reset_breaker,
        summary="Close a circuit breaker",
        parameters={"rung": RungInPath},
        body=Body(_JSON, "What to do with the actions it held back.", ResetAsked, limit_bytes=_FORM_BYTES),
        answers={
            200: Answered("It is closed.", WasReset),
            404: Answered("This rung has no breaker.", ErrorBody),
        },
    ),
    Route(
        method="GET",
        path="/healthz",
        scope=None,
        handler=monitoring.healthz,
        summary="Whether the node does its work",
        answers={
            200: Answered("It does; perhaps there is something to look at.", Health),
            503: Answered("It does not, and why.", Health),
        },
    ),
    Route(
        method="GET",
        path="/metrics",
        scope=Scope.READ,
        handler=monitoring.metrics,
        summary="Metrics for Prometheus",
        answers={200: Answered("Text format 0.0.4.", None, "text/plain")},
    ),
    Route(
        method="GET",
        path="/openapi.json",
        scope=None,
        handler=monitoring.openapi,
        summary="This description",
        answers={200: Answered("OpenAPI 3.1.", dict)},
    ),
)


def routes_for(settings: NodeSettings, more: Sequence[Route] = ()) -> Routes:
    """The table as these settings want it, with what other rooms of the node add to it."""
    table = [*_TABLE, *more]
    if settings.listen.metrics_open:
        table = [replace(route, scope=None) if route.path == "/metrics" else route for route in table]
    heads = [replace(route, method="HEAD") for route in table if route.path == "/healthz"]
    return Routes([*table, *heads])
