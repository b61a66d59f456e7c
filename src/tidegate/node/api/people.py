"""Handlers for people and their tools: accounts, rulings, the policy, erasure."""

from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node.api.campaigns import membership_of
from tidegate.node.api.exchange import Call, Refusal, Reply, in_json
from tidegate.node.api.messages import Account, Carried, RulingAsked, word_of
from tidegate.node.api.reasons import decision_of
from tidegate.node.api.routing import decoded
from tidegate.node.api.services import Services
from tidegate.node.requests import Erasure, PolicyChange, Ruling
from tidegate.statements.decision import DecisionShown, rfc3339

TOML = b"application/toml"


async def show_account(services: Services, call: Call) -> Reply:
    """``GET /v1/accounts/{id}``."""
    name = call.parameters["id"]
    shown = await services.aside(services.node.account, name)
    if shown is None:
        raise Refusal(404, "unknown_account", f"this node has never heard of the account {name!r}")
    decisions = shown.decisions
    account = Account(
        account=shown.account,
        pseudonym=shown.pseudonym,
        known=shown.known,
        rung=word_of(shown.rung),
        until=rfc3339(shown.until_s),
        enforced=word_of(shown.enforced),
        statement=_statement(decisions[0]) if decisions and shown.rung is not Rung.ALLOW else "",
        campaign=membership_of(shown.membership),
        decisions=[decision_of(decision) for decision in decisions],
    )
    return in_json(account)


def _statement(decision: DecisionShown) -> str:
    return "; ".join(reason.text for reason in decision.reasons)


async def rule(services: Services, call: Call) -> Reply:
    """``POST /v1/rulings``."""
    asked: RulingAsked = decoded(call.body, RulingAsked)
    ruling = Ruling(
        asked.account,
        asked.finding,
        asked.by or call.who,
        asked.note,
        rung=RUNGS[asked.rung] if asked.rung else None,
        duration_s=asked.duration_s,
        label_only=asked.label_only,
    )
    done = await services.carry_out(ruling)
    return in_json(Carried(done.sequence, done.details))


async def erase(services: Services, call: Call) -> Reply:
    """``DELETE /v1/accounts/{id}``."""
    done = await services.carry_out(Erasure(call.parameters["id"], call.who))
    return in_json(Carried(done.sequence, done.details))


async def show_policy(services: Services, call: Call) -> Reply:
    """``GET /v1/policy``."""
    return Reply(services.node.policy_text.encode(), media_type=TOML)


async def put_policy(services: Services, call: Call) -> Reply:
    """``PUT /v1/policy``."""
    try:
        text = call.body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, "bad_body", f"the policy is not UTF-8 (byte {error.start})") from None
    done = await services.carry_out(PolicyChange(text))
    return in_json(Carried(done.sequence, done.details))
