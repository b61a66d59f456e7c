"""The form by which an appeal is decided, and the one for a range of statements."""

from datetime import timedelta
from typing import Any

from django import forms

from tidegate.desk.appeals.deciding import SENTENCES
from tidegate.desk.appeals.models import MOST_CHARACTERS, Outcome
from tidegate.desk.appeals.texts import DEFAULT, texts
from tidegate.engine.rungs import Rung

HOUR_S, DAY_S = 3_600.0, 86_400.0
DURATIONS = (
    ("", "as the ladder has it"),
    (str(6 * HOUR_S), "6 hours"),
    (str(DAY_S), "1 day"),
    (str(3 * DAY_S), "3 days"),
    (str(7 * DAY_S), "7 days"),
    (str(30 * DAY_S), "30 days"),
)
MOST_DAYS = 366
"""Of statements taken out at once."""
_OUTCOMES = (
    (Outcome.GRANTED, "Grant it: the measure is undone, with all that followed from it"),
    (Outcome.PARTLY, "Grant it in part: a milder measure takes its place"),
    (Outcome.REJECTED, "Reject it: the measure stays as it is"),
)


class Deciding(forms.Form):
    """What becomes of an appeal."""

    outcome = forms.ChoiceField(choices=_OUTCOMES, widget=forms.RadioSelect, label="Outcome")
    sentence = forms.ChoiceField(
        label="Reason for the account holder", help_text="Shown in the holder's own language."
    )
    words = forms.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        label="More for the account holder",
        help_text="Shown as you write it, so write in the holder's language. No thresholds, no names of rules.",
    )
    note = forms.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Note for colleagues",
        help_text="The holder never sees it.",
    )
    rung = forms.TypedChoiceField(
        required=False,
        coerce=lambda value: Rung(int(value)),
        empty_value=None,
        label="Milder measure",
        help_text="Only when granted in part.",
    )
    duration_s = forms.TypedChoiceField(
        required=False, coerce=float, empty_value=None, choices=DURATIONS, label="For how long"
    )

    def __init__(self, *args: Any, standing: Rung, language: str, **more: Any) -> None:
        """``standing``: where the account stands now; ``language``: the holder's."""
        super().__init__(*args, **more)
        english = texts(DEFAULT)
        self.fields["sentence"].choices = [
            ("", "choose one"),
            *(
                (Outcome(outcome).label, [(name, english[name]) for name in names])
                for outcome, names in SENTENCES.items()
            ),
        ]
        milder = [rung for rung in Rung if Rung.ALLOW < rung < standing]
        self.fields["rung"].choices = [("", "-"), *((int(rung), rung.word) for rung in milder)]
        self.fields["words"].widget.attrs["lang"] = language
        for name in ("sentence", "words", "note", "rung"):
            if self.fields[name].help_text:
                self.fields[name].widget.attrs["aria-describedby"] = f"id_{name}_helptext"


class Range(forms.Form):
    """Days of which statements are taken out, both included."""

    first = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), label="From")
    last = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), label="To, this day included")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
            raise forms.ValidationError(
                f"Choose a first day and a last one, at most {MOST_DAYS} days together."
            )
        return cleaned
