"""Sealed files of a case."""

from django.conf import settings
from django.db import models

from tidegate.desk.evidence.cases.models import Case


class SealedFile(models.Model):
    """One export, as it was sealed."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="sealed_files")
    made = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    """Of the file in the case's folder of sealed files."""
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    """Of the file."""
    manifest_sha256 = models.CharField(max_length=64)
    """What the seal is over."""
