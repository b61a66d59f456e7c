"""What is held about the subject of a case, as the table of grounds reads it."""

from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.grounds import (
    Confirmed,
    Facts,
    HeldClaim,
    OnPlatformFinding,
    Strength,
    Subject,
    SubjectRole,
)
from tidegate.desk.evidence.grounds import Exhibit as HeldExhibit
from tidegate.desk.evidence.grounds import Link as HeldLink
from tidegate.desk.evidence.linking import LinkKind
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.models import Finding, Link

OFFERS = "offers"


def facts_of(case: Case) -> Facts:
    """All of it, in a fixed order: the same rows give the same facts. Raises GroundError."""
    links = {
        one.pk: one
        for one in Link.objects.filter(case=case, kind=str(LinkKind.SAME)).select_related("reviewer")
    }
    own = ends.subject(case)
    link_of = {(one.second if one.first == own else one.first): str(one.pk) for one in links.values()}
    findings = list(Finding.objects.filter(case=case).order_by("abuse_at", "pk"))
    exhibits = Exhibit.objects.filter(case=case).prefetch_related("stamps").order_by("number")
    claims = Claim.objects.filter(exhibit__case=case).exclude(state=str(Confirmed.REJECTED))
    account = ends.account_stored(case.account).partition(":")[2] if case.account is not None else ""
    return Facts(
        subject_id=case.name,
        subject=Subject(case.subject),
        role=SubjectRole(case.role),
        links=tuple(_link(links[key]) for key in sorted(links)),
        findings=tuple(_finding(one, link_of) for one in findings),
        exhibits=tuple(
            HeldExhibit(one.sha256, one.observed, one.weak, link_of.get(ends.exhibit(one.pk), ""))
            for one in exhibits
        ),
        claims=tuple(
            _claim(one) for one in claims.select_related("exhibit").order_by("exhibit__number", "start")
        ),
        account=account,
        account_signals=tuple(dict.fromkeys(one.signal for one in findings if one.account == case.account)),
    )


def _link(row: Link) -> HeldLink:
    kinds = dict.fromkeys(one["kind"].partition(":")[0] for one in row.reasons)
    return HeldLink(str(row.pk), tuple(kinds), Confirmed(row.state), str(row.reviewer or ""))


def _finding(row: Finding, link_of: dict[str, str]) -> OnPlatformFinding:
    """Linked by its account, else by its campaign."""
    link = link_of.get(ends.account_stored(row.account), "")
    if not link and row.campaign is not None:
        link = link_of.get(ends.campaign_stored(row.campaign), "")
    return OnPlatformFinding(
        account=ends.account_stored(row.account).partition(":")[2],
        signal=row.signal,
        abuse_at=row.abuse_at,
        recorded_at=row.recorded_at,
        acquired_at=row.acquired_at,
        link=link,
    )


def _claim(row: Claim) -> HeldClaim:
    return HeldClaim(
        exhibit=row.exhibit.sha256,
        quote_sha256=row.sha256,
        strength=Strength(row.strength),
        state=Confirmed(row.state),
        offers=row.stance == OFFERS,
    )
