"""The language of a text, by its script and its commonest words: enough to sort claims, no more."""

import re
from collections import Counter

from tidegate.desk.evidence.claims.tokens import fold

COMMON_WORDS: dict[str, str] = {
    "en": "the of and to in is for with on that this from you your we our are not by an it as be or at all can have",
    "pt": "o os as um uma e é de do da dos das em no na nos nas para com por que não se mais seu sua você nosso nossa",
    "es": "el los las un una y es de del en para con por que no se más su sus usted nuestro nuestra al lo sin o como",
    "it": "il lo gli le un una e è di del della dei delle in nel per con che non si più tuo tua nostro nostra al alla",
    "fr": "le les un une et est de du des en dans pour avec par que qui ne pas se plus votre vos nous notre au aux sur",
    "de": "der die das ein eine und ist den dem des in im für mit von dass nicht sich mehr Ihr Ihre wir unser auf zu",
    "id": "yang dan di ke dari untuk dengan ini itu tidak adalah kami anda saya kita akan pada atau dalam tanpa oleh",
    "tr": "ve bir bu için ile de da en çok daha olarak gibi olan her sizin bizim veya ne değil kadar sonra üzerinden",
    "nl": "de het een en is van in op voor met niet dat je u uw wij ons onze aan te zijn naar ook bij om deze",
    "pl": "i w na z do się nie jest to że od dla po przez oraz za twoje nasz nasze są jak lub bez ich ten",
    "vi": "và của là cho với không các một những được trong bạn chúng tôi này đến từ có người",
}
_INDEX: dict[str, list[str]] = {}
for _language, _words in COMMON_WORDS.items():
    for _word in _words.split():
        _INDEX.setdefault(fold(_word), []).append(_language)
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (language, re.compile(f"[{letters}]"))
    for language, letters in (
        ("ja", "\u3040-\u30ff"), ("ko", "\uac00-\ud7af"), ("zh", "\u3400-\u9fff"), ("th", "\u0e01-\u0e5b"),
        ("hi", "\u0900-\u097f"), ("bn", "\u0980-\u09ff"), ("ta", "\u0b80-\u0bff"), ("te", "\u0c00-\u0c7f"),
        ("he", "\u05d0-\u05ea"), ("el", "\u0370-\u03ff"), ("uk", "іїєґІЇЄҐ"), ("ru", "\u0400-\u04ff"),
        ("ur", "ٹڈڑںے"), ("fa", "پچژگ"), ("ar", "\u0621-\u064a"),
    )
)  # fmt: skip
_WINDOW = 20_000
"""Characters that are looked at."""
_SHARE = 0.25
"""Of the letters, from which a script decides."""


def language_of(text: str) -> str | None:
    """ISO 639-1, or None when no word tells. Only the beginning of a long text is read."""
    text = text[:_WINDOW]
    letters = sum(map(str.isalpha, text))
    if not letters:
        return None
    for language, script in _SCRIPTS:
        found = len(script.findall(text))
        few_letters_tell = language in ("uk", "ur", "fa", "ja")
        if found >= (0.03 if few_letters_tell else _SHARE) * letters:
            return language
    votes: Counter[str] = Counter()
    for word in _WORD.findall(text):
        languages = _INDEX.get(fold(word), ())
        for language in languages:
            votes[language] += 1 / len(languages)  # type: ignore[assignment]
    if not votes:
        return None
    (best, most), *others = sorted(votes.items(), key=lambda item: (-item[1], item[0]))
    return best if not others or most > others[0][1] else None
