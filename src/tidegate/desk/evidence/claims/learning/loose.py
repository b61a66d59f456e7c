"""Loosely written sentences to learn from, one by one and not from templates: as sellers and their look-alikes write.

They are in ``corpus/loose/``, one file for each language; headings name the theme. A theme is left out as a whole, in all
languages at once, when it is measured.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources

from tidegate.desk.evidence.claims.learning.corpus import MESSENGER_NAME, PACKAGE, Labelled

_OFFER = ("bulk", "offers", "messenger")
_NOTHING = ("unclear", "none", "messenger")
THEMES: Mapping[str, tuple[str, tuple[str, str, str]]] = {
    "tools": ("listing", _OFFER),
    "pages": ("sales", _OFFER),
    "bullets": ("sales", _OFFER),
    "questions": ("sales", _OFFER),
    "prices": ("sales", _OFFER),
    "praise": ("review", _OFFER),
    "resellers": ("sales", _OFFER),
    "lessons": ("listing", _OFFER),
    "jobs": ("listing", _OFFER),
    "libraries": ("listing", _OFFER),
    "farms": ("sales", _OFFER),
    "groups": ("listing", _OFFER),
    "checking": ("listing", _OFFER),
    "phones": ("sales", _OFFER),
    "terms": ("policy", ("bulk", "forbids", "messenger")),
    "rules": ("policy", ("bulk", "forbids", "messenger")),
    "news": ("news", ("bulk", "reports", "messenger")),
    "courts": ("news", ("bulk", "reports", "messenger")),
    "notices": ("notice", ("bulk", "forbids", "messenger")),
    "complaints": ("review", ("bulk", "reports", "messenger")),
    "official": ("sales", ("official", "offers", "messenger")),
    "sms": ("sales", ("bulk", "offers", "sms")),
    "mailing": ("sales", ("bulk", "offers", "email")),
    "chats": ("listing", ("personal", "offers", "messenger")),
    "everyday": ("sales", _NOTHING),
    "privacy": ("policy", _NOTHING),
    "protection": ("listing", _NOTHING),
    "others": ("sales", ("unclear", "none", "none")),
    "slogans": ("sales", _OFFER),
    "cases": ("sales", _OFFER),
    "forums": ("listing", _OFFER),
    "manuals": ("listing", _OFFER),
    "pitches": ("sales", _OFFER),
    "help": ("policy", _NOTHING),
    "columns": ("news", ("bulk", "reports", "messenger")),
    "agencies": ("sales", _NOTHING),
    "clubs": ("sales", _NOTHING),
    "studies": ("news", ("bulk", "reports", "messenger")),
    "offices": ("policy", _NOTHING),
    "hobby": ("listing", ("personal", "offers", "messenger")),
}
"""Type of text, then kind, stance and channel."""
_FIRST_AFTER_TERMS = "slogans"
PREFIX = "loose "
"""Of the families: theme and place in it, so that sentences that say nearly the same in other languages go together."""
_HEADING = "=="


def theme_of(sentence: Labelled) -> str:
    """Of one of :func:`loose`."""
    return sentence.family.removeprefix(PREFIX).split()[0]


def written_after_terms(sentence: Labelled) -> bool:
    """Whether no list of terms was written with it in view."""
    themes = list(THEMES)
    return themes.index(theme_of(sentence)) >= themes.index(_FIRST_AFTER_TERMS)


@cache
def loose() -> tuple[Labelled, ...]:
    """All of them, always in the same order. Raises ValueError for a heading that cannot be read."""
    return tuple(sentence for language in _languages() for sentence in _of(language))


def source() -> str:
    """The texts of all languages one after the other."""
    return "".join(_source(language) for language in _languages())


def _languages() -> list[str]:
    folder = resources.files(PACKAGE).joinpath("corpus").joinpath("loose")
    return sorted(file.name.removesuffix(".txt") for file in folder.iterdir() if file.name.endswith(".txt"))


def _source(language: str) -> str:
    folder = resources.files(PACKAGE).joinpath("corpus").joinpath("loose")
    return folder.joinpath(f"{language}.txt").read_text("utf-8")


def _of(language: str) -> list[Labelled]:
    sentences: list[Labelled] = []
    theme, place = "", 0
    for number, line in enumerate(_source(language).splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        if line.startswith(_HEADING):
            theme = line.removeprefix(_HEADING).strip()
            place = 0
            if theme not in THEMES:
                raise ValueError(
                    f"loose/{language}.txt, line {number}: {theme!r} is none of {', '.join(THEMES)}"
                )
            continue
        if not theme:
            raise ValueError(f"loose/{language}.txt, line {number}: a sentence before the first heading")
        text_type, (kind, stance, channel) = THEMES[theme]
        place += 1
        text, family = line.replace("{m}", MESSENGER_NAME), f"{PREFIX}{theme} {place}"
        sentences.append(Labelled(text, language, text_type, kind, stance, channel, family))
    return sentences
