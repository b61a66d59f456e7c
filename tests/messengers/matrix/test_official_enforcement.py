"""Rungs carried out on a real homeserver through its admin API, and undone."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from official_setup import Caller, Operator, sign_up

from tidegate.messengers.matrix.homeserver import Homeserver
from tidegate.messengers.matrix.official.admin_api import AdminApi
from tidegate.messengers.matrix.official.enforcement import Enforcer
from tidegate.messengers.matrix.official.lines import Line
from tidegate.messengers.matrix.official.node_client import Action, NodeClient, Result
from tidegate.messengers.matrix.official.ration import Rations
from tidegate.messengers.matrix.official.settings import Place
from tidegate.messengers.matrix.official.state import State

SETTINGS = (
    '[enforcement]\nfirst_contacts = 2\nban_redacts = true\n[words]\nwarn = "Write to help@tide.test."\n'
)
NUMBERS = itertools.count(1)


@dataclass
class Setup:
    homeserver: Homeserver
    place: Place

    def state_of(self, who: Caller) -> tuple[bool, bool]:
        """(suspended, locked)"""
        known = self.homeserver.admin("GET", f"/v2/users/{who.user}")
        return known["suspended"], known["locked"]

    def by_hand(self, who: Caller, suspended: bool) -> None:
        self.homeserver.admin("PUT", f"/v1/suspend/{who.user}", {"suspend": suspended})

    def person(self, name: str) -> Caller:
        return sign_up(self.homeserver, f"{name}{next(NUMBERS)}")


@pytest.fixture(scope="module")
def setup(synapse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    operator = Operator(tmp_path_factory.mktemp("official"), more=SETTINGS)
    with Homeserver(operator.homeserver_settings(), python=synapse) as homeserver:
        yield Setup(homeserver, operator.connect(homeserver))


class Desk:
    """The adapter's part that acts, opened on its state as after a start."""

    def __init__(self, place: Place) -> None:
        self.admin, self.node, self.state = AdminApi(place), NodeClient(place), State(place.data)
        self.rations = Rations(self.state, place.settings.enforcement.window_h)
        self.enforcer = Enforcer(place, self.admin, self.node, self.state, self.rations)

    async def __aenter__(self) -> "Desk":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.admin.close()
        await self.node.close()
        self.state.close()


def an_action(who: str, rung: str, previous: str = "allow", notice: str = "You have been told.") -> Action:
    return Action(f"{next(NUMBERS):016x}", who, rung, previous, notice=notice)


def apply(place: Place, *actions: Action) -> list[Result]:
    async def run() -> list[Result]:
        async with Desk(place) as desk:
            return [await desk.enforcer.apply(action) for action in actions]

    return asyncio.run(run())


def done(results: list[Result]) -> bool:
    return all(result.done for result in results)


def test_a_warning_is_a_notice_and_nothing_else(setup: Setup) -> None:
    ann = setup.person("ann")
    assert done(apply(setup.place, an_action(ann.user, "warn")))
    assert ann.notices() == ["You have been told.\n\nWrite to help@tide.test."]
    assert setup.state_of(ann) == (False, False)


def test_the_same_action_twice_tells_the_account_holder_once(setup: Setup) -> None:
    ann = setup.person("ann")
    action = an_action(ann.user, "warn")
    assert done(apply(setup.place, action, action)) and done(apply(setup.place, action))
    assert len(ann.notices()) == 1


@pytest.mark.parametrize("rung", ["lock", "suspend"])
def test_a_suspended_account_can_read_and_leave_but_not_write_or_invite(setup: Setup, rung: str) -> None:
    ann, ben = setup.person("ann"), setup.person("ben")
    room = ann.chat_with(ben)
    assert done(apply(setup.place, an_action(ann.user, rung)))
    assert ann.write(room).body["errcode"] == "M_USER_SUSPENDED"
    assert ann.call("POST", "/createRoom", {"invite": [ben.user]}).body["errcode"] == "M_USER_SUSPENDED"
    assert ann.call("GET", "/sync").status == 200
    assert done(apply(setup.place, an_action(ann.user, "allow", rung)))
    assert ann.write(room).status == 200


