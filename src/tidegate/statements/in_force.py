"""What decides: a policy, a model, and the key behind pseudonyms and randomised thresholds."""

import importlib.resources
from dataclasses import dataclass
from functools import cache

from tidegate.engine.model import Model
from tidegate.engine.policy import Policy
from tidegate.events.pseudonym import Pseudonyms

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


@cache
def shipped_model() -> Model | None:
    """The model that comes with Tidegate; None in a checkout where none was built. Raises ModelError."""
    file = importlib.resources.files("tidegate.engine") / "models" / "default.json"
    return Model.from_json(file.read_text("utf-8")) if file.is_file() else None
