"""The thread that follows the node does not end because something unforeseen happens in it."""

import time
from typing import Any

import pytest

from desk.sending import bulk_sender
from tidegate.desk.following import Following, trouble
from tidegate.desk.ledger.models import Decision

WAIT_S = 20.0


@pytest.mark.django_db(transaction=True)
def test_a_fault_is_told_and_following_goes_on(beside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.desk import following

    monkeypatch.setattr(following, "TROUBLED_PAUSE_S", 0.05)
    told: list[str] = []

    def fail_once() -> None:
        if not told:
            told.append("")
            raise KeyError("a rung that nobody knows")
        told.append(trouble())

    one = Following(beside.link, fail_once)
    one.start()
    try:
        _until(lambda: len(told) >= 2)
        assert "a rung that nobody knows" in told[1]
        beside.hear(bulk_sender("@mallory:example.org"))
        assert beside.node.drain(60)
        _until(lambda: Decision.objects.exists())
        _until(lambda: not trouble())
    finally:
        one.stop()


def _until(done: Any) -> None:
    end_s = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < end_s, "the following thread did not get there"
        time.sleep(0.02)
