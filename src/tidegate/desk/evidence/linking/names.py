"""Names compared: across scripts, typing errors and legal forms. A name alone never links anybody."""

import re
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz import fuzz

MOST_NAME = 200
LEGAL_FORMS = frozenset(
    "ab ag as bv co company corp doo eireli eood epp gmbh inc kg kft limited llc llp ltd ltda me mei nv oao ooo oy pao "
    "plc private pt pte pty pvt sa sarl sas sasu sdn bhd sl slu spa srl sro sti tic ug zao zrt".split()
)
"""After transliteration."""
SAME, CLOSE, LIKE, UNLIKE = 92.0, 80.0, 68.0, 50.0
"""Similarities (0 to 100) from which two names are taken so."""
POINTS_SAME, POINTS_CLOSE, POINTS_LIKE, POINTS_UNLIKE, POINTS_OTHER = 3.0, 2.0, 0.5, -1.0, -3.0
ACROSS_SPELLINGS = 5.0
"""What is taken off when only the sounds agree."""
_SOUNDS = (
    (re.compile(r"shch|sch|sh|ch|tch|zh"), "s"),
    (re.compile(r"kh|gh|q|ck|c|g|x"), "k"),
    (re.compile(r"ph|w|v"), "f"),
    (re.compile(r"th|d"), "t"),
    (re.compile(r"p"), "b"),
    (re.compile(r"[zj]"), "s"),
    (re.compile(r"[aeiouyh'`]"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)


@lru_cache(maxsize=1 << 18)
def plain(name: str) -> str:
    """Lower-case ASCII words without the legal form; empty when nothing is left."""
    words = re.findall(r"[a-z0-9]+", anyascii(name[:MOST_NAME]).lower().replace(".", "").replace("'", ""))
    kept = [word for word in words if word not in LEGAL_FORMS]
    return " ".join(kept or words)


@lru_cache(maxsize=1 << 18)
def sounds(words: str) -> str:
    """Consonants only, alike ones made one: what is left of a name that went through another script."""
    made = []
    for word in words.split():
        sound = word
        for pattern, by in _SOUNDS:
            sound = pattern.sub(by, sound)
        made.append(sound)
    return " ".join(made)


def similarity(one: str, other: str) -> float:
    """Of two plain names, 0 to 100."""
    if one == other:
        return 100.0
    written = fuzz.token_sort_ratio(one, other)
    if written >= SAME:
        return written
    one_sound, other_sound = sounds(one), sounds(other)
    if min(len(one_sound), len(other_sound)) < 4:  # so little is left of many names
        return written
    return max(written, fuzz.token_sort_ratio(one_sound, other_sound) - ACROSS_SPELLINGS)


def best(one: tuple[str, ...], other: tuple[str, ...]) -> float | None:
    """The greatest similarity between two sets of plain names; None when one is empty."""
    found = [similarity(a, b) for a in one for b in other if a and b]
    return max(found) if found else None


def points(similar: float) -> float:
    """What the similarity of names adds to what identifiers say, or takes away."""
    for bound, worth in (
        (SAME, POINTS_SAME),
        (CLOSE, POINTS_CLOSE),
        (LIKE, POINTS_LIKE),
        (UNLIKE, POINTS_UNLIKE),
    ):
        if similar >= bound:
            return worth
    return POINTS_OTHER
