"""Numbers under which companies are registered or taxed, with their check digits.

A number that is only digits counts when it is called by its name; one whose shape no other number has counts by itself.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import stdnum.ar.cuit
import stdnum.br.cnpj
import stdnum.br.cpf
import stdnum.cn.uscc
import stdnum.es.nif
import stdnum.eu.vat
import stdnum.fr.siren
import stdnum.fr.siret
import stdnum.id.npwp
import stdnum.in_.gstin
import stdnum.in_.pan
import stdnum.it.iva
import stdnum.mx.rfc
import stdnum.ru.inn
import stdnum.ru.ogrn
import stdnum.tr.vkn

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity

_GAP = r"(?:\s{0,2}(?:n[.ºo°]{1,2}|no\.?|number|num[.]?|id|№)){0,2}[\s:.#\-]{0,4}"
"""Between the name of a number and the number."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of registration number."""

    scheme: str
    check: ModuleType | None
    """Of python-stdnum; None where there are no check digits."""
    named: str = ""
    """Pattern of what it is called."""
    number: str = ""
    """Pattern of it after its name."""
    alone: str = ""
    """Pattern of a shape of its own; such a number counts only when its check digits are right, or has none."""


SORTS: tuple[Sort, ...] = (
    Sort("br_cnpj", stdnum.br.cnpj, r"CNPJ(?:/MF)?", r"\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}"),
    Sort("br_cpf", stdnum.br.cpf, r"CPF", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    Sort("fr_siret", stdnum.fr.siret, r"SIRET", r"\d{3} ?\d{3} ?\d{3} ?\d{5}"),
    Sort("fr_siren", stdnum.fr.siren, r"SIREN|RCS [A-Z][a-z]{2,20}", r"\d{3} ?\d{3} ?\d{3}"),
    Sort("in_gstin", stdnum.in_.gstin, r"GSTIN|GST", r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]", r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]"),
    Sort("in_cin", None, r"CIN", r"[LU]\d{5}[A-Z]{2}\d{4}[A-Z]{3}\d{6}", r"[LU]\d{5}[A-Z]{2}\d{4}[A-Z]{3}\d{6}"),
    Sort("in_pan", stdnum.in_.pan, r"PAN", r"[A-Z]{5}\d{4}[A-Z]"),
    Sort("cn_uscc", stdnum.cn.uscc, r"统一社会信用代码|USCC", r"[0-9A-HJ-NPQRTUWXY]{18}", r"9[0-9A-HJ-NPQRTUWXY]{17}"),
    Sort("id_npwp", stdnum.id.npwp, r"NPWP", r"\d{2}\.?\d{3}\.?\d{3}\.?\d-?\d{3}\.?\d{3}", r"\d{2}\.\d{3}\.\d{3}\.\d-\d{3}\.\d{3}"),
    Sort("id_nib", None, r"NIB", r"\d{13}"),
    Sort("ru_ogrn", stdnum.ru.ogrn, r"ОГРН(?:ИП)?|OGRN", r"\d{13}(?:\d{2})?"),
    Sort("ru_inn", stdnum.ru.inn, r"ИНН|INN", r"\d{10}(?:\d{2})?"),
    Sort("tr_mersis", None, r"MERS[İI]S", r"\d{4}[- ]?\d{4}[- ]?\d{4}[- ]?\d{4}"),
    Sort("tr_vkn", stdnum.tr.vkn, r"VKN|V\.K\.N\.?|Vergi (?:Kimlik )?(?:No|Numarası)", r"\d{3} ?\d{3} ?\d{4}"),
    Sort("it_iva", stdnum.it.iva, r"P\. ?IVA|P\.?I\.|Partita IVA|PIVA", r"(?:IT ?)?\d{11}"),
    Sort("eu_vat", stdnum.eu.vat, r"VAT|TVA(?: intracommunautaire)?|USt-?Id(?:\.?-?Nr\.?)?|NIF-IVA|BTW", r"[A-Z]{2} ?[0-9A-Z]{2}(?:[ .]?[0-9A-Z]{2,4}){1,4}", r"(?:ATU|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)[0-9A-Z]{8,12}"),
    Sort("es_nif", stdnum.es.nif, r"C\.?I\.?F\.?|N\.?I\.?F\.?", r"[0-9A-Z][- ]?\d{7}[- ]?[0-9A-Z]", r"[ABCDEFGHJNPQRSUVW]-?\d{7}-?[0-9A-J]"),
    Sort("mx_rfc", stdnum.mx.rfc, r"RFC", r"[A-ZÑ&]{3,4}-?\d{6}-?[0-9A-Z]{3}"),
    Sort("ar_cuit", stdnum.ar.cuit, r"CUIT", r"\d{2}-?\d{8}-?\d", r"(?:20|2[3-7]|3[034])-\d{8}-\d"),
    Sort("de_hr", None, r"(?:Amtsgericht [A-ZÄÖÜ][a-zäöüß]{2,30},? )?HR[AB]", r"\d{1,6}(?: ?[A-Z]{1,2}(?![A-Za-z]))?"),
    Sort("gb_company", None, r"[Cc]ompany (?:[Rr]egistration )?(?:[Nn]umber|[Nn]o\.?)|Companies House", r"(?:SC|NI|OC)?\d{6,8}"),
)  # fmt: skip
"""The longest first where one could be the beginning of another."""
_EDGE_BEFORE, _EDGE_AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_SIGNS = re.compile(r"[^0-9A-ZÑ&]")


def _patterns(sort: Sort) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    named = (
        re.compile(rf"{_EDGE_BEFORE}(?i:{sort.named}){_GAP}(?P<number>{sort.number}){_EDGE_AFTER}")
        if sort.named
        else None
    )
    alone = re.compile(rf"{_EDGE_BEFORE}(?P<number>{sort.alone}){_EDGE_AFTER}") if sort.alone else None
    return named, alone


_PATTERNS = tuple((sort, *_patterns(sort)) for sort in SORTS)


def registrations(text: str, taken: Taken) -> Iterator[Candidate]:
    """Those of the folded text; their places are taken as they are found."""
    for sort, named, alone in _PATTERNS:
        for pattern, is_named in ((named, True), (alone, False)):
            for match in pattern.finditer(text) if pattern else ():
                start, end = match.span("number")
                if taken.any_in(start, end):
                    continue
                validity, normalised = _checked(sort, match.group("number"))
                if not is_named and validity is Validity.INVALID:
                    continue
                taken.add(start, end)
                yield Candidate(Type.REGISTRATION, sort.scheme, start, end, normalised, validity)


def _checked(sort: Sort, number: str) -> tuple[Validity, str]:
    normalised = _SIGNS.sub("", number.upper())
    if sort.scheme in ("it_iva",):
        normalised = normalised.removeprefix("IT")
    if sort.check is None:
        return Validity.PLAUSIBLE, normalised
    is_valid: Callable[[str], bool] = sort.check.is_valid
    return (Validity.VALID if is_valid(normalised) else Validity.INVALID), normalised
