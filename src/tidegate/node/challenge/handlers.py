"""Handlers of the challenge routes: what the messenger asks for, and what people see and send."""

from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from tidegate.node.api.admission import Busy
from tidegate.node.api.exchange import Call, Headers, Refusal, Reply, in_json, try_again
from tidegate.node.api.messages import AccountName, Moment
from tidegate.node.api.routing import decoded
from tidegate.node.api.services import Services
from tidegate.node.challenge.challenges import RETRY_S, Challenges, State, View
from tidegate.node.challenge.languages import language_of
from tidegate.node.challenge.page import (
    STATUS,
    Visitor,
    asset,
    challenge_page,
    policy,
    registration_page,
)
from tidegate.node.challenge.registration import SEPARATOR, Code, Registration
from tidegate.node.challenge.work import PUZZLES, ROUNDS
from tidegate.node.requests import RequestError, StorageError
from tidegate.statements.decision import rfc3339

HTML = "text/html; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
SCRIPT = "text/javascript; charset=utf-8"
_MOST_FIELDS = 8
_TEXTS_OF_SCRIPT = (
    *("direction", "register_title", "register_lead", "register_why", "wait_title"),
    *("start", "working", "sending", "failed"),
)
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"accept-language"),
)
_ELSEWHERE = ((b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin"))
"""For what the messenger's own pages load, which usually lie on another host."""


class ChallengeAsked(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be challenged."""

    account: AccountName


class ChallengeGiven(msgspec.Struct):
    """What to tell the account holder."""

    ticket: Annotated[str, Meta(description="Opaque; the last part of the address.")]
    url: Annotated[str, Meta(description="Where the account holder is to go.")]
    expires: Moment


class RegistrationWork(msgspec.Struct):
    """What somebody who registers has to do: sixteen counters, each of which makes a hash begin below the target.

    The hash is PBKDF2-HMAC-SHA256 of ``order`` with the salt (puzzle, counter), both as 32 bits, big-endian. The response
    is ``order``, ``separator`` and the counters with dots between.
    """

    order: str
    target: int
    puzzles: int
    rounds: int
    separator: str


class Shown(msgspec.Struct):
    """How a page is wanted."""

    lang: Annotated[
        str, Meta(max_length=16, description="A language, instead of what the browser asks for.")
    ] = ""
    wait: Annotated[str, Meta(max_length=255, description="An order to wait, from the page before.")] = ""


TicketInPath = Annotated[str, Meta(min_length=1, max_length=255, description="From the link.")]


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form. Raises :class:`Refusal`."""
    try:
        return dict(
            parse_qsl(
                body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
            )
        )
    except ValueError as error:
        raise Refusal(400, "bad_form", f"the form cannot be read: {error}") from None


def address_of(call: Call, proxies: int) -> str:
    """Whom the outermost of our own proxies says it was asked by; empty when none says.

    What stands further left in the header, anybody may have written.
    """
    said = call.headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
    return said[-proxies].strip() if 0 < proxies <= len(said) else ""


class Pages:
    """The handlers, over the challenges of one node."""

    def __init__(self, challenges: Challenges) -> None:
        self._challenges = challenges
        self._registration = Registration(challenges)

    async def give(self, _: Services, call: Call) -> Reply:
        """``POST /v1/challenges``."""
        asked: ChallengeAsked = decoded(call.body, ChallengeAsked)
        try:
            given = await self._challenges.issue(asked.account)
        except RequestError as error:
            status = 404 if error.code == "unknown_account" else 409
            raise Refusal(status, error.code, error.message) from None
        return in_json(ChallengeGiven(given.ticket, given.url, rfc3339(given.end_s) or ""))

    async def show(self, _: Services, call: Call) -> Reply:
        """``GET /challenge/{ticket}``."""
        asked: Shown = call.query
        try:
            view = await self._challenges.look(call.parameters["ticket"], self._network(call), asked.wait)
        except (StorageError, Busy):
            view = View(State.BUSY, after_s=RETRY_S)
        return self._reply(view, challenge_page(view, self._visitor(call)))

    async def answer(self, _: Services, call: Call) -> Reply:
        """``POST /challenge/{ticket}``."""
        form, ticket, network = form_of(call.body), call.parameters["ticket"], self._network(call)
        step = form.get("step", "")
        try:
            if step == "wait":
                view = await self._challenges.begin_wait(ticket, network)
            elif step == "confirm":
                view = await self._challenges.confirm(ticket, network, form.get("wait", ""))
            else:
                order, solution = form.get("order", ""), form.get("solution", "")
                view = await self._challenges.answer(ticket, network, order, solution)
        except (StorageError, Busy):
            view = View(State.BUSY, after_s=RETRY_S)
        visitor = self._visitor(call)
        if step == "wait" and view.state is State.WAITING:
            return _see_other(visitor, view)
        return self._reply(view, challenge_page(view, visitor))

    async def script(self, _: Services, call: Call) -> Reply:
        """``GET /challenge/registration.js``."""
        return self._javascript(call, await self._work(call), "registration.js")

    async def order(self, _: Services, call: Call) -> Reply:
        """``GET /challenge/registration.json``."""
        work = await self._work(call)
        return Reply(msgspec.json.encode(work), headers=(*_HEADERS, *_ELSEWHERE))

    async def stand_in(self, _: Services, call: Call) -> Reply:
        """``GET /challenge/grecaptcha.js``."""
        return self._javascript(call, None, "grecaptcha.js")

    async def _work(self, call: Call) -> RegistrationWork:
        try:
            order = await self._registration.order(self._network(call))
        except StorageError:
            raise try_again(503, "storage_failing", "no order can be given out now", RETRY_S) from None
        return RegistrationWork(order.text, order.target, PUZZLES, ROUNDS, SEPARATOR)

    def _javascript(self, call: Call, work: RegistrationWork | None, glue: str) -> Reply:
        visitor = self._visitor(call)
        texts = msgspec.to_builtins(visitor.texts)
        config = {
            "work": work,
            "wait": bool(self._challenges.settings.wait_s),
            "texts": {"lang": visitor.language} | {name: texts[name] for name in _TEXTS_OF_SCRIPT},
        }
        order_and_texts = f"const TIDEGATE = {msgspec.json.encode(config).decode()};"
        parts = (asset("solver.js"), asset("widget.js"), order_and_texts, asset(glue))
        return Reply("\n".join(parts).encode(), media_type=SCRIPT.encode(), headers=(*_HEADERS, *_ELSEWHERE))

    async def show_registration(self, _: Services, call: Call) -> Reply:
        """``GET /challenge/registration``."""
        asked: Shown = call.query
        view = self._registration.waited(asked.wait) if asked.wait else View(State.OPEN)
        # A code is only given to who asks for it by the button: addresses are fetched by more than people.
        if isinstance(view, Code):
            view = View(State.WAITING, wait=asked.wait)
        return self._reply(view, registration_page(view, self._visitor(call)))

    async def answer_registration(self, _: Services, call: Call) -> Reply:
        """``POST /challenge/registration``."""
        form, visitor = form_of(call.body), self._visitor(call)
        step = form.get("step", "")
        if step == "confirm":
            waited = self._registration.waited(form.get("wait", ""))
            return self._reply(waited, registration_page(waited, visitor))
        if step != "wait":
            raise Refusal(400, "bad_form", "step: must be wait or confirm")
        view = self._registration.begin_wait(self._network(call))
        if view.state is State.WAITING:
            return _see_other(visitor, view)
        return self._reply(view, registration_page(view, visitor))

    def _network(self, call: Call) -> int:
        return self._challenges.network_of(address_of(call, self._challenges.settings.proxies))

    def _visitor(self, call: Call) -> Visitor:
        accepted = call.headers.get(b"accept-language", b"").decode("latin-1")
        return Visitor(language_of(call.query.lang, accepted), self._challenges.settings)

    def _reply(self, view: View | Code, page: str) -> Reply:
        headers: Headers = (*_HEADERS, (b"content-security-policy", policy().encode()))
        if isinstance(view, Code):
            return Reply(page.encode(), 200, HTML.encode(), headers)
        if view.state in (State.TOO_OFTEN, State.BUSY):
            headers += ((b"retry-after", b"%d" % max(view.after_s, 1)),)
        return Reply(page.encode(), STATUS[view.state], HTML.encode(), headers)


def _see_other(visitor: Visitor, view: View) -> Reply:
    """To a page that can be opened again without sending anything."""
    location = f"?lang={visitor.language}&wait={view.wait}".encode()
    return Reply(b"", 303, HTML.encode(), (*_HEADERS, (b"location", location)))
