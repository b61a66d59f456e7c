"""The messenger's side of the kill test: sources of events, checks, people who rule, and an enforcing client.

All of them outlive the node. What was not answered they ask again, as a messenger must; what was answered they write
down, to be compared with what the node has kept.
"""

import http.client
import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tidegate.cli.bench.kill_caller import AGAIN, RETRY_S, Caller, NotUp, Refused
from tidegate.cli.bench.kill_traffic import POLICIES, Conversation, Line

THINK_S = 0.01
"""Between requests of one client, so that the test leaves something of a small machine to others."""
PEOPLE_PAUSE_S = 0.06
INTERRUPTED, FAILED = 0.3, 0.05
"""Shares: of batches of actions that are forgotten on the way, of actions that do not work at first."""


class Client:
    """A thread that asks the node for something again and again, until it is told to finish."""

    def __init__(self, socket_path: Path, token: str) -> None:
        self._finish, self._give_up = threading.Event(), threading.Event()
        self.caller = Caller(socket_path, token, lambda: not self._give_up.is_set())
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self, timeout_s: float) -> bool:
        """Let it finish what it has begun; False when it could not in time, and then it gives up."""
        self._finish.set()
        self._thread.join(timeout_s)
        done = not self._thread.is_alive()
        self._give_up.set()
        return done

    def _run(self) -> None:
        try:
            while not self._finish.is_set():
                self.turn()
                time.sleep(THINK_S)
        except BaseException as failure:  # noqa: BLE001 - told by whoever runs the test
            self.failed = failure

    def turn(self) -> None:
        """One thing to do."""
        raise NotImplementedError


class Source(Client):
    """Delivers its conversation in batches, counting lines, one request at a time."""

    def __init__(
        self, socket_path: Path, token: str, name: str, conversation: Conversation, seed: int
    ) -> None:
        super().__init__(socket_path, token)
        self.name, self.conversation = name, conversation
        self._rng = random.Random(f"{seed} {name} batches")
        self._kept: deque[tuple[int, Line]] = deque(maxlen=30)
        """The last lines that were acknowledged."""
        self._next = 1
        self.sent: list[Line] = []
        """Events in order, entered before they are sent; without their text."""
        self.acknowledged = 0
        """How many of them, from the beginning, are acknowledged."""
        self.lines_again = self.duplicates = 0

    def turn(self) -> None:
        waiting = self._new(self.conversation.batch())
        while True:
            # A messenger that did not hear may send more at once than before, or begin with what was acknowledged.
            lines = waiting
            if self._rng.random() < 0.1:
                lines = list(self._kept)[-self._rng.randint(1, 30) :] + waiting
            body = b"".join(line.raw for _, line in lines)
            sent = len(lines)
            try:
                status, answer = self.caller.once("POST", "/v1/events", body, **self._headers(lines[0][0]))
            except NotUp:
                status, answer, sent = 503, {}, 0
            except (OSError, http.client.HTTPException):
                status, answer = 503, {}
            if status == 200:
                break
            if status not in AGAIN:
                raise Refused(f"events of {self.name}: {status} {answer}")
            if self._give_up.is_set():
                raise TimeoutError(f"events of {self.name} were not answered before the end")
            self.lines_again += sent
            if len(waiting) < 500 and self._rng.random() < 0.3:
                waiting += self._new(self.conversation.batch())
            time.sleep(RETRY_S)
        if answer["accepted"] + answer["duplicates"] + answer["rejected"] != len(lines):
            raise Refused(f"{len(lines)} lines of {self.name} were counted as {answer}")
        self.duplicates += answer["duplicates"]
        self.acknowledged += sum(line.counts for _, line in waiting)
        self.conversation.acknowledged()
        self._kept.extend(waiting)

    def _new(self, lines: list[Line]) -> list[tuple[int, Line]]:
        self.sent += [replace(line, raw=b"") for line in lines if line.counts]
        numbered = list(enumerate(lines, self._next))
        self._next += len(lines)
        return numbered

    def _headers(self, first: int) -> dict[str, str]:
        return {"Tidegate-Source": self.name, "Tidegate-Sequence": str(first)}


class Checks(Client):
    """Single events whose verdict is wanted; known again by their ids alone."""

    def __init__(self, socket_path: Path, token: str, conversation: Conversation) -> None:
        super().__init__(socket_path, token)
        self._conversation = conversation
        self.sent: dict[float, Line] = {}
        self.acknowledged: set[float] = set()

    def turn(self) -> None:
        for line in self._conversation.batch():
            if not line.counts:
                continue
            self.sent[line.time_s] = replace(line, raw=b"")
            status, answer = self.caller.ask("POST", "/v1/check", line.raw)
            if status != 200 or answer["account"] != line.actor:
                raise Refused(f"a check of {line.actor} was answered with {status} {answer}")
            self.acknowledged.add(line.time_s)
            time.sleep(THINK_S)
            if self._finish.is_set():
                return


