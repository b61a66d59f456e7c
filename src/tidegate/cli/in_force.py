"""Which policy, model and key a command works with."""

from pathlib import Path

from tidegate.cli.failures import Refused
from tidegate.engine.policy import SHIPPED, Policy, load_policy, shipped_policy_text
from tidegate.events.pseudonym import DEFAULT_KEY, KEY_BYTES, Pseudonyms
from tidegate.statements.in_force import PEPPER_OF, InForce, shipped_model


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
