"""Cases that wait for a person, what people decided, and which automatic actions were drawn to be looked at again."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tidegate.desk.ledger.models import RUNGS, Account, Decision

KINDS = [(kind, kind) for kind in ("risk", "random", "blind", "campaign")]
STATES = [(state, state) for state in ("open", "decided", "closed")]
VERDICTS = [(verdict, verdict) for verdict in ("uphold", "overturn", "change", "label")]


class Case(models.Model):
    """An account that a person is to look at. At most one is open for each."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="cases")
    decision = models.ForeignKey(Decision, on_delete=models.SET_NULL, null=True)
    """The one that opened it."""
    kind = models.CharField(max_length=8, choices=KINDS)
    opened = models.DateTimeField()
    priority = models.FloatField()
    """Risk times reach (:mod:`.priority`); the same formula for every kind."""
    probability = models.FloatField(default=1.0)
    """With which it was drawn; 1 when it was not left to chance."""
    state = models.CharField(max_length=8, choices=STATES, default="open")
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="cases_held"
    )
    locked_until = models.DateTimeField(null=True)
    blind = models.BooleanField(default=False)
    """Whoever looks at it is not told what was decided."""
    first_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="cases_disputed"
    )
    """Who, not told what was decided, disagreed with it: a senior reviewer decides then."""
    settled = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(state="open"), name="case_open_once")
        ]
        indexes = [
            models.Index(fields=["state", "-priority", "id"]),
            models.Index(fields=["state", "opened"]),
        ]

    @property
    def is_held(self) -> bool:
        """Somebody has taken it and not let it go."""
        return self.locked_until is not None and self.locked_until > timezone.now()


class Ruled(models.Model):
    """A person has decided about an account. Stays when the account is erased, without saying whose it was."""

    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="rulings")
    case = models.ForeignKey(Case, on_delete=models.SET_NULL, null=True, related_name="rulings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    time = models.DateTimeField()
    verdict = models.CharField(max_length=8, choices=VERDICTS)
    finding = models.CharField(max_length=10)
    """``abusive`` or ``legitimate``."""
    rung_before = models.PositiveSmallIntegerField(choices=RUNGS)
    until_before = models.DateTimeField(null=True)
    """When that would have ended; None: it had no end, or there was nothing to end."""
    rung_after = models.PositiveSmallIntegerField(choices=RUNGS, null=True)
    """None: a label moves no rung."""
    until = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    group = models.UUIDField(null=True)
    """Decided together, as of a campaign."""
    appeal_id = models.BigIntegerField(null=True)
    undone = models.DateTimeField(null=True)
    """When whoever decided took it back (:mod:`.undoing`); what was found then counts no more."""
    undoes = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="put_back_by")
    """The ruling that this one took back: it puts a rung where it was, and finds nothing by itself."""
    uid = models.UUIDField(null=True, unique=True, default=uuid.uuid4)
    """By which the node's own note of it names it (:mod:`.finishing`); None: from before there were such."""

    class Meta:
        indexes = [
            models.Index(fields=["verdict", "time"]),
            models.Index(fields=["time"]),
            models.Index(fields=["group"]),
        ]


class Sample(models.Model):
    """An automatic action that was drawn to be looked at again, with the probability that it was drawn with."""

    decision_number = models.BigIntegerField(unique=True)
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True)
    time = models.DateTimeField()
    rung = models.PositiveSmallIntegerField(choices=RUNGS)
    kind = models.CharField(max_length=8)
    """``random``, ``blind`` or ``both``."""
    probability = models.FloatField()
    """Of being drawn at all, in either way."""
    case = models.ForeignKey(Case, on_delete=models.SET_NULL, null=True)
    wrong = models.BooleanField(null=True)
    """Whether a person undid it; None: nobody has looked yet."""
    judged = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["time"]), models.Index(fields=["account", "wrong"])]
