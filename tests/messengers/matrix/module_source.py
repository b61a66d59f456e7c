"""Puts the Synapse module's source on the path: what of it needs no Synapse is tested without one."""

import sys
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "packages" / "tidegate-synapse" / "src"
sys.path.insert(0, str(SOURCE))
