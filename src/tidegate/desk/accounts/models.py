"""How far what is too old has been looked through."""

from typing import Any

from django.db import models


class Sweep(models.Model):
    """Dropping reasons that are older than their retention: one row."""

    through = models.DateTimeField(null=True)
    """Decisions up to this time have been looked at in this round; None: a round begins."""
    finished = models.DateTimeField(null=True)
    """When the last round came to its end."""

    @classmethod
    def now(cls) -> Any:
        """The row, locked for the transaction at hand."""
        cls.objects.get_or_create(pk=1)
        return cls.objects.select_for_update().get(pk=1)
