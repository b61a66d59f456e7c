"""Records are linked for reasons that a person can read, and what a person said is remembered."""

import random
from typing import Any

import pytest

from tidegate.desk.evidence.linking import (
    Identifier,
    LinkingError,
    LinkKind,
    LinkState,
    Record,
    Role,
    Ruling,
    link,
)
from tidegate.desk.evidence.linking.generated import generate

DAY_S = 86_400.0
PHONE, OTHER_PHONE = Identifier("phone", "+5511900000001"), Identifier("phone", "+5511900000002")
MAIL = Identifier("email", "sales@acme.example")
DOMAIN = Identifier("domain", "acme.example")


def record(id: str, *identifiers: Identifier, name: str = "", **more: Any) -> Record:
    return Record(id, identifiers, (name,) if name else (), **more)


def groups(records: list[Record], rulings: list[Ruling] | None = None) -> list[tuple[str, ...]]:
    return [entity.records for entity in link(records, rulings or []).entities]


def test_records_of_one_hand_are_linked_with_reasons_and_points() -> None:
    linked = link(
        [record("a", PHONE, MAIL, name="Acme Sender Ltda"), record("b", PHONE, MAIL, name="ACME Sendr")]
    )
    (one,) = linked.links
    assert (one.first, one.second, one.kind, one.state) == ("a", "b", LinkKind.SAME, LinkState.PROPOSED)
    assert {reason.kind for reason in one.reasons} == {"phone", "email", "name"}
    assert one.points == sum(reason.points for reason in one.reasons) > 3


def test_a_name_alone_links_nobody() -> None:
    same = [record("a", PHONE, name="Acme Sender"), record("b", OTHER_PHONE, name="Acme Sender")]
    assert groups(same) == [("a",), ("b",)]
    assert link(same).links == []


def test_names_are_compared_across_scripts_legal_forms_and_typing_errors() -> None:
    for other in ("Акме Сендер \u041e\u041e\u041e", "acme snder gmbh", "ACME  SENDER S.r.l."):
        assert groups([record("a", DOMAIN, name="Acme Sender Ltda"), record("b", DOMAIN, name=other)]) == [
            ("a", "b")
        ]
    far = [record("a", DOMAIN, name="Acme Sender"), record("b", DOMAIN, name="Florist Miller")]
    assert groups(far) == [("a",), ("b",)]


def test_a_hub_links_nobody_and_is_named() -> None:
    shortener = Identifier("domain", "bit.example")
    names = (
        "Acme",
        "Borealis",
        "Cumulus",
        "Dromedary",
        "Equinox",
        "Fjordland",
        "Gondola",
        "Hurricane",
        "Iguana",
    )
    many = [record(f"r{at}", shortener, name=name) for at, name in enumerate(names)]
    linked = link([*many, record("x", shortener, PHONE, name="Acme"), record("y", shortener, PHONE)])
    assert linked.hubs == [shortener]
    (one,) = linked.links
    assert (one.first, one.second, one.hubs) == ("x", "y", ("domain bit.example",))


def test_two_registration_numbers_are_two_companies() -> None:
    first, second = Identifier("registration:br_cnpj", "1" * 14), Identifier("registration:br_cnpj", "2" * 14)
    linked = link([record("a", PHONE, first, name="Acme"), record("b", PHONE, second, name="Acme")])
    assert [entity.records for entity in linked.entities] == [("a",), ("b",)]
    bridge = [record("a", PHONE, first), record("b", PHONE, MAIL), record("c", MAIL, second)]
    assert len(groups(bridge)) == 2


def test_what_a_person_rejected_stays_rejected_whatever_comes_later() -> None:
    two = [record("a", PHONE, MAIL, name="Acme"), record("b", PHONE, MAIL, name="Acme")]
    no = [Ruling("b", "a", confirmed=False, reviewer="officer")]
    assert groups(two, no) == [("a",), ("b",)]
    more = [*two, *(record(f"c{at}", PHONE, MAIL, DOMAIN, name="Acme") for at in range(5))]
    for entity in link(more, no).entities:
        assert not {"a", "b"} <= set(entity.records)
    held = link(two, no).held_apart[0]
    assert (held.state, held.reviewer) == (LinkState.REJECTED, "officer")


def test_what_a_person_confirmed_holds_without_any_shared_identifier() -> None:
    two = [record("a", PHONE, name="Acme"), record("b", OTHER_PHONE, name="Florist")]
    linked = link(two, [Ruling("a", "b", confirmed=True, reviewer="officer")])
    assert [entity.records for entity in linked.entities] == [("a", "b")]
    assert linked.links[0].state is LinkState.CONFIRMED and linked.links[0].reviewer == "officer"
    assert groups(two[:1], [Ruling("a", "b", confirmed=True, reviewer="officer")]) == [("a",)]


def test_rulings_have_a_person_and_do_not_contradict() -> None:
    with pytest.raises(ValueError, match="names nobody"):
        Ruling("a", "b", confirmed=True, reviewer=" ")
    two = [record("a", PHONE), record("b", PHONE)]
    both = [Ruling("a", "b", confirmed=one, reviewer="officer") for one in (True, False)]
    with pytest.raises(LinkingError, match="ruled differently"):
        link(two, both)
    with pytest.raises(LinkingError, match="two records have the id"):
        link([two[0], two[0]])


def test_the_same_identifiers_under_another_name_later_are_a_successor() -> None:
    before = record("a", PHONE, MAIL, name="Acme Sender", seen_from=0.0, seen_to=100 * DAY_S)
    after = record("b", PHONE, name="Borealis Promo", seen_from=120 * DAY_S, seen_to=200 * DAY_S)
    linked = link([after, before])
    (one,) = linked.between
    assert (one.kind, one.first, one.second, one.valid_from) == (LinkKind.SUCCESSOR, "a", "b", 120 * DAY_S)
    assert Role.SUCCESSOR in linked.entities[1].roles
    at_once = record("b", PHONE, name="Borealis Promo", seen_from=10.0, seen_to=90 * DAY_S)
    assert link([before, at_once]).between[0].kind is LinkKind.RELATED


def test_roles_are_those_of_the_records() -> None:
    linked = link([record("a", PHONE, roles=(Role.RESELLER,)), record("b", PHONE, roles=(Role.OPERATOR,))])
    assert linked.entities[0].roles == (Role.OPERATOR, Role.RESELLER)


def test_the_same_records_in_any_order_give_the_same_links() -> None:
    records = generate(1_500, seed=3).records
    first = link(records)
    shuffled = list(records)
    random.Random(1).shuffle(shuffled)
    second = link(shuffled)
    assert (first.entities, first.links, first.between) == (second.entities, second.links, second.between)
