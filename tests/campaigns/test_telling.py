"""Who is told of a finding: once, again when much more is known, and never again because somebody started anew."""

from dataclasses import replace

import numpy as np

from tidegate.campaigns.finding import Campaign, Kind
from tidegate.campaigns.settings import DAY_S
from tidegate.campaigns.telling import Telling
from tidegate.events.columns import EVENT, EventType, Reason

NOW_S = 1_767_225_600.0
WINDOW_S = 14 * DAY_S


def campaign(
    scores: dict[int, float], number: int = 7, kind: Kind = Kind.SENDERS, **more: object
) -> Campaign:
    return replace(
        Campaign(
            number,
            kind,
            NOW_S,
            np.array(list(scores), np.uint64),
            np.array(list(scores.values())),
            0.9,
            30.0,
        ),
        **more,  # type: ignore[arg-type]
    )


def ring(members: range, share: float, number: int = 9) -> Campaign:
    found = campaign(dict.fromkeys(members, 0.9), number, Kind.REPORTERS)
    return replace(found, victims=np.array([99], np.uint64), victim_shares=np.array([share]))


def told(telling: Telling, found: Campaign) -> list[tuple[int, int]]:
    """(account, thousandths) of the events."""
    events = telling.news(found).events
    return list(zip(events["actor"].tolist(), events["size"].tolist(), strict=True))


def erasure(key: int) -> np.ndarray:
    event = np.zeros(1, EVENT)
    event["type"], event["actor"], event["time"] = EventType.ERASURE, key, NOW_S
    return event


def test_a_member_is_told_once_and_again_when_it_is_tied_much_more_strongly() -> None:
    telling = Telling(WINDOW_S)
    assert told(telling, campaign({1: 0.7, 2: 0.8})) == [(1, 700), (2, 800)]
    assert told(telling, campaign({1: 0.79, 2: 0.8, 3: 0.6})) == [(3, 600)]
    assert told(telling, campaign({1: 0.8, 2: 0.89, 3: 0.6})) == [(1, 800)]


def test_one_that_begins_anew_knows_from_the_log_what_was_told_and_under_which_id() -> None:
    first = Telling(WINDOW_S)
    log = [first.news(campaign({1: 0.7, 2: 0.8, 3: 0.9})).events, first.news(ring(range(20, 29), 0.8)).events]
    again = Telling(WINDOW_S)
    again.heard(np.concatenate(log))
    renamed = again.news(campaign({1: 0.71, 2: 0.8, 3: 0.9}, number=1234))
    assert len(renamed.events) == 0 and renamed.campaign.id == 7
    assert told(again, ring(range(20, 29), 0.8, number=5678)) == [], "its victim neither"
    grown = again.news(campaign({1: 0.7, 2: 0.8, 3: 0.9, 4: 0.9}, number=1234))
    assert grown.events["actor"].tolist() == [4] and grown.events["chat"].tolist() == [7]


def test_a_victim_hears_of_everybody_who_joins_the_ring() -> None:
    telling = Telling(WINDOW_S)
    events = telling.news(ring(range(20, 28), 0.8)).events
    assert events["actor"].tolist() == [*range(20, 28), 99]
    assert events["reason"].tolist() == [int(Reason.OTHER)] * 8 + [int(Reason.LEGITIMATE)]
    assert told(telling, ring(range(20, 28), 0.82)) == []
    assert told(telling, ring(range(20, 29), 0.85)) == [(28, 900), (99, 850)]


def test_an_erased_account_is_somebody_new() -> None:
    telling = Telling(WINDOW_S)
    told(telling, campaign({1: 0.7, 2: 0.8}))
    telling.heard(erasure(1))
    assert told(telling, campaign({1: 0.7, 2: 0.8})) == [(1, 700)]


def test_what_lies_further_back_than_the_window_is_told_again() -> None:
    telling = Telling(WINDOW_S)
    told(telling, campaign({1: 0.7, 2: 0.8}))
    later = campaign({1: 0.7, 2: 0.8}, number=8, found_s=NOW_S + WINDOW_S + DAY_S)
    news = telling.news(later)
    assert news.events["actor"].tolist() == [1, 2] and news.campaign.id == 8
