"""The forms of ground and steps."""

from collections.abc import Iterable
from typing import Any

from django import forms

from tidegate.desk.accounts.forms import DURATIONS, DeskForm
from tidegate.desk.evidence.grounds import Action
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.steps.frozen import LEAST_WORDS
from tidegate.desk.evidence.steps.letters import LANGUAGES, LetterKind, template_of
from tidegate.desk.evidence.steps.models import Answer, Letter, Service
from tidegate.desk.evidence.steps.words import ACTION
from tidegate.desk.evidence.steps.writing import Wanted

_MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
PROPOSABLE = tuple(one for one in Action if one not in (Action.LETTER, Action.DATE_FIRST))
"""Letters have a page of their own; dating is done with the exhibits."""
SHOWN_OF_QUOTE = 140


def moment_field(label: str, *, required: bool = True, help_text: str = "") -> Any:
    """A moment in UTC."""
    return forms.DateTimeField(
        label=f"{label} (UTC)",
        required=required,
        help_text=help_text,
        input_formats=_MOMENTS,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


def words_field(
    label: str, *, most: int = 2_000, least: int = 8, required: bool = True, help_text: str = ""
) -> Any:
    """Some sentences."""
    return forms.CharField(
        label=label,
        min_length=least if required else None,
        max_length=most,
        required=required,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DetermineForm(DeskForm):
    """A person finds abuse."""

    reasons = words_field(
        "Why it is abuse, in your own words",
        most=5_000,
        least=LEAST_WORDS,
        help_text="It goes into the case file as it is written here.",
    )
    dissent = words_field(
        "What speaks against it",
        required=False,
        help_text="Doubts and other opinions. They are kept with it.",
    )


class ProposeForm(DeskForm):
    """A step other than a letter."""

    action = forms.ChoiceField(label="Step", choices=[(str(one), ACTION[one]) for one in PROPOSABLE])
    note = words_field("Why")
    duration_s = forms.TypedChoiceField(
        label="For how long (limit or suspend)",
        choices=DURATIONS,
        coerce=int,
        empty_value=None,
        required=False,
    )


class ClaimsField(forms.ModelMultipleChoiceField):
    """Claims by their exhibit and quote."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, claim: Any) -> str:
        """Where and what."""
        quote = claim.quote if len(claim.quote) <= SHOWN_OF_QUOTE else f"{claim.quote[:SHOWN_OF_QUOTE]}…"
        return f"Exhibit {claim.exhibit.number}: \u2068{quote}\u2069"


class LetterForm(DeskForm):
    """A letter."""

    kind = forms.ChoiceField(label="Kind", choices=Letter.Kind.choices)
    language = forms.ChoiceField(
        label="Language of the recipient",
        initial="en",
        choices=[(one, template_of(one).language) for one in LANGUAGES],
    )
    recipient = forms.CharField(label="Recipient", max_length=200)
    recipient_address = forms.CharField(
        label="Address of the recipient", max_length=1_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    claims = ClaimsField(
        label="What it quotes",
        queryset=Claim.objects.none(),
        required=False,
        help_text="Only offers that a person confirmed, in exhibits that more than a name links to the subject.",
    )
    cure_by = forms.DateField(
        label="To be put right by, that day included",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    signed_by = forms.CharField(label="Who signs it: name and function", max_length=200)
    note = words_field("Note for whoever approves", required=False)

    def __init__(self, quotable: Any, *fields: Any, **named: Any) -> None:
        super().__init__(*fields, **named)
        self.fields["claims"].queryset = quotable

    @property
    def wanted(self) -> Wanted:
        """What was chosen."""
        said = self.cleaned_data
        return Wanted(
            LetterKind(said["kind"]),
            said["language"],
            said["recipient"],
            said["recipient_address"],
            said["signed_by"],
            said["cure_by"],
            tuple(one.pk for one in said["claims"]),
            said["note"],
        )


class ApproveForm(DeskForm):
    """The second person says yes."""

    note = words_field("Note", required=False)
    sha256 = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


class WhyForm(DeskForm):
    """Something with a reason."""

    note = words_field("Why")


class CounselForm(DeskForm):
    """What counsel decides."""

    agrees = forms.TypedChoiceField(
        label="Counsel's decision",
        choices=(("yes", "The step may be taken"), ("no", "It may not")),
        coerce=lambda said: said == "yes",
        empty_value=None,
    )
    note = words_field("Reasons")


class FiledForm(DeskForm):
    """A suit was filed."""

    note = words_field("Court, number and day")


class ServiceForm(DeskForm):
    """A letter went out."""

    way = forms.ChoiceField(label="How", choices=Service.Way.choices)
    sent = moment_field("Sent")
    delivered = moment_field("Delivered", required=False, help_text="Empty: not known yet.")
    failed = forms.CharField(label="Not delivered, because", max_length=300, required=False)
    proof = forms.FileField(
        label="Proof", required=False, help_text="A receipt. It becomes an exhibit of the case."
    )


class AnswerForm(DeskForm):
    """What was answered."""

    letter = forms.TypedChoiceField(label="To", coerce=int, empty_value=None, required=False)
    kind = forms.ChoiceField(label="What", choices=Answer.Kind.choices)
    received = moment_field("Received")
    words = words_field("In its own words", most=5_000, least=1)
    proof = forms.FileField(
        label="The answer itself", required=False, help_text="It becomes an exhibit of the case."
    )

    def __init__(self, letters: Iterable[Letter], *fields: Any, **named: Any) -> None:
        super().__init__(*fields, **named)
        self.fields["letter"].choices = [
            ("", "no letter in particular"),
            *((str(one.pk), f"{one.get_kind_display()} to {one.recipient}") for one in letters),
        ]


class ReviewForm(DeskForm):
    """What came of an appeal."""

    outcome = forms.ChoiceField(label="Outcome", choices=Answer.Outcome.choices)
    remedy = words_field("What follows, or why it stays")
