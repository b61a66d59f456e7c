"""The forms of reading."""

from django import forms

from tidegate.desk.accounts.forms import DeskForm
from tidegate.desk.evidence.reading.ruling import Said

STANCES = (
    ("offers", "It offers: it says that it sends, sells or helps"),
    ("forbids", "It forbids: terms, rules, a notice"),
    ("reports", "It reports what others do"),
)
STRENGTHS = (
    ("explicit", "Explicit: it says so in so many words, of this messenger"),
    ("implicit", "Implicit: it lets one think so"),
)


class ClaimForm(DeskForm):
    """What a person settles about a claim."""

    stance = forms.ChoiceField(label="What it does", choices=STANCES, widget=forms.RadioSelect)
    strength = forms.ChoiceField(label="How it says so", choices=STRENGTHS, widget=forms.RadioSelect)
    note = forms.CharField(
        label="Note", max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    translation = forms.CharField(
        label="Translation", max_length=5_000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    translator = forms.CharField(label="Translated by", max_length=200, required=False)

    def said(self) -> Said:
        """Once it is valid."""
        return Said(**{name: self.cleaned_data[name] for name in Said.__dataclass_fields__})


class QuoteForm(ClaimForm):
    """A sentence that the software did not find."""

    exhibit = forms.IntegerField(label="Exhibit number", min_value=1)
    quote = forms.CharField(
        label="The sentence, copied from the text of the exhibit",
        max_length=5_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    field_order = ("exhibit", "quote", "stance", "strength", "note", "translation", "translator")
