"""What was done to several accounts of a campaign at once, so that it can be taken back at once."""

from django.conf import settings
from django.db import models

from tidegate.desk.ledger.models import RUNGS, Account


class GroupAction(models.Model):
    """One confirmed preview."""

    group = models.UUIDField(primary_key=True)
    """As every ruling that belongs to it carries it."""
    campaign = models.BigIntegerField()
    """The campaign's id as :func:`~tidegate.desk.ledger.models.stored` makes it."""
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    time = models.DateTimeField()
    verdict = models.CharField(max_length=16)
    rung = models.PositiveSmallIntegerField(choices=RUNGS, null=True)
    accounts = models.PositiveIntegerField()
    note = models.TextField()
    undone = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["campaign", "-time"])]


class GroupMember(models.Model):
    """How an account stood before."""

    action = models.ForeignKey(GroupAction, on_delete=models.CASCADE, related_name="members")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    rung_before = models.PositiveSmallIntegerField(choices=RUNGS)
    until_before = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "account"], name="group_member_once")]
