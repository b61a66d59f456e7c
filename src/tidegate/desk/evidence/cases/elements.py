"""The checklist: what courts have looked at in such cases, as far as press and summaries tell; counsel decides.

Pure: no database.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that a case has to show, or to say why not."""

    key: str
    title: str
    asks: str
    """What would show it."""


ELEMENTS: tuple[Element, ...] = (
    Element("identity", "Identity and role", "Who the subject is, by registration or payment, and what it does: produces, resells, operates, uses."),
    Element("assent", "Account and terms accepted", "An account of the subject, and which version of the terms it accepted when."),
    Element("act", "The act", "The offer or the sending itself: quote, price, volume. A test purchase only if counsel orders one."),
    Element("automation", "Automation or bulk", "That it is automated, in bulk, or by unofficial means, and not the sanctioned way."),
    Element("after_cutoff", "After the cut-off day", "A dated observation safely after 7 December 2019, or a link to abuse on the messenger before it."),
    Element("notice", "Notice given and served", "That the subject was told, how, when, and the proof of it."),
    Element("continuation", "Block and continuation", "That access was revoked or blocked, and that it went on afterwards: capture again after the notice."),
    Element("misleading", "Misleading sender", "Headers or sender names that mislead, where the law asks for that."),
    Element("marks", "Use of marks", "The messenger's names or signs used on pages or products."),
    Element("loss", "Loss", "What it cost: people's complaints, work, infrastructure."),
    Element("jurisdiction", "Jurisdiction", "Where the subject sits, which courts and which law."),
)  # fmt: skip
