"""Appeals, and what was attached to them."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from tidegate.desk.ledger.models import Account, Decision

MOST_CHARACTERS = 5_000
"""Of the holder's own words, of the reasons told to the holder, and of the internal note."""
LOCK = timedelta(minutes=15)
"""How long somebody has an appeal to themselves after the last sign of working on it."""


class State(models.TextChoices):
    """How far an appeal has come."""

    WAITING = "waiting"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class Outcome(models.TextChoices):
    """How an appeal was decided."""

    GRANTED = "granted"
    """The measure is undone, with all that followed from it."""
    PARTLY = "partly", "Granted in part"
    """Another measure takes its place."""
    REJECTED = "rejected"


class Appeal(models.Model):
    """An account holder asks for a measure to be looked at again."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, db_index=False, related_name="appeals")
    decision = models.ForeignKey(
        Decision, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    """The measure appealed against; None: it has outlived its retention."""
    language = models.CharField(max_length=10)
    """In which the holder wrote and is answered."""
    text = models.TextField(max_length=MOST_CHARACTERS)
    received = models.DateTimeField(default=timezone.now)
    due = models.DateTimeField()
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    looked_at = models.DateTimeField(null=True)
    """When somebody took it up first."""
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    locked_until = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    decided = models.DateTimeField(null=True)
    """When it was decided, or withdrawn."""
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    sentence = models.CharField(max_length=32, blank=True)
    """The prepared reason told to the holder, by its name in the texts."""
    words = models.TextField(max_length=MOST_CHARACTERS, blank=True)
    """Reasons in the deciding person's own words, shown to the holder as they are."""
    note = models.TextField(max_length=MOST_CHARACTERS, blank=True)
    """For colleagues; the holder never sees it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="waiting"), name="appeal_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["account", "-received"]),
            models.Index(fields=["state", "received", "id"]),
            models.Index(fields=["state", "-decided"]),
            models.Index(fields=["decision"]),
        ]

    def holder_now(self, now: object = None) -> str:
        """Who has it to themselves at the moment, by name; empty: nobody."""
        held = self.locked_by is not None and self.locked_until is not None
        return str(self.locked_by) if held and self.locked_until > (now or timezone.now()) else ""

    @property
    def overdue(self) -> bool:
        """Not decided within the time that was promised."""
        return bool((self.decided or timezone.now()) > self.due)

    def __str__(self) -> str:
        return f"appeal {self.pk}"


class Attachment(models.Model):
    """A file that came with an appeal. It is only ever handed out as a download to people who decide appeals."""

    appeal = models.ForeignKey(Appeal, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=100)
    """As the holder called it, to be shown, never used as a path."""
    kind = models.CharField(max_length=8)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored = models.CharField(max_length=32, unique=True)
    """The file's random name in the folder of attachments."""