def test_a_locked_account_is_told_that_it_cannot_write_not_that_its_chats_go_on(setup: Setup) -> None:
    ann = setup.person("ann")
    page = "See what happened and how to appeal: https://help.example.org/status/t0k3n"
    notice = f"Your existing chats are not affected. {page}"
    assert done(apply(setup.place, an_action(ann.user, "lock", notice=notice)))
    (told,) = ann.notices()
    assert "cannot send messages" in told and "not affected" not in told
    assert page in told, "the way to the status page is kept"


def test_a_challenge_that_nobody_could_pass_is_not_told(setup: Setup) -> None:
    ann = setup.person("ann")
    (result,) = apply(
        setup.place, an_action(ann.user, "challenge")
    )  # no node is there that could give a link
    assert (result.done, result.permanent) == (False, False) and "/v1/challenges" in str(result.error)
    assert ann.notices() == [] and setup.state_of(ann) == (False, False)


def test_a_ban_locks_signs_out_and_removes_what_was_written(setup: Setup) -> None:
    ann, ben = setup.person("ann"), setup.person("ben")
    room = ann.chat_with(ben)
    ben.join(room)
    event = ann.write(room).body["event_id"]
    ban = an_action(ann.user, "ban")
    assert done(apply(setup.place, ban))
    assert setup.state_of(ann) == (False, True)
    assert ann.write(room).body["errcode"] == "M_UNKNOWN_TOKEN"
    assert ben.call("GET", f"/rooms/{room}/event/{event}").body["content"] == {}
    assert done(apply(setup.place, ban)), "applied twice"
    assert done(apply(setup.place, an_action(ann.user, "allow", "ban")))
    assert setup.state_of(ann) == (False, False)


def test_from_a_suspension_to_a_ban_and_back_down_step_by_step(setup: Setup) -> None:
    ann = setup.person("ann")
    steps = [
        ("suspend", (True, False)),
        ("ban", (False, True)),
        ("suspend", (True, False)),
        ("warn", (False, False)),
    ]
    previous = "allow"
    for rung, expected in steps:
        assert done(apply(setup.place, an_action(ann.user, rung, previous)))
        assert setup.state_of(ann) == expected, rung
        previous = rung


def test_what_an_administrator_did_by_hand_before_is_not_lifted(setup: Setup) -> None:
    ann = setup.person("ann")
    setup.by_hand(ann, suspended=True)
    assert done(apply(setup.place, an_action(ann.user, "suspend")))
    assert done(apply(setup.place, an_action(ann.user, "allow", "suspend")))
    assert setup.state_of(ann) == (True, False)


def test_what_an_administrator_lifted_by_hand_is_no_error_to_lift(setup: Setup) -> None:
    ann = setup.person("ann")
    assert done(apply(setup.place, an_action(ann.user, "suspend")))
    setup.by_hand(ann, suspended=False)
    assert done(apply(setup.place, an_action(ann.user, "allow", "suspend")))
    assert setup.state_of(ann) == (False, False)


def test_a_suspension_nobody_remembers_stays_and_is_told_to_a_person(setup: Setup) -> None:
    ann = setup.person("ann")
    setup.by_hand(ann, suspended=True)
    (result,) = apply(setup.place, an_action(ann.user, "allow", "suspend"))
    assert (result.done, result.permanent) == (False, True)
    assert "does not say that Tidegate did it" in str(result.error)
    assert setup.state_of(ann) == (True, False)


def test_a_crash_between_intent_and_call_does_not_make_ours_theirs(setup: Setup) -> None:
    ann = setup.person("ann")

    async def crash_before_the_call() -> None:
        async with Desk(setup.place) as desk:
            desk.enforcer._remember(ann.user, "suspended", ours=True)
            await desk.admin.set_suspended(ann.user, True)  # and here the process ends, unconfirmed

    asyncio.run(crash_before_the_call())
    assert done(apply(setup.place, an_action(ann.user, "suspend")))
    assert done(apply(setup.place, an_action(ann.user, "allow", "suspend")))
    assert setup.state_of(ann) == (False, False)


