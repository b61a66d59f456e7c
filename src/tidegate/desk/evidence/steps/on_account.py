"""Steps on an account: decided by a person who may, carried out by the node, on the messenger's own signals only."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence import grounds
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.grounds import Action
from tidegate.desk.evidence.grounds.table import ON_ACCOUNT
from tidegate.desk.evidence.steps.frozen import locked
from tidegate.desk.evidence.steps.models import Step
from tidegate.desk.evidence.steps.refused import StepError, asked, on_record
from tidegate.desk.ledger.models import Account
from tidegate.desk.review.ruling import rule
from tidegate.engine.rungs import Rung

RUNGS: dict[Action, Rung] = {
    Action.LIMIT: Rung.BUDGET,
    Action.SUSPEND: Rung.SUSPEND,
    Action.TERMINATE: Rung.BAN,
}


def account_of(case: Case) -> Account | None:
    """The account of the case as the ledger has it; None: no account, or nothing was ever decided about it."""
    if case.account is None:
        return None
    found: Account | None = Account.objects.filter(pk=case.account).first()
    return found


def carry_out(step: Step, person: Any) -> Step:
    """Have the node do it. Raises RefusedStepError, StepError, GroundError and what
    :func:`~tidegate.desk.review.ruling.rule` raises; then nothing has changed.
    """
    case, action = step.case, Action(step.action)
    with on_record(case, action, person), transaction.atomic():
        locked(case)
        step = Step.objects.select_for_update().get(pk=step.pk)
        if action not in ON_ACCOUNT or step.state != Step.State.PROPOSED:
            raise StepError("only a step on an account that waits can be carried out")
        grounds.require(asked(case, action, person, step.determination))
        account = account_of(case)
        if account is None:
            raise StepError("nothing was ever decided about this account: there is nobody to act on")
        step.state, step.done_by, step.done_at = Step.State.DONE, person, timezone.now()
        step.save(update_fields=["state", "done_by", "done_at"])
        said = {"step": step.pk, "action": step.action, "account": account.pseudonym}
        record(person, "step.carried_out", case.name, **said)
        custody.add(case, person, "step carried out", details={"step": step.pk, "action": step.action})
        duration_s = step.duration_s if action is not Action.TERMINATE else None
        note = f"{case.name}: {step.note or action}"[:2_000]
        # Last: what it refuses undoes the rows.
        rule(person, account, "change", note=note, rung=RUNGS[action], duration_s=duration_s)
    return step
