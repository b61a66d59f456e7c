"""A real homeserver with people on it, guarded by a real node: for the tests of what Tidegate does on Matrix."""

import asyncio
import importlib.util
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tidegate.messengers.matrix.clients import Device, Person, address_in
from tidegate.messengers.matrix.homeserver import Homeserver, SynapseMissingError, find_synapse
from tidegate.messengers.matrix.homeserver_config import HomeserverSettings
from tidegate.messengers.matrix.node_process import NodeProcess

RELEASES = {"newest": ".venv-synapse", "older": ".venv-synapse-older"}
PASSWORD = "correct horse battery"


def synapse_or_skip(release: str) -> Path:
    """The Python of a virtual environment with that Synapse; without it the test is skipped, and says so."""
    try:
        return find_synapse(RELEASES[release])
    except SynapseMissingError as missing:
        pytest.skip(str(missing))


def tidegate_or_skip(synapse: Path) -> None:
    """Skips, saying what is missing, where a guarded homeserver cannot be had."""
    if importlib.util.find_spec("tidegate.cli.serve") is None:
        pytest.skip("there is no `tidegate serve`")
    asked = [str(synapse), "-c", "import tidegate_synapse.module"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1]
        pytest.skip(f"Tidegate's module is not in {synapse}: {reason}")


@dataclass
class Guarded:
    """A homeserver that had its people before it got Tidegate's module, and the node that guards it."""

    homeserver: Homeserver
    node: NodeProcess
    people: list[str]
    """Names of accounts older than the module, which log in with ``PASSWORD``."""
    _given: int = field(default=0)

    def person(self) -> Person:
        """The next of ``people`` that nobody has been yet, with a network of its own."""
        name = self.people[self._given]
        self._given += 1
        return Person(self.homeserver.base_url, name, Device(address_in(self._given)))

    def strangers(self, count: int) -> list[str]:
        """The last ``count`` of ``people``, by user id: with a device each, and away."""
        assert self._given + count <= len(self.people)
        return [self.homeserver.user_id(name) for name in self.people[-count:]]

    async def stands_on(self, user_id: str, *rungs: str) -> bool:
        """Whether the account stands on one of these rungs and the homeserver has confirmed that it acts on it."""
        shown = await asyncio.to_thread(self.node.account, user_id)
        rung = shown.get("rung", "allow")
        if rung not in rungs:
            return False
        standing = (await asyncio.to_thread(self.node.ask, "GET", "/v1/standing"))["standing"]
        confirmed = {one["account"]: one["rung"] for one in standing}
        return confirmed.get(user_id, "allow") == rung


async def _register_all(base_url: str, names: Sequence[str]) -> None:
    people = [Person(base_url, name) for name in names]
    for start in range(0, len(people), 10):
        await asyncio.gather(*(person.register(PASSWORD) for person in people[start : start + 10]))
    for person in people:
        await person.close()


@contextmanager
def guarding(
    synapse: Path,
    people: int,
    *,
    settings: HomeserverSettings | None = None,
    challenges: bool = True,
    **module: Any,
) -> Iterator[Guarded]:
    """A homeserver that got ``people`` accounts first and Tidegate's module then, as an operator would add it."""
    tidegate_or_skip(synapse)
    names = [f"person{number}" for number in range(people)]
    plain = settings or HomeserverSettings()
    with NodeProcess(challenges=challenges) as node, Homeserver(plain, synapse) as homeserver:
        asyncio.run(_register_all(homeserver.base_url, names))
        homeserver.stop()
        homeserver.settings = replace(plain, modules=(*plain.modules, node.module(**module)))
        homeserver.start()
        yield Guarded(homeserver, node, names)


def files_with(word: str, *folders: Path) -> list[str]:
    """Names of the files below ``folders`` that contain ``word`` as plain text."""
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return [file.name for file in files if word.encode() in file.read_bytes()]
