"""``tidegate bench``: throughput, latency and memory, with the machine named."""

from tidegate.cli.bench.command import bench

__all__ = ["bench"]
