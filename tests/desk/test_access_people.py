"""Who works here: added, given a role, let out; recorded, never by oneself, and one administrator stays."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from tidegate.desk.access import managing, second_factor
from tidegate.desk.access.adding import add
from tidegate.desk.access.models import Person
from tidegate.desk.audit.models import Record

pytestmark = pytest.mark.django_db
PEOPLE = "/desk/people/"


def said(client: Client, path: str) -> str:
    return str(client.get(path, follow=True).content.decode())


def last() -> Any:
    return Record.objects.order_by("-number").first()


def test_an_administrator_lets_somebody_in_whose_password_is_shown_once(signed_in: Any) -> None:
    administrator = signed_in("administrator")
    answer = administrator.post(f"{PEOPLE}add/", {"username": "maria", "role": "reviewer"})
    (password,) = re.findall(r'<code class="secret">([^<]+)</code>', answer.content.decode())
    assert answer["Cache-Control"] == "no-store"
    newcomer = Client()
    assert newcomer.post("/desk/sign-in/", {"username": "maria", "password": password}).status_code == 302
    assert newcomer.get("/desk/me/").status_code == 200
    assert password not in said(administrator, PEOPLE)
    added = Record.objects.get(did="person.added")
    assert (added.who, added.about, added.details) == ("the-administrator", "maria", {"role": "reviewer"})
    assert password not in added.said


@pytest.mark.parametrize("name", ["the-auditor", "tidegate", "With Capitals", "", "x" * 65, "-x", "a\u0000b"])
def test_a_name_that_cannot_be_is_refused_in_words(signed_in: Any, name: str) -> None:
    before = Person.objects.count()
    answer = signed_in("administrator").post(f"{PEOPLE}add/", {"username": name, "role": "reviewer"})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert Person.objects.count() == before
    assert not Record.objects.filter(did="person.added").exists()


def test_a_password_that_can_be_guessed_is_refused(db: Any) -> None:
    for password in ("short", "password1234", "maria.reviewer"):
        with pytest.raises(ValidationError):
            add("maria.reviewer", "reviewer", password)


def test_a_role_is_changed_and_both_are_recorded(people: Any, signed_in: Any) -> None:
    reviewer = people["reviewer"]
    answer = signed_in("administrator").post(f"{PEOPLE}{reviewer.pk}/role/", {"role": "senior"}, follow=True)
    assert "The role was changed" in answer.content.decode()
    reviewer.refresh_from_db()
    assert reviewer.role == "senior"
    assert last().did == "person.role-changed"
    assert last().details == {"before": "reviewer", "after": "senior"}
    signed_in("administrator").post(f"{PEOPLE}{reviewer.pk}/role/", {"role": "emperor"})
    reviewer.refresh_from_db()
    assert reviewer.role == "senior"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("role", {"role": "reviewer"}),
        ("deactivate", {}),
        ("activate", {}),
        ("reset-second-factor", {}),
        ("reset-password", {}),
    ],
)
def test_nobody_does_it_to_themselves(people: Any, signed_in: Any, path: str, form: dict[str, str]) -> None:
    administrator = people["administrator"]
    other = Person.objects.create(username="other", role="administrator")
    answer = signed_in("administrator").post(f"{PEOPLE}{administrator.pk}/{path}/", form, follow=True)
    assert "Nobody may" in answer.content.decode()
    administrator.refresh_from_db()
    assert (administrator.role, administrator.is_active, administrator.epoch) == ("administrator", True, 0)
    assert not Record.objects.filter(did__startswith="person.").exists()
    assert other.is_active


def test_the_last_administrator_stays(people: Any) -> None:
    """Two who take each other's role away at the same time: the second comes too late."""
    first, second = people["administrator"], Person.objects.create(username="other", role="administrator")
    managing.change_role(first, second, "auditor")
    for attempt in (
        lambda: managing.change_role(second, first, "auditor"),
        lambda: managing.deactivate(second, first),
    ):
        with pytest.raises(managing.RefusedError, match="last administrator"):
            attempt()
    first.refresh_from_db()
    assert (first.role, first.is_active) == ("administrator", True)


def test_a_deactivated_administrator_does_not_count(people: Any) -> None:
    first, second = people["administrator"], Person.objects.create(username="other", role="administrator")
    managing.deactivate(first, second)
    with pytest.raises(managing.RefusedError, match="last administrator"):
        managing.deactivate(people["senior"], first)
    second.refresh_from_db()
    managing.activate(first, second)
    managing.deactivate(second, first)
    assert Person.objects.filter(role="administrator", is_active=True).get() == second


def test_a_lost_phone_is_put_right_by_an_administrator(people: Any, signed_in: Any) -> None:
    reviewer = people["reviewer"]
    device = second_factor.pending(reviewer)
    device.confirmed = True
    device.save()
    administrator = signed_in("administrator")
    assert "Reset the second factor" in said(administrator, f"{PEOPLE}{reviewer.pk}/")
    administrator.post(f"{PEOPLE}{reviewer.pk}/reset-second-factor/")
    assert not Person.objects.get(pk=reviewer.pk).has_second_factor
    assert (last().did, last().about) == ("person.second-factor-reset", "the-reviewer")


def test_another_password_is_made_and_shown_once(people: Any, signed_in: Any) -> None:
    answer = signed_in("administrator").post(f"{PEOPLE}{people['reviewer'].pk}/reset-password/")
    (password,) = re.findall(r'<code class="secret">([^<]+)</code>', answer.content.decode())
    assert Person.objects.get(pk=people["reviewer"].pk).check_password(password)
    assert last().did == "person.password-reset"
    assert password not in last().said


def test_the_list_takes_few_queries_however_many_work_here(
    signed_in: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        Person.objects.create(username=f"p{number}", role="reviewer")
    client = signed_in("administrator")
    with django_assert_max_num_queries(6):
        page = said(client, PEOPLE)
    assert "p49" in page


def test_every_role_is_explained_on_the_page(signed_in: Any) -> None:
    page = said(signed_in("administrator"), PEOPLE)
    for word in ("Analyst", "Reviewer", "Senior reviewer", "Auditor", "Administrator"):
        assert f'<th scope="row">{word}</th>' in page
