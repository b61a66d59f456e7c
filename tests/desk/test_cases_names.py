"""People who open cases at the same moment get a name each."""

import threading
from typing import Any

import pytest
from django.db import Error, connection, connections

from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.cases.elements import ELEMENTS
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.dossier.opening import CaseError, open_case

AT_ONCE, EACH = 3, 3


@pytest.mark.django_db(transaction=True)
def test_cases_opened_at_once_have_names_without_gaps(people: dict[str, Any]) -> None:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("needs a database that several connections can open")
    together, troubles = threading.Barrier(AT_ONCE), []

    def open_some() -> None:
        try:
            together.wait(10)
            for _ in range(EACH):
                open_case(people["officer"], title="Lantern Blast")
        except (CaseError, Error) as error:  # told below: a thread's own is lost
            troubles.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=open_some) for _ in range(AT_ONCE)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert not troubles
    names = sorted(Case.objects.values_list("name", flat=True))
    assert [name.rpartition("-")[2] for name in names] == [
        f"{one:04d}" for one in range(1, AT_ONCE * EACH + 1)
    ]
    for case in Case.objects.all():
        assert [row.did for row in chain(case)] == ["case opened"] and case.elements.count() == len(ELEMENTS)
