"""The forms about one account."""

from typing import Any

from django import forms

from tidegate.engine.rungs import RUNG_MEANINGS, Rung

LEAST_REASON, MOST_REASON = 8, 500
"""Characters of a reason."""
DAY_S, HOUR_S = 86_400, 3_600
DURATIONS = (
    ("", "as long as the policy says"),
    (str(HOUR_S), "1 hour"),
    (str(6 * HOUR_S), "6 hours"),
    (str(DAY_S), "1 day"),
    (str(3 * DAY_S), "3 days"),
    (str(7 * DAY_S), "7 days"),
    (str(30 * DAY_S), "30 days"),
)
RUNG_CHOICES = [(str(int(rung)), f"{rung.word}: {RUNG_MEANINGS[rung]}") for rung in Rung if rung > Rung.ALLOW]
UPHOLD, OVERTURN, CHANGE, LABEL = "uphold", "overturn", "change", "label"
FINDINGS = (("", "choose"), ("abusive", "abusive"), ("legitimate", "legitimate"))


def reason_field(label: str = "Reason", help_text: str = "") -> Any:
    """Why, in the person's words; it is kept in the record."""
    return forms.CharField(
        label=label,
        min_length=LEAST_REASON,
        max_length=MOST_REASON,
        help_text=help_text or f"At least {LEAST_REASON} characters. It is written down.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class DeskForm(forms.Form):
    """A form whose labels end as they are written."""

    def __init__(self, *fields: Any, **named: Any) -> None:
        super().__init__(*fields, label_suffix="", **named)


class FindForm(DeskForm):
    """Looking for an account by its real identifier."""

    identifier = forms.CharField(
        label="Identifier on the messenger",
        max_length=255,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "@name:example.org"}
        ),
    )
    reason = reason_field()


class RevealForm(DeskForm):
    """Seeing the real identifier."""

    reason = reason_field("Why you need the identifier")


class RulingForm(DeskForm):
    """A person decides about an account."""

    verdict = forms.ChoiceField(
        label="Verdict",
        widget=forms.RadioSelect,
        choices=(
            (UPHOLD, "Uphold: what was decided is right"),
            (OVERTURN, "Overturn: the account did nothing wrong; everything is undone"),
            (CHANGE, "Change: put it on the rung below"),
            (LABEL, "Label only: say what it is and change nothing"),
        ),
    )
    rung = forms.TypedChoiceField(
        label="Rung, for a change",
        choices=[("", "choose"), *RUNG_CHOICES],
        coerce=int,
        empty_value=None,
        required=False,
    )
    duration = forms.TypedChoiceField(
        label="For how long", choices=DURATIONS, coerce=float, empty_value=None, required=False
    )
    finding = forms.ChoiceField(label="Finding, for a label", choices=FINDINGS, required=False)
    note = reason_field("Why")

    def clean(self) -> dict[str, Any]:
        """A change names its rung, a label its finding."""
        found: dict[str, Any] = super().clean()
        if found.get("verdict") == CHANGE and not found.get("rung"):
            self.add_error("rung", "A change needs the rung to put the account on.")
        if found.get("verdict") == LABEL and not found.get("finding"):
            self.add_error("finding", "A label says abusive or legitimate.")
        return found

    def asked(self) -> dict[str, Any]:
        """What :func:`tidegate.desk.review.ruling.rule` takes beside the person, the account and the verdict."""
        found = self.cleaned_data
        change = found["verdict"] == CHANGE
        return {
            "note": found["note"],
            "rung": Rung(found["rung"]) if change else None,
            "duration_s": found["duration"] if change else None,
            "finding": found["finding"] if found["verdict"] == LABEL else None,
        }


class EraseForm(DeskForm):
    """The first step of an erasure."""

    reason = reason_field(
        "Why it is to be erased", "At least 8 characters, without the identifier: it stays in the record."
    )


class ConfirmForm(DeskForm):
    """The second step of an erasure."""

    asked = forms.CharField(widget=forms.HiddenInput)
    typed = forms.CharField(
        label="Type the account's pseudonym",
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
