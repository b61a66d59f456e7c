"""What a ruling carries to the node, so that the node's note of it can be matched with the desk's row or replace it."""

from typing import Self
from uuid import UUID

import msgspec

from tidegate.desk.review.models import Ruled


class Reference(msgspec.Struct, frozen=True):
    """Of one ruling: what the node's note does not say by itself."""

    uid: UUID
    verdict: str
    rung_before: int
    rung_after: int | None
    settles: bool
    """Whether it ends the account's cases and judges its samples."""
    undoes: int | None = None
    """Primary key of the ruling that it takes back."""

    @classmethod
    def of(cls, made: Ruled, *, settles: bool) -> Self:
        return cls(made.uid, made.verdict, int(made.rung_before), made.rung_after, settles, made.undoes_id)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What :attr:`text` was made of; None: somebody else asked for that ruling."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            return None

    @property
    def text(self) -> str:
        """JSON on one line."""
        return msgspec.json.encode(self).decode()
