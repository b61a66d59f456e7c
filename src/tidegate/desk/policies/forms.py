"""What people type about policies."""

from typing import Any

from django import forms

from tidegate.desk.policies.models import NOTE_CHARS
from tidegate.engine.policy.reading import MAX_POLICY_CHARS

LEAST_NOTE = 3


class DraftForm(forms.Form):
    """A policy's text, and what it is for."""

    text = forms.CharField(
        label="Policy (TOML)",
        max_length=MAX_POLICY_CHARS,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "class": "code",
                "spellcheck": "false",
                "autocapitalize": "off",
                "autocomplete": "off",
                "wrap": "off",
                "rows": "34",
            }
        ),
    )
    note = forms.CharField(
        label="What it changes, and why",
        min_length=LEAST_NOTE,
        max_length=NOTE_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Whoever approves it, or looks back later, reads this.",
    )

    def clean_text(self) -> Any:
        """With the line ends that everybody else has; a form's are others."""
        return as_typed(self.cleaned_data["text"])


class PutForm(forms.Form):
    """For which share of accounts."""

    percent = forms.FloatField(
        label="Share of accounts, in percent",
        min_value=0.1,
        max_value=100.0,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    without_backtest = forms.CharField(
        label="Why without a backtest",
        max_length=NOTE_CHARS,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class BackForm(forms.Form):
    """Why a policy is taken back."""

    reason = forms.CharField(
        label="Why (may stay empty)",
        max_length=NOTE_CHARS,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def as_typed(text: str) -> str:
    """The text of a form's field with line feeds alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
