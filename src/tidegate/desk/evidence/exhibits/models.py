"""What is watched, what was captured, and how it was shown."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from tidegate.desk.evidence.cases.models import Case

HASH = 64


class Source(models.Model):
    """Where exhibits come from: an address that is captured again and again, or something that was handed in once."""

    class Kind(models.TextChoices):
        """What it is."""

        PAGE = "page", "Web page"
        LISTING = "listing", "Store or package listing"
        FILE = "file"
        EMAIL = "email", "E-mail"
        SCREENSHOT = "screenshot"
        WARC = "warc", "WARC made by somebody else"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=16, choices=Kind)
    address = models.CharField(max_length=2_000, blank=True)
    """http or https; empty for what was handed in."""
    title = models.CharField(max_length=300)
    added = models.DateTimeField(default=timezone.now)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    every_days = models.PositiveSmallIntegerField(null=True)
    """How often it is captured again; None: not by itself."""
    next_at = models.DateTimeField(null=True)
    first_seen = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(null=True)
    despite_robots = models.CharField(max_length=500, blank=True)
    """Why it is captured although its robots.txt asks not to; empty: it is not."""
    gone_since = models.DateTimeField(null=True)
    """First time that it was not there any more; None while it is."""

    class Meta:
        indexes = [models.Index(fields=["next_at"])]

    def __str__(self) -> str:
        return str(self.title)


class Exhibit(models.Model):
    """Bytes that never change, with everything on record about how they were got. Rows are never changed either."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, db_index=False, related_name="exhibits")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="exhibits")
    number = models.PositiveIntegerField()
    """In the case, from 1."""
    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=16, choices=Source.Kind)
    address = models.CharField(max_length=2_000, blank=True)
    """Where it was in the end, after redirections."""
    sha256 = models.CharField(max_length=HASH)
    """Of the raw bytes, under which they are kept."""
    decoded_sha256 = models.CharField(max_length=HASH)
    media_type = models.CharField(max_length=200)
    size_bytes = models.PositiveBigIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    """Of the answer; None for what was handed in."""
    captured = models.DateTimeField()
    """By this machine's clock, at the end of the capture."""
    http_date = models.CharField(max_length=32, blank=True)
    claimed = models.CharField(max_length=200, blank=True)
    """The date that it gives itself, verbatim."""
    ip = models.CharField(max_length=64, blank=True)
    operator = models.CharField(max_length=200)
    """Who captured or handed it in."""
    tool = models.CharField(max_length=200)
    warc = models.CharField(max_length=HASH, blank=True)
    """SHA-256 of the WARC."""
    text = models.CharField(max_length=HASH, blank=True)
    """SHA-256 of its visible text in UTF-8, a working copy in which claims and identifiers have their places."""
    language = models.CharField(max_length=20, blank=True)
    """As it says itself (BCP 47)."""
    seen = models.DateTimeField(null=True)
    """When whoever handed it in says to have seen it; None for what was fetched."""
    pending = models.BooleanField(default=True)
    """Time stamps, rendering and reading are still to be done; the one field that changes."""
    trouble = models.CharField(max_length=500, blank=True)
    """What of that did not work, in words."""
    weak = models.BooleanField(default=False)
    """Rests on one party's word: a screenshot handed in, a copy without its source."""
    weak_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="exhibit_number_once"),
            models.UniqueConstraint(fields=["case", "sha256", "captured"], name="exhibit_once"),
        ]
        indexes = [models.Index(fields=["pending", "id"])]

    @property
    def observed(self) -> datetime | None:
        """The moment that somebody other than the exhibit vouches for: this machine's clock for what it fetched itself,
        else whoever handed it in, else a time stamp; None: nobody does.
        """
        if self.status is not None:
            return self.captured
        if self.seen is not None:
            return self.seen
        return min((one.at for one in self.stamps.all()), default=None)  # prefetched, where there are many

    def __str__(self) -> str:
        return f"exhibit {self.number}"


class Rendering(models.Model):
    """What an exhibit looked like: a working copy."""

    exhibit = models.ForeignKey(Exhibit, on_delete=models.CASCADE, related_name="renderings")
    sha256 = models.CharField(max_length=HASH)
    media_type = models.CharField(max_length=64)
    made = models.DateTimeField(default=timezone.now)


class Transcript(models.Model):
    """What a person typed over from an exhibit; the latest counts."""

    exhibit = models.ForeignKey(Exhibit, on_delete=models.CASCADE, related_name="transcripts")
    text = models.CharField(max_length=HASH)
    """SHA-256 of it in UTF-8, under which it is kept."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made = models.DateTimeField(default=timezone.now)


class Stamp(models.Model):
    """A time stamp over an exhibit's raw bytes."""

    exhibit = models.ForeignKey(Exhibit, on_delete=models.CASCADE, related_name="stamps")
    authority = models.CharField(max_length=200)
    at = models.DateTimeField()
    """As the token says."""
    token = models.CharField(max_length=HASH)
    """SHA-256 under which it is kept."""


class Attempt(models.Model):
    """One look at a source."""

    class Outcome(models.TextChoices):
        """How it went."""

        CAPTURED = "captured"
        UNCHANGED = "unchanged", "Captured, the same as before"
        GONE = "gone"
        REFUSED = "refused"
        FAILED = "failed"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, db_index=False, related_name="attempts")
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=16, choices=Outcome)
    words = models.CharField(max_length=500, blank=True)
    """Why not, or what was noticed."""
    exhibit = models.ForeignKey(Exhibit, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["source", "-at"])]
