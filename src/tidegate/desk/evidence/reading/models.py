"""Claims and identifiers found in exhibits, and what people said about them."""

from django.conf import settings
from django.db import models

from tidegate.desk.evidence.cases.choices import choices
from tidegate.desk.evidence.claims.claim import Channel, Kind, Stance
from tidegate.desk.evidence.exhibits.models import HASH, Exhibit
from tidegate.desk.evidence.grounds import Confirmed, Strength
from tidegate.desk.evidence.identifiers.identifier import Type, Validity


class Claim(models.Model):
    """A sentence of an exhibit's text, verbatim."""

    exhibit = models.ForeignKey(Exhibit, on_delete=models.CASCADE, db_index=False, related_name="claims")
    quote = models.TextField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    """Offsets in characters of the exhibit's text."""
    sha256 = models.CharField(max_length=HASH)
    """Of the quote in UTF-8."""
    language = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=16, choices=choices(Kind))
    stance = models.CharField(max_length=16, choices=choices(Stance))
    channel = models.CharField(max_length=16, choices=choices(Channel))
    strength = models.CharField(max_length=16, choices=choices(Strength))
    """Proposed by the software (whether the sentence itself names the messenger), settled by the person."""
    score = models.FloatField(null=True)
    """Probability by the detector; None: a person found it."""
    words = models.JSONField(default=list)
    """``{"text", "start", "weight"}`` each: those that carried the score."""
    model = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=16, choices=choices(Confirmed), default=str(Confirmed.PROPOSED))
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reviewed = models.DateTimeField(null=True)
    note = models.TextField(max_length=2_000, blank=True)
    translation = models.TextField(max_length=5_000, blank=True)
    translator = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exhibit", "start", "end"], name="claim_once"),
        ]


class Identifier(models.Model):
    """An identifier in an exhibit's text."""

    exhibit = models.ForeignKey(Exhibit, on_delete=models.CASCADE, db_index=False, related_name="identifiers")
    type = models.CharField(max_length=16, choices=choices(Type))
    scheme = models.CharField(max_length=32, blank=True)
    kind = models.CharField(max_length=64)
    """As linking names it."""
    raw = models.CharField(max_length=500)
    normalised = models.CharField(max_length=500)
    validity = models.CharField(max_length=16, choices=choices(Validity))
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    ignored = models.BooleanField(default=False)
    """A person said that it is not the subject's, or no identifier at all: linking leaves it out."""
    ignored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exhibit", "start", "end", "type"], name="identifier_once"),
        ]
        indexes = [models.Index(fields=["kind", "normalised"])]
