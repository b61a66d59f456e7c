"""What happens to a name on its way through listings and scripts: typing errors, other scripts, legal forms, brands."""

import random

_ONSETS = "b br c ch d dr f fl g gr h j k kl l m n p pr r s sh st t tr v z".split()
_NUCLEI = "a e i o u ai ea io".split()
_CODAS = ["", "", "", "l", "m", "n", "r", "s", "t", "x"]
SECTORS = (
    "media digital marketing send sender bulk message messages solutions tech soft software group connect mobile "
    "online services systems promo panel blast campaign cloud"
).split()
FORMS = ("Ltda", "SL", "GmbH", "Pvt Ltd", "S.r.l.", "PT", "LLC", "Inc", "OOO", "A.S.")
_CYRILLIC = dict(zip("abcdefghijklmnoprstuvxyz", "абкдефгхижклмнопрстувхйз", strict=True)) | {
    "q": "к",
    "w": "в",
}
_GREEK = dict(zip("abcdefghijklmnoprstuvxyz", "αβκδεφγχιζκλμνοπρστουβξυζ"[:24], strict=True)) | {
    "q": "κ",
    "w": "β",
}
_ARABIC = {
    "a": "\u0627", "b": "\u0628", "c": "\u0643", "d": "\u062f", "e": "", "f": "\u0641", "g": "\u063a", "h": "\u0647",
    "i": "\u064a", "j": "\u062c", "k": "\u0643", "l": "\u0644", "m": "\u0645", "n": "\u0646", "o": "\u0648",
    "p": "\u0628", "q": "\u0642", "r": "\u0631", "s": "\u0633", "t": "\u062a", "u": "\u0648", "v": "\u0641",
    "w": "\u0648", "x": "\u0643\u0633", "y": "\u064a", "z": "\u0632",
}  # fmt: skip
SCRIPTS = (_CYRILLIC, _GREEK, _ARABIC)


def company_name(rng: random.Random) -> str:
    """A made-up name: one or two made-up words, often with a word of the trade."""
    own = [_word(rng) for _ in range(rng.choice((1, 1, 2)))]
    return " ".join([*own, *rng.sample(SECTORS, rng.choice((0, 1, 1, 2)))]).title()


def _word(rng: random.Random) -> str:
    return "".join(
        rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS) for _ in range(rng.choice((2, 2, 3)))
    )


def typed(rng: random.Random, name: str) -> str:
    """With one or two typing errors."""
    letters = list(name)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(letters))
        what = rng.randrange(4)
        if what == 0 and len(letters) > 4:
            del letters[at]
        elif what == 1:
            letters.insert(at, rng.choice("abcdefghilmnoprstuvz"))
        elif what == 2 and at:
            letters[at - 1], letters[at] = letters[at], letters[at - 1]
        else:
            letters[at] = rng.choice("abcdefghilmnoprstuvz")
    return "".join(letters)


def in_another_script(rng: random.Random, name: str) -> str:
    """Letter by letter, which is not how it comes back."""
    script = rng.choice(SCRIPTS)
    return "".join(script.get(letter, letter) for letter in name.lower())
