"""From what a search found to what a person is shown and what is written to files."""

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.campaigns.finding import Kind
from tidegate.cli.campaign_findings import CampaignShown, MemberShown, VictimShown
from tidegate.cli.campaign_watch import CampaignWatch, Found
from tidegate.cli.findings import SEVERITY
from tidegate.cli.timelines import Timelines
from tidegate.events.columns import Reason
from tidegate.statements.decision import DecisionShown, rfc3339
from tidegate.statements.statement import pseudonym_shown

PICTURED_AT_MOST, MEMBERS_PICTURED = 20, 60
"""Campaigns with a picture in the report, and members drawn in each."""
KIND_WORDS = {Kind.SENDERS: "senders", Kind.REPORTERS: "reporters"}


Standing = Sequence[tuple[Found, Sequence[int]]]
"""Campaigns with the pseudonyms of their members (:meth:`CampaignWatch.standing`)."""


def pictured_members(standing: Standing) -> list[int]:
    """Pseudonyms of the members whose deeds the report draws."""
    return [key for _, keys in standing[:PICTURED_AT_MOST] for key in keys[:MEMBERS_PICTURED]]


def campaigns_shown(
    standing: Standing,
    names: Mapping[int, str],
    acted: Mapping[int, list[DecisionShown]],
    timelines: Timelines | None,
) -> list[CampaignShown]:
    """In words and by name; ``acted``: decisions of each account ever acted on, ``timelines`` of pictured members."""
    return [
        _shown(found, keys, names, acted, timelines if place < PICTURED_AT_MOST else None)
        for place, (found, keys) in enumerate(standing)
    ]


def _shown(
    found: Found,
    keys: Sequence[int],
    names: Mapping[int, str],
    acted: Mapping[int, list[DecisionShown]],
    timelines: Timelines | None,
) -> CampaignShown:
    campaign = found.campaign
    deeds = "first_contact" if campaign.kind is Kind.SENDERS else "complaint"
    members = []
    for place, key in enumerate(keys):
        signed_up: tuple[float, ...] = ()
        acts: tuple[float, ...] = ()
        if timelines is not None and place < MEMBERS_PICTURED:
            life = timelines.of(key)
            signed_up, acts = life.times("sign_up"), life.times(deeds)
        members.append(
            MemberShown(
                names.get(key) or pseudonym_shown(key),
                found.scores[key],
                found.member_since_s[key],
                place < len(campaign.members),
                _strongest(acted.get(key, ())),
                tuple(acted.get(key, ())),
                signed_up[0] if signed_up else None,
                acts,
            )
        )
    return CampaignShown(
        pseudonym_shown(campaign.id),
        campaign.kind,
        found.first_s,
        tuple(members),
        campaign.score,
        campaign.q_value,
        campaign.reason,
        campaign.facts,
        campaign.links,
        found.shared,
        tuple(
            VictimShown(
                names.get(key) or pseudonym_shown(key),
                share,
                _strongest(acted.get(key, ())),
            )
            for key, share in zip(campaign.victims.tolist(), campaign.victim_shares.tolist(), strict=True)
        ),
    )


def _strongest(decisions: Sequence[DecisionShown]) -> str:
    return max((decision.rung for decision in decisions), key=SEVERITY.__getitem__, default="allow")


def campaign_record(campaign: CampaignShown) -> dict[str, Any]:
    """One object of ``campaigns.json``."""
    return {
        "id": campaign.id,
        "kind": KIND_WORDS[campaign.kind],
        "found": rfc3339(campaign.found_s),
        "score": round(campaign.score, 6),
        "q_value": campaign.q_value,
        "reason": campaign.reason,
        "facts": [
            {
                "signal": fact.signal,
                "text": fact.text,
                "members": fact.members,
                "honest_share": fact.honest_share if fact.honest_share == fact.honest_share else None,
            }
            for fact in campaign.facts
        ],
        "members": [
            {
                "account": member.account,
                "score": round(member.score, 6),
                "found": rfc3339(member.found_s),
                "last_seen": member.last_seen,
                "rung": member.strongest,
            }
            for member in campaign.members
        ],
        "victims": [
            {"account": victim.account, "share": round(victim.share, 6), "rung": victim.strongest}
            for victim in campaign.victims
        ],
    }


def event_records(watch: CampaignWatch, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """The findings as lines of a log (docs/log-format.md), by the log's own names."""
    return [
        {
            "time": rfc3339(float(event["time"])),
            "type": "campaign",
            "actor": names.get(int(event["actor"])) or pseudonym_shown(int(event["actor"])),
            "chat": pseudonym_shown(int(event["chat"])),
            "members": int(event["members"]),
            "size": int(event["size"]),
            "reason": Reason(event["reason"]).name.lower(),
        }
        for events in watch.told_events
        for event in events
    ]
