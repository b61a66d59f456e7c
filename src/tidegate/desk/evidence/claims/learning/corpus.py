"""Sentences of our own writing: templates of many families in every language, filled in by a seed.

The templates are in ``corpus/``, one file for each language; their headings say the type of text, what the sentence is
about, its stance and its channel. Names of messenger, products and companies are invented.
"""

import random
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

PACKAGE = "tidegate.desk.evidence.claims"
MESSENGER_NAME = "Pelmora"
"""Invented; what is learned holds for any name, because a sign takes its place."""
FILLED_IN = 4
"""Sentences of each template."""
NUMBERS = ("500", "1000", "5.000", "10,000", "50 000", "100000", "1.000.000", "300", "20000")
PRODUCTS = ("BlastPro", "Turbosend", "WaveReach", "Massiv", "Sendly Max", "OmniPush", "Kurio", "RocketText")
COMPANIES = ("Novacom", "Kestrel Media", "Brisa Digital", "Ostwind", "Tamarind Labs", "Aral Group")
PRICES = ("$49", "€ 29", "R$ 199", "₹999", "₽ 1500", "199 TL", "Rp 150.000", "¥ 88", "15 USD")
EMOJI = ("", "", "", "", "🚀 ", "✅ ", "🔥 ", "- ", "1. ")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_HEADING = "=="


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence and what is known of it."""

    text: str
    language: str
    text_type: str
    """listing, sales, review, policy, news or notice."""
    kind: str
    stance: str
    channel: str
    family: str
    """Of templates that say the same in different languages: one family is never in training and test at once."""

    @property
    def is_claim(self) -> bool:
        """Somebody offers bulk messaging, on this messenger or without naming where."""
        return self.kind == "bulk" and self.stance == "offers" and self.channel in ("messenger", "none")


def languages() -> tuple[str, ...]:
    """ISO 639-1, sorted."""
    folder = resources.files(PACKAGE).joinpath("corpus")
    return tuple(
        sorted(file.name.removesuffix(".txt") for file in folder.iterdir() if file.name.endswith(".txt"))
    )


@cache
def corpus() -> tuple[Labelled, ...]:
    """All sentences, always the same. Raises ValueError for a heading that cannot be read."""
    return tuple(sentence for language in languages() for sentence in _of(language))


def source() -> str:
    """The templates of all languages one after the other."""
    return "".join(_source(language) for language in languages())


def _source(language: str) -> str:
    return resources.files(PACKAGE).joinpath("corpus").joinpath(f"{language}.txt").read_text("utf-8")


def _of(language: str) -> list[Labelled]:
    sentences: list[Labelled] = []
    heading: tuple[str, str, str, str] | None = None
    members: dict[tuple[str, str, str, str], int] = {}
    for number, line in enumerate(_source(language).splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        if line.startswith(_HEADING):
            words = line.removeprefix(_HEADING).split()
            if len(words) != 4:
                raise ValueError(f"{language}.txt, line {number}: expected '== type kind stance channel'")
            heading = (words[0], words[1], words[2], words[3])
            continue
        if heading is None:
            raise ValueError(f"{language}.txt, line {number}: a template before the first heading")
        members[heading] = members.get(heading, 0) + 1
        family = " ".join((*heading, str(members[heading])))
        texts = {_filled(line, random.Random(f"{language} {family} {copy}")) for copy in range(FILLED_IN)}
        sentences += [Labelled(text, language, *heading, family) for text in sorted(texts)]
    return sentences


def _filled(template: str, chance: random.Random) -> str:
    text = _CHOICE.sub(lambda choice: chance.choice(choice.group(1).split("|")), template)
    for slot, values in (("{n}", NUMBERS), ("{p}", PRODUCTS), ("{c}", COMPANIES), ("{d}", PRICES)):
        text = text.replace(slot, chance.choice(values))
    dressing = chance.random()
    if dressing < 0.1:
        text = text.upper()
    elif dressing < 0.2:
        text = text.rstrip(".。।!؟")
    elif dressing < 0.3:
        text = f"{text.rstrip('.。।')}!"
    return chance.choice(EMOJI) + text.replace("{M}", "{m}").replace("{m}", MESSENGER_NAME)


def free_texts() -> tuple[Labelled, ...]:
    """Sentences that nothing is learned from, written in a looser manner by the same authors."""
    source = resources.files(PACKAGE).joinpath("learning").joinpath("free_texts.txt").read_text("utf-8")
    found = []
    for number, line in enumerate(source.splitlines()):
        if line.startswith("#"):
            continue
        about, _, text = line.partition(" | ")
        language, text_type, label = about.split()
        claim = ("bulk", "offers", "messenger") if label == "claim" else ("unclear", "none", "messenger")
        found.append(
            Labelled(text.replace("{m}", MESSENGER_NAME), language, text_type, *claim, f"free {number}")
        )
    return tuple(found)
