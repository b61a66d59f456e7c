"""An analyst at work on a policy, in a real browser: a mistake, its place, a draft, a backtest, the shadow."""

import time
from typing import Any

from desk.policing import FIRM, LAX, senders
from tidegate.desk.policies import outside
from tidegate.desk.policies.models import PolicyVersion
from tidegate.node.requests import PolicyChange, Tick

PAGE = "/desk/policy/"
WITHIN_S = 60.0


def test_a_mistake_is_named_and_mended_and_the_draft_is_tested_and_shadowed(
    beside: Any, browser_at: Any
) -> None:
    beside.take([PolicyChange(LAX)])
    assert outside.notice()
    beside.hear(senders([f"sender{number}" for number in range(25)], 30, ago_s=90_000.0))
    beside.hear(senders(["other", "another"], 30))
    beside.copy()
    visitor = browser_at("analyst")
    visitor.open(PAGE)
    visitor.wait_for_text("In force")
    visitor.check()
    visitor.shoot("policy")
    visitor.click("a.button.primary")
    visitor.wait_for_text(f"Draft from version {PolicyVersion.objects.get().pk}")
    visitor.check()
    wrong = FIRM.replace("strangers_1h >=", "strangers_1min >=")
    line = wrong.splitlines().index('when = "strangers_1min >= 20"') + 1
    visitor.fill("#id_text", wrong)
    visitor.wait_for_text(f"Line {line}, column 9")
    assert "did you mean" in visitor.text()
    visitor.check()
    visitor.shoot("policy-mistake")
    visitor.click("[data-line]")
    chosen = "(field => field.value.slice(field.selectionStart, field.selectionEnd))(document.activeElement)"
    assert visitor.chromium.js(chosen) == 'when = "strangers_1min >= 20"'
    visitor.fill("#q", "wrote back")
    visitor.chromium.wait_for("!document.querySelector('#features').innerText.includes('sent_1m')")
    assert "answered_1d" in visitor.text()
    visitor.fill("#id_text", FIRM)
    visitor.wait_for_text("It can be used")
    visitor.fill("#id_note", "Firmer about strangers")
    visitor.check()
    visitor.shoot("policy-edit")
    visitor.click("form button.primary")
    visitor.wait_for_text("Saved as version")
    version = PolicyVersion.objects.latest("pk")
    assert version.text == FIRM
    assert str(version.author) == "the-analyst"
    visitor.check()
    visitor.click("#backtest")
    visitor.wait_for_text("Acted on under the candidate only: 27")
    visitor.chromium.wait_for("document.querySelector('.chart canvas') !== null")
    visitor.check()
    visitor.shoot("policy-backtest")
    visitor.click("#shadow")
    visitor.wait_for_text("It runs in the shadow")
    beside.take([Tick()])
    beside.hear(senders(["alice", "bob"], 30, ago_s=1_500.0))
    end = time.monotonic() + WITHIN_S
    while (found := beside.link.shadow.result()) is None or found.compared.newly.total < 2:
        assert time.monotonic() < end
        time.sleep(0.2)
    visitor.open(f"{PAGE}{version.pk}/")
    visitor.wait_for_text("In the shadow so far")
    visitor.check()
    visitor.shoot("policy-shadow")
    visitor.open("/desk/")
    visitor.wait_for_text("accounts stand higher in the shadow")
    visitor.check()
    visitor.shoot("now-shadow")
    beside.link.shadow.close()


def test_everything_works_without_script(beside: Any, browser_at: Any) -> None:
    beside.take([PolicyChange(LAX)])
    assert outside.notice()
    visitor = browser_at("analyst")
    visitor.chromium.scripts(False)
    visitor.open(f"{PAGE}{PolicyVersion.objects.get().pk}/edit/")
    visitor.fill("#id_text", "name = 3")
    visitor.click("button[name=check]")
    visitor.wait_for_text("mistakes")
    visitor.fill("#id_text", FIRM)
    visitor.fill("#id_note", "Without script")
    visitor.click("form button.primary")
    visitor.wait_for_text("Saved as version")
