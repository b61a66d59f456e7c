"""The second factor: codes of an app (TOTP, RFC 6238), and backup codes on paper for when the phone is gone."""

import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from tidegate.desk.access.models import Person
from tidegate.desk.audit.chain import record

BACKUP_CODES = 10
BACKUP_CODE_LENGTH = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks alike on paper; ten of these are some 49 bits."""
_TOKEN_LENGTH = 16
"""What the library's column holds."""
_APP, _PAPER = "app", "backup codes"


class AlreadySetUpError(Exception):
    """Somebody has a second factor; only an administrator takes it away."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a code."""

    device: Any = None
    """That accepted it; None: none did."""
    wait_until: datetime | None = None
    """After wrong codes: earlier than this none is looked at."""
    on_paper: bool = False
    """Whether it was, or looked like, a backup code."""


def pending(person: Any) -> TOTPDevice:
    """The secret that is being set up: made once, offered until a code confirms it."""
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        if TOTPDevice.objects.filter(user=person, confirmed=True).exists():
            raise AlreadySetUpError
        found = TOTPDevice.objects.filter(user=person, confirmed=False).first()
        return found or TOTPDevice.objects.create(user=person, name=_APP, confirmed=False)


def secret_of(device: Any) -> str:
    """For typing: groups of four."""
    text = b32encode(device.bin_key).decode("ascii").rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def confirm(person: Any, code: str) -> tuple[Tried, list[str]]:
    """Take the pending secret into use if the code fits; with the backup codes, shown this once.

    Raises :class:`AlreadySetUpError`.
    """
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().get(pk=pending(person).pk)
        tried = _try(device, _digits(code))
        if tried.device is None:
            return tried, []
        device.confirmed = True
        device.save()
        codes = _make_codes(person)
        record(person, "second-factor.set-up", person)
    return tried, codes


def check(person: Any, code: str) -> Tried:
    """Whether a code of the app or a backup code fits. Each works once; wrong ones make the next wait ever longer."""
    digits = _digits(code)
    on_paper = not (digits.isdecimal() and len(digits) == 6)
    model, token = (StaticDevice, _token(person, digits.lower())) if on_paper else (TOTPDevice, digits)
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user=person, confirmed=True).first()
        if device is None:
            return Tried(on_paper=on_paper)
        tried = _try(device, token, on_paper)
        if tried.device is not None and on_paper:
            record(person, "second-factor.backup-code-used", person, left=device.token_set.count())
    return tried


def new_backup_codes(person: Any) -> list[str]:
    """Ten new codes; the old ones work no more. Recorded."""
    with transaction.atomic():
        codes = _make_codes(person)
        record(person, "second-factor.backup-codes-made", person)
    return codes


def codes_left(person: Any) -> int:
    """Backup codes that were not used yet."""
    return sum(device.token_set.count() for device in StaticDevice.objects.filter(user=person))


def remove(person: Any) -> None:
    """Forget everything: the next sign-in sets up anew. In a transaction of the caller's, who records it."""
    TOTPDevice.objects.filter(user=person).delete()
    StaticDevice.objects.filter(user=person).delete()


def _try(device: Any, token: str, on_paper: bool = False) -> Tried:
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return Tried(wait_until=(why or {}).get("locked_until"), on_paper=on_paper)
    if device.verify_token(token):
        return Tried(device, on_paper=on_paper)
    _, why = device.verify_is_allowed()
    return Tried(wait_until=(why or {}).get("locked_until"), on_paper=on_paper)


def _make_codes(person: Any) -> list[str]:
    device, _ = StaticDevice.objects.get_or_create(user=person, defaults={"name": _PAPER})
    device.token_set.all().delete()
    codes = [
        "".join(secrets.choice(_ALPHABET) for _ in range(BACKUP_CODE_LENGTH)) for _ in range(BACKUP_CODES)
    ]
    for code in codes:
        device.token_set.create(token=_token(person, code))
    half = BACKUP_CODE_LENGTH // 2
    return [f"{code[:half]}-{code[half:]}" for code in codes]


def _token(person: Any, code: str) -> str:
    """What is stored of a backup code: nobody who reads the database can sign in with it."""
    return str(
        salted_hmac("tidegate.desk.access.backup-code", f"{person.pk}:{code}", algorithm="sha256").hexdigest()
    )[:_TOKEN_LENGTH]


def _digits(code: str) -> str:
    return "".join(code.replace("-", "").split())
