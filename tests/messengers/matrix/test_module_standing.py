"""What each rung lets an account do: chats that exist go on, strangers are protected, nobody is stopped for ever."""

import module_source  # noqa: F401 -- makes the next import possible
import pytest
from tidegate_synapse.budget import DAY_S, FirstContacts, MessageRate
from tidegate_synapse.rooms import Room
from tidegate_synapse.rungs import Challenge, Rung
from tidegate_synapse.standing import Refusal, Standing, Standings

NOW_S = 1_800_000_000.0
US, FRIEND = "@us:tide.test", "@friend:tide.test"
STRANGERS = [f"@stranger{number}:tide.test" for number in range(9)]
CHAT, FRESH, EMPTY = "!chat", "!fresh", "!empty"


def standing(rung: Rung, *, contacts: int = 2, messages: int = 1_000) -> Standing:
    """Somebody with one chat, one room with a stranger in which nothing is written, and one friend."""
    return Standing(
        US,
        rung,
        notice="In our words.",
        joined={CHAT, FRESH, EMPTY},
        fresh={FRESH, EMPTY},
        acquainted={FRIEND},
        always_open={"!notices"},
        challenge=Challenge("https://tide.test/challenge/t", NOW_S + DAY_S),
        contacts=FirstContacts(contacts),
        rate=MessageRate(messages),
    )


def room_of(*members: str) -> Room:
    return Room.of_members(members, ())


def code(refusal: Refusal | None) -> str | None:
    return None if refusal is None else refusal.errcode


@pytest.mark.parametrize("rung", [Rung.CHALLENGE, Rung.BUDGET, Rung.LOCK])
def test_chats_that_exist_go_on_up_to_the_lock(rung: Rung) -> None:
    account = standing(rung)
    assert account.may_send(CHAT, room_of(US, FRIEND), NOW_S) is None
    assert account.may_send("!never heard of", None, NOW_S) is None
    assert account.may_send(EMPTY, room_of(US), NOW_S) is None
    assert account.may_send(FRESH, room_of(US, FRIEND), NOW_S) is None
    assert account.may_join(CHAT) is None  # a change of the profile in it


@pytest.mark.parametrize("rung", [Rung.SUSPEND, Rung.BAN])
def test_suspended_and_banned_accounts_send_nothing_but_to_the_server(rung: Rung) -> None:
    account = standing(rung)
    assert code(account.may_send(CHAT, room_of(US, FRIEND), NOW_S)) == "M_USER_SUSPENDED"
    assert account.may_send("!notices", None, NOW_S) is None
    assert account.may_join("!notices") is None
    for refusal in (
        account.may_create((), 0, NOW_S),
        account.may_invite(FRIEND, CHAT, NOW_S),
        account.may_join("!new"),
        account.may_publish(),
    ):
        assert code(refusal) == "M_USER_SUSPENDED"


def test_a_challenge_is_asked_for_before_a_stranger_is_reached_in_any_way() -> None:
    account = standing(Rung.CHALLENGE)
    for refusal in (
        account.may_send(FRESH, room_of(US, STRANGERS[0]), NOW_S),
        account.may_invite(STRANGERS[0], CHAT, NOW_S),
        account.may_create([STRANGERS[0]], 0, NOW_S),
        account.may_create([], 1, NOW_S),
    ):
        assert refusal is not None and refusal.errcode == "M_CONSENT_NOT_GIVEN"
        assert refusal.consent_uri == "https://tide.test/challenge/t" and refusal.text == "In our words."
    assert account.may_create([FRIEND], 0, NOW_S) is None
    assert account.may_create([], 0, NOW_S) is None
    assert account.may_join("!new") is None


def test_without_a_challenge_to_offer_nobody_is_refused() -> None:
    account = standing(Rung.CHALLENGE)
    assert account.may_invite(STRANGERS[0], CHAT, NOW_S + DAY_S) is None  # it has ended
    account.challenge = None
    assert account.may_invite(STRANGERS[0], CHAT, NOW_S) is None


def test_a_budget_counts_people_and_says_when_to_come_back() -> None:
    account = standing(Rung.BUDGET, contacts=2)
    assert account.may_invite(STRANGERS[0], "!a", NOW_S) is None
    assert account.may_send(FRESH, room_of(US, STRANGERS[1]), NOW_S + 10) is None
    for _ in range(3):
        assert account.may_send(FRESH, room_of(US, STRANGERS[1]), NOW_S + 20) is None
    refusal = account.may_invite(STRANGERS[2], "!b", NOW_S + 30)
    assert refusal is not None and refusal.errcode == "M_LIMIT_EXCEEDED" and refusal.wait_s == DAY_S - 30
    assert account.may_invite(FRIEND, "!b", NOW_S + 30) is None
    assert account.may_invite(STRANGERS[0], "!c", NOW_S + 30) is None


def test_a_room_is_not_left_half_made_by_a_budget_too_small() -> None:
    account = standing(Rung.BUDGET, contacts=2)
    assert code(account.may_create(STRANGERS[:3], 0, NOW_S)) == "M_LIMIT_EXCEEDED"
    assert code(account.may_create(STRANGERS[:2], 1, NOW_S)) == "M_LIMIT_EXCEEDED"
    assert account.may_create([*STRANGERS[:2], FRIEND], 0, NOW_S) is None
    assert account.contacts.left(NOW_S) == 2


