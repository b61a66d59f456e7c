"""What a person did wrong, told in plain words with exit code 2; a bug still shows its traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tidegate.engine.model import ModelError
from tidegate.engine.policy import PolicyErrors
from tidegate.events.errors import LogError


class Refused(click.ClickException):
    """The command cannot do what was asked; the message says why and what would be right."""

    exit_code = 2


class Interrupted(click.ClickException):
    """Somebody pressed Ctrl-C; the message says how far it had come."""

    exit_code = 130


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn the errors of logs, policies and models into words on stderr and exit code 2."""
    try:
        yield
    except PolicyErrors as error:
        raise Refused(f"the policy cannot be used.\n{error}") from None
    except (LogError, ModelError) as error:
        raise Refused(str(error)) from None


def folder_for(out: Path) -> Path:
    """Make the folder that results go to. Raises :class:`Refused` when it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{out}: the folder for the results cannot be made: {error.strerror}.") from None
    return out


def written(how: Callable[..., object], path: Path, *what: object) -> None:
    """``how(path, *what)``. Raises :class:`Refused` when the file cannot be written."""
    try:
        how(path, *what)
    except OSError as error:
        raise Refused(f"{path}: the results cannot be written: {error.strerror}.") from None