def test_a_server_administrator_is_never_acted_on(setup: Setup) -> None:
    (result,) = apply(setup.place, an_action(Homeserver.user_id("admin"), "ban"))
    assert (result.done, result.permanent) == (False, True)
    assert setup.homeserver.admin("GET", f"/v2/users/{Homeserver.user_id('admin')}")["locked"] is False


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("@eve:elsewhere.test", "not an account of tide.test"),
        ("@nobody:tide.test", "no account @nobody:tide.test"),
        ("@notices:tide.test", "ignored"),
        ("@_tidegate:tide.test", "ignored"),
    ],
)
def test_accounts_that_cannot_be_acted_on_are_refused_for_good(
    setup: Setup, account: str, words: str
) -> None:
    (result,) = apply(setup.place, an_action(account, "suspend"))
    assert (result.done, result.permanent) == (False, True) and words in str(result.error)


def test_a_notice_that_cannot_be_sent_does_not_stop_the_measure(synapse: Path, tmp_path: Path) -> None:
    operator = Operator(tmp_path)
    settings = operator.homeserver_settings()
    settings.more["server_notices"] = None
    with Homeserver(settings, python=synapse) as homeserver:
        setup = Setup(homeserver, operator.connect(homeserver))
        ann = setup.person("ann")
        (result,) = apply(setup.place, an_action(ann.user, "suspend"))
        assert (result.done, result.permanent) == (False, False)
        assert "Server notices are not enabled" in str(result.error)
        assert setup.state_of(ann) == (True, False)


def test_a_wrong_admin_token_says_which_file_and_what_would_be_right(setup: Setup) -> None:
    ann, file = setup.person("ann"), setup.place.file("admin.token")
    right = file.read_text()
    try:
        file.write_text("syt_wrong\n")
        (result,) = apply(setup.place, an_action(ann.user, "suspend"))
        assert not result.done and not result.permanent
        assert str(file) in str(result.error) and "sign in again" in str(result.error)
        file.write_text(ann.token + "\n")
        (result,) = apply(setup.place, an_action(ann.user, "suspend"))
        assert "not a server administrator" in str(result.error)
    finally:
        file.write_text(right)
    assert setup.state_of(ann) == (False, False)


# --- Rations ----------------------------------------------------------------------------------------------------------


def invites(actor: Caller, *targets: Caller) -> list[Line]:
    return [
        Line(time=2e9, type="invite", actor=actor.user, target=target.user, chat=f"!{target.user}")
        for target in targets
    ]


def test_a_rationed_account_writes_until_too_many_have_not_answered(setup: Setup) -> None:
    ann, others = setup.person("ann"), [setup.person("ben") for _ in range(3)]

    async def story() -> list[tuple[bool, bool]]:
        states = []
        async with Desk(setup.place) as desk:

            async def see(lines: list[Line]) -> None:
                with desk.state.together():
                    desk.rations.note(lines)
                for account in desk.rations.changed:
                    await desk.enforcer.settle(account)
                desk.rations.changed.clear()
                states.append(setup.state_of(ann))

            await desk.enforcer.apply(an_action(ann.user, "budget"))
            await see(invites(ann, *others[:2]))
            await see(invites(ann, others[1]))  # again to the same person
            await see(invites(ann, others[2]))
            await see([Line(time=2e9, type="message", actor=others[0].user, chat=f"!{others[0].user}")])
        return states

    assert asyncio.run(story()) == [(False, False), (False, False), (True, False), (False, False)]
    assert [text for text in ann.notices() if "more people than may be left" in text], "was told why"


def test_a_spent_ration_survives_a_restart_and_ends_with_the_rung(setup: Setup) -> None:
    ann, others = setup.person("ann"), [setup.person("ben") for _ in range(3)]

    async def spend() -> None:
        async with Desk(setup.place) as desk:
            await desk.enforcer.apply(an_action(ann.user, "budget"))
            with desk.state.together():
                desk.rations.note(invites(ann, *others))
            await desk.enforcer.settle(ann.user)

    asyncio.run(spend())
    assert setup.state_of(ann) == (True, False)

    async def after_restart() -> bool:
        async with Desk(setup.place) as desk:
            await desk.enforcer.settle(ann.user)
            return desk.rations.is_spent(ann.user)

    assert asyncio.run(after_restart())
    assert setup.state_of(ann) == (True, False)
    assert done(apply(setup.place, an_action(ann.user, "allow", "budget")))
    assert setup.state_of(ann) == (False, False)
