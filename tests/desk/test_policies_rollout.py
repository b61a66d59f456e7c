"""A policy is rolled out by percentage and rolled back, on a real node; nobody gets round the second person."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from desk.policing import BANS, FIRM, LAX, policy_text, senders
from tidegate.desk.access import managing
from tidegate.desk.access.adding import add, made_up_password
from tidegate.desk.access.models import Person
from tidegate.desk.access.two_people import SETTLING
from tidegate.desk.audit.models import Record
from tidegate.desk.policies import outside
from tidegate.desk.policies.models import InForce, Kind, PolicyVersion, State
from tidegate.desk.policies.rolling_out import NotYet, approve, put_in_force, roll_back
from tidegate.desk.policies.versions import digest_of, save, stable_version
from tidegate.engine.policy import PolicyErrors
from tidegate.engine.rungs import Rung
from tidegate.node.requests import PolicyChange, RequestError

pytestmark = pytest.mark.django_db
WHY = "tried by hand on another node"


@pytest.fixture
def under_lax(beside: Any) -> Any:
    """A node that decides by the lax policy, which the desk has taken notice of."""
    beside.take([PolicyChange(LAX)])
    assert outside.notice()
    return beside


def draft(people: Any, text: str, author: str = "analyst") -> PolicyVersion:
    return save(people[author], text, "a draft of the tests", stable_version())


def in_force() -> str:
    """Digest of the policy that somebody who looks now sees in force."""
    stable = stable_version()
    assert stable is not None
    return str(stable.digest)


def rungs(beside: Any, names: list[str]) -> dict[str, Rung]:
    return {name: beside.link.standing(beside.key(name)).rung for name in names}


def test_the_policy_in_force_is_version_one_and_nothing_is_taken_in_twice(under_lax: Any) -> None:
    (only,) = PolicyVersion.objects.all()
    assert (only.text, only.digest, only.state, only.author) == (LAX, digest_of(LAX), State.LIVE, None)
    assert not outside.notice()
    assert Record.objects.get().did == "policy.imported"


def test_at_fifty_percent_two_halves_are_really_decided_differently(under_lax: Any, people: Any) -> None:
    firm = draft(people, FIRM)
    put_in_force(people["senior"], firm, 50.0, WHY)
    names = [f"sender{number}" for number in range(40)]
    under_lax.hear(senders(names, 30))
    first = rungs(under_lax, names)
    hit = {name for name, rung in first.items() if rung is Rung.CHALLENGE}
    spared = {name for name, rung in first.items() if rung is Rung.ALLOW}
    assert hit | spared == set(names)
    assert 5 < len(hit) < 35
    put_in_force(people["senior"], firm, 75.0, WHY)
    under_lax.hear(senders(names, 30, ago_s=1_500.0))
    second = rungs(under_lax, names)
    assert {name for name, rung in second.items() if rung >= Rung.CHALLENGE} > hit, (
        "a growing share only adds accounts"
    )
    put_in_force(people["senior"], firm, 100.0, WHY)
    assert under_lax.link.policy_text == FIRM
    fresh = [f"later{number}" for number in range(10)]
    under_lax.hear(senders(fresh, 30))
    assert set(rungs(under_lax, fresh).values()) == {Rung.CHALLENGE}
    states = dict(PolicyVersion.objects.values_list("name", "state"))
    assert states == {"lax": State.RETIRED, "firm": State.LIVE}


def test_rolling_back_puts_the_last_whole_policy_in_force_from_any_share(under_lax: Any, people: Any) -> None:
    firm = draft(people, FIRM)
    for percent in (5.0, 100.0):
        put_in_force(people["senior"], firm, percent, WHY)
        back = roll_back(people["administrator"], "complaints")
        assert under_lax.link.policy_text == LAX
        assert (back.kind, back.percent, back.version.name) == (Kind.BACK, 100.0, "lax")
        firm.refresh_from_db()
        assert (firm.state, firm.percent) == (State.RETIRED, 0.0)
        with pytest.raises(NotYet, match="none to go back to"):
            roll_back(people["senior"])
    names = ["afterwards"]
    under_lax.hear(senders(names, 30))
    assert rungs(under_lax, names) == {"afterwards": Rung.ALLOW}


def test_rolling_back_twice_goes_further_back_and_not_forth(under_lax: Any, people: Any) -> None:
    second, third = draft(people, FIRM), draft(people, policy_text("third", 30))
    put_in_force(people["senior"], second, 100.0, WHY)
    put_in_force(people["senior"], third, 100.0, WHY)
    assert roll_back(people["senior"]).version_id == second.pk
    assert roll_back(people["senior"]).version.name == "lax"


def test_a_change_of_bans_takes_somebody_other_than_its_author(under_lax: Any, people: Any) -> None:
    senior, administrator = people["senior"], people["administrator"]
    bans = draft(people, BANS, author="senior")
    with pytest.raises(NotYet, match="other than its author"):
        put_in_force(senior, bans, 5.0, WHY)
    with pytest.raises(PermissionDenied, match="somebody else"):
        approve(senior, bans, in_force())
    with pytest.raises(PermissionDenied):
        approve(people["analyst"], bans, in_force())
    assert under_lax.link.policy_text == LAX
    approve(administrator, bans, in_force())
    put_in_force(senior, bans, 5.0, WHY)
    assert 'rung = "ban"' in under_lax.link.policy_text
    said = Record.objects.get(did="policy.put_in_force").details
    assert said["approved_by"] == "the-administrator"
    assert said["digest"] == bans.digest


def test_for_a_day_nobody_is_the_second_person_beside_whoever_let_them_in(
    under_lax: Any, people: Any, signed_in: Callable[[str], Any]
) -> None:
    administrator = people["administrator"]
    puppet = add("puppet", "senior", made_up_password(), by=administrator)
    bans = draft(people, BANS, author="senior")
    managing.reset_second_factor(administrator, people["senior"])
    with pytest.raises(PermissionDenied, match="gave access to both of them"):
        approve(puppet, bans, in_force())
    with pytest.raises(PermissionDenied, match="gave access to the-senior"):
        approve(administrator, bans, in_force())
    shown = signed_in("administrator").get(f"/desk/policy/{bans.pk}/").content.decode()
    assert "Until a day has passed" in shown and 'id="approve"' not in shown
    now = signed_in("analyst").get("/desk/").content.decode()
    assert "puppet works as senior reviewer, let in by the-administrator" in now
    Person.objects.update(access_at=timezone.now() - SETTLING)
    approve(puppet, bans, in_force())
    assert "Access given" not in signed_in("analyst").get("/desk/").content.decode()


def test_what_came_from_outside_takes_two_who_are_two(under_lax: Any, people: Any) -> None:
    other = add("other", "administrator", made_up_password(), by=people["administrator"])
    puppet = add("puppet", "senior", made_up_password(), by=other)
    under_lax.take([PolicyChange(BANS)])
    assert outside.notice()
    roll_back(people["senior"])
    bans = PolicyVersion.objects.get(name="bans")
    approve(puppet, bans, in_force())
    with pytest.raises(NotYet, match="gave access to puppet"):
        put_in_force(people["administrator"], bans, 5.0, WHY)
    put_in_force(people["senior"], bans, 5.0, WHY)


def test_an_approval_counts_for_the_change_that_was_approved_and_no_other(
    under_lax: Any, people: Any
) -> None:
    bans, seen = draft(people, BANS), in_force()
    approve(people["administrator"], bans, seen)
    put_in_force(people["senior"], draft(people, FIRM), 100.0, WHY)
    with pytest.raises(NotYet, match="other than its author"):
        put_in_force(people["senior"], bans, 5.0, WHY)
    with pytest.raises(NotYet, match="since this page was shown"):
        approve(people["administrator"], bans, seen)


def test_a_banning_policy_from_outside_takes_two_people_of_the_desk_to_come_back(
    under_lax: Any, people: Any
) -> None:
    under_lax.take([PolicyChange(BANS)])
    assert outside.notice()
    roll_back(people["senior"])
    bans = PolicyVersion.objects.get(name="bans")
    approve(people["senior"], bans, in_force())
    with pytest.raises(NotYet, match="two people"):
        put_in_force(people["senior"], bans, 100.0, WHY)
    put_in_force(people["administrator"], bans, 100.0, WHY)
    assert under_lax.link.policy_text == BANS


def test_without_a_backtest_it_takes_a_reason(under_lax: Any, people: Any) -> None:
    firm = draft(people, FIRM)
    with pytest.raises(NotYet, match="backtest"):
        put_in_force(people["senior"], firm, 5.0, "no")
    put_in_force(people["senior"], firm, 5.0, WHY)
    assert Record.objects.get(did="policy.put_in_force").details["without_backtest"] == WHY


def test_one_version_at_a_time_is_rolled_out(under_lax: Any, people: Any) -> None:
    put_in_force(people["senior"], draft(people, FIRM), 5.0, WHY)
    with pytest.raises(NotYet, match="is being rolled out"):
        put_in_force(people["senior"], draft(people, policy_text("third", 30)), 5.0, WHY)


def test_a_change_outside_the_desk_is_noticed_and_nothing_is_overwritten_unseen(
    under_lax: Any, people: Any
) -> None:
    firm = draft(people, FIRM)
    put_in_force(people["senior"], firm, 25.0, WHY)
    under_lax.take([PolicyChange(policy_text("elsewhere", 40))])
    with pytest.raises(NotYet, match="outside the desk"):
        put_in_force(people["senior"], firm, 50.0, WHY)
    assert outside.notice()
    put = InForce.now()
    assert put is not None
    assert (put.kind, put.version.name, put.percent) == (Kind.OUTSIDE, "elsewhere", 100.0)
    assert Record.objects.get(did="policy.changed_outside").who == "tidegate"
    assert roll_back(people["senior"]).version.name == "lax"
    assert not outside.notice()


def test_what_the_node_refuses_changes_nothing_here(
    under_lax: Any, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = draft(people, FIRM)
    # A node that refuses everything, as one does whose disk is full.
    refused = RequestError("storage_failing", "the disk is full")
    monkeypatch.setattr(under_lax.link, "_take", lambda requests: [refused])
    before = Record.objects.count()
    with pytest.raises(RequestError):
        put_in_force(people["senior"], firm, 5.0, WHY)
    put = InForce.now()
    assert put is not None
    assert put.version.name == "lax"
    assert Record.objects.count() == before
    assert under_lax.link.policy_text == LAX


@pytest.mark.parametrize("role", ["analyst", "reviewer", "auditor"])
def test_only_those_who_may_put_policies_in_force_or_take_them_back(
    under_lax: Any, people: Any, role: str
) -> None:
    firm = draft(people, FIRM)
    change: Callable[[], object]
    for change in (
        lambda: put_in_force(people[role], firm, 5.0, WHY),
        lambda: roll_back(people[role]),
        lambda: approve(people[role], firm, in_force()),
    ):
        with pytest.raises(PermissionDenied):
            change()


def test_a_draft_with_a_mistake_is_not_kept(under_lax: Any, people: Any) -> None:
    with pytest.raises(PolicyErrors):
        draft(people, policy_text("wrong", "many"))
    with pytest.raises(PermissionDenied):
        draft(people, FIRM, author="reviewer")
    assert PolicyVersion.objects.count() == 1


def test_a_version_that_was_edited_behind_the_desks_back_is_not_used(under_lax: Any, people: Any) -> None:
    firm = draft(people, FIRM)
    PolicyVersion.objects.filter(pk=firm.pk).update(text=BANS)
    with pytest.raises(NotYet, match="not what was saved"):
        put_in_force(people["senior"], firm, 100.0, WHY)
    assert under_lax.link.policy_text == LAX
