"""Handlers for the messenger's side: what to carry out, what became of it, and what people do when it fails."""

from tidegate.engine.rungs import RUNGS
from tidegate.node import outbox
from tidegate.node.api.exchange import Call, Refusal, Reply, in_json
from tidegate.node.api.messages import (
    Action,
    Actions,
    ActionsAsked,
    Breaker,
    Breakers,
    Carried,
    Confirmed,
    DeadAsked,
    DeadLetter,
    DeadLetters,
    ProofAsked,
    ResetAsked,
    ResultsAsked,
    Retried,
    Standing,
    Standings,
    WasReset,
    word_of,
)
from tidegate.node.api.reasons import reasons_of
from tidegate.node.api.routing import decoded
from tidegate.node.api.services import Services
from tidegate.node.breaker import BreakerShown
from tidegate.node.requests import Proof
from tidegate.statements.decision import rfc3339


async def due_actions(services: Services, call: Call) -> Reply:
    """``GET /v1/actions``: waits until something is due."""
    asked: ActionsAsked = call.query
    due = await services.pollers.wait(asked.limit, asked.wait, call.receive)
    return in_json(Actions([_action(action) for action in due]))


async def confirm(services: Services, call: Call) -> Reply:
    """``POST /v1/actions/confirm``."""
    asked: ResultsAsked = decoded(call.body, ResultsAsked)
    results = [outbox.Result(one.id, one.done, one.error, one.permanent) for one in asked.results]
    said = await services.aside(services.node.outbox.confirm, results, services.now_s())
    return in_json(Confirmed(said.confirmed, said.unknown, said.dead))


async def standing(services: Services, call: Call) -> Reply:
    """``GET /v1/standing``."""

    def page() -> Reply:
        found = services.node.outbox.standing()
        return in_json(
            Standings(
                [Standing(one.account, word_of(one.rung), rfc3339(one.until_s), one.notice) for one in found]
            )
        )

    return await services.aside(page)


async def dead_letters(services: Services, call: Call) -> Reply:
    """``GET /v1/actions/dead``."""
    asked: DeadAsked = call.query
    found = await services.aside(services.node.outbox.dead, asked.after, asked.limit)
    last = found[-1].number if found else asked.after
    return in_json(DeadLetters([_dead_letter(one) for one in found], last))


async def retry(services: Services, call: Call) -> Reply:
    """``POST /v1/actions/{id}/retry``."""
    identifier = call.parameters["id"]
    if not await services.aside(services.node.outbox.retry, identifier, services.now_s()):
        raise Refusal(
            404, "unknown_action", f"no action {identifier} was given up; /v1/actions/dead lists them"
        )
    return in_json(Retried(identifier))


async def prove(services: Services, call: Call) -> Reply:
    """``POST /v1/proofs``."""
    asked: ProofAsked = decoded(call.body, ProofAsked)
    done = await services.carry_out(Proof(asked.account))
    return in_json(Carried(done.sequence, done.details))


async def breakers(services: Services, call: Call) -> Reply:
    """``GET /v1/breakers``."""
    found = await services.aside(services.node.ledger.breakers)
    return in_json(Breakers([_breaker(one) for one in found]))


async def reset_breaker(services: Services, call: Call) -> Reply:
    """``POST /v1/breakers/{rung}/reset``."""
    asked: ResetAsked = decoded(call.body, ResetAsked)
    rung = RUNGS[call.parameters["rung"]]
    ledger = services.node.ledger
    watched = await services.aside(ledger.breakers)
    if rung not in {shown.rung for shown in watched}:
        raise Refusal(
            404, "unknown_breaker", f"the settings give {rung.word} no expected rate, so it has no breaker"
        )
    count = await services.aside(lambda: ledger.reset_breaker(rung, release=asked.held == "release"))
    return in_json(WasReset(word_of(rung), count))


def _action(action: outbox.Action) -> Action:
    return Action(
        id=action.id,
        account=action.account,
        rung=word_of(action.rung),
        previous=word_of(action.previous),
        until=rfc3339(action.until_s),
        time=rfc3339(action.time_s) or "",
        notice=action.notice,
        reasons=reasons_of(action.reasons),
        attempt=action.attempt,
    )


def _dead_letter(one: outbox.DeadLetter) -> DeadLetter:
    return DeadLetter(
        one.id, one.account, word_of(one.rung), rfc3339(one.time_s) or "", one.attempts, one.error
    )


def _breaker(shown: BreakerShown) -> Breaker:
    opened = shown.opened
    return Breaker(
        rung=word_of(shown.rung),
        open=opened is not None,
        since=rfc3339(opened.since_s) if opened else None,
        held=shown.held,
        last_day=shown.last_day,
        limit=shown.limit,
    )
