"""Which countries' national numbers to look for."""

from collections.abc import Sequence

OF_LANGUAGE: dict[str, tuple[str, ...]] = {
    "pt": ("BR", "PT"), "es": ("ES", "MX", "AR", "CO"), "hi": ("IN",), "id": ("ID",), "ar": ("EG", "SA", "AE"),
    "ru": ("RU", "KZ"), "tr": ("TR",), "it": ("IT",), "fr": ("FR",), "de": ("DE", "AT", "CH"), "zh": ("CN", "TW", "HK"),
    "nl": ("NL",), "pl": ("PL",), "uk": ("UA",), "ja": ("JP",), "ko": ("KR",), "vi": ("VN",), "fa": ("IR",),
    "ur": ("PK",), "bn": ("BD",), "th": ("TH",), "he": ("IL",), "el": ("GR",),
}  # fmt: skip
"""By numbers of speakers. English is left out: it tells no country."""
_TLD_IS_NOT_REGION = {"uk": "GB"}
GENERIC_USE = frozenset("io co me tv ai cc ly to gg fm am ws la sh ac vc".split())
"""Country domains that anybody registers: they tell no country."""


def regions(
    region_hint: str | None, tld: str | None, language: str | None, known: frozenset[str]
) -> Sequence[tuple[str, bool]]:
    """Regions (ISO 3166 alpha-2) to try in order, and whether each is more than a guess from the language.

    What is not in ``known`` is left out: a wrong hint is no error, pages say strange things about themselves.
    """
    found: dict[str, bool] = {}
    if region_hint:
        found[region_hint.strip().upper()] = True
    if tld:
        last = tld.strip().lower().rpartition(".")[2]
        if last not in GENERIC_USE:
            found.setdefault(_TLD_IS_NOT_REGION.get(last, last.upper()), True)
    if language:
        for region in OF_LANGUAGE.get(language.strip().lower()[:2], ()):
            found.setdefault(region, False)
    return [(region, sure) for region, sure in found.items() if region in known]
