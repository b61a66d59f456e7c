"""Looking at accounts: the list, one account, its life."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import redirect, render

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.accounts.explanation import explain
from tidegate.desk.accounts.facts import facts_of
from tidegate.desk.accounts.forms import FindForm, RevealForm, RulingForm
from tidegate.desk.accounts.history import appeals_of, rulings_of, told
from tidegate.desk.accounts.life import TooBusy, drawn, life_now, link_groups
from tidegate.desk.accounts.queries import Filter, accounts, decisions
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.ledger.copying import moment
from tidegate.desk.ledger.models import Account, stored
from tidegate.desk.node_link import node
from tidegate.desk.review.taking import blind_case_of
from tidegate.engine.rungs import STAGES, Rung
from tidegate.node.account_shown import Standing

MOST_DIGITS = 19
"""Of a decision's number."""
EXPLAINED = 5
"""Decisions explained on the page; older ones are listed."""


@needs(Right.SEE)
def list(request: Any) -> Any:
    """Accounts about which something was decided."""
    wanted = Filter.of(request.GET)
    if wanted.whole is not None:
        return redirect("accounts:page", key=wanted.whole)
    found, before = accounts(wanted, request.GET.get("before", ""))
    return render(
        request,
        "accounts/list.html",
        {
            "accounts": found,
            "wanted": wanted,
            "rungs": Rung,
            "stages": STAGES,
            "older": urlencode({**wanted.asked, "before": before}) if before else "",
            "find_form": FindForm() if request.user.may(Right.REVEAL) else None,
        },
    )


@needs(Right.SEE)
def page(request: Any, key: int) -> Any:
    """One account; whoever looks at it blindly in the queue is sent back there, for the page tells what was decided."""
    if held := blind_case_of(request.user, key):
        return redirect("review:case", number=held)
    return show(request, key)


def show(
    request: Any, key: int, *, ruling_form: Any = None, reveal_form: Any = None, status: int = 200
) -> Any:
    """The page of an account, with forms as they were filled in. Raises Http404 when nobody has heard of it."""
    account = Account.objects.filter(pk=stored(key)).first()
    standing, row, trouble = _live(key)
    if account is None and (standing is None or not standing.known):
        raise Http404("nothing is known of this account")
    before = request.GET.get("before", "")
    listed, older = (
        decisions(
            account,
            int(before) if before.isascii() and before.isdecimal() and len(before) < MOST_DIGITS else None,
        )
        if account
        else ([], None)
    )
    explained = [explain(one, row) for one in listed[:EXPLAINED]]
    return render(
        request,
        "accounts/page.html",
        {
            "key": key,
            "account": account,
            "standing": standing,
            "until": moment(standing.until_s) if standing and standing.until_s else None,
            "membership": standing.membership if standing else None,
            "trouble": trouble,
            "seen": facts_of(row),
            "explained": explained,
            "rest": listed[EXPLAINED:],
            "older": older,
            "rulings": rulings_of(account) if account else [],
            "appeals": appeals_of(account) if account else [],
            "told": told(account, listed) if account else [],
            "ruling_form": ruling_form or RulingForm(),
            "reveal_form": reveal_form or RevealForm(),
        },
        status=status,
    )


@needs(Right.SEE)
def life(request: Any, key: int) -> Any:
    """Its life and its links: a part of the page with htmx, a page of its own without."""
    template = "accounts/_life.html" if request.htmx else "accounts/life.html"
    try:
        found = life_now(key)
        pictures = drawn(found, key)
    except TooBusy as error:
        return render(request, template, {"key": key, "trouble": str(error)})
    except REFUSALS as error:
        return render(request, template, {"key": key, "trouble": in_words(error)})
    shown = {
        "key": key,
        "life": found,
        "pictures": pictures,
        "links": link_groups(found),
        "first": moment(found.from_s) if found.from_s else None,
    }
    return render(request, template, shown)


def _live(key: int) -> tuple[Standing | None, Any, str]:
    """Where it stands and what is measured of it, by the node; and why that is not known, in words."""
    try:
        link = node()
        return link.standing(key), link.row(key), ""
    except REFUSALS as error:
        return None, None, in_words(error)