def test_after_an_invitation_the_first_message_costs_nothing_more() -> None:
    accounts = Standings()
    account = standing(Rung.BUDGET, contacts=1)
    accounts.put(account)
    accounts.created(US, "!new")
    assert account.may_invite(STRANGERS[0], "!new", NOW_S) is None
    assert account.may_send("!new", room_of(US, STRANGERS[0]), NOW_S) is None
    assert account.contacts.left(NOW_S) == 0


def test_a_reply_refunds_one_and_makes_an_acquaintance() -> None:
    accounts = Standings()
    account = standing(Rung.BUDGET, contacts=1)
    accounts.put(account)
    assert account.may_invite(STRANGERS[0], "!a", NOW_S) is None
    accounts.paid(US, "!a")
    assert code(account.may_invite(STRANGERS[1], "!b", NOW_S)) == "M_LIMIT_EXCEEDED"
    accounts.wrote(US, "!a")
    assert code(account.may_invite(STRANGERS[1], "!b", NOW_S)) == "M_LIMIT_EXCEEDED"
    accounts.wrote(STRANGERS[0], "!a")
    assert account.may_invite(STRANGERS[1], "!b", NOW_S) is None
    accounts.wrote(STRANGERS[0], "!a")  # a second answer gives nothing more back
    assert code(account.may_invite(STRANGERS[2], "!c", NOW_S)) == "M_LIMIT_EXCEEDED"
    assert account.may_invite(STRANGERS[0], "!d", NOW_S) is None


def test_in_a_group_each_reply_refunds_its_own_person() -> None:
    accounts = Standings()
    account = standing(Rung.BUDGET, contacts=3)
    accounts.put(account)
    for stranger in STRANGERS[:3]:
        account.may_invite(stranger, "!group", NOW_S)
        accounts.paid(US, "!group")
    assert account.contacts.left(NOW_S) == 0
    accounts.wrote(STRANGERS[1], "!group")
    accounts.wrote("@somebody.else:tide.test", "!group")
    assert account.contacts.left(NOW_S) == 1


def test_a_budgeted_account_sends_at_a_human_pace() -> None:
    account = standing(Rung.BUDGET, messages=3)
    sent = [account.may_send(CHAT, room_of(US, FRIEND), NOW_S) for _ in range(4)]
    assert sent[:3] == [None] * 3
    assert (
        sent[3] is not None and sent[3].errcode == "M_LIMIT_EXCEEDED" and sent[3].wait_s == pytest.approx(20)
    )


def test_a_locked_account_starts_nothing_new() -> None:
    account = standing(Rung.LOCK)
    for refusal in (
        account.may_send(FRESH, room_of(US, STRANGERS[0]), NOW_S),
        account.may_create((), 0, NOW_S),
        account.may_invite(FRIEND, CHAT, NOW_S),
        account.may_join("!new"),
        account.may_publish(),
    ):
        assert code(refusal) == "M_FORBIDDEN"


def test_an_answer_in_a_room_makes_it_a_chat_that_goes_on() -> None:
    accounts = Standings()
    account = standing(Rung.LOCK)
    accounts.put(account)
    assert code(account.may_send(FRESH, None, NOW_S)) == "M_FORBIDDEN"
    accounts.wrote(STRANGERS[0], FRESH)
    assert account.may_send(FRESH, None, NOW_S) is None


def test_a_rung_ends_by_itself_though_nobody_says_so() -> None:
    accounts = Standings()
    account = standing(Rung.LOCK)
    account.until_s = NOW_S + 60
    accounts.put(account)
    assert accounts.get(US, NOW_S + 59) is account
    assert accounts.get(US, NOW_S + 60) is None


def test_whoever_is_freed_is_forgotten_entirely() -> None:
    accounts = Standings()
    accounts.put(standing(Rung.LOCK))
    accounts.remove(US)
    accounts.remove(US)
    assert len(accounts) == 0 and accounts.get(US, NOW_S) is None
    accounts.wrote(STRANGERS[0], FRESH)


def test_the_same_measure_again_gives_no_new_budget() -> None:
    accounts = Standings()
    account = standing(Rung.BUDGET, contacts=1)
    accounts.put(account)
    assert account.may_invite(STRANGERS[0], "!a", NOW_S) is None
    accounts.paid(US, "!a")
    accounts.put(standing(Rung.BUDGET, contacts=1))
    again = accounts.get(US, NOW_S)
    assert again is not None and code(again.may_invite(STRANGERS[1], "!b", NOW_S)) == "M_LIMIT_EXCEEDED"
    accounts.wrote(STRANGERS[0], "!a")
    assert again.may_invite(STRANGERS[1], "!b", NOW_S) is None


def test_words_are_said_even_when_the_node_gave_none() -> None:
    for rung in (Rung.CHALLENGE, Rung.BUDGET, Rung.LOCK, Rung.SUSPEND, Rung.BAN):
        account = standing(rung, contacts=0)
        account.notice = ""
        refusal = account.may_invite(STRANGERS[0], CHAT, NOW_S)
        assert refusal is not None and refusal.text
