"""What travels over the API, as the OpenAPI description shows it: one class for each shape of JSON."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from tidegate.engine.policy.sections import MAX_DURATION_S
from tidegate.engine.rungs import Rung
from tidegate.node.requests import Finding

RungWord = Literal["allow", "warn", "challenge", "budget", "lock", "suspend", "ban"]
MeasureWord = Literal["warn", "challenge", "budget", "lock", "suspend", "ban"]
Moment = Annotated[str, Meta(description="RFC 3339 in UTC.", extra_json_schema={"format": "date-time"})]
Count = Annotated[int, Meta(ge=0)]
AccountName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        description="The messenger's own identifier of the account; at most 255 bytes of UTF-8.",
        examples=["@ann:example.org"],
    ),
]
AccountInPath = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        description="The messenger's own identifier, percent-encoded.",
        examples=["@ann:example.org"],
    ),
]
ActionInPath = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", description="An action's id.")]
CampaignId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
CampaignInPath = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", description="A campaign's id.")]
CampaignKind = Annotated[
    Literal["senders", "reporters"],
    Meta(description="They write to strangers together, or complain together about somebody."),
]
RungInPath = Annotated[RungWord, Meta(description="The rung that the breaker watches.")]
LONGEST_WAIT_S = 60.0
MOST_ACTIONS = 1_000
MOST_RESULTS = 10_000
MOST_CAMPAIGNS = 200
MOST_MEMBERS = 1_000
"""Shown of one campaign."""
LARGEST_NUMBER = (1 << 63) - 1


def word_of(rung: Rung) -> RungWord:
    """A rung as it travels."""
    return rung.word  # type: ignore[return-value]


# -- errors ------------------------------------------------------------------------------------------------------------


class Error(Struct):
    """What went wrong."""

    code: Annotated[str, Meta(description="One word for programs.", pattern="^[a-z0-9_]+$")]
    message: Annotated[str, Meta(description="Words for people.")]
    errors: Annotated[list[str], Meta(description="Every finding, when there are several.")] = []


class ErrorBody(Struct):
    """Every answer that is not a success."""

    error: Error


# -- events ------------------------------------------------------------------------------------------------------------


class RejectedLine(Struct):
    """One line that could not be used."""

    line: Annotated[int, Meta(ge=1, description="In the body, from 1.")]
    reason: Annotated[str, Meta(description="One word, as the log format names it.")]
    message: str


class Taken(Struct):
    """What became of a body of events. All that is counted as accepted is durable."""

    accepted: Count
    duplicates: Annotated[int, Meta(ge=0, description="Lines that had been taken before.")]
    rejected: Count
    rejections: Annotated[list[RejectedLine], Meta(description="The first 100 of them.")]
    sequence: Annotated[int, Meta(ge=0, description="Events in the node's journal after these.")]


class Checked(Struct):
    """Where the actor of one event stands after it."""

    account: str
    rung: Annotated[RungWord, Meta(description="The engine's word.")]
    until: Annotated[Moment | None, Meta(description="When it ends by itself.")]
    enforced: Annotated[RungWord, Meta(description="What is in effect, given mode and circuit breakers.")]
    duplicate: Annotated[bool, Meta(description="The event had been taken before.")]
    sequence: Count


# -- accounts ----------------------------------------------------------------------------------------------------------


class Reason(Struct, omit_defaults=True):
    """One reason, from a rule or from a feature that moved the score."""

    text: str
    value: float | None
    rule: str | UnsetType = UNSET
    feature: str | UnsetType = UNSET


class Decision(Struct):
    """One change of rung and why."""

    time: Moment
    rung: RungWord
    until: Moment | None
    score: float | None
    stage: str
    reasons: list[Reason]
    policy: str
    model: str
    id: str


class CampaignOfAccount(Struct):
    """The campaign in which an account was found last."""

    id: CampaignId
    kind: CampaignKind
    members: Count
    found: Annotated[Moment, Meta(description="When the account was found to belong.")]
    score: Annotated[float, Meta(ge=0, le=1, description="How strongly it is tied to the others.")]


class Account(Struct):
    """Where an account stands and how it came there."""

    account: str
    pseudonym: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    known: Annotated[bool, Meta(description="The engine remembers it; a forgotten one may have a history.")]
    rung: RungWord
    until: Moment | None
    enforced: RungWord
    statement: Annotated[str, Meta(description="Why it stands there, in words; empty on `allow`.")]
    campaign: CampaignOfAccount | None
    decisions: Annotated[list[Decision], Meta(description="Latest first.")]


class RulingAsked(Struct, forbid_unknown_fields=True):
    """A person has decided about an account. Without a rung, `abusive` suspends and `legitimate` undoes everything."""

    account: AccountName
    finding: Finding
    by: Annotated[str, Meta(max_length=255, description="Who decided; without it, the token's name.")] = ""
    note: Annotated[str, Meta(max_length=4_000)] = ""
    rung: Annotated[
        MeasureWord | None,
        Meta(description="With `abusive`: put the account on exactly this rung, up or down."),
    ] = None
    duration_s: Annotated[
        Annotated[float, Meta(ge=60, le=MAX_DURATION_S)] | None,
        Meta(
            description="How long the rung lasts, in seconds, rounded up to minutes; without it, as the ladder says."
        ),
    ] = None
    label_only: Annotated[
        bool, Meta(description="It counts for reputation and training alone and moves no rung.")
    ] = False


class ProofAsked(Struct, forbid_unknown_fields=True):
    """The account holder has passed a challenge."""

    account: AccountName


class Carried(Struct):
    """It was done, durably."""

    sequence: Count
    details: Annotated[dict[str, int], Meta(description="What was changed, counted.")]


# -- actions -----------------------------------------------------------------------------------------------------------


class Action(Struct):
    """From now on this account shall stand on this rung. Applying it twice must change nothing."""

    id: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    account: str
    rung: RungWord
    previous: RungWord
    until: Moment | None
    time: Moment
    notice: Annotated[str, Meta(description="Words for the account holder.")]
    reasons: list[Reason]
    attempt: Annotated[int, Meta(ge=1)]


class Actions(Struct):
    """What is to be carried out now; each comes again unless it is confirmed."""

    actions: list[Action]


class ActionsAsked(Struct, forbid_unknown_fields=True):
    """How to wait for actions."""

    wait: Annotated[float, Meta(ge=0, le=LONGEST_WAIT_S, description="Seconds until an empty answer.")] = 25.0
    limit: Annotated[int, Meta(ge=1, le=MOST_ACTIONS)] = 100


class Result(Struct, forbid_unknown_fields=True):
    """What became of one action."""

    id: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    done: bool
    error: Annotated[str, Meta(max_length=1_000)] = ""
    permanent: Annotated[bool, Meta(description="It will never work; do not try again.")] = False


class ResultsAsked(Struct, forbid_unknown_fields=True):
    """What became of actions."""

    results: Annotated[list[Result], Meta(max_length=MOST_RESULTS)]


class Confirmed(Struct):
    """How many of the results concerned an outstanding action; the others were superseded or settled before."""

    confirmed: Count
    unknown: Count
    dead: Annotated[int, Meta(ge=0, description="Of the confirmed ones, those that were given up.")]


class Standing(Struct):
    """An account that stands above `allow`."""

    account: str
    rung: RungWord
    until: Moment | None
    notice: str


class Standings(Struct):
    """All accounts whose enforced rung is above `allow`."""

    standing: list[Standing]


class DeadAsked(Struct, forbid_unknown_fields=True):
    """Where to go on."""

    after: Annotated[int, Meta(ge=0, le=LARGEST_NUMBER, description="`last` of the answer before.")] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_ACTIONS)] = MOST_ACTIONS


class DeadLetter(Struct):
    """An action that could not be carried out."""

    id: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    account: str
    rung: RungWord
    time: Moment
    attempts: Count
    error: str


class DeadLetters(Struct):
    """Actions that were given up. A person looks at them and has them tried again."""

    dead: Annotated[list[DeadLetter], Meta(description="Oldest first.")]
    last: Annotated[int, Meta(ge=0, description="For `after`, to see what comes next.")]


class Retried(Struct):
    """The action is due again."""

    id: str


# -- breakers ----------------------------------------------------------------------------------------------------------


class Breaker(Struct):
    """A circuit breaker: it stops acting on a rung that is decided far more often than expected."""

    rung: RungWord
    open: Annotated[bool, Meta(description="Nothing is carried out; decisions go on.")]
    held: Annotated[int, Meta(ge=0, description="Actions held back.")]
    last_day: Annotated[int, Meta(ge=0, description="Actions of the last 24 hours.")]
    limit: Annotated[float, Meta(ge=0, description="Beyond so many it opens.")]
    since: Moment | None


class Breakers(Struct):
    """All circuit breakers."""

    breakers: list[Breaker]


class ResetAsked(Struct, forbid_unknown_fields=True):
    """Close a breaker, and what to do with what it held back."""

    held: Literal["release", "drop"]


class WasReset(Struct):
    """The breaker is closed."""

    rung: RungWord
    held: Annotated[int, Meta(ge=0, description="Actions that were released or dropped.")]


# -- campaigns ---------------------------------------------------------------------------------------------------------


class CampaignsAsked(Struct, forbid_unknown_fields=True):
    """Where to go on."""

    before: Annotated[
        int, Meta(ge=0, le=LARGEST_NUMBER, description="`last` of the answer before; without it, the newest.")
    ] = LARGEST_NUMBER
    limit: Annotated[int, Meta(ge=1, le=MOST_CAMPAIGNS)] = 50


class CampaignSummary(Struct):
    """Accounts found to act together, without their names."""

    id: CampaignId
    kind: CampaignKind
    found: Annotated[Moment, Meta(description="When it was found first, by the log's time.")]
    grown: Annotated[Moment, Meta(description="When somebody was last found to belong.")]
    members: Count
    score: Annotated[float, Meta(ge=0, le=1)]
    q_value: Annotated[
        float, Meta(ge=0, le=1, description="False-discovery rate at which it would be told alone.")
    ]
    reason: Annotated[str, Meta(description="One paragraph for people.")]


class CampaignSummaries(Struct):
    """Campaigns, those found last first."""

    campaigns: list[CampaignSummary]
    last: Annotated[int, Meta(ge=0, description="For `before`, to see what comes next; 0: there is no more.")]


class Fact(Struct):
    """One thing that most members have in common."""

    signal: str
    text: str
    members: Annotated[int, Meta(ge=0, description="How many have it in common.")]
    honest_share: Annotated[
        float | None, Meta(description="Of pairs of other accounts, the share with as much in common.")
    ]


class Member(Struct):
    """An account of a campaign."""

    account: Annotated[str, Meta(description="Its pseudonym where the identifier is not known any more.")]
    score: Annotated[float, Meta(ge=0, le=1, description="How strongly it is tied to the others.")]
    found: Moment
    last_seen: Annotated[bool, Meta(description="It was in the group when that was last looked at.")]
    enforced: Annotated[RungWord, Meta(description="What is in effect on it.")]


class Victim(Struct):
    """An account that a ring complains about."""

    account: str
    share: Annotated[float, Meta(ge=0, le=1, description="Of the complaints about it, the ring's.")]


class Tie(Struct):
    """Two members that have much in common."""

    one: Annotated[int, Meta(ge=0, description="Index into `members`.")]
    other: Count
    nats: float


class CampaignShown(Struct):
    """A campaign with its members and what ties them."""

    campaign: CampaignSummary
    facts: Annotated[list[Fact], Meta(description="Strongest first.")]
    members: Annotated[
        list[Member],
        Meta(description=f"Strongest tied first, then those found earlier; at most {MOST_MEMBERS:,}."),
    ]
    victims: list[Victim]
    ties: Annotated[list[Tie], Meta(description="Strongest first.")]


# -- the node ----------------------------------------------------------------------------------------------------------


class Health(Struct):
    """Whether the node does its work."""

    status: Literal["ok", "degraded", "failing"]
    troubles: Annotated[list[str], Meta(description="Why it fails.")]
    notes: Annotated[list[str], Meta(description="What somebody should look at.")]
    campaigns: Annotated[
        str, Meta(description="Whether accounts that act together are looked for, in words.")
    ]
