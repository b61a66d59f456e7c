"""The forms about the subject."""

from typing import Any

from django import forms

from tidegate.desk.accounts.forms import DeskForm
from tidegate.desk.evidence.identifiers import find
from tidegate.desk.evidence.linking import Role
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.records import NAME

SORTS = (
    (NAME, "Name"),
    ("registration", "Registration number"),
    ("phone", "Phone number"),
    ("email", "E-mail address"),
    ("domain", "Domain"),
    ("handle", "Handle or account name"),
    ("payment", "Bank account or wallet"),
    ("address", "Postal address"),
)
_FREE = (NAME, "address")
_CALLED = {"registration": "CNPJ CIF SIRET INN VKN GSTIN VAT "}


class KnownForm(DeskForm):
    """Something known of the subject."""

    sort = forms.ChoiceField(label="What", choices=SORTS)
    value = forms.CharField(label="Value", max_length=300)
    origin = forms.CharField(
        label="Where it is from", max_length=500, help_text="A register, an exhibit, a letter."
    )

    def clean(self) -> dict[str, Any]:
        """Identifiers in the form that linking compares by."""
        found: dict[str, Any] = super().clean()
        sort, value = found.get("sort"), found.get("value", "")
        if sort is None or not value:
            return found
        if sort in _FREE:
            found["kind"], found["value"] = sort, " ".join(value.split())
            return found
        seen = [one for one in (*find(value), *find(f"{value} ")) if str(one.type) == sort]
        if not seen and sort == "registration":
            seen = [
                one
                for word in ("CNPJ", "CIF", "SIRET", "ИНН", "VKN", "GSTIN", "VAT", "NPWP")
                for one in find(f"{word} {value}")
                if str(one.type) == sort
            ]
        if not seen:
            self.add_error(
                "value",
                f"This is not read as a {dict(SORTS)[sort].lower()}. Phone numbers need their country: +55 …",
            )
            return found
        found["kind"], found["value"] = seen[0].kind, seen[0].normalised
        return found


class RoleForm(DeskForm):
    """What the subject does."""

    role = forms.ChoiceField(label="Role", choices=[(str(one), str(one).capitalize()) for one in Role])
    note = forms.CharField(label="Shown by", max_length=500)


class NoteForm(DeskForm):
    """Why a link is right or wrong."""

    note = forms.CharField(label="Why", max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))


class FindingForm(DeskForm):
    """Which account or campaign of the messenger."""

    about = forms.ChoiceField(label="What", choices=(("account", "Account"), ("campaign", "Campaign")))
    which = forms.RegexField(
        r"^[0-9a-f]{16}$",
        label="Pseudonym",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"invalid": "16 hexadecimal digits, as its page shows."},
    )


class LinkForm(FindingForm):
    """A link to an account, a campaign or an exhibit that a person draws."""

    about = forms.ChoiceField(
        label="To", choices=(("exhibit", "Exhibit"), ("account", "Account"), ("campaign", "Campaign"))
    )
    which = forms.RegexField(
        r"^([0-9a-f]{16}|[1-9][0-9]{0,5})$", label="Number of the exhibit, or pseudonym", max_length=16
    )
    note = forms.CharField(label="Why", max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))

    def other(self, case: Any) -> str:
        """The record's name; empty: there is no such exhibit."""
        about, which = self.cleaned_data["about"], self.cleaned_data["which"]
        if about != ends.EXHIBIT:
            return f"{about}:{which.rjust(16, '0')}"
        exhibit = case.exhibits.filter(number=int(which)).first() if which.isdecimal() else None
        return ends.exhibit(exhibit.pk) if exhibit is not None else ""
