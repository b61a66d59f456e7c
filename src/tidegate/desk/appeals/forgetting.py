"""Attachments go with their rows: erased with the account, and when they have outlived their purpose."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete

from tidegate.desk.appeals.attachments import remove
from tidegate.desk.appeals.models import Attachment, State

KEPT = timedelta(days=180)
"""After the appeal was decided: as long as the same measure may still come before somebody else."""
PIECE = 200


def outlived(now: datetime) -> int:
    """Remove up to :data:`PIECE` attachments that have been kept long enough. Returns how many."""
    with transaction.atomic():
        over = Attachment.objects.exclude(appeal__state=State.WAITING).filter(appeal__decided__lt=now - KEPT)
        found = list(over.select_related("appeal")[:PIECE])
        for attachment in found:
            attachment.delete()
    return len(found)


def watch() -> None:
    """From now on a file is removed with its row, also where rows go because the account's does."""
    post_delete.connect(_removed, sender=Attachment, dispatch_uid="tidegate attachment file")


def _removed(sender: Any, instance: Attachment, **_: Any) -> None:
    remove(instance)
