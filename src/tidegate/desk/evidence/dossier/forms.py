"""The forms of a case."""

from typing import Any

from django import forms

from tidegate.desk.access.models import Person
from tidegate.desk.access.roles import RIGHTS, Right
from tidegate.desk.accounts.forms import DeskForm
from tidegate.desk.evidence.cases.models import Case, Element, Stage


def _field(name: str) -> Any:
    return Case._meta.get_field(name)


class HeadForm(DeskForm):
    """What a case says about itself."""

    title = forms.CharField(label="Title", max_length=200)
    subject = forms.ChoiceField(
        label="The subject is", choices=_field("subject").choices, initial="unidentified"
    )
    subject_name = forms.CharField(label="Its name", max_length=200, required=False)
    role = forms.ChoiceField(
        label="It", choices=(("engaged", "sends in bulk or by automation"), ("assisting", "helps others to"))
    )
    jurisdiction = forms.CharField(label="Where it sits", max_length=100, required=False)
    about = forms.CharField(
        label="About", max_length=5_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class NewForm(HeadForm):
    """A new case, perhaps from an account or a campaign."""

    account = forms.RegexField(r"^[0-9a-f]{16}$", required=False, widget=forms.HiddenInput)
    campaign = forms.RegexField(r"^[0-9a-f]{16}$", required=False, widget=forms.HiddenInput)


class OfficerForm(DeskForm):
    """Handing a case over."""

    officer = forms.ModelChoiceField(
        label="Who answers for it", queryset=Person.objects.none(), empty_label=None
    )

    def __init__(self, *fields: Any, **named: Any) -> None:
        super().__init__(*fields, **named)
        roles = [str(role) for role, rights in RIGHTS.items() if Right.WORK_CASES in rights]
        self.fields["officer"].queryset = Person.objects.filter(is_active=True, role__in=roles).order_by(
            "username"
        )


class StageForm(DeskForm):
    """Where a case stands."""

    stage = forms.ChoiceField(label="Stage", choices=Stage.choices)
    reason = forms.CharField(label="Why", max_length=1_000)


class ReasonForm(DeskForm):
    """Why a hold is set or lifted."""

    reason = forms.CharField(label="Why", max_length=1_000)


class ElementForm(DeskForm):
    """A line of the checklist."""

    state = forms.ChoiceField(label="State", choices=Element.State.choices)
    note = forms.CharField(label="Shown by, or why not needed", max_length=2_000, required=False)
