"""What was drawn is judged either way, whatever became of the measure meanwhile: else the estimate would lean."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from desk.sending import bulk_sender
from tidegate.desk.ledger.models import Account, Tally
from tidegate.desk.review import taking
from tidegate.desk.review.closing import close_ended
from tidegate.desk.review.deciding import decide_blind
from tidegate.desk.review.models import Case, Sample
from tidegate.desk.review.opening import random_probability
from tidegate.desk.review.ruling import rule
from tidegate.engine.rungs import Rung
from tidegate.node.requests import Finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(beside: Any) -> Account:
    """A bulk sender with an ordinary case, one of whose actions was drawn."""
    beside.hear(bulk_sender("@mallory:example.org"))
    beside.copy()
    account: Account = Account.objects.get()
    Case.objects.update(kind="risk", blind=False)
    Sample.objects.all().delete()
    decision = account.history.latest("number")
    Sample.objects.create(
        decision_number=decision.number,
        account=account,
        time=decision.time,
        rung=decision.rung,
        kind="random",
        probability=0.1,
        case=Case.objects.get(),
    )
    return account


@pytest.mark.parametrize(("finding", "wrong"), [("abusive", False), ("legitimate", True)])
def test_a_measure_that_has_ended_is_judged_by_a_label(
    drawn: Account, people: Any, finding: str, wrong: bool
) -> None:
    drawn.rung = int(Rung.ALLOW)
    with pytest.raises(ValueError, match="label"):
        rule(people["reviewer"], drawn, "uphold", note="it was right")
    rule(people["reviewer"], drawn, "label", note="as it was then", finding=finding)
    assert Sample.objects.get().wrong is wrong
    assert Case.objects.get().state == "decided"


def test_a_label_beside_a_measure_that_stands_judges_nothing(drawn: Account, people: Any) -> None:
    rule(people["reviewer"], drawn, "label", note="for training", finding="legitimate")
    assert Sample.objects.get().wrong is None
    assert Case.objects.get().state == "open"


@pytest.mark.parametrize("rung", [Rung.ALLOW, Rung.BAN])
def test_who_agrees_blindly_needs_no_right_to_act_and_learns_nothing(
    beside: Any, drawn: Account, people: Any, rung: Rung
) -> None:
    Case.objects.update(kind="blind", blind=True)
    before = beside.link.standing(drawn.key)
    drawn.rung = int(rung)
    assert taking.take(Case.objects.get().pk, people["reviewer"])
    made = decide_blind(
        people["reviewer"], Case.objects.get(), drawn, abusive=True, note="a list of strangers"
    )
    assert made is not None and made.rung_after is None
    assert beside.link.standing(drawn.key) == before
    assert Case.objects.get().state == "decided"
    assert Sample.objects.get().wrong is False


def test_who_disagrees_blindly_with_a_measure_that_has_ended_is_heard_by_a_senior(
    drawn: Account, people: Any
) -> None:
    Case.objects.update(kind="blind", blind=True)
    drawn.rung = int(Rung.ALLOW)
    assert taking.take(Case.objects.get().pk, people["reviewer"])
    assert decide_blind(people["reviewer"], Case.objects.get(), drawn, abusive=False, note="a person") is None
    assert Sample.objects.get().wrong is None
    assert taking.take_next(people["senior"]) == Case.objects.get()
    rule(people["senior"], drawn, "label", note="so think I", finding=Finding.LEGITIMATE)
    assert Sample.objects.get().wrong is True


def test_a_drawn_case_does_not_close_by_itself_and_neither_does_one_that_is_held(
    drawn: Account, people: Any
) -> None:
    Account.objects.update(rung=0)
    later = timezone.now() + timedelta(days=3)
    assert close_ended(later) == 0
    Sample.objects.all().delete()
    case = Case.objects.get()
    assert taking.take(case.pk, people["reviewer"])
    assert close_ended(timezone.now()) == 0
    Case.objects.update(locked_until=later + timedelta(minutes=1))
    assert close_ended(later) == 0
    taking.release(case.pk, people["reviewer"])
    assert close_ended(later) == 1


def test_the_wished_share_of_cases_is_random(settings: Any) -> None:
    day = timezone.now().date()
    for rung, count in ((Rung.WARN, 700), (Rung.LOCK, 200), (Rung.SUSPEND, 100)):
        Tally.objects.create(day=day, rung=int(rung), stage="messaging", automatic=count)
    chance, blind, share = random_probability(), settings.TIDEGATE.blind_share, settings.TIDEGATE.random_share
    cases = 300 + 700 * (1.0 - (1.0 - chance) * (1.0 - blind))
    assert 1_000 * chance / cases == pytest.approx(share)
