"""What a site asks of robots: RFC 9309."""

import time
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from protego import Protego

from tidegate.desk.evidence.capture.addresses import place_of
from tidegate.desk.evidence.capture.fetching import Fetcher, Limits
from tidegate.desk.evidence.capture.refusals import FailedError, GoneError, RefusedError

TOKEN = "Tidegate"
"""Our name in the file."""
MOST_BYTES = 512_000
"""At least so much of a file is read (RFC 9309, 2.5); beyond it nothing is."""
KEPT_S = 86_400.0
MOST_KEPT = 500
LIMITS = Limits(seconds=10.0, raw_bytes=MOST_BYTES, decoded_bytes=MOST_BYTES)
_FIRST_CLIENT_ERROR, _FIRST_SERVER_ERROR = 400, 500


@dataclass(slots=True)
class Robots:
    """The files that were read, each for a day."""

    fetcher: Fetcher
    _kept: dict[str, tuple[float, Protego | None]] = field(default_factory=dict)

    def require(self, url: str) -> None:
        """Raises RefusedError when the site asks that this page be left alone, or cannot be asked what it wants;
        GoneError when there is no such host.
        """
        place = place_of(url, self.fetcher.networks)
        file = urljoin(place.url, "/robots.txt")
        rules = self._rules(file)
        if rules is None:
            raise RefusedError(
                f"{file} cannot be read at the moment: until it can, nothing of the site is captured (RFC 9309)"
            )
        if not rules.can_fetch(place.url, TOKEN):
            raise RefusedError(f"{file} asks that {place.url} be left alone")

    def _rules(self, file: str) -> Protego | None:
        """None: unreachable, which means that all is disallowed."""
        now = time.monotonic()
        found = self._kept.get(file)
        if found is not None and now - found[0] < KEPT_S:
            return found[1]
        rules = self._read(file)
        if rules is not None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[file] = (now, rules)
        return rules

    def _read(self, file: str) -> Protego | None:
        try:
            fetched = replace(self.fetcher, limits=LIMITS).fetch(file)
        except GoneError as gone:
            if "the server says" not in str(gone):
                raise  # no such host: there is no page either
            return Protego.parse("")
        except FailedError as failed:
            status = str(failed).rpartition("the server says ")[2].split(" ", 1)[0]
            unavailable = status.isdecimal() and _FIRST_CLIENT_ERROR <= int(status) < _FIRST_SERVER_ERROR
            return Protego.parse("") if unavailable else None
        return Protego.parse(fetched.decoded.decode("utf-8", "replace"))
