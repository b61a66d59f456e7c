"""Guards a Synapse homeserver with a Tidegate node; in ``homeserver.yaml`` the module is ``tidegate_synapse.Tidegate``.

``Tidegate`` is imported when it is asked for: settings, budgets and lines can be used and tested without Synapse.
"""

import importlib
from typing import Any

__all__ = ["Tidegate"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "Tidegate":
        return importlib.import_module("tidegate_synapse.module").Tidegate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
