"""What the kill test's messenger has to tell: endless traffic, the same for the same seed but for its times."""

import json
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

PEOPLE, STRANGERS = 150, 2_000
"""Accounts of each source."""
LAG_S = 57.0
"""How far behind the clock one source is: with rungs of a minute, some end while the test runs."""
SHORT_RUNGS = "".join(
    f'[ladder.{rung}]\ndurations = ["60s", "60s", "60s"]\n'
    for rung in ("warn", "challenge", "budget", "lock")
)
POLICIES = tuple(
    f'extends = "default"\nname = "{name}"\nversion = "1"\n{more}'
    for name, more in (("usual", ""), ("short", SHORT_RUNGS), ("spread", "[randomisation]\nspread = 0.3\n"))
)
TIME_STEP_S = 1e-4
"""Between the times of two conversations; one conversation's own are a millisecond apart or more."""
KEPT_RETIRED = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was sent. No two events of the test have the same time, so the time tells which one it is."""

    time_s: float
    actor: str
    target: str
    raw: bytes
    counts: bool
    """It is an event; otherwise the node rejects it, or it repeats the id of the line before."""


class Conversation:
    """Endless traffic of one source: people who answer one another, and spammers who are reported."""

    def __init__(self, name: str, seed: int, *, ids: bool, lag_s: float, place: int) -> None:
        """``place``: below 10, another one for each conversation; keeps their times apart."""
        self._rng = random.Random(f"{seed} {name}")
        self._name, self._ids, self._lag_s, self._place = name, ids, lag_s, place
        self._last_ms = 0
        self._number = self._spammers = 0
        self._leaving: list[str] = []
        self._retired: list[str] = []
        self._back: deque[str] = deque()
        self._lock = threading.Lock()

    def batch(self) -> list[Line]:
        """The next 10 to 60 lines or so."""
        lines = [line for _ in range(self._rng.randint(3, 20)) for line in self._talk()]
        if self._rng.random() < 0.35:
            lines += self._spam()
        if self._rng.random() < 0.05:
            lines.append(Line(0.0, "", "", b'{"time":1,"type":"telepathy","actor":"x"}\n', False))
        if self._ids and self._rng.random() < 0.1:
            again = self._rng.choice([line for line in lines if line.counts])
            lines.append(Line(0.0, "", "", again.raw, False))
        return lines

    def acknowledged(self) -> None:
        """All that was told so far has arrived: of spammers who are done, nothing more is under way."""
        with self._lock:
            self._retired = (self._retired + self._leaving)[-KEPT_RETIRED:]
            self._leaving.clear()

    def retired(self, rng: random.Random, *, remove: bool = False) -> str | None:
        """A spammer who is done, half of the time the last one, about whom actions are under way; None: too few yet."""
        with self._lock:
            if len(self._retired) < 3:
                return None
            at = rng.choice((len(self._retired) - 1, rng.randrange(len(self._retired))))
            return self._retired.pop(at) if remove else self._retired[at]

    def come_back(self, account: str) -> None:
        """A spammer who is done begins again."""
        self._back.append(account)

    def event(self, kind: str, actor: str, target: str = "", **more: object) -> Line:
        """One line; times go on by at least a millisecond, and carry the place below that."""
        self._last_ms = max(self._last_ms + 1, int((time.time() - self._lag_s) * 1_000))
        time_s = self._last_ms / 1_000 + self._place * TIME_STEP_S
        self._number += 1
        event: dict[str, object] = {"time": time_s, "type": kind, "actor": actor}
        if target:
            event["target"] = target
        if self._ids:
            event["id"] = f"{self._name}-{self._number}"
        raw = json.dumps(event | more).encode() + b"\n"
        return Line(time_s, actor, target, raw, True)

    def _talk(self) -> Iterator[Line]:
        one, other = self._rng.sample(range(PEOPLE), 2)
        ann, bob = self._person("p", one), self._person("p", other)
        yield self.event("message", ann, bob, size=self._rng.randint(60, 900), device=f"d{ann}")
        if self._rng.random() < 0.7:
            yield self.event("message", bob, ann, size=self._rng.randint(60, 900))

    def _spam(self) -> Iterator[Line]:
        if self._back and self._rng.random() < 0.5:
            spammer = self._back.popleft()
        else:
            self._spammers += 1
            spammer = self._person("spam", self._spammers)
        network = f"203.0.{self._rng.randint(0, 3)}.7"
        yield self.event("register", spammer, ip=network, device=f"{self._name}-farm")
        for stranger in self._rng.sample(range(STRANGERS), self._rng.randint(5, 60)):
            to = self._person("s", stranger)
            yield self.event("message", spammer, to, size=120, ip=network)
            if self._rng.random() < 0.15:
                yield self.event(self._rng.choice(("report", "block")), to, spammer)
        with self._lock:
            self._leaving.append(spammer)

    def _person(self, kind: str, number: int) -> str:
        return f"@{self._name}-{kind}{number}:test"
