"""What is known of the subject itself, links, and findings on the messenger."""

from django.conf import settings
from django.db import models

from tidegate.desk.evidence.cases.choices import choices
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.linking import LinkKind, LinkState, Role


class Known(models.Model):
    """A name or identifier of the subject that a person has put down, with where it is from."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="known")
    kind = models.CharField(max_length=64)
    """``name``, or as linking names identifiers."""
    value = models.CharField(max_length=500)
    origin = models.CharField(max_length=500)
    """A register, an exhibit, a letter."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "kind", "value"], name="known_once")]


class RoleHeld(models.Model):
    """What the subject does, as a person has found."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=16, choices=choices(Role))
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "role"], name="role_once")]


class Link(models.Model):
    """Between two records: ``subject:<case>``, ``exhibit:<id>``, ``account:<16 hex>``, ``campaign:<16 hex>``."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="links")
    first = models.CharField(max_length=100)
    second = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=choices(LinkKind))
    points = models.FloatField()
    reasons = models.JSONField(default=list)
    """``{"kind", "value", "points", "owners"}`` each."""
    hubs = models.JSONField(default=list)
    state = models.CharField(max_length=16, choices=choices(LinkState), default=str(LinkState.PROPOSED))
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reviewed = models.DateTimeField(null=True)
    note = models.TextField(max_length=2_000, blank=True)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "first", "second", "kind"], name="link_once"),
        ]


class Finding(models.Model):
    """Abuse on the messenger, copied when it was put into the case: the ledger forgets, the case must not."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="findings")
    account = models.BigIntegerField()
    """As :func:`~tidegate.desk.ledger.models.stored` makes it."""
    campaign = models.BigIntegerField(null=True)
    decision = models.CharField(max_length=16, blank=True)
    """Its uid in the ledger."""
    signal = models.CharField(max_length=500)
    """Rule or model, with its version."""
    words = models.TextField(max_length=2_000, blank=True)
    """What the decision said."""
    abuse_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    acquired_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "account", "abuse_at", "signal"], name="finding_once"),
        ]
