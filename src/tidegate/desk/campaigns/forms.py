"""The form that acts on several accounts of a campaign."""

from typing import Any

from django import forms

from tidegate.desk.accounts.forms import (
    CHANGE,
    DURATIONS,
    FINDINGS,
    LABEL,
    OVERTURN,
    RUNG_CHOICES,
    DeskForm,
    reason_field,
)


class GroupForm(DeskForm):
    """What is to happen to the members that are ticked."""

    verdict = forms.ChoiceField(
        label="Verdict",
        widget=forms.RadioSelect,
        initial=CHANGE,
        choices=(
            (CHANGE, "Put them on the rung below"),
            (OVERTURN, "They did nothing wrong; everything is undone"),
            (LABEL, "Label only: say what they are and change nothing"),
        ),
    )
    rung = forms.TypedChoiceField(
        label="Rung", choices=[("", "choose"), *RUNG_CHOICES], coerce=int, empty_value=None, required=False
    )
    duration = forms.TypedChoiceField(
        label="For how long", choices=DURATIONS, coerce=float, empty_value=None, required=False
    )
    finding = forms.ChoiceField(label="Finding, for a label", choices=FINDINGS, required=False)
    note = reason_field("Why")

    def clean(self) -> dict[str, Any]:
        """A rung for a change, a finding for a label."""
        found: dict[str, Any] = super().clean()
        if found.get("verdict") == CHANGE and not found.get("rung"):
            self.add_error("rung", "Choose the rung to put them on.")
        if found.get("verdict") == LABEL and not found.get("finding"):
            self.add_error("finding", "A label says abusive or legitimate.")
        return found
