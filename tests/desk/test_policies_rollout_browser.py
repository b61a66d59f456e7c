"""A senior reviewer is the second person, rolls a policy out and back, in a real browser."""

from typing import Any

from desk.policing import BANS, LAX
from tidegate.desk.policies import outside
from tidegate.desk.policies.versions import save, stable_version
from tidegate.node.requests import PolicyChange

PAGE = "/desk/policy/"


def test_a_senior_rolls_out_and_back_by_the_buttons(beside: Any, browser_at: Any, people: Any) -> None:
    beside.take([PolicyChange(LAX)])
    assert outside.notice()
    bans = save(people["analyst"], BANS, "Bans those who go on", stable_version())
    visitor = browser_at("senior")
    visitor.open(f"{PAGE}{bans.pk}/")
    visitor.wait_for_text("A second person")
    visitor.check()
    visitor.shoot("policy-second-person")
    visitor.click("#approve")
    visitor.wait_for_text("Approved by the-senior")
    visitor.click("#backtest")
    visitor.wait_for_text("The result is below")
    visitor.click("form.row button")
    visitor.wait_for_text("In force for 5 percent")
    assert "accounts = [0, 5]" in beside.link.policy_text
    visitor.check()
    visitor.shoot("policy-partial")
    visitor.open(PAGE)
    visitor.check()
    visitor.shoot("policy-rollout")
    visitor.click("button.danger")
    visitor.wait_for_text("Rolled back")
    assert beside.link.policy_text == LAX
    visitor.open(f"{PAGE}features/")
    visitor.check()
    visitor.open(f"{PAGE}{bans.pk}/text/")
    visitor.check()
    visitor.shoot("policy-text")
