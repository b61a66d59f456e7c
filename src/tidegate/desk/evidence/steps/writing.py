"""Letters of a case: drafted with a proposal, fixed with the approval, printed on demand."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone as clock

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence import grounds
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.canonical_json import canonical
from tidegate.desk.evidence.custody.printing import NotPrintedError, print_to_pdf
from tidegate.desk.evidence.exhibits.kept import keep
from tidegate.desk.evidence.grounds import Action, Confirmed, Ground, GroundError, Strength
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.steps import letters, proposing
from tidegate.desk.evidence.steps.cure import demand_before
from tidegate.desk.evidence.steps.frozen import latest, rules_of
from tidegate.desk.evidence.steps.letters import FindingsTold, LetterFacts, LetterKind, Quoted
from tidegate.desk.evidence.steps.models import Letter, Step
from tidegate.desk.evidence.steps.refused import StepError, on_record
from tidegate.desk.evidence.subjects.facts import OFFERS, facts_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """What whoever writes a letter chooses."""

    kind: LetterKind
    language: str
    recipient: str
    recipient_address: str
    signed_by: str
    cure_by: date | None
    claims: tuple[int, ...]
    """Primary keys of the claims that are quoted."""
    note: str = ""


def quotable(case: Case) -> Any:
    """Claims that a letter may quote: confirmed offers in exhibits that more than a name links to the subject."""
    facts = facts_of(case)
    linked = {one.sha256 for one in facts.exhibits if (link := facts.link_of(one)) and not link.on_name_only}
    rows = Claim.objects.filter(
        exhibit__case=case, exhibit__sha256__in=linked, state=str(Confirmed.CONFIRMED), stance=OFFERS
    )
    return rows.select_related("exhibit__source").order_by("exhibit__number", "start")


def draft(case: Case, wanted: Wanted, now: datetime | None = None) -> tuple[letters.Letter, LetterFacts]:
    """The letter as it would be. Raises LetterError naming everything that is missing, and GroundError."""
    facts = _facts(case, wanted, now or clock.now())
    return letters.write(wanted.kind, wanted.language, facts), facts


def propose_letter(case: Case, who: Any, wanted: Wanted) -> Letter:
    """Put a letter down for approval. Raises RefusedStepError, LetterError and GroundError."""
    # A refusal undoes this transaction, so it is written down outside of it.
    with on_record(case, Action.LETTER, who), transaction.atomic():
        step = proposing.propose(case, who, Action.LETTER, wanted.note)
        written, facts = draft(case, wanted)
        row: Letter = Letter.objects.create(
            step=step,
            kind=str(wanted.kind),
            language=wanted.language,
            recipient=wanted.recipient,
            recipient_address=wanted.recipient_address,
            template=written.template,
            facts=json.loads(canonical(facts)),
            text=written.text,
            sha256=written.sha256,
            cure_by=wanted.cure_by,
        )
        row.exhibits.set({one.exhibit for one in quotable(case).filter(pk__in=wanted.claims)})
    return row


def approve_letter(letter: Letter, person: Any, sha256: str, note: str = "") -> Letter:
    """As the second person, exactly the text with this hash. Raises as :func:`~.proposing.approve`."""
    case = letter.step.case
    if sha256 != letter.sha256:
        raise StepError("the text is not the one that you have read: look at it again")
    with on_record(case, Action.LETTER, person), transaction.atomic():
        proposing.approve(letter.step, person, note)
        facts = facts_from(letter.facts)
        if letter.cure_by is not None and letter.cure_by <= clock.now().date():
            raise StepError(f"the day to put it right, {letter.cure_by}, has come: write the letter again")
        held = set(quotable(case).values_list("sha256", flat=True))
        if any(one.quote_sha256 not in held for one in facts.quotes):
            raise StepError("a quote is not confirmed any more: write the letter again")
        said = {"letter": letter.pk, "sha256": letter.sha256, "template": letter.template}
        record(person, "letter.made", case.name, **said)
        custody.add(case, person, "letter made", details=said)
    return letter


def print_letter(letter: Letter, person: Any) -> bool:
    """Make its PDF and keep it; False when no Chromium is installed. Raises StepError, OSError, CustodyError."""
    if letter.step.state not in (Step.State.APPROVED, Step.State.DONE):
        raise StepError("a letter is printed when it was approved")
    kind, version, language = letter.template.split("-", 2)
    written = letters.write(LetterKind(kind), language, facts_from(letter.facts), version)
    if written.sha256 != letter.sha256:
        raise StepError(
            "the template was changed after the approval: only the text that was approved is valid"
        )
    try:
        pdf = print_to_pdf(written.page)
    except NotPrintedError as error:
        raise StepError(f"no PDF was made: {error}") from None
    if pdf is None:
        return False
    sha256 = keep(pdf)
    with transaction.atomic():
        letter.pdf = sha256
        letter.save(update_fields=["pdf"])
        said = {"letter": letter.pk, "pdf": sha256}
        record(person, "letter.printed", letter.step.case.name, **said)
        custody.add(letter.step.case, person, "letter printed", details=said)
    return True


def facts_from(said: dict[str, Any]) -> LetterFacts:
    """What a stored letter was filled with."""
    findings = said["findings"]
    return LetterFacts(
        **{
            **said,
            "written": date.fromisoformat(said["written"]),
            "cutoff": date.fromisoformat(said["cutoff"]),
            "cure_by": date.fromisoformat(said["cure_by"]) if said["cure_by"] else None,
            "ended": date.fromisoformat(said["ended"]) if said["ended"] else None,
            "served": datetime.fromisoformat(said["served"]) if said["served"] else None,
            "grounds": tuple(Ground(one) for one in said["grounds"]),
            "findings": FindingsTold(
                findings["count"],
                datetime.fromisoformat(findings["first"]),
                datetime.fromisoformat(findings["last"]),
            )
            if findings
            else None,
            "quotes": tuple(
                Quoted(**{**one, "observed_at": datetime.fromisoformat(one["observed_at"])})
                for one in said["quotes"]
            ),
        }
    )


def _facts(case: Case, wanted: Wanted, now: datetime) -> LetterFacts:
    determination = latest(case)
    if determination is None:
        raise GroundError("no person has determined that there is abuse")
    before = demand_before(case) if wanted.kind is LetterKind.REMINDER else None
    desk = settings.TIDEGATE
    return LetterFacts(
        service=desk.service,
        contact=desk.contact,
        case=case.name,
        written=now.astimezone(UTC).date(),
        recipient=wanted.recipient.strip(),
        recipient_address=wanted.recipient_address.strip(),
        signed_by=wanted.signed_by.strip(),
        quotes=tuple(_quoted(one) for one in quotable(case).filter(pk__in=wanted.claims)),
        findings=_findings(facts_of(case)),
        grounds=tuple(Ground(one) for one in determination.outcome["grounds"]),
        cutoff=rules_of(determination).cutoff,
        cure_by=wanted.cure_by,
        served=before.delivered if before else None,
        ended=before.letter.cure_by if before else None,
    )


def _quoted(claim: Claim) -> Quoted:
    exhibit = claim.exhibit
    return Quoted(
        exhibit.number,
        exhibit.address or exhibit.source.address,
        exhibit.observed,
        exhibit.sha256,
        claim.quote,
        claim.sha256,
        claim.language,
        claim.strength == str(Strength.EXPLICIT),
    )


def _findings(facts: grounds.Facts) -> FindingsTold | None:
    linked = [one.abuse_at for one in facts.findings if facts.link_of(one)]
    return FindingsTold(len(linked), min(linked), max(linked)) if linked else None
