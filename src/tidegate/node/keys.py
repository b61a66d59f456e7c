"""A node's secrets: made at its first start, readable by its owner alone, never leaving its folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from tidegate.events.pseudonym import KEY_BYTES
from tidegate.node.requests import StorageError

FILE = "keys"
VAULT_KEY_BYTES = 32
TICKET_KEY_BYTES = 32
_SIZES = {"pseudonym": KEY_BYTES, "vault": VAULT_KEY_BYTES, "ticket": TICKET_KEY_BYTES}


@dataclass(frozen=True, slots=True)
class Keys:
    """``pseudonym`` keys the hash behind pseudonyms, ``vault`` seals identifiers, ``ticket`` signs challenges."""

    pseudonym: bytes
    vault: bytes
    ticket: bytes


def keys_of(folder: Path) -> Keys:
    """The keys in ``folder``, made when there are none yet. Raises :class:`StorageError`.

    A folder that holds a journal but no keys is refused: new keys would make strangers of all its accounts.
    """
    file = folder / FILE
    try:
        if not file.exists():
            if (folder / "journal.sqlite").exists():
                raise StorageError(
                    f"{file} is missing although the folder holds a journal. Put back the file with the keys; without it "
                    "no account can be recognised again."
                )
            _make(file)
        lines = dict(line.split(" ", 1) for line in file.read_text("ascii").splitlines() if line)
    except (OSError, ValueError) as error:
        raise StorageError(f"{file}: the keys cannot be read: {error}") from None
    try:
        keys = {name: bytes.fromhex(lines[name]) for name in _SIZES}
    except (KeyError, ValueError):
        raise StorageError(
            f"{file}: not a file of keys; it has one line for each of {', '.join(_SIZES)}"
        ) from None
    for name, size in _SIZES.items():
        if len(keys[name]) != size:
            raise StorageError(f"{file}: the key {name} has {len(keys[name])} bytes instead of {size}")
    return Keys(**keys)


def _make(file: Path) -> None:
    text = "".join(f"{name} {os.urandom(size).hex()}\n" for name, size in _SIZES.items())
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
