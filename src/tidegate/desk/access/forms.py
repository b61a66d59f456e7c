"""Forms of the people who work here."""

from django import forms

from tidegate.desk.access.models import Person
from tidegate.desk.access.roles import CHOICES

MOST_PEOPLE = 1_000
"""Listed on one page."""


class CodeForm(forms.Form):
    """A code of the app, or a backup code."""

    code = forms.CharField(
        label="Code",
        max_length=32,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )


class NewPersonForm(forms.ModelForm):
    """Who, and as what. The password is made, not typed."""

    class Meta:
        model = Person
        fields = ("username", "role")
        labels = {"username": "Name"}
        help_texts = {
            "username": "Small letters, digits, dots and hyphens; it stands in the record for good."
        }


class RoleForm(forms.Form):
    """Another role."""

    role = forms.ChoiceField(choices=CHOICES)
