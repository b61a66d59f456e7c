"""The live part of ``tidegate demo``: a real Matrix homeserver, five friends, a bulk sender, Tidegate between them."""

import asyncio
import importlib.util
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tidegate.cli.demo_desk import DeskShown, let_people_in, new_desk, settings_of
from tidegate.cli.demo_past import Told, tell_past
from tidegate.cli.demo_scene import FRIENDS, LINES, PASSWORD, REPORTERS, SENDER, STRANGERS, Scene, play
from tidegate.cli.demo_timeline import Timeline, print_outcome, print_seen
from tidegate.cli.wording import size
from tidegate.cli.worlds import seed_for
from tidegate.messengers.matrix.clients import Device, Person, address_in
from tidegate.messengers.matrix.homeserver import (
    Homeserver,
    HomeserverError,
    SynapseMissingError,
    find_synapse,
    synapse_version,
)
from tidegate.messengers.matrix.node_process import NodeError, NodeProcess

FIRST_CONTACTS = 2
"""A day, on a budget; less than the module's default, so that it shows within a minute."""
POLICY = """
extends = "default"
name = "demonstration"
version = "1"

# So that every rung is seen within a minute, in order: a rule rations early; the score does not ration before it, nor
# does it lock.
[[rule]]
name = "six-strangers-at-once"
stage = ["messaging"]
when = "account_age <= 2d and strangers_1h >= 5.5 and first_contact_ratio_1d >= 0.8 and trusted_answers_14d < 1"
family = "first contact"
rung = "budget"
reason = "The account is {account_age} old and wrote to {strangers_1h} strangers; nobody answered."
notice = "Your new account wrote to several people who did not answer."

[model.messaging]
challenge = false
budget = false
lock = false
suspend = false
ban = false

[model.feedback]
lock = false
suspend = false
ban = false
"""


async def set_up(node: NodeProcess, homeserver: Homeserver, timeline: Timeline) -> Scene:
    """Make the accounts first and guard the homeserver then, as it goes for an operator who has one already."""
    await asyncio.to_thread(homeserver.start)
    url = homeserver.base_url
    friends = [Person(url, name, Device(address_in(n))) for n, name in enumerate(FRIENDS)]
    strangers = [Person(url, f"stranger{n + 1}", Device(address_in(n + 100))) for n in range(STRANGERS)]
    try:
        await asyncio.gather(*(person.register(PASSWORD) for person in (*friends, *strangers)))
    finally:
        for person in (*friends, *strangers):
            await person.close()
    await asyncio.to_thread(homeserver.stop)
    homeserver.settings = replace(
        homeserver.settings,
        modules=(node.module(first_contacts_per_day=FIRST_CONTACTS),),
    )
    await asyncio.to_thread(homeserver.start)
    return Scene(
        node=node,
        homeserver=homeserver,
        timeline=timeline,
        friends=friends,
        reporters=strangers[:REPORTERS],
        strangers=[person.user_id for person in strangers],
        nicknames={person.user_id: f"stranger {n + 1}" for n, person in enumerate(strangers)},
    )


async def show_seen(scene: Scene, console: Console) -> None:
    """What the homeserver holds of one message, and whether any text is found in all that it wrote."""
    folders = (scene.homeserver.folder, scene.node.folder)
    found, looked_at = await asyncio.to_thread(search, folders, LINES)
    searched = f"{size(looked_at)} of databases and logs for the friends' words: "
    searched += f"found in {', '.join(found)}" if found else "not found"
    print_seen(console, scene.stored, scene.last_said[2], searched)


def search(folders: tuple[Path, ...], words: tuple[str, ...]) -> tuple[list[str], int]:
    """Files below ``folders`` that contain any of ``words``, and how many bytes were looked at."""
    found, looked_at = [], 0
    for file in (file for folder in folders for file in folder.rglob("*") if file.is_file()):
        raw = file.read_bytes()
        looked_at += len(raw)
        if any(word.encode() in raw for word in words):
            found.append(file.name)
    return found, looked_at


