"""One desk measured, in a process of its own: filled, served by ``tidegate serve``, asked by many at once.

Run as ``python -m tidegate.cli.bench.desk_run FOLDER ACCOUNTS DECISIONS REVIEWERS URL RESULT``; ``node.toml`` in the
folder names the database and the port.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

START_S = 180.0
REQUEST_S = 120.0
LOOKS = 11
"""At each page, one after another; the first of them, which compiles the template, counts like any other."""
ROUNDS = 3
"""Pages that each of the simultaneous reviewers asks for, one after another."""
COOKIE = "tidegate-desk"


@dataclass(slots=True)
class PageCost:
    """One page, asked for by one person at a time."""

    name: str
    seconds: list[float] = field(default_factory=list)
    size_bytes: int = 0


@dataclass(slots=True)
class DeskCost:
    """Everything that was measured of one desk."""

    accounts: int
    decisions: int
    filled_s: float
    pages: list[PageCost] = field(default_factory=list)
    reviewers: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    """Of the answers to all of them at once."""
    together_s: list[float] = field(default_factory=list)
    """Their latencies, in order of size."""
    took_s: float = 0.0


def prepare(
    folder: Path, accounts: int, decisions: int, reviewers: int
) -> tuple[float, list[str], dict[str, str]]:
    """Fill the desk unless it is full already. Returns how long that took, sessions of people, and pages to ask for."""
    from tidegate.cli.desk import ready

    ready(folder)
    from django.test import Client

    from tidegate.desk.access.models import Person
    from tidegate.desk.filling import Sizes, fill
    from tidegate.desk.filling_people import fill_people, pages
    from tidegate.desk.ledger.models import Decision
    from tidegate.desk.review.models import Case

    began = time.monotonic()
    if not Decision.objects.exists():
        for _ in fill(Sizes(accounts, decisions), 1, datetime.now(UTC)):
            pass
    if not Case.objects.exists():
        for _ in fill_people(1, datetime.now(UTC)):
            pass
    filled_s = time.monotonic() - began
    sessions = []
    for number in range(reviewers):
        person, _ = Person.objects.get_or_create(username=f"bench{number}", defaults={"role": "senior"})
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        sessions.append(client.cookies[COOKIE].value)
    return filled_s, sessions, pages()


@contextmanager
def served(folder: Path, url: str) -> Any:
    """``tidegate serve`` on the folder, until the end of the ``with``."""
    command = [sys.executable, "-m", "tidegate.cli.main", "serve", "--desk", "--data", str(folder)]
    with (folder / "serve.log").open("wb") as out:
        node = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + START_S
            while not _answers(url):
                if node.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"the desk did not start: {(folder / 'serve.log').read_text()[-2_000:]}")
                time.sleep(0.2)
            yield
        finally:
            node.terminate()
            node.wait(START_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/desk/sign-in/", timeout=5.0).status_code == 200
    except httpx.HTTPError:
        return False


def one_by_one(url: str, session: str, pages: dict[str, str]) -> list[PageCost]:
    """Each page several times, by one person."""
    costs = []
    with httpx.Client(base_url=url, cookies={COOKIE: session}, timeout=REQUEST_S) as client:
        for name, path in pages.items():
            cost = PageCost(name)
            for _ in range(LOOKS):
                began = time.perf_counter()
                answer = client.get(path)
                cost.seconds.append(time.perf_counter() - began)
                if answer.status_code != 200:
                    raise SystemExit(f"{path} was answered with {answer.status_code}")
                cost.size_bytes = len(answer.content)
            costs.append(cost)
    return costs


async def all_at_once(
    url: str, sessions: Sequence[str], paths: Sequence[str]
) -> tuple[list[str], list[float]]:
    """Each of the people asks for some pages, everybody at the same time. Statuses or errors, and latencies."""
    statuses, latencies = list[str](), list[float]()

    async def look(number: int, session: str) -> None:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            base_url=url, cookies={COOKIE: session}, timeout=REQUEST_S, limits=limits
        ) as client:
            for turn in range(ROUNDS):
                began = time.perf_counter()
                try:
                    status = str((await client.get(paths[(number + turn) % len(paths)])).status_code)
                except httpx.HTTPError as error:
                    status = type(error).__name__
                statuses.append(status)
                latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(look(number, session) for number, session in enumerate(sessions)))
    return statuses, sorted(latencies)


def measure(folder: Path, accounts: int, decisions: int, reviewers: int, url: str) -> DeskCost:
    """Everything about one desk."""
    filled_s, sessions, pages = prepare(folder, accounts, decisions, reviewers)
    cost = DeskCost(accounts, decisions, filled_s, reviewers=reviewers)
    with served(folder, url):
        cost.pages = one_by_one(url, sessions[0], pages)
        began = time.perf_counter()
        statuses, cost.together_s = asyncio.run(all_at_once(url, sessions, list(pages.values())))
        cost.took_s = time.perf_counter() - began
    cost.statuses = {status: statuses.count(status) for status in sorted(set(statuses))}
    return cost


def main() -> None:
    """As the module says."""
    folder, accounts, decisions, reviewers, url, result = sys.argv[1:]
    found = measure(Path(folder), int(accounts), int(decisions), int(reviewers), url)
    Path(result).write_text(json.dumps(asdict(found)), "utf-8")


if __name__ == "__main__":
    main()
