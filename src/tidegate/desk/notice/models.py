"""Whether readers found what they looked for."""

from django.db import models


class Answered(models.Model):
    """Answers to "Did this answer your question?" of one day (UTC), one version and one language. Nothing about who
    answered is kept."""

    document = models.CharField(max_length=8)
    valid_from = models.DateField()
    """Of the version that was read."""
    language = models.CharField(max_length=10)
    day = models.DateField()
    yes = models.PositiveIntegerField(default=0)
    no = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "document", "valid_from", "language"], name="answered_once"
            )
        ]
