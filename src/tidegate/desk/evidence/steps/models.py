"""Determinations and what followed from them."""

from django.conf import settings
from django.db import models

from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.models import HASH, Exhibit
from tidegate.desk.evidence.grounds import Action


class Determination(models.Model):
    """A person found abuse. What was held then is frozen here. Never changed."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="determinations")
    at = models.DateTimeField()
    decider = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    rules = models.CharField(max_length=32)
    """Version."""
    outcome = models.JSONField()
    """Row, grounds, allowed actions and why, as JSON of :class:`~tidegate.desk.evidence.grounds.Outcome`."""
    for_counsel = models.JSONField(default=list)
    inputs = models.TextField()
    inputs_sha256 = models.CharField(max_length=HASH)
    reasons = models.TextField(max_length=5_000)
    """In the decider's own words."""
    dissent = models.TextField(max_length=2_000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["case", "-at"])]


class Step(models.Model):
    """Something that somebody wants to do, or has done, on a determination."""

    class State(models.TextChoices):
        """How far it is."""

        PROPOSED = "proposed"
        APPROVED = "approved"
        REFUSED = "refused"
        DONE = "done"
        WITHDRAWN = "withdrawn"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps")
    determination = models.ForeignKey(
        Determination, on_delete=models.RESTRICT, null=True, related_name="steps"
    )
    action = models.CharField(
        max_length=32, choices=[(str(one), str(one).replace("_", " ").capitalize()) for one in Action]
    )
    state = models.CharField(max_length=16, choices=State, default=State.PROPOSED)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(max_length=2_000, blank=True)
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    second_at = models.DateTimeField(null=True)
    second_note = models.TextField(max_length=2_000, blank=True)
    counsel = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    counsel_at = models.DateTimeField(null=True)
    counsel_note = models.TextField(max_length=2_000, blank=True)
    duration_s = models.PositiveIntegerField(null=True)
    """For which an account is limited or suspended; None: as long as the policy says."""
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True)
    done_note = models.TextField(max_length=2_000, blank=True)
    """What was done: where and when a suit was filed, why a step was withdrawn."""

    class Meta:
        indexes = [models.Index(fields=["case", "-at"])]


class Letter(models.Model):
    """A letter of a step: a demand, a notice, a reminder. Its text is fixed when it is approved."""

    class Kind(models.TextChoices):
        """What it asks for."""

        DEMAND = "demand", "Demand to stop"
        REMINDER = "reminder", "Reminder, the time to stop is over"
        HOLD = "hold", "Request to keep evidence"

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=16, choices=Kind)
    language = models.CharField(max_length=10)
    recipient = models.CharField(max_length=200)
    recipient_address = models.TextField(max_length=1_000)
    template = models.CharField(max_length=64)
    """Name and version."""
    facts = models.JSONField(default=dict)
    """What filled the template: quotes with exhibit numbers and dates, findings, terms, ground."""
    text = models.TextField()
    sha256 = models.CharField(max_length=HASH)
    """Of the text in UTF-8."""
    pdf = models.CharField(max_length=HASH, blank=True)
    """SHA-256 of the letter as PDF, under which it is kept; empty: none was made."""
    cure_by = models.DateField(null=True)
    """Until when, that day included, the recipient may put it right."""
    exhibits = models.ManyToManyField(Exhibit, related_name="letters")
    made = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["cure_by"])]


class Service(models.Model):
    """That a letter was delivered, and how that is known."""

    class Way(models.TextChoices):
        """How it went out."""

        POST = "post", "Registered post"
        COURIER = "courier"
        EMAIL = "email", "E-mail"
        BAILIFF = "bailiff", "Bailiff or process server"
        FORM = "form", "Contact form"

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="services")
    way = models.CharField(max_length=16, choices=Way)
    sent = models.DateTimeField()
    delivered = models.DateTimeField(null=True)
    failed = models.CharField(max_length=300, blank=True)
    """Why it did not reach the recipient."""
    proof = models.ForeignKey(Exhibit, on_delete=models.RESTRICT, null=True, related_name="+")
    """The receipt, as an exhibit of the case."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")


class Answer(models.Model):
    """What the subject said to a letter, or that it appealed."""

    class Kind(models.TextChoices):
        """What was said."""

        COMPLIES = "complies", "Says that it stops"
        DISPUTES = "disputes", "Disputes it"
        APPEALS = "appeals", "Asks for another person to look at it"

    class Outcome(models.TextChoices):
        """What came of it."""

        UPHELD = "upheld", "Stays as it is"
        CHANGED = "changed", "Changed in part"
        TAKEN_BACK = "taken_back", "Taken back"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="answers")
    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, null=True, related_name="answers")
    determination = models.ForeignKey(
        Determination, on_delete=models.CASCADE, null=True, related_name="answers"
    )
    """The one that it speaks against, for an appeal."""
    kind = models.CharField(max_length=16, choices=Kind)
    received = models.DateTimeField()
    words = models.TextField(max_length=5_000)
    proof = models.ForeignKey(Exhibit, on_delete=models.RESTRICT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    """Never the one who determined or approved."""
    reviewed = models.DateTimeField(null=True)
    remedy = models.TextField(max_length=2_000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["case", "-received"])]
