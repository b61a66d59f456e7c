"""Handlers for what the search for campaigns has found."""

from tidegate.campaigns.finding import Kind
from tidegate.node.api.exchange import Call, Refusal, Reply, in_json
from tidegate.node.api.messages import (
    MOST_MEMBERS,
    CampaignKind,
    CampaignOfAccount,
    CampaignsAsked,
    CampaignShown,
    CampaignSummaries,
    CampaignSummary,
    Fact,
    Member,
    Tie,
    Victim,
    word_of,
)
from tidegate.node.api.services import Services
from tidegate.node.campaign_table import CampaignKept, Membership
from tidegate.statements.decision import rfc3339
from tidegate.statements.statement import pseudonym_shown

WHY = "campaign {id}"
"""What is written down about looking up its members."""
KINDS: dict[Kind, CampaignKind] = {Kind.SENDERS: "senders", Kind.REPORTERS: "reporters"}


async def list_campaigns(services: Services, call: Call) -> Reply:
    """``GET /v1/campaigns``."""
    asked: CampaignsAsked = call.query
    found = await services.aside(services.node.campaigns.page, asked.before, asked.limit)
    last = found[-1].number if len(found) == asked.limit else 0
    return in_json(CampaignSummaries([_summary(kept) for kept in found], last))


async def show_campaign(services: Services, call: Call) -> Reply:
    """``GET /v1/campaigns/{id}``."""
    shown = await services.aside(_shown, services, int(call.parameters["id"], 16), call.who)
    if shown is None:
        raise Refusal(
            404, "unknown_campaign", "there is no such campaign, or it was forgotten or joined to another"
        )
    return in_json(shown)


def membership_of(found: Membership | None) -> CampaignOfAccount | None:
    """An account's campaign as its page names it."""
    if found is None:
        return None
    campaign = found.campaign
    return CampaignOfAccount(
        id=pseudonym_shown(campaign.id),
        kind=KINDS[campaign.kind],
        members=campaign.members,
        found=rfc3339(found.found_s) or "",
        score=found.score,
    )


def _shown(services: Services, identifier: int, who: str) -> CampaignShown | None:
    node = services.node
    campaign = node.campaigns.one(identifier)
    if campaign is None:
        return None
    members, victims = node.campaigns.members(identifier, MOST_MEMBERS)
    at = {member.place: index for index, member in enumerate(members) if member.place >= 0}
    keys = [one.key for one in (*members, *victims)]
    names = node.vault.look_up(
        keys, who=who, why=WHY.format(id=pseudonym_shown(identifier)), now_s=services.now_s()
    )
    return CampaignShown(
        campaign=_summary(campaign),
        facts=[Fact(fact.signal, fact.text, fact.members, fact.honest_share) for fact in campaign.facts],
        members=[
            Member(
                account=names.get(member.key) or pseudonym_shown(member.key),
                score=member.score,
                found=rfc3339(member.found_s) or "",
                last_seen=member.place >= 0,
                enforced=word_of(node.ledger.enforced_rung(member.key)),
            )
            for member in members
        ],
        victims=[Victim(names.get(one.key) or pseudonym_shown(one.key), one.score) for one in victims],
        ties=[
            Tie(at[one], at[other], nats)
            for one, other, nats in node.campaigns.links(identifier)
            if one in at and other in at
        ],
    )


def _summary(kept: CampaignKept) -> CampaignSummary:
    return CampaignSummary(
        id=pseudonym_shown(kept.id),
        kind=KINDS[kept.kind],
        found=rfc3339(kept.first_s) or "",
        grown=rfc3339(kept.last_s) or "",
        members=kept.members,
        score=kept.score,
        q_value=kept.q_value,
        reason=kept.reason,
    )
