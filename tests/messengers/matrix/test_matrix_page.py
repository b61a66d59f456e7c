"""The page that an operator follows: its commands are executed, against a real Synapse."""

import asyncio
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from guarded import tidegate_or_skip

from tidegate.messengers.matrix.clients import Person, eventually
from tidegate.messengers.matrix.homeserver import Homeserver, free_ports
from tidegate.messengers.matrix.homeserver_config import HomeserverSettings, ModuleSettings

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "matrix.md"
START_S = 120


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


class Operator:
    """Types what the page says; paths and port are this machine's."""

    def __init__(self, folder: Path, synapse: Path) -> None:
        self.folder, self.port = folder, free_ports(1)[0]
        self._here = {
            "/opt/tidegate/bin/": f"{Path(sys.executable).parent}/",
            "/opt/synapse/bin/": f"{synapse.parent}/",
            "/var/lib/tidegate": str(folder / "data"),
            "/etc/tidegate": str(folder),
            "127.0.0.1:8470": f"127.0.0.1:{self.port}",
        }
        self.node: subprocess.Popen[bytes] | None = None

    def here(self, text: str) -> str:
        for there, here in self._here.items():
            text = text.replace(there, here)
        return text

    def follow(self) -> None:
        """Every command up to the first one that needs what comes later."""
        for line in "".join(blocks("sh")).splitlines():
            words = shlex.split(line)
            if "pip" in Path(words[0]).name:
                self.could_install(words)
            elif line.endswith("&"):
                self.start(shlex.split(self.here(line))[:-1])
            elif words[0] in ("systemctl", "python3", "curl"):
                continue  # Synapse is started by the test; the rest is tried below
            else:
                subprocess.run(
                    ["sh", "-c", f"umask 077; {self.here(line)}"], check=True, timeout=START_S, cwd=ROOT
                )

    @staticmethod
    def could_install(words: list[str]) -> None:
        """The environments that the tests run in were installed like this; what is named must exist."""
        assert words[1] == "install"
        name = words[2].split("[")[0]
        assert (ROOT / name / "pyproject.toml").is_file()

    def start(self, command: list[str]) -> None:
        with (self.folder / "node.log").open("wb") as log:
            self.node = subprocess.Popen([*command, "--port", str(self.port)], stdout=log, stderr=log)


async def somebody_writes(base_url: str) -> None:
    ann, bob = Person(base_url, "ann"), Person(base_url, "bob")
    for person in (ann, bob):
        await person.register("correct horse battery")
    async with ann.online(), bob.online():
        room = await ann.create_room([bob.user_id], direct=True)
        await bob.until(lambda: room in bob.client.rooms)
        await ann.send(room, "only bob may read this")
        await bob.until(lambda: "only bob may read this" in bob.texts())


def test_following_the_page_an_operator_gets_a_guarded_homeserver(tmp_path: Path, synapse: Path) -> None:
    tidegate_or_skip(synapse)
    operator = Operator(tmp_path, synapse)
    (lines,) = blocks("yaml")
    assert len(lines.splitlines()) == 5
    wanted: dict[str, Any] = yaml.safe_load(operator.here(lines))["modules"][0]
    modules = (ModuleSettings(wanted["module"], wanted["config"]),)
    try:
        operator.follow()
        with Homeserver(HomeserverSettings(modules=modules), synapse) as homeserver:
            asyncio.run(somebody_writes(homeserver.base_url))
            asyncio.run(arrived(operator))
    finally:
        if operator.node is not None:
            operator.node.terminate()
            operator.node.wait(START_S)
    kept = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert not any(b"only bob may read this" in file.read_bytes() for file in kept)


async def arrived(operator: Operator) -> None:
    """The page's ways of looking show an account that wrote."""
    tidegate = Path(sys.executable).parent / "tidegate"
    command = [
        str(tidegate),
        "token",
        "add",
        "looking",
        "--scope",
        "read",
        "--data",
        str(operator.folder / "data"),
    ]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def known() -> bool:
        command = operator.here("curl -s http://127.0.0.1:8470/healthz")
        healthy = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True).stdout
        account = f"http://127.0.0.1:{operator.port}/v1/accounts/@ann:tide.test"
        shown = subprocess.run(
            ["curl", "-s", "-H", f"Authorization: Bearer {token}", account],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return '"status":"' in healthy.replace(" ", "") and '"rung":"allow"' in shown.replace(" ", "")

    await eventually(known)
