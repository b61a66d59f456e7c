"""Service: how a letter went out, and how that is known. The software sends nothing."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.handed_in import made_ready
from tidegate.desk.evidence.exhibits.intake import Ready, take_in
from tidegate.desk.evidence.steps.cure import capture_after
from tidegate.desk.evidence.steps.frozen import locked
from tidegate.desk.evidence.steps.models import Letter, Service, Step
from tidegate.desk.evidence.steps.refused import StepError


def served(
    letter: Letter,
    person: Any,
    way: str,
    sent: datetime,
    *,
    delivered: datetime | None = None,
    failed: str = "",
    proof: Any = None,
) -> Service:
    """One attempt; ``proof``: an uploaded file. Raises StepError, GroundError, IntakeError, OSError."""
    now, case = timezone.now(), letter.step.case
    if sent > now or (delivered is not None and delivered > now):
        raise StepError("what has not happened yet cannot be put down")
    if delivered is not None and delivered < sent:
        raise StepError("it was delivered before it was sent: one of the two is wrong")
    if delivered is not None and failed:
        raise StepError("it was delivered, or it failed: not both")
    ready = proof_ready(case, person, proof)
    with transaction.atomic():
        locked(case)
        step = Step.objects.select_for_update().get(pk=letter.step_id)
        if step.state not in (Step.State.APPROVED, Step.State.DONE):
            raise StepError("only a letter that a second person has approved can be served")
        # Service is put down to the minute.
        if step.second_at is not None and sent < step.second_at.replace(second=0, microsecond=0):
            raise StepError(f"it was sent before it was approved ({step.second_at:%Y-%m-%d %H:%M} UTC)")
        row: Service = Service.objects.create(
            letter=letter,
            way=way,
            sent=sent,
            delivered=delivered,
            failed=failed.strip(),
            proof=take_in(case, person, ready) if ready else None,
            by=person,
        )
        if not row.failed and step.state == Step.State.APPROVED:
            step.state, step.done_by, step.done_at = Step.State.DONE, person, now
            step.save(update_fields=["state", "done_by", "done_at"])
        captured = capture_after(letter) if delivered is not None else 0
        said = {
            "letter": letter.pk,
            "way": way,
            "delivered": delivered is not None,
            "proof": row.proof.number if row.proof else None,
            "captured_after": captured,
        }
        record(person, "letter.served", case.name, **said)
        custody.add(case, person, "served", row.proof.sha256 if row.proof else "", said)
    return row


def proof_ready(case: Case, person: Any, proof: Any) -> Ready | None:
    """An uploaded file, to become an exhibit of the case. Raises IntakeError, OSError; not in a transaction."""
    return made_ready(case, person, str(proof.name), proof.read(), None, "") if proof else None
