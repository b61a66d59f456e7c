"""Accounts that act together: one card a campaign, with the paragraph, what is shared and how rare that is, and two
pictures."""

from html import escape

from tidegate.campaigns.finding import Kind, SharedFact
from tidegate.cli.campaign_findings import CampaignShown, MemberShown
from tidegate.cli.findings import RUNGS, Findings
from tidegate.cli.report.markup import badge, glyph, safe_text, section
from tidegate.cli.report.members import members_over_time
from tidegate.cli.report.ties import HUB_LETTER, graph
from tidegate.cli.wording import (
    Dates,
    campaigns_headline,
    count,
    plural,
    search_words,
    shown_name,
)

PICTURED_AT_MOST, MEMBERS_PICTURED = 20, 60
CARDS_BYTES_AT_MOST = 1_500_000
"""Of all campaigns together: the page has a limit, and the accounts need most of it."""
LISTED_AT_MOST, NAMED_AT_MOST = 500, 200
REASON_AT_MOST = 1_000
THINGS = frozenset({"network", "device", "number_range", "client", "group"})
"""Signals that are something shared: how rare it is tells how many accounts have it."""


def campaigns(findings: Findings, dates: Dates) -> str:
    """The section; nothing when nobody looked for campaigns."""
    if findings.search == "off":
        return ""
    title, lead = "Accounts that act together", search_words(findings)
    if not findings.campaigns:
        return section("campaigns", title, "", lead)
    cards: list[str] = []
    room = CARDS_BYTES_AT_MOST
    for campaign in findings.campaigns[:PICTURED_AT_MOST]:
        drawn = _card(len(cards) + 1, campaign, dates)
        room -= len(drawn.encode(errors="backslashreplace"))
        if room < 0:
            break
        cards.append(drawn)
    rest = findings.campaigns[len(cards) :]
    said = f"{campaigns_headline(findings)} {lead}".strip()
    return section("campaigns", title, f"{''.join(cards)}{_rest(rest, dates)}", escape(said))


def _card(number: int, campaign: CampaignShown, dates: Dates) -> str:
    mark = f"c{number}"
    members = list(campaign.members[:MEMBERS_PICTURED])
    ring = campaign.kind is Kind.REPORTERS
    what = "complain together" if ring else "write to strangers together"
    left_out = len(campaign.members) - len(members)
    more = f" Drawn: {len(members)} of {count(len(campaign.members))}." if left_out else ""
    over_time = members_over_time(campaign, members, mark, dates)
    ties = graph(campaign, min(campaign.core, MEMBERS_PICTURED), mark)
    return (
        f'<article class="card campaign"><header><h3><span class="no">{number}</span>'
        f"{plural(len(campaign.members), 'account')} that {what}</h3>"
        f"<time>found {escape(dates.moment(campaign.found_s))}</time></header>"
        f'<p class="said">{_earlier(campaign)}{safe_text(campaign.reason, REASON_AT_MOST)}</p>{_facts(campaign)}'
        f'<div class="pictures"><figure class="life">{over_time}'
        f"<figcaption>{_legend(campaign, members)}{more}</figcaption></figure>"
        f"<figure>{ties}<figcaption>{_graph_legend(campaign)}</figcaption></figure></div>{_outcome(campaign)}"
        f'<details><summary>Members as a table</summary><div class="scroll">{_table(campaign, dates)}</div>'
        "</details></article>"
    )


def _earlier(campaign: CampaignShown) -> str:
    earlier = len(campaign.members) - campaign.core
    if not earlier:
        return ""
    others = f"{plural(earlier, 'other')} {'was' if earlier == 1 else 'were'} found with them earlier"
    return f'<span class="later">About the {campaign.core} last seen together; {others}.</span> '


def _facts(campaign: CampaignShown) -> str:
    if not campaign.facts:
        return ""
    size = campaign.core
    items = "".join(
        f'<li><b>{safe_text(fact.text, 160)}</b><span class="meter" aria-hidden="true"><span '
        f'style="width:{100 * min(fact.members / max(size, 1), 1):.0f}%"></span></span>'
        f'<span class="rare">{escape(rare(fact))}</span></li>'
        for fact in campaign.facts
    )
    return f'<ul class="facts">{items}</ul>'


def rare(fact: SharedFact) -> str:
    """How rare it is: a thing, among all accounts; a likeness, among pairs of others."""
    share = fact.honest_share
    if share != share:
        return "how rare that is cannot be told from this log"
    if share <= 0.0:
        return "no other pair of accounts looked at does"
    if fact.signal in THINGS:
        many = f"{100 * share:.0f} of 100 accounts have"
        if share < 0.01:
            many = f"1 in {1.0 / share:,.0f} accounts has"
        return f"{many} what two of them share"
    if share >= 0.01:
        return f"so do {100 * share:.0f} of 100 other pairs of accounts"
    return f"so does 1 in {1.0 / share:,.0f} other pairs of accounts"


