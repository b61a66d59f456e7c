"""A passed challenge counts exactly once, however it is sent, and whatever happens meanwhile."""

import asyncio
import sqlite3
from collections.abc import Callable

import pytest
from challenge_setting import Setting

from challenge_site import ACCOUNT
from challenge_solving import solution_of
from tidegate.node.api.admission import Busy
from tidegate.node.challenge.challenges import MOST_WAITING, ORDER_S, State, View
from tidegate.node.challenge.limits import ATTEMPTS, ATTEMPTS_WINDOW_S
from tidegate.node.challenge.tickets import Kind
from tidegate.node.requests import RequestError, StorageError

PASSED, GONE = View(State.PASSED), View(State.GONE)


def test_a_passed_challenge_is_a_proof_in_the_journal(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        assert s.proofs() == 0
        assert await s.challenges.answer(ticket, 0, *await s.solved(ticket)) == PASSED
        assert s.proofs() == 1

    setting.run(story)


def test_the_same_answer_again_changes_nothing(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        answer = await s.solved(ticket)
        for _ in range(3):
            assert await s.challenges.answer(ticket, 0, *answer) == PASSED
        assert await s.challenges.look(ticket, 0) == PASSED
        assert s.proofs() == 1

    setting.run(story)


def test_answers_at_the_same_moment_count_once(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        answer = await s.solved(ticket)
        answers = [s.challenges.answer(ticket, 0, *answer) for _ in range(8)]
        assert await asyncio.gather(*answers) == [PASSED] * 8
        assert s.proofs() == 1

    setting.run(story)


def test_a_crowd_is_told_to_come_back_and_nothing_is_lost(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        answer = await s.solved(ticket)
        crowd = [s.challenges.look(ticket, 0) for _ in range(2 * MOST_WAITING)]
        seen = await asyncio.gather(*crowd, return_exceptions=True)
        turned_away = [one for one in seen if isinstance(one, Busy)]
        assert 0 < len(turned_away) < len(seen)
        assert {one.state for one in seen if isinstance(one, View)} == {State.OPEN}
        assert await s.challenges.answer(ticket, 0, *answer) == PASSED
        assert s.proofs() == 1

    setting.run(story)


def test_links_given_out_before_are_settled_by_the_first_that_is_passed(setting: Setting) -> None:
    """Otherwise an account could collect links and pass them in advance."""

    async def story(s: Setting) -> None:
        links = [await s.link() for _ in range(3)]
        answers = [await s.solved(link) for link in links]
        s.moved_s += 1.0
        for link, answer in zip(links, answers, strict=True):
            assert await s.challenges.answer(link, 0, *answer) == PASSED
        assert s.proofs() == 1

    setting.run(story)


def test_a_link_given_out_afterwards_is_another_challenge(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        await s.pass_one()
        await s.pass_one()
        assert s.proofs() == 2

    setting.run(story)


def test_a_wrong_answer_gets_a_new_order_and_after_ten_none_is_looked_at_for_a_while(
    setting: Setting,
) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        right = await s.solved(ticket)
        for _ in range(ATTEMPTS):
            view = await s.challenges.answer(ticket, 0, right[0], "1" + ".1" * 15)
            assert view.state is State.WRONG
            assert view.order is not None
        refused = await s.challenges.answer(ticket, 0, *right)
        assert refused.state is State.TOO_OFTEN
        assert 0 < refused.after_s <= ATTEMPTS_WINDOW_S
        assert s.proofs() == 0
        s.moved_s += ATTEMPTS_WINDOW_S + 1
        assert await s.challenges.answer(ticket, 0, *right) == PASSED

    setting.run(story)


def test_a_link_ends_and_an_order_ends_before_it(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        late = await s.solved(ticket)
        s.moved_s += ORDER_S + 1
        view = await s.challenges.answer(ticket, 0, *late)
        assert view.state is State.WRONG
        assert view.order is not None
        fresh = view.order.text, solution_of(view.order.text, view.order.target)
        s.moved_s += s.challenges.settings.lifetime_s
        assert await s.challenges.look(ticket, 0) == GONE
        assert await s.challenges.answer(ticket, 0, *fresh) == GONE
        assert s.proofs() == 0

    setting.run(story)


def test_work_done_for_one_link_does_not_pass_another(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        one, other = await s.link(), await s.link()
        answer = await s.solved(one)
        assert (await s.challenges.answer(other, 0, *answer)).state is State.WRONG
        assert s.proofs() == 0

    setting.run(story)


def test_an_easier_order_cannot_be_made_of_a_hard_one(setting: Setting) -> None:
    """The target is not taken from whoever answers: it follows from what was signed."""

    async def story(s: Setting) -> None:
        for _ in range(3):
            await s.pass_one()
        ticket = await s.link()
        order = await s.order(ticket)
        easy = s.challenges.target(1)
        assert order.target < easy
        view = await s.challenges.answer(ticket, 0, order.text, solution_of(order.text, easy))
        assert view.state is State.WRONG

    setting.run(story)


def test_repeated_challenges_of_an_account_get_harder_up_to_a_limit(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        times = []
        for _ in range(6):
            target = (await s.order(await s.link())).target
            times.append(round(s.challenges.target(1) / target))
            await s.pass_one()
        assert times == [1, 2, 4, 8, 8, 8]
        s.moved_s += 8 * 86_400
        assert (await s.order(await s.link())).target == s.challenges.target(1)

    setting.run(story)


def test_challenges_from_a_network_get_harder_for_all_its_accounts_and_no_other_network(
    setting_with: Callable[..., Setting],
) -> None:
    async def story(s: Setting) -> None:
        here, elsewhere = s.challenges.network_of("203.0.113.7"), s.challenges.network_of("198.51.100.7")
        for _ in range(4):
            await s.pass_one(here)
        ticket = await s.link()
        assert (await s.order(ticket, s.challenges.network_of("203.0.113.99"))).target == s.challenges.target(
            4
        )
        assert (await s.order(ticket, elsewhere)).target == s.challenges.target(1)

    setting_with(network_free=2, account_days=0).run(story)


def test_who_waits_can_confirm_when_the_time_has_come_and_not_before(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        waiting = await s.challenges.begin_wait(ticket, 7)
        assert waiting.state is State.WAITING
        assert waiting.after_s == pytest.approx(120, abs=1)
        assert (await s.challenges.confirm(ticket, 7, waiting.wait)).state is State.WAITING
        assert s.proofs() == 0
        s.moved_s += 121
        assert await s.challenges.confirm(ticket, 7, waiting.wait) == PASSED
        assert s.proofs() == 1

    setting.run(story)


def test_those_who_wait_on_one_network_stand_in_line(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        links = [await s.link() for _ in range(4)]
        turns = [(await s.challenges.begin_wait(link, 7)).after_s for link in links]
        assert turns == pytest.approx([120, 240, 360, 480], abs=2)
        again = await s.challenges.begin_wait(links[1], 7)
        assert again.after_s == pytest.approx(240, abs=2)
        elsewhere = await s.challenges.begin_wait(await s.link(), 8)
        assert elsewhere.after_s == pytest.approx(120, abs=2)

    setting.run(story)


def test_a_line_that_is_too_long_takes_nobody_more(setting_with: Callable[..., Setting]) -> None:
    async def story(s: Setting) -> None:
        states = [(await s.challenges.begin_wait(await s.link(), 7)).state for _ in range(4)]
        assert states == [State.WAITING] * 3 + [State.TOO_OFTEN]

    setting_with(wait_s=1_200).run(story)


def test_a_wait_for_one_link_does_not_pass_another(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        one, other = await s.link(), await s.link()
        waiting = await s.challenges.begin_wait(one, 7)
        s.moved_s += 121
        assert (await s.challenges.confirm(other, 7, waiting.wait)).state is State.WRONG
        assert s.proofs() == 0

    setting.run(story)


def test_nobody_waits_where_the_operator_does_not_want_it(setting_with: Callable[..., Setting]) -> None:
    async def story(s: Setting) -> None:
        assert (await s.challenges.begin_wait(await s.link(), 7)).state is State.TOO_OFTEN

    setting_with(wait_s=0).run(story)


def test_what_was_passed_when_the_power_went_is_recorded_after_the_next_start(setting: Setting) -> None:
    async def until_the_cut(s: Setting) -> None:
        link = s.challenges.signer.read(await s.link(), Kind.LINK)
        assert link is not None
        # What an answer does first; then the power goes.
        now_s = s.now_s()
        assert s.challenges.passes.take(link.id, link.account, 0, since_s=0, until_s=now_s + 60, now_s=now_s)
        assert s.proofs() == 0

    async def afterwards(s: Setting) -> None:
        for _ in range(500):
            if s.proofs() and not s.challenges.passes.waiting():
                break
            await asyncio.sleep(0.02)
        assert s.proofs() == 1
        assert s.challenges.passes.waiting() == []

    setting.run(until_the_cut)
    setting.challenges = setting.new_challenges()
    setting.run(afterwards)
    setting.challenges = setting.new_challenges()
    setting.run(afterwards)


def test_links_survive_a_restart_and_so_does_what_was_passed(setting: Setting) -> None:
    kept: list[str] = []

    async def before(s: Setting) -> None:
        kept.append(await s.link())
        s.moved_s += 1
        kept.append(await s.link())
        await s.challenges.answer(kept[0], 0, *await s.solved(kept[0]))

    async def after(s: Setting) -> None:
        assert await s.challenges.look(kept[0], 0) == PASSED
        s.moved_s += 1
        assert (await s.challenges.look(await s.link(), 0)).state is State.OPEN

    setting.run(before)
    setting.challenges = setting.new_challenges()
    setting.run(after)


def test_while_the_disk_is_full_nothing_is_used_up(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        answer = await s.solved(ticket)
        db: sqlite3.Connection = s.challenges.passes._db
        pages = db.execute("pragma page_count").fetchone()[0]
        # Full up to the last byte: rows of other challenges, until no more go in.
        db.execute(f"pragma max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            while True:
                db.execute("insert into pass values (randomblob(16), 1, 1, 0, 9e9, 1)")
        with pytest.raises(StorageError, match="disk is full"):
            await s.challenges.answer(ticket, 0, *answer)
        assert s.proofs() == 0
        db.execute("pragma max_page_count = 1000000")
        assert await s.challenges.answer(ticket, 0, *answer) == PASSED
        assert s.proofs() == 1

    setting.run(story)


def test_a_node_that_cannot_record_now_records_later(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        ticket = await s.link()
        answer = await s.solved(ticket)
        journal: sqlite3.Connection = s.node.journal._db
        journal.execute("pragma query_only = on")  # what SQLite does with a read-only disk
        assert await s.challenges.answer(ticket, 0, *answer) == PASSED
        assert s.proofs() == 0
        journal.execute("pragma query_only = off")
        for _ in range(500):
            if s.proofs():
                break
            await asyncio.sleep(0.02)
        assert s.proofs() == 1

    setting.run(story)


def test_only_accounts_the_node_knows_are_challenged(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        with pytest.raises(RequestError) as refused:
            await s.challenges.issue("@nobody:example.org")
        assert refused.value.code == "unknown_account"

    setting.run(story)


def test_without_a_public_address_there_is_no_challenge_and_the_error_says_what_to_set(
    setting_with: Callable[..., Setting],
) -> None:
    async def story(s: Setting) -> None:
        with pytest.raises(RequestError, match="public_url under \\[challenge\\]"):
            await s.challenges.issue(ACCOUNT)

    setting_with(public_url="").run(story)


def test_erasing_an_account_erases_its_passes(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        await s.pass_one()
        key = s.node.pseudonyms.one(ACCOUNT)
        assert s.challenges.passes.of_account(key, 0) == 1
        assert s.challenges.passes.forget(key) == 1
        assert s.challenges.passes.of_account(key, 0) == 0

    setting.run(story)


def test_passes_are_forgotten_after_a_week(setting: Setting) -> None:
    async def story(s: Setting) -> None:
        await s.pass_one()
        s.moved_s += 8 * 86_400
        await s.pass_one()
        rows = s.challenges.passes._db.execute("select count(*) from pass").fetchone()[0]
        assert rows == 1

    setting.run(story)
