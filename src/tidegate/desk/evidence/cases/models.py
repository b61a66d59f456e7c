"""A case, its chain of custody and its checklist."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from tidegate.desk.evidence.cases.choices import choices
from tidegate.desk.evidence.cases.elements import ELEMENTS
from tidegate.desk.evidence.custody.chain import CustodyEvent
from tidegate.desk.evidence.grounds import Subject, SubjectRole


class Stage(models.TextChoices):
    """How far a case has come: the stages of the Electronic Discovery Reference Model that a desk goes through."""

    IDENTIFICATION = "identification"
    PRESERVATION = "preservation"
    COLLECTION = "collection"
    PROCESSING = "processing"
    REVIEW = "review"
    ANALYSIS = "analysis"
    PRODUCTION = "production"
    PRESENTATION = "presentation"
    CLOSED = "closed"


class Case(models.Model):
    """What is held against one subject."""

    name = models.SlugField(max_length=64, unique=True)
    """As ``case-2026-0001``: in addresses, on letters, on the sealed file."""
    title = models.CharField(max_length=200)
    about = models.TextField(max_length=5_000, blank=True)
    opened = models.DateTimeField(default=timezone.now)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    """Who answers for it."""
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.IDENTIFICATION)
    subject = models.CharField(max_length=16, choices=choices(Subject), default=str(Subject.UNIDENTIFIED))
    subject_name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=16, choices=choices(SubjectRole), default=str(SubjectRole.ENGAGED))
    jurisdiction = models.CharField(max_length=100, blank=True)
    account = models.BigIntegerField(null=True)
    """Whose account a step on an account would meet, as :func:`~tidegate.desk.ledger.models.stored` makes it."""
    campaign = models.BigIntegerField(null=True)
    """On the messenger, as :func:`~tidegate.desk.ledger.models.stored` makes its id."""
    hold = models.BooleanField(default=False)
    """Legal hold: nothing of it may be deleted, whatever its retention."""
    hold_reason = models.TextField(max_length=1_000, blank=True)
    hold_since = models.DateTimeField(null=True)
    closed = models.DateTimeField(null=True)
    keep_until = models.DateTimeField(null=True)
    """After which a closed case is deleted, unless held; None while it is open."""

    class Meta:
        indexes = [models.Index(fields=["stage", "-opened"]), models.Index(fields=["-opened", "-id"])]

    @property
    def is_open(self) -> bool:
        return str(self.stage) != Stage.CLOSED

    def __str__(self) -> str:
        return str(self.name)


class CustodyRow(models.Model):
    """One row of a case's chain of custody, as :mod:`tidegate.desk.evidence.custody.chain` writes it. Never changed."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, db_index=False, related_name="custody")
    number = models.PositiveIntegerField()
    at = models.CharField(max_length=32)
    who = models.CharField(max_length=200)
    did = models.CharField(max_length=64)
    exhibit = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    before = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="custody_row_once")]

    @property
    def event(self) -> CustodyEvent:
        """As the pure parts know it."""
        return CustodyEvent(self.number, self.at, self.who, self.did, self.exhibit, self.details, self.before)


class HeadStamp(models.Model):
    """A time stamp over the end of a case's chain, made once a day while the chain grows."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="head_stamps")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    authority = models.CharField(max_length=200)
    at = models.DateTimeField()
    """As the token says."""
    token = models.CharField(max_length=64)
    """SHA-256 under which it is kept."""


class Element(models.Model):
    """One element of the checklist."""

    class State(models.TextChoices):
        """Whether it is shown."""

        OPEN = "open"
        MET = "met"
        NOT_NEEDED = "not_needed", "Not needed here"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, db_index=False, related_name="elements")
    key = models.CharField(max_length=32, choices=[(one.key, one.title) for one in ELEMENTS])
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    note = models.TextField(max_length=2_000, blank=True)
    """Which exhibits or findings show it, or why it is not needed."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="element_once")]