def _legend(campaign: CampaignShown, members: list[MemberShown]) -> str:
    deed = "a complaint" if campaign.kind is Kind.REPORTERS else "a first message to a stranger"
    keys = [
        f'<svg class="key" width="8" height="12" aria-hidden="true"><path class="act" d="M4 2v8"/></svg>{deed}'
    ]
    if any(member.signed_up_s is not None for member in members):
        keys.append(
            '<svg class="key" width="10" height="10" aria-hidden="true"><circle class="pin r-sign_up" cx="5" cy="5" '
            'r="3.2"/></svg>sign-up'
        )
    keys.append(
        '<svg class="key" width="8" height="12" aria-hidden="true"><path class="found" d="M4 0v12"/></svg>found'
    )
    bands = "; bands: a rung in force" if any(member.decisions for member in members) else ""
    return f"{' '.join(keys)}{bands}."


def _graph_legend(campaign: CampaignShown) -> str:
    words = "Each dot an account, in the colour of its strongest rung; thicker lines are stronger ties."
    if campaign.kind is Kind.REPORTERS:
        return f"{words} In the middle whom they complained about."
    kinds = list(dict.fromkeys(shared.what for shared in campaign.shared))
    if kinds:
        squares = ", ".join(f"<b>{HUB_LETTER[what]}</b> {what}" for what in kinds)
        words += f" Squares, what they share: {squares}."
    return words


def _outcome(campaign: CampaignShown) -> str:
    strongest = [member.strongest for member in campaign.members]
    reached = [
        f"<li>{badge(rung)} {count(strongest.count(rung))}</li>"
        for rung in reversed(RUNGS)
        if rung in strongest and rung != "allow"
    ]
    untouched = strongest.count("allow")
    if untouched:
        reached.append(f"<li>{glyph('allow', 14)} {count(untouched)} not acted on</li>")
    victims = "".join(
        f"<li><span>about <b><bdi>{escape(shown_name(victim.account))}</bdi></b>: {victim.share:.0%} of the complaints "
        f"are the ring's; {'not acted on' if victim.strongest == 'allow' else badge(victim.strongest)}</span></li>"
        for victim in campaign.victims[:10]
    )
    return f'<ul class="legend outcome">{"".join(reached)}{victims}</ul>'


def _table(campaign: CampaignShown, dates: Dates) -> str:
    rows = "".join(
        f'<tr><td class="who"><bdi>{escape(shown_name(member.account))}</bdi></td>'
        f'<td class="n">{member.score:.2f}</td><td>{escape(dates.moment(member.found_s))}</td>'
        f"<td>{'' if member.signed_up_s is None else escape(dates.moment(member.signed_up_s))}</td>"
        f'<td class="n">{count(len(member.acts_s)) if i < MEMBERS_PICTURED else ""}</td>'
        f"<td>{'none' if member.strongest == 'allow' else badge(member.strongest)}</td></tr>"
        for i, member in enumerate(campaign.members[:NAMED_AT_MOST])
    )
    more = len(campaign.members) - NAMED_AT_MOST
    note = f"<p>{plural(more, 'further member')} in campaigns.json.</p>" if more > 0 else ""
    deeds = "Complaints" if campaign.kind is Kind.REPORTERS else "First contacts"
    return (
        '<table class="rest"><thead><tr><th scope="col">Account</th><th scope="col" class="n">Strength</th>'
        '<th scope="col">Found</th><th scope="col">Signed up</th>'
        f'<th scope="col" class="n">{deeds}</th><th scope="col">Strongest rung</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{note}"
    )


def _rest(rest: list[CampaignShown], dates: Dates) -> str:
    if not rest:
        return ""
    rows = "".join(
        f'<tr><td class="n">{count(len(one.members))}</td><td>{escape(dates.sortable(one.found_s))}</td>'
        f'<td class="n">{count(one.acted_on)}</td><td>{safe_text("; ".join(fact.text for fact in one.facts))}</td></tr>'
        for one in rest[:LISTED_AT_MOST]
    )
    missing = len(rest) - LISTED_AT_MOST
    note = f"<p>{plural(missing, 'further campaign')} in campaigns.json.</p>" if missing > 0 else ""
    return (
        f'<h3 class="more">{count(len(rest))} more</h3><div class="panel scroll"><table class="rest"><thead><tr>'
        '<th scope="col" class="n">Members</th><th scope="col">Found</th><th scope="col" class="n">Acted on</th>'
        f'<th scope="col">What they share</th></tr></thead><tbody>{rows}</tbody></table>{note}</div>'
    )