@dataclass(slots=True)
class Asked:
    """What people have asked for and were told is done."""

    rulings: Counter[str] = field(default_factory=Counter)
    """By account and note."""
    proofs: Counter[str] = field(default_factory=Counter)
    policies: int = 0
    erased: list[str] = field(default_factory=list)
    """In order, also the one that is being erased."""


class People(Client):
    """Rulings, proofs, now and then another policy or an erasure."""

    def __init__(
        self,
        socket_path: Path,
        token: str,
        sources: list[Source],
        seed: int,
        before_erasure: Callable[[], None],
    ) -> None:
        """``before_erasure``: called while everything about the account is still in the journal."""
        super().__init__(socket_path, token)
        self._sources, self._before_erasure = sources, before_erasure
        self._rng = random.Random(f"{seed} people")
        self.done = Asked()
        self._number = 0
        self.erasures = 0

    def turn(self) -> None:
        time.sleep(PEOPLE_PAUSE_S)
        what = self._rng.choices((self._policy, self._erase, self._rule, self._prove), (1, 2, 8, 4))[0]
        what()

    def _spammer(self, *, remove: bool = False) -> tuple[Source, str] | None:
        source = self._rng.choice(self._sources)
        account = source.conversation.retired(self._rng, remove=remove)
        return None if account is None else (source, account)

    def _rule(self) -> None:
        if (found := self._spammer()) is None:
            return
        self._number += 1
        account, note = found[1], f"note {self._number}"
        finding = self._rng.choice(("abusive", "legitimate"))
        asked = {"account": account, "finding": finding, "by": "an analyst", "note": note}
        if self._carried("POST", "/v1/rulings", json.dumps(asked).encode()):
            self.done.rulings[f"{account} {note}"] += 1

    def _prove(self) -> None:
        if (found := self._spammer()) is not None:
            account = found[1]
            if self._carried("POST", "/v1/proofs", json.dumps({"account": account}).encode()):
                self.done.proofs[account] += 1

    def _policy(self) -> None:
        if self._carried("PUT", "/v1/policy", self._rng.choice(POLICIES).encode()):
            self.done.policies += 1

    def _erase(self) -> None:
        if (found := self._spammer(remove=True)) is None:
            return
        source, account = found
        self._before_erasure()
        self.done.erased.append(account)
        # 404: it had been carried out, but the answer was lost.
        self._carried("DELETE", f"/v1/accounts/{quote(account, safe='')}")
        self.erasures += 1
        if self._rng.random() < 0.5:
            source.conversation.come_back(account)

    def _carried(self, method: str, path: str, body: bytes = b"") -> bool:
        """False when the account is not known: it was never delivered, or it was erased."""
        status, answer = self.caller.ask(method, path, body)
        if status not in (200, 404):
            raise Refused(f"{method} {path}: {status} {answer}")
        return status == 200


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the messenger has put an account."""

    rung: str
    until: str | None


class Enforcer(Client):
    """Carries out actions and confirms them; now and then it is interrupted in between, or fails.

    What it has done outlives its interruptions, as a messenger's database does.
    """

    def __init__(self, socket_path: Path, token: str, seed: int) -> None:
        super().__init__(socket_path, token)
        self._rng = random.Random(f"{seed} enforcer")
        self.standing: dict[str, Standing] = {}
        """Accounts above allow."""
        self.changed: Counter[str] = Counter()
        """How often carrying out an action has changed anything, by its id."""
        self.delivered: Counter[str] = Counter()
        """Deliveries by the action's id."""
        self.order: dict[str, list[str]] = {}
        """Ids in the order in which they changed an account, by account."""
        self.interrupted = 0

    def turn(self) -> None:
        status, answer = self.caller.ask("GET", "/v1/actions?wait=0.5&limit=20")
        if status != 200:
            raise Refused(f"actions: {status} {answer}")
        actions = answer["actions"]
        results = []
        stops_at = self._rng.randrange(20) if self._rng.random() < INTERRUPTED else None
        for at, action in enumerate(actions):
            self.delivered[action["id"]] += 1
            if self._rng.random() < FAILED:
                results.append({"id": action["id"], "done": False, "error": "try again"})
                continue
            self._carry_out(action)
            results.append({"id": action["id"], "done": True})
            if at == stops_at:  # what it was about to confirm is forgotten; what it has done is not
                self.interrupted += 1
                return
        if not results:
            return
        try:
            status, answer = self.caller.once(
                "POST", "/v1/actions/confirm", json.dumps({"results": results}).encode()
            )
        except (OSError, http.client.HTTPException):
            return  # whether it was heard nobody knows; what was not comes again
        if status not in (200, 503):
            raise Refused(f"confirm: {status} {answer}")

    def _carry_out(self, action: dict[str, Any]) -> None:
        account = action["account"]
        wanted = Standing(action["rung"], action["until"])
        before = self.standing.get(account, Standing("allow", None))
        if wanted == before:
            return
        if wanted.rung == "allow":
            self.standing.pop(account, None)
        else:
            self.standing[account] = wanted
        self.changed[action["id"]] += 1
        self.order.setdefault(account, []).append(action["id"])
