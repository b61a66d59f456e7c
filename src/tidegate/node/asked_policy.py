"""What the settings ask to decide by."""

from pathlib import Path

from tidegate.engine.policy import SHIPPED, load_policy, shipped_policy_text
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.journal import policy_mark
from tidegate.node.requests import StorageError
from tidegate.node.settings import NodeSettings
from tidegate.statements.in_force import PEPPER_OF, InForce, shipped_model


def asked_policy(folder: Path, settings: NodeSettings, pseudonyms: Pseudonyms) -> tuple[InForce, str]:
    """What decides by the settings, and the policy's text. Raises PolicyErrors, ModelError or StorageError."""
    text, source = shipped_policy_text(), f"{SHIPPED}.toml"
    if settings.policy:
        file = folder / settings.policy
        try:
            text, source = file.read_text("utf-8"), str(file)
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"{file}: the policy cannot be read: {error}") from None
    model = shipped_model() if settings.model else None
    policy = load_policy(text, source)
    return InForce(policy, model, pseudonyms, pseudonyms.one(PEPPER_OF)), text


def mark_of(in_force: InForce) -> int:
    """What a POLICY event carries to name this policy and model."""
    return policy_mark(in_force.policy.digest, in_force.model.digest if in_force.model else "")
