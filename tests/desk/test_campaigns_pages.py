"""Campaigns: shown with what they share, acted on at once after a preview, taken back at once."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from desk.campaign_found import REPORTERS, told
from tidegate.desk.audit.models import Record
from tidegate.desk.campaigns.models import GroupAction
from tidegate.desk.ledger.models import Account, stored
from tidegate.desk.review.models import Ruled
from tidegate.engine.rungs import Rung
from tidegate.node.settings import Enforcement, Mode, NodeSettings

pytestmark = pytest.mark.django_db
NUMBER = 0xABCDEF0123456789
PATH = f"/desk/campaigns/{NUMBER:016x}/"
NAMES = [f"@fleet{number}:example.org" for number in range(8)]
REASON = "they write the same way at the same minute"
SignedIn = Callable[[str], Any]


@pytest.fixture
def members(beside: Any) -> list[int]:
    """A campaign of eight accounts on which nothing was done yet."""
    now = time.time() - 3_600
    signed_up = [{"time": now + at, "type": "register", "actor": name} for at, name in enumerate(NAMES)]
    beside.hear("\n".join(map(json.dumps, signed_up)))
    found = told(beside, NUMBER, NAMES)
    beside.copy()
    return found


def asked(keys: list[int], **changed: Any) -> dict[str, Any]:
    lock = {"verdict": "change", "rung": str(int(Rung.LOCK)), "duration": "86400", "note": REASON}
    return {"member": [f"{key:016x}" for key in keys], **lock, **changed}


def standing(beside: Any, keys: list[int]) -> list[Rung]:
    return [beside.link.standing(key).rung for key in keys]


def test_a_campaign_is_listed_and_shown_with_what_its_members_share(
    members: list[int], signed_in: SignedIn, django_assert_max_num_queries: Any
) -> None:
    auditor = signed_in("auditor")
    assert f"{NUMBER:016x}" in auditor.get("/desk/campaigns/").content.decode()
    with django_assert_max_num_queries(7):
        page = auditor.get(PATH).content.decode()
    assert all(f"{key:016x}" in page for key in members)
    assert "8 of 8" in page and "7 of 8" in page and "0.4 %" in page and "not known" in page
    assert '<svg class="ties"' in page and "fleet" not in page
    assert "needs a senior reviewer" in page and "Preview" not in page
    assert auditor.get("/desk/campaigns/0000000000000001/").status_code == 404


def test_a_ring_shows_whom_it_complained_about(members: list[int], beside: Any, signed_in: SignedIn) -> None:
    told(beside, 77, NAMES[:5], kind=REPORTERS, victims=(NAMES[7],))
    page = signed_in("analyst").get(f"/desk/campaigns/{77:016x}/").content.decode()
    assert "Whom the ring complained about" in page and f"{members[7]:016x}" in page and "80 %" in page


def test_nothing_happens_before_the_preview_is_confirmed(
    members: list[int], beside: Any, signed_in: SignedIn
) -> None:
    senior = signed_in("senior")
    before = standing(beside, members)
    preview = senior.post(f"{PATH}preview/", asked(members))
    assert preview.status_code == 200 and standing(beside, members) == before
    page = preview.content.decode()
    assert "1 day" in page and all(f"{key:016x}" in page for key in members)
    done = senior.post(f"{PATH}confirm/", {"sealed": preview.context["sealed"]})
    assert (done.status_code, done.url) == (302, PATH)
    assert standing(beside, members) == [Rung.LOCK] * 8
    assert Ruled.objects.filter(group=GroupAction.objects.get().group).count() == 8
    kept = Record.objects.filter(did="campaign.acted").get()
    assert kept.about == f"{NUMBER:016x}" and kept.details["accounts"] == 8


def test_only_those_ticked_are_acted_on_and_others_are_left_out_with_a_reason(
    members: list[int], beside: Any, signed_in: SignedIn
) -> None:
    senior = signed_in("senior")
    for key, verdict in ((members[0], "overturn"), (members[1], "change")):
        senior.post(
            f"/desk/accounts/{key:016x}/rule/",
            {"verdict": verdict, "rung": str(int(Rung.BAN)), "note": REASON},
        )
    beside.copy()
    preview = senior.post(f"{PATH}preview/", asked(members[:5]))
    shown = {one.key: one.skipped for one in preview.context["preview"].changes}
    assert shown == {
        members[0]: "a person found it legitimate",
        members[1]: "stands on a stronger rung",
        members[2]: "",
        members[3]: "",
        members[4]: "",
    }
    senior.post(f"{PATH}confirm/", {"sealed": preview.context["sealed"]})
    assert standing(beside, members[:5]) == [Rung.ALLOW, Rung.BAN, Rung.LOCK, Rung.LOCK, Rung.LOCK]
    assert all(rung is not Rung.LOCK for rung in standing(beside, members[5:]))


def test_when_something_changed_meanwhile_the_preview_is_shown_again(
    members: list[int], beside: Any, signed_in: SignedIn
) -> None:
    senior = signed_in("senior")
    preview = senior.post(f"{PATH}preview/", asked(members))
    senior.post(f"/desk/accounts/{members[3]:016x}/rule/", {"verdict": "overturn", "note": REASON})
    before = standing(beside, members)
    again = senior.post(f"{PATH}confirm/", {"sealed": preview.context["sealed"]})
    assert again.status_code == 409 and "nothing was done" in again.content.decode()
    assert standing(beside, members) == before and not GroupAction.objects.exists()
    senior.post(f"{PATH}confirm/", {"sealed": again.context["sealed"]})
    assert standing(beside, members).count(Rung.LOCK) == 7


def test_a_preview_belongs_to_whom_it_was_shown(members: list[int], beside: Any, signed_in: SignedIn) -> None:
    from tidegate.desk.access.models import Person

    sealed = signed_in("senior").post(f"{PATH}preview/", asked(members)).context["sealed"]
    other = Person.objects.create_user(username="another-senior", role="senior")
    client = signed_in("senior")
    client.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    for state in (sealed, sealed[:-1] + ("a" if sealed[-1] != "a" else "b")):
        client.post(f"{PATH}confirm/", {"sealed": state})
    assert not GroupAction.objects.exists() and Rung.LOCK not in standing(beside, members)
    assert signed_in("reviewer").post(f"{PATH}confirm/", {"sealed": sealed}).status_code == 403


def test_the_whole_group_is_put_back_but_for_those_ruled_on_since(
    members: list[int], beside: Any, signed_in: SignedIn
) -> None:
    senior = signed_in("senior")
    senior.post(
        f"/desk/accounts/{members[0]:016x}/rule/",
        {"verdict": "change", "rung": str(int(Rung.CHALLENGE)), "duration": "604800", "note": REASON},
    )
    beside.copy()
    sealed = senior.post(f"{PATH}preview/", asked(members)).context["sealed"]
    senior.post(f"{PATH}confirm/", {"sealed": sealed})
    beside.copy()
    senior.post(
        f"/desk/accounts/{members[1]:016x}/rule/",
        {"verdict": "change", "rung": str(int(Rung.SUSPEND)), "note": REASON},
    )
    action = GroupAction.objects.get()
    address = f"{PATH}undo/{action.group}/"
    assert senior.post(address, {"note": "no"}).status_code == 302
    action.refresh_from_db()
    assert action.undone is None
    senior.post(address, {"note": "it was a school class after all"})
    now = standing(beside, members)
    assert now == [Rung.CHALLENGE, Rung.SUSPEND, *[Rung.ALLOW] * 6]
    beside.copy()
    until = Account.objects.get(pk=stored(members[0])).until
    assert 6.9 * 86_400 < until.timestamp() - beside.link.now_s() < 7.1 * 86_400, (
        "as long as it would have lasted"
    )
    page = senior.post(address, {"note": "it was a school class after all"}, follow=True).content.decode()
    assert "undone already" in page and "undone by the-senior" in page


def test_exempt_accounts_are_left_out(beside: Any, tmp_path: Any, signed_in: SignedIn) -> None:
    (tmp_path / "other").mkdir(mode=0o700)
    settings = NodeSettings(enforcement=Enforcement(mode=Mode.ENFORCE, exempt=("@fleet2*",)))
    other = type(beside)(tmp_path / "other", settings)
    try:
        other.hear(json.dumps({"time": time.time() - 60, "type": "register", "actor": NAMES[2]}))
        other.hear(json.dumps({"time": time.time() - 60, "type": "register", "actor": NAMES[3]}))
        keys = told(other, NUMBER, NAMES[2:4])
        preview = signed_in("senior").post(f"{PATH}preview/", asked(keys)).context["preview"]
        assert [one.skipped for one in preview.changes] == ["exempt by the node's settings", ""]
    finally:
        other.close()
