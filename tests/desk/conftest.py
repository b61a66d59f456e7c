"""A desk for the tests: Django on a database of its own, people of every role, and a real node beside it.

The database is SQLite; PostgreSQL when TIDEGATE_TEST_DATABASE names one.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("django", reason="the desk needs Django: pip install 'tidegate[desk]'")

from tidegate.desk.setup import set_up

FOLDER = Path(tempfile.mkdtemp(prefix="tidegate-desk-test-"))
DATABASE = os.environ.get("TIDEGATE_TEST_DATABASE", "")
(FOLDER / "node.toml").write_text(
    f'[desk]\ndatabase = "{DATABASE}"\nsecond_factor = "optional"\nservice = "Example Chat"\n'
)
set_up(FOLDER)

from django.contrib.auth.hashers import ScryptPasswordHasher, make_password  # noqa: E402
from django.test import Client  # noqa: E402

from tidegate.desk import node_link  # noqa: E402
from tidegate.desk.access.models import Person  # noqa: E402
from tidegate.desk.access.roles import Role  # noqa: E402
from tidegate.desk.beside_node import BesideNode  # noqa: E402
from tidegate.desk.ledger.copying import copy_decisions  # noqa: E402
from tidegate.node.node import Node  # noqa: E402
from tidegate.node.requests import Answer, Delivery, Request  # noqa: E402
from tidegate.node.settings import Enforcement, Mode, NodeSettings  # noqa: E402

PASSWORD = "a long enough password"
assert ScryptPasswordHasher.work_factor >= 1 << 14
ScryptPasswordHasher.work_factor = 1 << 8  # guessing must be slow, not testing


@pytest.fixture(scope="session")
def hashed_password() -> str:
    """Once for all: hashing is slow on purpose."""
    return str(make_password(PASSWORD))


@pytest.fixture
def people(db: Any, hashed_password: str) -> dict[str, Person]:
    """One person of every role, by the role's word."""
    return {
        str(role): Person.objects.create(username=f"the-{role}", password=hashed_password, role=role)
        for role in Role
    }


@pytest.fixture
def signed_in(people: dict[str, Person]) -> Callable[[str], Client]:
    """A browser without a screen in which somebody of that role is signed in."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(people[role], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


class NodeBeside:
    """A real node in this process, with journal, vault and ledger in a folder of its own, connected to the desk."""

    def __init__(self, folder: Path, settings: NodeSettings | None = None) -> None:
        self.node = Node.open(folder, settings or NodeSettings(enforcement=Enforcement(mode=Mode.ENFORCE)))
        self._lock = threading.Lock()
        self.link = BesideNode(self.node, self.take)
        node_link.connect(self.link)

    def take(self, requests: Sequence[Request]) -> list[Answer]:
        with self._lock:
            return self.node.take(requests)

    def hear(self, lines: str) -> None:
        """Events in the log's own format, one JSON object a line."""
        self.take([Delivery(lines.encode())])

    def copy(self) -> None:
        """Wait until everything decided is in the node's ledger, then copy it to the desk."""
        assert self.node.drain(60)
        while copy_decisions(self.link, 1_000):
            pass

    def key(self, account: str) -> int:
        return self.node.pseudonyms.one(account)

    def close(self) -> None:
        node_link.connect(None)
        self.node.close(snapshot=False)


@pytest.fixture
def beside(db: Any, tmp_path: Path) -> Iterator[NodeBeside]:
    """A node that enforces, beside the desk."""
    (tmp_path / "node").mkdir(mode=0o700)
    running = NodeBeside(tmp_path / "node")
    yield running
    running.close()


@pytest.fixture
def visitor(transactional_db: Any, chromium: Any) -> Iterator[Any]:
    """A browser that is not signed in."""
    from desk.browser import visiting

    with visiting(chromium) as one:
        yield one


@pytest.fixture
def browser_at(visitor: Any, people: dict[str, Person]) -> Callable[[str], Any]:
    """The browser, signed in as somebody of that role."""

    def sign_in(role: str) -> Any:
        visitor.sign_in(people[role])
        return visitor

    return sign_in
