"""What account holders read, by language: one file of texts for each language, each of them complete."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from tidegate.desk.settings import LANGUAGES

NAMES = dict(LANGUAGES)
"""Every language in itself, by its code."""
DEFAULT = "en"
RIGHT_TO_LEFT = frozenset({"ar"})
_PLACEHOLDER = re.compile(r"\{([a-z]*)\}")

Texts = dict[str, str]


@cache
def texts(language: str) -> Texts:
    """All texts in one of :data:`NAMES`. Raises ValueError when the file has not exactly the texts of the English one."""
    raw = files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    found: Texts = tomllib.loads(raw)
    if language != DEFAULT:
        model = texts(DEFAULT)
        if differing := sorted(found.keys() ^ model.keys()):
            raise ValueError(f"{language}.toml: texts missing or not known: {', '.join(differing)}")
        for name, text in found.items():
            if placeholders(text) != placeholders(model[name]):
                raise ValueError(
                    f"{language}.toml, {name}: expected the placeholders {sorted(placeholders(model[name]))}, "
                    f"found {sorted(placeholders(text))}"
                )
    return found


def placeholders(text: str) -> frozenset[str]:
    """Names in braces."""
    return frozenset(_PLACEHOLDER.findall(text))
