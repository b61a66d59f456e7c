"""The form of a blind case; an ordinary one takes the account's."""

from django import forms

from tidegate.desk.accounts.forms import DeskForm, reason_field

ABUSIVE, LEGITIMATE = "abusive", "legitimate"


class BlindForm(DeskForm):
    """What it looks like to somebody who is not told what was decided."""

    finding = forms.ChoiceField(
        label="What do you see?",
        widget=forms.RadioSelect,
        choices=(
            (ABUSIVE, "Bulk or automated sending"),
            (LEGITIMATE, "Nothing that should be limited"),
        ),
    )
    note = reason_field("Why")
