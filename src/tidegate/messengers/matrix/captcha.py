"""A captcha of our own for registration on Synapse, in the place where it knows Google's: no third party is asked.

Synapse hands the response to a verifier over HTTP, as Google's `siteverify` wants it
(https://developers.google.com/recaptcha/docs/verify). Here the verifier is the node, and the response the proof of work
that the node's script did on the registration page (:mod:`tidegate.node.challenge.registration`).
"""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import msgspec

from tidegate.node.api.admission import Busy
from tidegate.node.api.exchange import Call, Reply, in_json
from tidegate.node.api.routing import Answered, Body, Route
from tidegate.node.api.services import Services
from tidegate.node.challenge.challenges import Challenges
from tidegate.node.challenge.handlers import FORM, form_of
from tidegate.node.challenge.registration import Checked, Registration
from tidegate.node.requests import StorageError

PATH = "/matrix/captcha/siteverify"
TEMPLATES = Path(__file__).parent / "templates"
"""Synapse's pages for registration outside of a client, without anything from elsewhere. Synapse takes them from
:data:`PAGE_MODULE`; it does not look for them in its ``custom_template_directory`` (element-hq/synapse#15501)."""
PAGE_MODULE = "tidegate_synapse.registration_page.RegistrationPage"
_FORM_BYTES = 8 << 10
_ERROR_CODES = {
    Checked.GOOD: (),
    Checked.MALFORMED: ("invalid-input-response",),
    Checked.WRONG: ("invalid-input-response",),
    Checked.SPENT: ("timeout-or-duplicate",),
}


class Verified(msgspec.Struct, rename={"error_codes": "error-codes"}, omit_defaults=True):
    """Whether a response counts, as Google's API says it."""

    success: bool
    error_codes: list[str] = []


def captcha_secret(ticket_key: bytes) -> str:
    """What Synapse must show to the verifier: another one for each node, derived from the node's ticket key."""
    return hmac.new(ticket_key, b"tidegate matrix captcha 1", hashlib.sha256).hexdigest()


def homeserver_settings(public_url: str, verifier: str, secret: str) -> dict[str, Any]:
    """What belongs into ``homeserver.yaml``.

    ``public_url``: where people reach the node's ``/challenge/``; it takes the place of Google's public key, because
    that is what Synapse hands to the page. ``verifier``: where Synapse reaches the node, like ``http://127.0.0.1:8470``.
    """
    return {
        "enable_registration": True,
        "enable_registration_captcha": True,
        "recaptcha_public_key": public_url,
        "recaptcha_private_key": secret,
        "recaptcha_siteverify_api": f"{verifier}{PATH}",
    }


class _Verifier:
    def __init__(self, challenges: Challenges, secret: str) -> None:
        self._challenges = challenges
        self._registration = Registration(challenges)
        self._secret = secret.encode()

    async def verify(self, _: Services, call: Call) -> Reply:
        """``POST /matrix/captcha/siteverify``. Google's API answers 200 whatever it finds, and Synapse expects that."""
        form = form_of(call.body)
        given = form.get("secret", "")
        if not given:
            return _refused("missing-input-secret")
        if not hmac.compare_digest(given.encode(), self._secret):
            return _refused("invalid-input-secret")
        response = form.get("response", "")
        if not response:
            return _refused("missing-input-response")
        network = self._challenges.network_of(form.get("remoteip", ""))
        try:
            checked = await self._registration.check(response, network)
        except (StorageError, Busy):
            return _refused("try-again")
        return in_json(Verified(checked is Checked.GOOD, list(_ERROR_CODES[checked])))


def _refused(code: str) -> Reply:
    return in_json(Verified(False, [code]))


def captcha_routes(challenges: Challenges, secret: str) -> tuple[Route, ...]:
    """The verifier's route, for the node's table. ``secret``: :func:`captcha_secret`. Raises ValueError when empty."""
    if not secret:
        raise ValueError(
            "the captcha's verifier needs a secret; without one everybody could use responses up"
        )
    return (
        Route(
            method="POST",
            path=PATH,
            scope=None,
            handler=_Verifier(challenges, secret).verify,
            summary="Check a captcha's response, for Synapse",
            description="Speaks as Google's siteverify does: `success`, and `error-codes` when it is false.",
            body=Body(FORM, "`secret`, `response` and `remoteip`.", limit_bytes=_FORM_BYTES),
            answers={200: Answered("Whether it counts.", Verified)},
        ),
    )
