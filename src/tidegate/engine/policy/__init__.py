"""The policy file: TOML text to a checked, immutable :class:`Policy`; mistakes are named by line and column.

Nothing here opens a file that an operator wrote; whoever calls has the text. ``docs/policy.md`` is the same
contract for the analyst who writes one. The parts: :mod:`~tidegate.engine.policy.form` (what a policy is),
:mod:`~tidegate.engine.policy.sections` and :mod:`~tidegate.engine.policy.rules` (what a file may say),
:mod:`~tidegate.engine.policy.reading`, :mod:`~tidegate.engine.policy.places` and
:mod:`~tidegate.engine.policy.errors` (reading it, and pointing at mistakes).
"""

import importlib.resources
from functools import lru_cache

from tidegate.engine.policy.errors import MAX_ERRORS, PolicyError, PolicyErrors
from tidegate.engine.policy.form import NO_THRESHOLDS, TIMES, LadderStep, Policy, Rule
from tidegate.engine.policy.reading import Reader
from tidegate.engine.policy.rules import MAX_RULES
from tidegate.engine.policy.sections import SHIPPED, assemble

__all__ = [
    "MAX_ERRORS",
    "MAX_RULES",
    "NO_THRESHOLDS",
    "SHIPPED",
    "TIMES",
    "LadderStep",
    "Policy",
    "PolicyError",
    "PolicyErrors",
    "Rule",
    "load_policy",
    "overlay",
    "shipped_policy_text",
]


KEPT = 8
"""Policies that are remembered as they were read: a start reads the same text several times."""


def shipped_policy_text() -> str:
    """The policy file that comes with Tidegate."""
    return (importlib.resources.files("tidegate.engine") / "policies" / "default.toml").read_text("utf-8")


@lru_cache(maxsize=KEPT)
def load_policy(text: str, source: str) -> Policy:
    """The policy written in ``text``; ``source`` is its name in errors.

    A file that says ``extends = "default"`` is laid over the shipped policy. Raises PolicyErrors with all
    that is wrong.
    """
    reader = Reader(text, source)
    document = reader.document()
    base = load_policy(shipped_policy_text(), "default.toml") if "extends" in document else None
    return assemble(reader, document, base)


def overlay(base: Policy, own: str, source: str = "own policy") -> Policy:
    """``base`` with the changes that the text ``own`` makes.

    A rule of the same name replaces, ``enabled = false`` removes, a new one is added at the end; rungs,
    score thresholds (``false`` removes one) and randomisation are overridden one by one. Raises PolicyErrors
    with all that is wrong in ``own``.
    """
    reader = Reader(own, source)
    return assemble(reader, reader.document(), base)
