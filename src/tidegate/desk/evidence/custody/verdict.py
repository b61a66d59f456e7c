"""What came out of checking a case file."""

from dataclasses import dataclass, field

MOST_FINDINGS = 200
"""Said in words; more are only counted."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A time stamp over the list of all files that checked out."""

    authority: str
    signer: str
    at: str
    root_sha256: str
    """Fingerprint of the root it leads to, in the file itself."""
    trusted: bool
    """It leads to a root that was given from outside, too."""


@dataclass(slots=True)
class Verdict:
    """Findings are wrong; notes are worth knowing; unchecked could not be looked at."""

    case_id: str = ""
    title: str = ""
    files: int = 0
    exhibits: int = 0
    tokens: int = 0
    """Good time stamps, without the seal's."""
    custody_rows: int = 0
    seals: list[Seal] = field(default_factory=list)
    wrong: int = 0
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Nothing is wrong. Whether anybody vouches for it is another question: see ``seals``."""
        return not self.wrong

    @property
    def vouched_for(self) -> bool:
        """Intact, everything could be checked, and a third party's clock is on it."""
        return self.intact and not self.unchecked and bool(self.seals)

    def find(self, words: str) -> None:
        """One thing more that is wrong."""
        self.wrong += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(words)

    def note(self, words: str) -> None:
        if len(self.notes) < MOST_FINDINGS:
            self.notes.append(words)
