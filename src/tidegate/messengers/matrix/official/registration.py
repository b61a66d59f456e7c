"""The application service's registration file, as the homeserver reads it."""

import json
import os
import re
import secrets
from pathlib import Path

from tidegate.messengers.matrix.official.settings import Place, read_token

TOKEN_BYTES = 32


def registration_yaml(place: Place, url: str) -> str:
    """The registration as YAML (of which JSON strings are a part); makes the two tokens when there are none yet.

    The namespace is not exclusive: every local account stays free to do what it did. Raises
    :class:`~tidegate.messengers.matrix.official.settings.SettingsError`.
    """
    service = place.settings.appservice
    namespace = f"@.*:{re.escape(place.settings.server_name)}"
    lines = (
        "# Tidegate's application service. Name this file in app_service_config_files of homeserver.yaml.",
        "# It holds two secrets: readable by the homeserver and nobody else.",
        f"id: {json.dumps(service.id)}",
        f"url: {json.dumps(url)}",
        f"as_token: {json.dumps(_token(place.file(service.as_token_file)))}",
        f"hs_token: {json.dumps(_token(place.file(service.hs_token_file)))}",
        f"sender_localpart: {json.dumps(service.sender_localpart)}",
        "rate_limited: false",
        "# Typing notices and read receipts.",
        "receive_ephemeral: true",
        "de.sorunome.msc2409.push_ephemeral: true  # its name in older versions of Synapse",
        "namespaces:",
        "  users:",
        "    - exclusive: false",
        f"      regex: {json.dumps(namespace)}",
        "  aliases: []",
        "  rooms: []",
    )
    return "\n".join(lines) + "\n"


def write_secret(file: Path, text: str) -> None:
    """Write a file that only its owner can read; replaces one that is there."""
    temporary = file.with_name(f"{file.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)


def _token(file: Path) -> str:
    if not file.exists():
        write_secret(file, secrets.token_urlsafe(TOKEN_BYTES) + "\n")
    return read_token(file, "the token of the application service")
