"""What people found out, as labels in the log's own format: for training and evaluation on an operator's own accounts."""

from collections.abc import Iterator
from typing import Any

from tidegate.desk.review.models import Ruled, Sample

PIECE = 2_000


def labels() -> Iterator[dict[str, Any]]:
    """The last finding about each account, oldest first: ``time``, ``type``, ``actor`` (``desk``), ``target`` (the
    account's pseudonym), ``reason`` (``abusive`` or ``legitimate``).

    ``probability`` says with which chance the account's action was drawn to be looked at, when it was: its inverse is
    the weight of the label among all automatic actions. Labels without one are of accounts that people chose to look at.
    Rulings that were taken back, and those that only put an account back where it stood, find nothing.
    """
    chances = dict(Sample.objects.exclude(account=None).values_list("account_id", "probability"))
    last: dict[int, Ruled] = {}
    found = Ruled.objects.filter(account__isnull=False, undone=None, undoes=None)
    for one in found.select_related("account").order_by("time").iterator(PIECE):
        last[one.account_id] = one
    for one in sorted(last.values(), key=lambda ruled: ruled.time):
        label = {
            "time": one.time.isoformat(),
            "type": "label",
            "actor": "desk",
            "target": one.account.pseudonym,
            "reason": one.finding,
        }
        chance = chances.get(one.account_id)
        yield label if chance is None else label | {"probability": chance}
