"""Generated records to measure the linker on."""

from tidegate.desk.evidence.linking.generated.measured import Measured, measure, pairwise
from tidegate.desk.evidence.linking.generated.world import Generated, generate

__all__ = ["Generated", "Measured", "generate", "measure", "pairwise"]
