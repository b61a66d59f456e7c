"""The chain of records and its head."""

from django.db import models


class Record(models.Model):
    """Somebody did something. Each carries the digest of the one before."""

    number = models.BigIntegerField(primary_key=True)
    """From 1, without gaps."""
    time = models.DateTimeField()
    who = models.CharField(max_length=64)
    """The person's name; ``tidegate`` for what the desk does by itself."""
    did = models.CharField(max_length=64)
    """What, in one word with dots: ``account.revealed``."""
    about = models.CharField(max_length=128, blank=True)
    """Of which thing: a pseudonym, a case number, a policy."""
    details = models.JSONField(default=dict)
    before = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["about"]), models.Index(fields=["who", "-number"])]


class Head(models.Model):
    """The last record's number and digest: one row, locked while a record is added."""

    number = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")
