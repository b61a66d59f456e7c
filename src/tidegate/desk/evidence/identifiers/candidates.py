"""What a finder hands back, and which places are taken already."""

from dataclasses import dataclass

from tidegate.desk.evidence.identifiers.identifier import Type, Validity


@dataclass(frozen=True, slots=True)
class Candidate:
    """An identifier with its place in the folded text."""

    type: Type
    scheme: str
    start: int
    end: int
    normalised: str
    validity: Validity


class Taken:
    """The places of a text that belong to an identifier: a registration number is no phone number."""

    __slots__ = ("_marks",)

    def __init__(self, length: int) -> None:
        self._marks = bytearray(length)

    def add(self, start: int, end: int) -> None:
        """Take a place."""
        self._marks[start:end] = b"\x01" * (end - start)

    def any_in(self, start: int, end: int) -> bool:
        """Whether some of it is taken."""
        return self._marks.find(1, start, end) >= 0
