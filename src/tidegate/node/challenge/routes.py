"""The routes of challenges: one for the messenger, the others for people and without a token."""

from tidegate.node.api.messages import ErrorBody
from tidegate.node.api.routing import Answered, Body, Route
from tidegate.node.api.tokens import Scope
from tidegate.node.challenge.challenges import Challenges
from tidegate.node.challenge.handlers import (
    FORM,
    HTML,
    SCRIPT,
    ChallengeAsked,
    ChallengeGiven,
    Pages,
    RegistrationWork,
    Shown,
    TicketInPath,
)

_FORM_BYTES = 4 << 10
_TICKET = {"ticket": TicketInPath}
_FORM = Body(FORM, "The form of the page.", limit_bytes=_FORM_BYTES)
_PAGE = {
    200: Answered("The page, or what became of the answer.", None, HTML),
    404: Answered("The link is not valid, or not any more.", None, HTML),
    503: Answered("Not now; Retry-After says when.", None, HTML),
}
_NOT_NOW = {
    429: Answered("Too many ask at once.", ErrorBody),
    503: Answered("Not now.", ErrorBody),
}
_SENT = _PAGE | {
    303: Answered("The wait has begun; go there.", None, HTML),
    400: Answered("The form cannot be read.", ErrorBody),
    422: Answered("The answer is wrong or late; the page holds a new order.", None, HTML),
    429: Answered("Too many attempts, or too many wait; Retry-After says when.", None, HTML),
}


def challenge_routes(challenges: Challenges) -> tuple[Route, ...]:
    """What to put into the node's table of routes. Only ``/challenge/`` is meant for the public."""
    pages = Pages(challenges)
    return (
        Route(
            method="POST",
            path="/v1/challenges",
            scope=Scope.ACT,
            handler=pages.give,
            summary="A challenge for an account: an address for its holder to open",
            body=Body("application/json", "For whom.", ChallengeAsked, limit_bytes=_FORM_BYTES),
            answers={
                200: Answered("Where the account holder is to go.", ChallengeGiven),
                404: Answered("The node has never heard of this account.", ErrorBody),
                409: Answered("No public address is set.", ErrorBody),
                503: Answered("Nothing can be read now.", ErrorBody),
            },
        ),
        Route(
            method="GET",
            path="/challenge/{ticket}",
            scope=None,
            handler=pages.show,
            summary="The page of a challenge",
            parameters=_TICKET,
            query=Shown,
            answers=_PAGE,
        ),
        Route(
            method="POST",
            path="/challenge/{ticket}",
            scope=None,
            handler=pages.answer,
            summary="Answer a challenge",
            parameters=_TICKET,
            query=Shown,
            body=_FORM,
            answers=_SENT,
        ),
        Route(
            method="GET",
            path="/challenge/registration.js",
            scope=None,
            handler=pages.script,
            summary="An order of work for somebody who registers, with the script that does it",
            query=Shown,
            answers={200: Answered("JavaScript.", None, SCRIPT), **_NOT_NOW},
        ),
        Route(
            method="GET",
            path="/challenge/registration.json",
            scope=None,
            handler=pages.order,
            summary="An order of work for somebody who registers",
            query=Shown,
            answers={200: Answered("The work.", RegistrationWork), **_NOT_NOW},
        ),
        Route(
            method="GET",
            path="/challenge/grecaptcha.js",
            scope=None,
            handler=pages.stand_in,
            summary="The same for clients that show a captcha themselves, in the place of Google's script",
            query=Shown,
            answers={200: Answered("JavaScript.", None, SCRIPT)},
        ),
        Route(
            method="GET",
            path="/challenge/registration",
            scope=None,
            handler=pages.show_registration,
            summary="The page on which somebody who registers waits instead",
            query=Shown,
            answers=_PAGE,
        ),
        Route(
            method="POST",
            path="/challenge/registration",
            scope=None,
            handler=pages.answer_registration,
            summary="Begin to wait, or get the code",
            query=Shown,
            body=_FORM,
            answers=_SENT,
        ),
    )
