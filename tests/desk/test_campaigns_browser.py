"""A campaign in a real browser: looked at, acted on at once, taken back."""

import json
import time
from typing import Any

from desk.campaign_found import REPORTERS, told
from desk.sending import bulk_sender
from tidegate.engine.rungs import Rung
from tidegate.node.campaign_found import InfrastructureFound

NAMES = [f"@fleet{number}:example.org" for number in range(14)]
NUMBER = 0xABCDEF0123456789
PATH = f"/desk/campaigns/{NUMBER:016x}/"


def test_a_campaign_is_acted_on_and_put_back(browser_at: Any, beside: Any) -> None:
    now = time.time() - 3_600
    signed_up = [{"time": now + at, "type": "register", "actor": name} for at, name in enumerate(NAMES)]
    beside.hear("\n".join(map(json.dumps, signed_up)))
    beside.hear(bulk_sender("@mallory:example.org"))
    used = (InfrastructureFound("device", 0xFEED, 9, 9), InfrastructureFound("network", 5, 8, 4_031))
    members = told(beside, NUMBER, NAMES, infrastructure=used)
    told(beside, 77, NAMES[:9], kind=REPORTERS, victims=("@mallory:example.org",), infrastructure=used[:1])
    beside.copy()
    browser = browser_at("senior")
    browser.open("/desk/campaigns/")
    browser.wait_for_text(f"{NUMBER:016x}")
    browser.check()
    browser.shoot("campaigns-list")
    browser.open(f"/desk/campaigns/{77:016x}/")
    browser.wait_for_text("Whom the ring complained about")
    browser.check()
    browser.shoot("campaigns-ring")
    browser.open(PATH)
    browser.chromium.js("document.querySelectorAll('details').forEach(one => { one.open = true })")
    browser.check()
    browser.shoot("campaigns-page")
    browser.fill("#act select[name=rung]", str(int(Rung.LOCK)))
    browser.fill("#act textarea", "the same pace, the same network")
    browser.click("#act button")
    browser.wait_for_text("What would change")
    browser.check()
    browser.shoot("campaigns-preview")
    browser.click("main button.danger")
    browser.wait_for_text("The node carries it out now")
    assert {beside.link.standing(key).rung for key in members} == {Rung.LOCK}
    beside.copy()
    browser.open(PATH)
    browser.chromium.js("document.querySelectorAll('details').forEach(one => { one.open = true })")
    browser.check()
    browser.shoot("campaigns-acted")
    browser.fill("input[name=note]", "it was a school class after all")
    browser.click("form[action*=undo] button")
    browser.wait_for_text("put back where they stood")
    assert {beside.link.standing(key).rung for key in members} == {Rung.ALLOW}
