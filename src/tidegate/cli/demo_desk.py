"""The desk of the demonstration: who may sign in, where it is, and staying there until the person has seen enough."""

import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tidegate.messengers.matrix.homeserver import free_ports
from tidegate.messengers.matrix.homeserver_config import LOOPBACK
from tidegate.messengers.matrix.node_process import STEADY, NodeError, NodeProcess

PEOPLE = {"demo": "senior", "demo-second": "senior", "demo-admin": "administrator"}
"""Names and roles; for rules that ban it takes two."""
PASSWORD_BYTES = 9
ANSWER_S = 60.0
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class DeskShown:
    """What somebody needs to look at it."""

    folder: Path
    """The node's."""
    url: str
    password: str
    holder_page: str = ""
    """Where the bulk sender reads what happened to it, and appeals."""


def new_desk(folder: Path) -> tuple[Path, DeskShown]:
    """Make a fresh folder for a node with a desk, and the people of it. Raises NodeError.

    An earlier demonstration's folder is replaced.
    """
    home = folder / "node"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700, parents=True)
    (port,) = free_ports(1)
    return home, DeskShown(home, f"http://{LOOPBACK}:{port}", secrets.token_urlsafe(PASSWORD_BYTES))


def settings_of(desk: DeskShown) -> str:
    """The sections of ``node.toml`` that it takes."""
    port = desk.url.rpartition(":")[2]
    return f"""{STEADY}
[notices]
public_url = "{desk.url}"
[desk]
port = {port}
second_factor = "optional"  # on one's own machine, for a look
service = "Lighthouse Chat (demonstration)"
contact = "mailto:trust@lighthouse-chat.example"
[desk.evidence]
names = ["Lighthouse Chat"]
[campaigns]
every_s = 60.0
"""


def let_people_in(desk: DeskShown) -> None:
    """Before the node starts, which then finds its database ready. Raises NodeError."""
    for name, role in PEOPLE.items():
        asked = [sys.executable, "-m", "tidegate.cli.main", "desk", "add-person", name, "--role", role]
        done = subprocess.run(
            [*asked, "--password-from-stdin", "--data", str(desk.folder)],
            input=desk.password + "\n",
            text=True,
            capture_output=True,
            check=False,
            timeout=ANSWER_S,
        )
        if done.returncode:
            raise NodeError(f"the desk lets nobody in: {done.stderr.strip()}")


def answers(desk: DeskShown) -> bool:
    """Whether it answers, within a minute."""
    until = time.monotonic() + ANSWER_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{desk.url}/desk/sign-in/", timeout=5.0) as page:
                if page.status == 200:
                    return True
        except OSError:
            time.sleep(LOOK_S)
    return False


def holder_page(node: NodeProcess, account: str) -> str:
    """The address in the last notice to an account; empty when it got none."""
    for standing in node.ask("GET", "/v1/standing")["standing"]:
        if standing["account"] == account:
            words = [word for word in str(standing["notice"]).split() if "/status/" in word]
            return words[-1].rstrip(".") if words else ""
    return ""


def print_desk(console: Console, desk: DeskShown, running: bool) -> None:
    """Where to go, and as whom."""
    console.print(
        Text.assemble(("The desk", "bold"), ": people review, account holders appeal, the public is told.")
    )
    if running:
        console.print(Text(f"  {desk.url}/desk/", style="bold cyan"), soft_wrap=True)
        console.print(f"  sign in as demo, password {desk.password}", soft_wrap=True, markup=False)
        console.print(
            f"  also {', '.join(name for name in PEOPLE if name != 'demo')}, with the same password",
            soft_wrap=True,
        )
        if desk.holder_page:
            console.print("What the bulk sender reads, and where it appeals:", soft_wrap=True)
            console.print(Text(f"  {desk.holder_page}", style="bold cyan"), soft_wrap=True)
        console.print(f"What the public reads: {desk.url}/", soft_wrap=True)
    else:
        console.print(f"  tidegate serve --data {desk.folder}", soft_wrap=True, markup=False)
        console.print(
            f"  then open {desk.url}/desk/ and sign in as demo, password {desk.password}",
            soft_wrap=True,
            markup=False,
        )


def stay(console: Console) -> None:
    """Until Ctrl-C."""
    console.print("\nHomeserver, node and desk go on until you press Ctrl-C.", style="bold")
    try:
        while True:
            time.sleep(1.0)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # ending in order takes some seconds; once is enough
        console.print("Stopping homeserver, node and desk.")
