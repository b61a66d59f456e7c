"""Facts about an invented company, to vary in tests."""

from datetime import UTC, datetime
from typing import Any

from tidegate.desk.evidence.grounds import (
    Confirmed,
    Decider,
    Exhibit,
    Facts,
    HeldClaim,
    Link,
    OnPlatformFinding,
    Strength,
    Subject,
    SubjectRole,
)

DECIDER, SECOND, COUNSEL = Decider("officer"), Decider("supervisor"), Decider("counsel")
NOW = datetime(2021, 3, 1, tzinfo=UTC)
AFTER, BEFORE = datetime(2020, 5, 1, tzinfo=UTC), datetime(2019, 5, 1, tzinfo=UTC)
PAGE = "a" * 64


def link(reasons: tuple[str, ...] = ("phone", "domain"), state: Confirmed = Confirmed.CONFIRMED) -> Link:
    return Link("l1", reasons, state, "officer")


def finding(at: datetime = AFTER, **changes: Any) -> OnPlatformFinding:
    values: dict[str, Any] = {
        "account": "acc1",
        "signal": "campaign:3",
        "abuse_at": at,
        "recorded_at": at,
        "acquired_at": at,
        "link": "l1",
    }
    return OnPlatformFinding(**values | changes)


def exhibit(
    sha256: str = PAGE, at: datetime | None = AFTER, *, weak: bool = False, link: str = "l1"
) -> Exhibit:
    return Exhibit(sha256, at, weak, link)


def claim(exhibit: str = PAGE, strength: Strength = Strength.EXPLICIT, **changes: Any) -> HeldClaim:
    values: dict[str, Any] = {
        "exhibit": exhibit,
        "quote_sha256": "b" * 64,
        "strength": strength,
        "state": Confirmed.CONFIRMED,
        "offers": True,
    }
    return HeldClaim(**values | changes)


def facts(**changes: Any) -> Facts:
    """A company's own page, captured after the cut-off day, that offers bulk messaging in so many words."""
    values: dict[str, Any] = {
        "subject_id": "c1",
        "subject": Subject.COMPANY,
        "role": SubjectRole.ENGAGED,
        "links": (link(),),
        "exhibits": (exhibit(),),
        "claims": (claim(),),
    }
    return Facts(**values | changes)
