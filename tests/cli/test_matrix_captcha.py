"""``tidegate matrix captcha`` prints what Synapse needs for the node's own captcha."""

from pathlib import Path

import yaml
from click.testing import CliRunner

from tidegate.cli.main import main


def test_what_is_printed_is_what_homeserver_yaml_takes(tmp_path: Path) -> None:
    node, pages = tmp_path / "node", tmp_path / "pages"
    node.mkdir(mode=0o700)
    asked = ["matrix", "captcha", "--data", str(node), "--public-url", "https://chat.example.org"]
    first = CliRunner().invoke(main, [*asked, "--templates", str(pages)])
    assert first.exit_code == 0, first.output
    settings = yaml.safe_load(first.output)
    assert settings["enable_registration_captcha"] is True
    assert settings["modules"][0]["config"]["templates"] == str(pages)
    assert (pages / "recaptcha.html").is_file()
    again = yaml.safe_load(CliRunner().invoke(main, asked).output)
    assert again["recaptcha_private_key"] == settings["recaptcha_private_key"]


def test_each_node_has_another_secret(tmp_path: Path) -> None:
    secrets = set()
    for name in ("one", "other"):
        node = tmp_path / name
        node.mkdir(mode=0o700)
        asked = ["matrix", "captcha", "--data", str(node), "--public-url", "https://chat.example.org"]
        secrets.add(yaml.safe_load(CliRunner().invoke(main, asked).output)["recaptcha_private_key"])
    assert len(secrets) == 2
