"""What the node has decided, as the desk keeps it: copied in order, by pseudonym alone."""

from typing import Any

from django.db import models

from tidegate.engine.rungs import Rung
from tidegate.statements.statement import pseudonym_shown

_SIGN = 1 << 63
RUNGS = [(int(rung), rung.word) for rung in Rung]


def stored(key: int) -> int:
    """A 64-bit pseudonym as a database's signed integer."""
    return key - _SIGN


class Account(models.Model):
    """An account about which something was decided."""

    id = models.BigIntegerField(primary_key=True)
    """The pseudonym, as :func:`stored` makes it."""
    rung = models.PositiveSmallIntegerField(choices=RUNGS, default=0)
    """Where the last decision put it."""
    until = models.DateTimeField(null=True)
    acted = models.BooleanField(default=True)
    """Whether that decision led to action, or was withheld (shadow, exempt, breaker)."""
    decided = models.DateTimeField()
    """When the last decision fell."""
    first_decided = models.DateTimeField()
    decisions = models.PositiveIntegerField(default=0)
    stage = models.CharField(max_length=16)
    score = models.FloatField(null=True)
    first_contacts = models.PositiveIntegerField(default=0)
    messages = models.PositiveIntegerField(default=0)
    language = models.CharField(max_length=10, blank=True)
    """In which the holder read a page last; empty: never."""

    class Meta:
        indexes = [
            models.Index(fields=["rung", "-decided"]),
            models.Index(fields=["stage", "-decided"]),
            models.Index(fields=["-decided"]),
        ]

    @property
    def key(self) -> int:
        """The pseudonym as the node counts it."""
        return int(self.id) + _SIGN

    @property
    def pseudonym(self) -> str:
        """16 hexadecimal digits."""
        return pseudonym_shown(self.key)

    @property
    def word(self) -> str:
        """The rung's."""
        return Rung(self.rung).word

    def __str__(self) -> str:
        return self.pseudonym


class Basis(models.Model):
    """A policy and a model by which decisions fell."""

    policy = models.CharField(max_length=200)
    model = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "model"], name="basis_once")]


class Decision(models.Model):
    """One change of rung of one account."""

    number = models.BigIntegerField(primary_key=True)
    """The ledger's."""
    uid = models.CharField(max_length=16, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, db_index=False, related_name="history")
    time = models.DateTimeField()
    """By the event that caused it."""
    committed = models.DateTimeField()
    rung = models.PositiveSmallIntegerField(choices=RUNGS)
    previous = models.PositiveSmallIntegerField(choices=RUNGS, default=0)
    until = models.DateTimeField(null=True)
    score = models.FloatField(null=True)
    stage = models.CharField(max_length=16)
    reasons = models.JSONField(default=list)
    """``{"name", "value", "text", "kind"}`` each, strongest first."""
    basis = models.ForeignKey(Basis, on_delete=models.PROTECT, db_index=False)
    first_contacts = models.PositiveIntegerField(default=0)
    messages = models.PositiveIntegerField(default=0)
    withheld = models.CharField(max_length=16)
    """Why nothing was done about it; ``no``: something was."""
    complaints = models.FloatField(default=0.0)
    """Blocks and reports by people the account had written to first, as they weighed then."""

    class Meta:
        indexes = [
            models.Index(fields=["account", "-number"]),
            models.Index(fields=["time"]),
        ]

    @property
    def word(self) -> str:
        """The rung's."""
        return Rung(self.rung).word

    @property
    def by_person(self) -> bool:
        """A person decided, not rules and model."""
        return any(reason.get("name") == "ruling" for reason in self.reasons)

    @property
    def acted(self) -> bool:
        return bool(self.withheld == "no")


class Tally(models.Model):
    """Decisions of a day (UTC), counted as they are copied, so that no page has to count millions."""

    day = models.DateField()
    rung = models.PositiveSmallIntegerField(choices=RUNGS)
    stage = models.CharField(max_length=16)
    decided = models.PositiveIntegerField(default=0)
    acted = models.PositiveIntegerField(default=0)
    raised = models.PositiveIntegerField(default=0)
    """Of those acted on, how many put the account higher than it stood."""
    automatic = models.PositiveIntegerField(default=0)
    """Of ``raised``, how many no person decided."""
    unreported = models.PositiveIntegerField(default=0)
    """Of ``automatic``, how many fell before anybody had blocked or reported the account."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "rung", "stage"], name="tally_once")]


class Cursor(models.Model):
    """How far the node's ledger has been gone through: a row for decisions, and one for rulings."""

    DECISIONS, RULINGS = 1, 2
    """Primary keys."""
    number = models.BigIntegerField(default=0)

    @classmethod
    def now(cls, which: int = DECISIONS) -> Any:
        """The row, locked for the transaction at hand."""
        cls.objects.get_or_create(pk=which)
        return cls.objects.select_for_update().get(pk=which)
