"""Policies as they were written, what was done with each, and which one is in force."""

import json
from typing import Any

from django.conf import settings
from django.db import models

NAME_CHARS = 64
NOTE_CHARS = 1_000
DIGEST_CHARS = 16


class State(models.TextChoices):
    """What a version is at the moment. Whether it runs in the shadow is asked of the node, which keeps it."""

    DRAFT = "draft"
    PARTIAL = "partial", "in force for a share"
    LIVE = "live", "in force"
    RETIRED = "retired", "was in force"


class PolicyVersion(models.Model):
    """A policy, never changed once it is written."""

    text = models.TextField()
    """TOML, as it was typed; it may extend the shipped policy."""
    digest = models.CharField(max_length=DIGEST_CHARS, db_index=True)
    """Of its content, as decisions carry it."""
    name = models.CharField(max_length=NAME_CHARS)
    version = models.CharField(max_length=NAME_CHARS)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    """None: it was put into force outside the desk."""
    based_on = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    created = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=NOTE_CHARS, blank=True)
    """What it is for, in the author's words."""
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)
    percent = models.FloatField(default=0.0)
    """Of accounts decided by it."""

    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    approved = models.DateTimeField(null=True)
    approved_against = models.CharField(max_length=DIGEST_CHARS, blank=True)
    """Digest of the policy that it was compared with then: an approval says nothing about any other change."""

    backtest = models.TextField(blank=True)
    """The result as JSON, see :class:`tidegate.node.compared.Compared`; or ``failed`` in words."""
    backtested = models.DateTimeField(null=True)
    backtested_against = models.CharField(max_length=DIGEST_CHARS, blank=True)
    """Digest of the policy that was in force then."""

    class Meta:
        indexes = [models.Index(fields=["state", "-id"])]

    def __str__(self) -> str:
        return f"version {self.pk}"

    @property
    def found(self) -> dict[str, Any] | None:
        """What the backtest found; None: there is none, or it failed."""
        said = json.loads(self.backtest) if self.backtest else None
        return said if said is not None and said.get("type") == "compared" else None

    @property
    def backtest_failed(self) -> str:
        """Why the last backtest has no result, in words."""
        said = json.loads(self.backtest) if self.backtest else {}
        return str(said.get("words", "")) if said.get("type") == "failed" else ""


class Kind(models.TextChoices):
    """How a policy came into force."""

    FIRST = "first", "was in force before the desk"
    STEP = "step", "rolled out"
    BACK = "back", "rolled back"
    OUTSIDE = "outside", "changed outside the desk"


class PutInForce(models.Model):
    """A change of what decides."""

    time = models.DateTimeField(auto_now_add=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    """None: outside the desk."""
    kind = models.CharField(max_length=16, choices=Kind)
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="steps")
    percent = models.FloatField()
    """Of accounts decided by that version from then on."""
    stable = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    """Was wholly in force before: decides for the other accounts, and is what one goes back to."""
    digest = models.CharField(max_length=DIGEST_CHARS)
    """Of what the node was given: of both policies in one while the share is below 100."""
    reason = models.CharField(max_length=NOTE_CHARS, blank=True)
    """Why without a backtest, or why back."""


class InForce(models.Model):
    """What is in force, as far as the desk knows: one row."""

    put = models.ForeignKey(PutInForce, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")

    @classmethod
    def locked(cls) -> Any:
        """The row, which nobody else may change before the transaction at hand ends."""
        cls.objects.get_or_create(pk=1)
        return cls.objects.select_for_update().get(pk=1)

    @classmethod
    def now(cls) -> PutInForce | None:
        """The last change; None: nothing is known yet."""
        row = cls.objects.filter(pk=1).select_related("put__version", "put__stable", "put__person").first()
        return row.put if row is not None else None
