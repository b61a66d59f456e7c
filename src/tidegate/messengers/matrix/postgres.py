"""A throw-away PostgreSQL cluster in a temporary folder, reached over a Unix socket only."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tidegate.messengers.matrix.child_process import ChildProcess, tail_of

START_S = 30.0
PROGRAMS = Path("/usr/lib/postgresql")
"""Where Debian keeps the server's programs, one folder a version."""
UNPRIVILEGED_USER = "postgres"
"""Whom the server runs as when we are root: PostgreSQL refuses root."""


class PostgresMissingError(Exception):
    """No PostgreSQL server is installed, or no user that it could run as."""


class PostgresError(Exception):
    """The cluster could not be made or did not start; the message ends with its log."""


def find_programs() -> Path:
    """The folder with ``initdb`` and ``postgres``, of the newest version. Raises :class:`PostgresMissingError`."""
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda program: int(program.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    raise PostgresMissingError("no PostgreSQL server is installed (on Debian: apt install postgresql)")


def _user_to_run_as() -> str:
    if os.geteuid() != 0:
        return ""
    try:
        return pwd.getpwnam(UNPRIVILEGED_USER).pw_name
    except KeyError:
        raise PostgresMissingError(
            f"PostgreSQL refuses root, and there is no user {UNPRIVILEGED_USER}"
        ) from None


class PostgresCluster:
    """One database ``synapse``, encoded as Synapse asks (UTF8, locale C), for as long as the ``with`` lasts."""

    def __init__(self) -> None:
        self._programs = find_programs()
        self._user = _user_to_run_as()
        # A short path of our own: that of a Unix socket may hold 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="tidegate-pg-"))
        if self._user:
            shutil.chown(self.folder, self._user, self._user)
        self._server: ChildProcess | None = None

    @property
    def connection(self) -> dict[str, str]:
        """What psycopg2 connects with."""
        return {"host": str(self.folder), "user": "synapse", "dbname": "synapse"}

    def __enter__(self) -> Self:
        try:
            self._make()
            self._start()
            self._run("createdb", "--host", self.folder, "--username", "synapse", "synapse")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and remove the folder; safe to call twice."""
        if self._server is not None:
            self._server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def dump(self) -> bytes:
        """Everything in the database, as text."""
        return self._run("pg_dump", "--host", self.folder, "--username", "synapse", "--data-only", "synapse")

    def _run(self, program: str, *arguments: str | Path) -> bytes:
        user = self._user or None
        done = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            check=False,
            cwd=self.folder,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            timeout=START_S,
        )
        if done.returncode != 0:
            raise PostgresError(f"{program} failed: {done.stderr.decode('utf-8', 'replace').strip()}")
        return done.stdout

    def _make(self) -> None:
        self._run(
            "initdb",
            *(
                "--pgdata",
                self.folder / "data",
                "--username",
                "synapse",
                "--encoding",
                "UTF8",
                "--locale",
                "C",
            ),
            "--no-sync",
            # Whoever reaches the socket is trusted: it lies in a folder that only this user can enter.
            *("--auth", "trust"),
        )

    def _start(self) -> None:
        log = self.folder / "postgres.log"
        self._server = ChildProcess(
            [
                self._programs / "postgres",
                *("-D", self.folder / "data", "-k", self.folder),
                *("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"),
            ],
            log,
            cwd=self.folder,
            user=self._user,
            stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients to leave
        )
        ready: list[str | Path] = [
            self._programs / "pg_isready",
            "--quiet",
            "--host",
            self.folder,
            "--username",
            "synapse",
        ]
        until = time.monotonic() + START_S
        while subprocess.run(ready, check=False, timeout=START_S).returncode != 0:
            if self._server.returncode is not None or time.monotonic() > until:
                raise PostgresError(f"PostgreSQL did not start; its log ends with\n{tail_of(log, 20)}")
            time.sleep(0.1)
