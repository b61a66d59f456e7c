"""The forms of exhibits."""

from typing import Any

from django import forms

from tidegate.desk.accounts.forms import DeskForm
from tidegate.desk.evidence.capture.addresses import place_of
from tidegate.desk.evidence.capture.refusals import RefusedError
from tidegate.desk.evidence.exhibits.capturing import fetcher
from tidegate.desk.evidence.exhibits.models import Source
from tidegate.desk.evidence.exhibits.transcribing import MOST_CHARACTERS

EVERY = (("", "only now"), ("1", "every day"), ("7", "every week"), ("30", "every month"))


class SeveralFiles(forms.ClearableFileInput):
    """An input that takes more than one file."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """The files of such an input, as a list."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Each as a file by itself."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            raise forms.ValidationError("Choose at least one file.")
        return [super(FilesField, self).clean(one, initial) for one in files]


class PageForm(DeskForm):
    """An address to be captured."""

    address = forms.URLField(
        label="Address",
        max_length=2_000,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label="What it is", choices=[one for one in Source.Kind.choices if one[0] in ("page", "listing")]
    )
    every_days = forms.TypedChoiceField(
        label="Capture", choices=EVERY, coerce=int, empty_value=None, required=False
    )
    despite_robots = forms.CharField(
        label="Capture it although its robots.txt asks not to, because",
        max_length=500,
        required=False,
        help_text="Leave it empty to respect robots.txt. A reason is written into the chain of custody.",
    )

    def clean_address(self) -> str:
        """One that may be asked."""
        try:
            return place_of(str(self.cleaned_data["address"]), fetcher().networks).url
        except RefusedError as refused:
            raise forms.ValidationError(str(refused)) from None


class FilesForm(DeskForm):
    """Files handed in."""

    files = FilesField(
        label="Files",
        help_text="Saved pages, e-mails (.eml), screenshots, PDF, text, WARC; up to 50 at once, 24 MB each. "
        "They are kept as they are and never run.",
    )
    seen = forms.DateTimeField(
        label="Seen at (UTC)",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help_text="When whoever hands them in saw them where they were found. Empty: not known, so they are undated.",
    )
    origin = forms.CharField(label="Where they were found", max_length=250, required=False)


class TranscriptForm(DeskForm):
    """What an exhibit says, typed over."""

    text = forms.CharField(
        label="Its text",
        max_length=MOST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        help_text="Sign by sign and in its own language, with addresses and numbers. Claims are found in this text.",
    )


class ScheduleForm(DeskForm):
    """How often a source is captured again."""

    every_days = forms.TypedChoiceField(
        label="Capture again",
        choices=(("", "not by itself"), *EVERY[1:]),
        coerce=int,
        empty_value=None,
        required=False,
    )
