"""Prometheus' text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

MEDIA_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_label(value)}"' for name, value in labels.items()) + "}"


class Histogram:
    """Counts of values by upper bound."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """One more value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str, labels: Mapping[str, str]) -> Iterable[str]:
        """The samples, cumulative as the format wants them."""
        total = 0
        for bound, count in zip((*self._bounds, math.inf), self._counts, strict=True):
            total += count
            yield f"{name}_bucket{_labels({**labels, 'le': _number(bound)})} {total}"
        yield f"{name}_sum{_labels(labels)} {_number(self._sum)}"
        yield f"{name}_count{_labels(labels)} {total}"


class Page:
    """Collects families of samples; each name is declared once."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: set[str] = set()

    def family(
        self, name: str, kind: str, meaning: str, samples: Iterable[tuple[Mapping[str, str], float]]
    ) -> None:
        """A counter or gauge with its samples."""
        self._declare(name, kind, meaning)
        for labels, value in samples:
            self._lines.append(f"{name}{_labels(labels)} {_number(value)}")

    def histograms(
        self, name: str, meaning: str, histograms: Iterable[tuple[Mapping[str, str], Histogram]]
    ) -> None:
        """Histograms of one quantity."""
        self._declare(name, "histogram", meaning)
        for labels, histogram in histograms:
            self._lines.extend(histogram.lines(name, labels))

    def _declare(self, name: str, kind: str, meaning: str) -> None:
        assert name not in self._names, f"{name} is declared twice"
        self._names.add(name)
        escaped = meaning.replace("\\", "\\\\").replace("\n", "\\n")
        self._lines += [f"# HELP {name} {escaped}", f"# TYPE {name} {kind}"]

    def text(self) -> bytes:
        """The page."""
        return ("\n".join(self._lines) + "\n").encode()
