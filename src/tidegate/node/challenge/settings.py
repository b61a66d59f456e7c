"""What an operator can set about challenges: the section ``[challenge]`` of ``node.toml``."""

from typing import Annotated

import msgspec
from msgspec import Meta

DAY_S = 86_400.0


class ChallengeSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Every value has a default but ``public_url``, without which no challenge can be given."""

    public_url: Annotated[str, Meta(pattern=r"^(https?://[^\s?#]+[^\s?#/])?$", max_length=200)] = ""
    """Where people reach this node's ``/challenge/``, without a slash at the end; usually a reverse proxy."""
    lifetime_s: Annotated[float, Meta(ge=60, le=30 * DAY_S)] = DAY_S
    """How long a link can be used."""
    work_iterations: Annotated[int, Meta(ge=16_000, le=1_000_000_000)] = 6_000_000
    """Iterations of PBKDF2-HMAC-SHA256 that a first challenge takes on average: 2 to 5 s on a phone."""
    most_times: Annotated[int, Meta(ge=1, le=64)] = 8
    """Repeated challenges take more work, never more than this many times that of a first one."""
    account_days: Annotated[float, Meta(ge=0, le=7)] = 7.0
    """Challenges that an account passed in so many days make its next one harder."""
    network_free: Annotated[int, Meta(ge=0, le=100_000)] = 20
    """Each time a network has passed so many challenges in a day, its next ones get twice as hard; many people share
    an address. 0: networks are not counted."""
    wait_s: Annotated[float, Meta(ge=0, le=3_600)] = 120.0
    """Who cannot do the work may wait this long instead; 0: there is no such way."""
    proxies: Annotated[int, Meta(ge=0, le=8)] = 1
    """Reverse proxies in front of the node that add to X-Forwarded-For; 0: addresses are not looked at."""
    service: Annotated[str, Meta(max_length=80)] = ""
    """The messenger's name as its people know it, shown on the page."""
    contact: Annotated[str, Meta(pattern=r"^((https://|mailto:)[^\s\"<>]+)?$", max_length=300)] = ""
    """Where to write when the check does not work: an ``https:`` or ``mailto:`` address, shown on the page."""
