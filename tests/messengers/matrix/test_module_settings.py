"""Five lines in ``homeserver.yaml`` are enough, and a mistake in them is named together with what would be right."""

import re
from pathlib import Path
from typing import Any

import module_source
import pytest
from tidegate_synapse.settings import Settings, SettingsError, read_settings

NEEDED = {"node": "/var/lib/tidegate/node.sock", "token_file": "/etc/tidegate/synapse.token"}


def test_two_settings_are_enough() -> None:
    settings = read_settings(NEEDED)
    assert settings.node == NEEDED["node"] and not settings.redact_on_ban


@pytest.mark.parametrize(
    ("written", "node"),
    [
        ("unix:/run/node.sock", "/run/node.sock"),
        ("http://127.0.0.1:8470/", "http://127.0.0.1:8470"),
        ("https://node.example:8470", "https://node.example:8470"),
    ],
)
def test_a_node_is_a_socket_or_an_address(written: str, node: str) -> None:
    assert read_settings(NEEDED | {"node": written}).node == node


@pytest.mark.parametrize(
    ("config", "name", "says"),
    [
        ({"node": "/x"}, "token_file", "token_file is required"),
        ({"token_file": "/x"}, "node", "node is required"),
        (NEEDED | {"tokenfile": "/x"}, "tokenfile", "did you mean token_file?"),
        (NEEDED | {"redact": True}, "redact", "redact_on_ban"),
        (NEEDED | {"node": "node.sock"}, "node", "/var/lib/tidegate/node.sock"),
        (NEEDED | {"node": 8470}, "node", "must be a text"),
        (NEEDED | {"token_file": "synapse.token"}, "token_file", "absolute path"),
        (NEEDED | {"redact_on_ban": "yes"}, "redact_on_ban", "true or false, not 'yes'"),
        (NEEDED | {"backlog_lines": 10}, "backlog_lines", "from 1,000 to 10,000,000, not 10"),
        (NEEDED | {"flush_lines": True}, "flush_lines", "whole number"),
        (NEEDED | {"challenge_url": "https://x.example/"}, "challenge_url", "{ticket}"),
        (NEEDED | {"exempt": "@a:b"}, "exempt", "a list of user ids"),
        (NEEDED | {"exempt": ["ann"]}, "exempt", "a list of user ids"),
        (NEEDED | {"notices_from": "@*:b"}, "notices_from", "one full user id"),
        (NEEDED | {"name": "two words"}, "name", "visible ASCII"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(config: dict[str, Any], name: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(config)
    assert caught.value.name == name
    assert says in str(caught.value)


def test_exempt_users_may_be_written_with_a_star() -> None:
    settings = read_settings(NEEDED | {"exempt": ["@ann:tide.test", "@bot*:tide.test"]})
    assert settings.is_exempt("@ann:tide.test") and settings.is_exempt("@bot7:tide.test")
    assert not settings.is_exempt("@anna:tide.test") and not settings.is_exempt("@robot:tide.test")


def test_the_page_for_operators_names_every_setting_and_its_default() -> None:
    page = (Path(module_source.SOURCE).parent / "README.md").read_text("utf-8").split("## What each rung")[0]
    table = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE))
    assert list(table) == list(Settings.__dataclass_fields__)
    settings = read_settings(NEEDED)
    for name, default in table.items():
        if default.strip() == "required":
            assert name in NEEDED
            continue
        value = getattr(settings, name)
        said = {"none": ("", ()), "true": (True,), "false": (False,)}.get(default.strip())
        assert value in said if said else f"{value:,}" == default.strip(), name
