"""Two people approve the same letter at the same moment: one of them does."""

import threading
from typing import Any

import pytest
from django.db import connection, connections

from desk.stepping import REASONS, ready_case
from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.grounds import Action
from tidegate.desk.evidence.steps import proposing
from tidegate.desk.evidence.steps.frozen import determine
from tidegate.desk.evidence.steps.models import Step
from tidegate.desk.evidence.steps.refused import StepError


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_make_one(people: Any) -> None:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        # Threads share a database in memory through one connection, which forbids transactions side by side.
        pytest.skip("needs a database that several connections can open")
    case = ready_case(people)
    determine(case, people["officer"], REASONS)
    step = proposing.propose(case, people["officer"], Action.SUIT, "three letters, no answer")
    together, done, refused = threading.Barrier(2), [], []

    def approve(person: Any) -> None:
        try:
            together.wait(10)
            proposing.approve(Step.objects.get(pk=step.pk), person)
            done.append(str(person))
        except StepError as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=approve, args=(people[one],)) for one in ("senior", "counsel")]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(done) == 1, (done, refused)
    assert refused == ["it is approved already"]
    assert str(Step.objects.get().second) == done[0]
    assert [row.did for row in chain(case)].count("step approved") == 1
