"""The sentences of the public notice that a ground rests on: in which version, and in force from when."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

FIRST_ZONE = timezone(timedelta(hours=14))
"""Where a day begins first."""
LAST_ZONE = timezone(timedelta(hours=-12))
"""Where a day ends last."""


class GroundError(ValueError):
    """Facts, a rule or a step that cannot be; the message says which and what would be right."""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One sentence of the notice, as it was read."""

    section: str
    language: str
    """BCP 47."""
    text: str

    @property
    def sha256(self) -> str:
        """Over the text with its spaces and its Unicode form made one, since copies differ in both."""
        return hashlib.sha256(normalised(self.text).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one version of the notice."""

    version: str
    effective_from: date
    effective_to: date | None
    """The last day; None while it is in force."""
    cutoff: date
    """The day that abuse must continue beyond, or must have come before."""
    rules: tuple[PolicyRule, ...]

    def __post_init__(self) -> None:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise GroundError(f"rules {self.version}: in force to {self.effective_to}, before they begin")
        if not self.rules:
            raise GroundError(f"rules {self.version}: without a sentence of the notice there is no ground")

    @property
    def safely_after(self) -> datetime:
        """From here on the day after the cut-off has begun in every time zone: the notice names none."""
        return datetime.combine(self.cutoff + timedelta(days=1), time(), LAST_ZONE).astimezone(UTC)

    @property
    def safely_before(self) -> datetime:
        """Before this the cut-off day had begun in no time zone."""
        return datetime.combine(self.cutoff, time(), FIRST_ZONE).astimezone(UTC)

    def in_force_at(self, at: datetime) -> bool:
        """Whether the version governs a determination made then: in every time zone, so not in its first half day."""
        begins = datetime.combine(self.effective_from, time(), LAST_ZONE)
        if aware(at, "the determination") < begins:
            return False
        if self.effective_to is None:
            return True
        return at < datetime.combine(self.effective_to + timedelta(days=1), time(), FIRST_ZONE)


def normalised(text: str) -> str:
    """NFC, every run of white space one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def aware(at: datetime, what: str) -> datetime:
    """The same moment. Raises GroundError when it has no offset: a day and more of doubt decides a case here."""
    if at.utcoffset() is None:
        raise GroundError(
            f"{what}: {at.isoformat()} has no time zone; write it with its offset, as 2019-12-08T12:00Z"
        )
    return at


NOTICE_2019 = RuleSet(
    version="2019-12-07",
    effective_from=date(2019, 12, 7),
    effective_to=None,
    cutoff=date(2019, 12, 7),
    rules=(
        PolicyRule(
            "3",
            "it",
            "avviamo anche azioni legali contro aziende o individui che possiamo collegare a prove di tali abusi "
            "presenti sulla piattaforma",
        ),
        PolicyRule(
            "3",
            "fr",
            "contre les individus et les entreprises avec lesquels nous pouvons mettre en corrélation des preuves de "
            "tels abus en interne de la plate-forme",
        ),
        PolicyRule(
            "4a",
            "it",
            "anche se tale giudizio si basa su informazioni disponibili solo al di fuori della nostra piattaforma",
        ),
        PolicyRule(
            "4b",
            "it",
            "aziende per le quali esistono prove di abusi solo al di fuori della piattaforma, se tali abusi continuano "
            "oltre il 7 dicembre 2019, o se tali aziende sono collegate a prove presenti sulla piattaforma prima di "
            "tale data",
        ),
        PolicyRule(
            "4b",
            "fr",
            "si les abus en question se poursuivent au-delà du 7 décembre 2019, ou si nous pouvons mettre en "
            "corrélation des preuves d'abus en interne de la plate-forme commis avant cette date avec ces entreprises",
        ),
        PolicyRule(
            "5", "it", "sospensione di account in base ai classificatori dell'apprendimento automatico"
        ),
        PolicyRule("5", "fr", "l'exclusion de comptes d'après des classificateurs de machine learning"),
    ),
)
"""As read in its Italian and French versions. Excerpts: whoever acts on them compares them with the notice in force."""

KNOWN: tuple[RuleSet, ...] = (NOTICE_2019,)


def in_force(at: datetime, known: tuple[RuleSet, ...] = KNOWN) -> RuleSet:
    """The one version that governs a determination made at that moment. Raises GroundError when none or several do."""
    found = [rules for rules in known if rules.in_force_at(at)]
    if len(found) != 1:
        names = ", ".join(rules.version for rules in found) or "none"
        raise GroundError(
            f"at {at.isoformat()} exactly one version of the rules must be in force, there is: {names}"
        )
    return found[0]