async def perform(console: Console, told: Console, stage: "Stage", python: Path) -> None:
    """The scene, from an empty stage to its outcome."""
    node, homeserver = stage.node, stage.homeserver
    assert homeserver is not None
    with told.status("starting a Matrix homeserver, and making 35 accounts"):
        began = time.monotonic()
        scene = await set_up(node, homeserver, Timeline(console))
    version = await asyncio.to_thread(synapse_version, python)
    console.print(
        f"Synapse {version} with Tidegate's module, a node that enforces, and {len(FRIENDS) + STRANGERS} accounts: "
        f"up in {time.monotonic() - began:.0f} s, all on this machine."
    )
    console.print(
        f"{', '.join(FRIENDS)} are friends and have been here for a while. {SENDER} comes with a list. All messages "
        "are end-to-end encrypted, the sender's too.\n"
    )
    await play(scene)
    console.print()
    assert scene.outreach is not None
    reached = len(scene.outreach.reached)
    print_outcome(console, scene.told, SENDER, scene.rungs, STRANGERS, reached)
    console.print()
    await show_seen(scene, console)


def why_not() -> str | Path:
    """The Python with Synapse, or in a few words why the live part cannot be shown."""
    try:
        return find_synapse()
    except SynapseMissingError as missing:
        return str(missing)


@dataclass(frozen=True, slots=True)
class Stage:
    """What goes on after the scene, until somebody ends it."""

    node: NodeProcess
    homeserver: Homeserver | None
    """None: Synapse is not installed."""
    desk: DeskShown | None
    """None: Django is not installed."""
    told: Told | None = None
    """What the node was told before."""


@contextmanager
def live(console: Console, told: Console, out: Path) -> Iterator[Stage | None]:
    """Show it, and keep it up inside the ``with``; None: it cannot be shown, and one line has said why.

    ``out``: where the node's folder is put, which stays.
    """
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    python = why_not()
    if isinstance(python, str):
        console.print(f"Left out: {python}", soft_wrap=True)
        if importlib.util.find_spec("django") is None:
            yield None
            return
    with ExitStack() as stack:
        try:
            yield _shown(console, told, out, python if isinstance(python, Path) else None, stack)
        except KeyboardInterrupt:
            console.print("Stopped; so is everything that was started.")


def _shown(console: Console, told: Console, out: Path, python: Path | None, stack: ExitStack) -> Stage | None:
    """Play the scene; None when that failed, and one line has said why. What is to be ended goes on the ``stack``.

    ``python``: with Synapse; None: there is no scene, only a node and its desk.
    """
    try:
        stage = _set(out, python, stack)
        with told.status("starting a node"):
            stage.node.start()
        if stage.desk is not None:
            with told.status(
                "telling it two simulated weeks of another server, so that its desk is not empty"
            ):
                past = tell_past(stage.node, out / "past", seed_for("demo", 1))
            stage = replace(stage, told=past)
            console.print(
                f"Told before: {past.events:,} simulated events of another server, so that the desk is not empty."
            )
        if python is None:
            return stage
        asyncio.run(perform(console, told, stage, python))
    except (HomeserverError, NodeError) as failure:
        console.print(f"Left out: {failure}", soft_wrap=True)
        return None
    except TimeoutError:
        console.print("Broken off: this machine is too busy; what should take seconds took minutes.")
        return None
    console.print(
        Text(
            "A demonstration on this machine: real servers, clients and encryption, played people. So that every rung "
            "is seen in a minute, its policy rations newcomers after six strangers, its score alone does not lock, "
            f"and a budget is {FIRST_CONTACTS} new people a day.",
            style="dim",
        )
    )
    return stage


def _time_stamps(folder: Path, stack: ExitStack) -> str:
    """An authority for the evidence of the desk, and the settings that name it; empty where openssl is not installed."""
    from tidegate.cli.demo_case import TimeStamps
    from tidegate.desk.evidence.custody.authorities import NoAnswerError

    try:
        authority = TimeStamps(folder)
    except NoAnswerError:
        return ""
    stack.callback(authority.close)
    return authority.settings


def _set(out: Path, python: Path | None, stack: ExitStack) -> Stage:
    """A node with a desk where Django is installed, and a homeserver where Synapse is. Raises NodeError."""
    if importlib.util.find_spec("django") is None:
        node, desk = NodeProcess(policy=POLICY), None
    else:
        folder, desk = new_desk(out)
        settings = settings_of(desk) + _time_stamps(folder, stack)
        node = NodeProcess(settings, policy=POLICY, desk=True, folder=folder)
        stack.callback(node.close)
        let_people_in(desk)
    stack.callback(node.close)
    if python is None:
        return Stage(node, None, desk)
    homeserver = Homeserver(python=python)
    stack.callback(homeserver.close)
    return Stage(node, homeserver, desk)
