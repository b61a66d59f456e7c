"""The chain of records and its head."""

import json
from typing import Any

from django.db import models

WHO_LENGTH = 64
DID_LENGTH = 64
ABOUT_LENGTH = 128


class Record(models.Model):
    """Somebody did something. Each carries the digest of the one before."""

    number = models.BigIntegerField(primary_key=True)
    """From 1, without gaps."""
    time = models.DateTimeField()
    who = models.CharField(max_length=WHO_LENGTH)
    """The person's name; ``tidegate`` for what the desk does by itself."""
    did = models.CharField(max_length=DID_LENGTH)
    """What, in one word with dots: ``account.revealed``."""
    about = models.CharField(max_length=ABOUT_LENGTH, blank=True)
    """Of which thing: a pseudonym, a case number, a policy."""
    said = models.TextField(default="{}")
    """The details as they were digested: JSON in ASCII. Text, because a database's JSON type may change numbers."""
    before = models.CharField(max_length=64, blank=True)
    """The digest of the record before; empty in the first."""
    digest = models.CharField(max_length=64)
    """SHA-256, see :func:`~tidegate.desk.audit.digests.digest_of`."""
    seal = models.CharField(max_length=64)
    """That this desk wrote it, see :func:`~tidegate.desk.audit.digests.seal_of`."""

    class Meta:
        indexes = [
            models.Index(fields=["about", "-number"]),
            models.Index(fields=["who", "-number"]),
            models.Index(fields=["did", "-number"]),
        ]

    @property
    def details(self) -> dict[str, Any]:
        """What else there is to say."""
        found: dict[str, Any] = json.loads(self.said)
        return found


class Head(models.Model):
    """The last record's number and digest: one row, locked while a record is added."""

    number = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="", blank=True)
    seal = models.CharField(max_length=64, default="", blank=True)
    """Of the number and the digest, with a key that is not in the database."""
