"""What is held about a subject, as a person laid it down: findings, observations, exhibits, links. Values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tidegate.desk.evidence.grounds.rules import GroundError, aware
from tidegate.desk.evidence.grounds.states import Subject


class Confirmed(StrEnum):
    """What a person said about a proposal."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Strength(StrEnum):
    """Whether a claim says it, or lets one think it."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"


class SubjectRole(StrEnum):
    """Commits, or helps others to."""

    ENGAGED = "engaged"
    ASSISTING = "assisting"


@dataclass(frozen=True, slots=True)
class Link:
    """Why a finding, or what was seen elsewhere, is this subject's."""

    id: str
    reasons: tuple[str, ...]
    """Kinds of what is shared: ``phone``, ``domain``, ``name`` …"""
    state: Confirmed
    reviewer: str = ""

    @property
    def confirmed(self) -> bool:
        return self.state is Confirmed.CONFIRMED and bool(self.reviewer)

    @property
    def on_name_only(self) -> bool:
        return not set(self.reasons) - {"name"}


@dataclass(frozen=True, slots=True)
class OnPlatformFinding:
    """Abuse seen on the messenger, with the three dates on which the two readings of the notice may turn."""

    account: str
    signal: str
    """Rule or model, with its version."""
    abuse_at: datetime
    """When it was committed."""
    recorded_at: datetime
    """When the messenger wrote it down."""
    acquired_at: datetime
    """When whoever determines came to hold it."""
    link: str
    """Id of the link to the subject; empty when there is none."""

    def __post_init__(self) -> None:
        for name in ("abuse_at", "recorded_at", "acquired_at"):
            aware(getattr(self, name), f"finding about {self.account}, {name}")
        if not self.abuse_at <= self.recorded_at <= self.acquired_at:
            raise GroundError(
                f"finding about {self.account}: committed, recorded and acquired must follow each other, "
                f"these are {self.abuse_at.isoformat()}, {self.recorded_at.isoformat()}, {self.acquired_at.isoformat()}"
            )


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Something captured elsewhere."""

    sha256: str
    observed_at: datetime | None
    """A moment that somebody other than the page vouches for (own clock, or a time stamp); None when there is none."""
    weak: bool
    """Rests on one party's word: a screenshot handed in, a copy without its source."""
    link: str
    """Id of the link to the subject; empty when there is none."""

    def __post_init__(self) -> None:
        if self.observed_at is not None:
            aware(self.observed_at, f"exhibit {self.sha256[:12]}")


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A quote that a person has read in an exhibit."""

    exhibit: str
    quote_sha256: str
    strength: Strength
    state: Confirmed
    offers: bool
    """It offers; it neither forbids nor reports."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was held. Ids of links are unique."""

    subject_id: str
    subject: Subject
    role: SubjectRole
    links: tuple[Link, ...] = ()
    findings: tuple[OnPlatformFinding, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    claims: tuple[HeldClaim, ...] = ()
    account: str = ""
    """Whose account a step on an account would meet; empty when none is at hand."""
    account_signals: tuple[str, ...] = ()
    """What the messenger itself saw that account do: rules and models with their versions."""

    def __post_init__(self) -> None:
        ids = [link.id for link in self.links]
        if len(set(ids)) != len(ids):
            raise GroundError(f"facts about {self.subject_id}: two links share an id")
        held = {exhibit.sha256 for exhibit in self.exhibits}
        for claim in self.claims:
            if claim.exhibit not in held:
                raise GroundError(
                    f"facts about {self.subject_id}: a claim quotes {claim.exhibit[:12]}, which is not held"
                )
        known = {*ids, ""}
        for link in (*(one.link for one in self.findings), *(one.link for one in self.exhibits)):
            if link not in known:
                raise GroundError(f"facts about {self.subject_id}: there is no link {link!r}")
        if self.account_signals and not self.account:
            raise GroundError(f"facts about {self.subject_id}: signals about an account, but no account")

    def link_of(self, thing: OnPlatformFinding | Exhibit) -> Link | None:
        """The confirmed link that makes it the subject's, if there is one."""
        for link in self.links:
            if link.id == thing.link and link.confirmed:
                return link
        return None
