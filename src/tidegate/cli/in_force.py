"""Which policy, model and key a command works with."""

import importlib.resources
from dataclasses import dataclass
from pathlib import Path

from tidegate.cli.failures import Refused
from tidegate.engine.model import Model
from tidegate.engine.policy import SHIPPED, Policy, load_policy, shipped_policy_text
from tidegate.events.pseudonym import DEFAULT_KEY, KEY_BYTES, Pseudonyms

RULES_ALONE = "none (rules alone)"
PEPPER_OF = "tidegate: randomised thresholds"
"""The text whose keyed hash becomes the pepper, so that a node's secret key also hides its thresholds."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides."""

    policy: Policy
    model: Model | None
    pseudonyms: Pseudonyms
    pepper: int

    @property
    def policy_name(self) -> str:
        return f"{self.policy.name} {self.policy.version}"

    @property
    def model_name(self) -> str:
        return self.model.name if self.model else RULES_ALONE

    @property
    def policy_mark(self) -> str:
        """Name and digest, as a decision carries them."""
        return f"{self.policy_name} ({self.policy.digest})"

    @property
    def model_mark(self) -> str:
        return f"{self.model.name} ({self.model.digest})" if self.model else RULES_ALONE


def shipped_model() -> Model | None:
    """The model that comes with Tidegate; None in a checkout where none was built. Raises ModelError."""
    file = importlib.resources.files("tidegate.engine") / "models" / "default.json"
    return Model.from_json(file.read_text("utf-8")) if file.is_file() else None


def policy_from(file: Path | None) -> Policy:
    """The policy in a file, or the shipped one. Raises PolicyErrors, or Refused when it cannot be read."""
    if file is None:
        return load_policy(shipped_policy_text(), f"{SHIPPED}.toml")
    return load_policy(_text(file), str(file))


def decide_by(
    policy_file: Path | None = None, no_model: bool = False, key_file: Path | None = None
) -> InForce:
    """Load what was asked for. Raises PolicyErrors, ModelError, or Refused for a file that cannot be read."""
    policy = policy_from(policy_file)
    if key_file is None:
        # The public key hides nothing, and a scan without a key should give everybody the same verdicts.
        return InForce(policy, None if no_model else shipped_model(), Pseudonyms(DEFAULT_KEY), 0)
    pseudonyms = Pseudonyms(_key(key_file))
    return InForce(policy, None if no_model else shipped_model(), pseudonyms, pseudonyms.one(PEPPER_OF))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: the file cannot be read: {error.strerror}.") from None


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: the file is not UTF-8 (byte {error.start}).") from None


def _key(path: Path) -> bytes:
    """16 bytes, raw or as 32 hexadecimal digits."""
    raw = _bytes(path)
    if len(raw) == KEY_BYTES:
        return raw
    try:
        key = bytes.fromhex(raw.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        wanted = f"{KEY_BYTES} bytes or {2 * KEY_BYTES} hexadecimal digits"
        raise Refused(f"{path}: this is not a pseudonym key. It must hold {wanted}.")
    return key
