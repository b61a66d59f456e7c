"""Counting answers, with a limit for each network address so that one reader cannot decide the outcome alone.

The limit is a hurdle, not a proof: addresses are shared and changed. It is kept in memory, under a key that lives no
longer than this process, and forgotten each day; nothing about a reader is written down.
"""

import hashlib
import ipaddress
import secrets
from datetime import date
from threading import Lock

from django.db import transaction
from django.db.models import F

from tidegate.desk.notice.library import Version
from tidegate.desk.notice.models import Answered

MOST_A_DAY = 5
"""Answers counted from one address, since households and offices share one."""
MOST_SHARED = 2_000
"""From one private or loopback address: behind a proxy that ``[desk] proxy`` does not name, all readers have the same."""
_SHARED = tuple(
    ipaddress.ip_network(one)
    for one in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)
_MOST_ADDRESSES = 100_000
"""Remembered at the same time; beyond that, new ones are not counted before the next day."""


class Limit:
    """How many answers of today came from where."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._key = secrets.token_bytes(32)
        self._day = date.min
        self._counts: dict[bytes, int] = {}

    def take(self, address: str, today: date) -> bool:
        """Whether one more answer from there is to be counted; counts it."""
        mark = hashlib.blake2b(address.encode(), key=self._key, digest_size=16).digest()
        with self._lock:
            if today != self._day:
                self._day, self._counts = today, {}
            so_far = self._counts.get(mark, 0)
            if so_far >= _most(address) or (not so_far and len(self._counts) >= _MOST_ADDRESSES):
                return False
            self._counts[mark] = so_far + 1
            return True


limit = Limit()
"""Of this process."""


def count_answer(version: Version, language: str, *, yes: bool, today: date) -> None:
    """One more answer of today."""
    with transaction.atomic():
        row, _ = Answered.objects.get_or_create(
            document=str(version.document), valid_from=version.valid_from, language=language, day=today
        )
        Answered.objects.filter(pk=row.pk).update(**({"yes": F("yes") + 1} if yes else {"no": F("no") + 1}))


def _most(address: str) -> int:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return MOST_A_DAY
    return MOST_SHARED if any(found in network for network in _SHARED) else MOST_A_DAY
