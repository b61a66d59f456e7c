"""Names of companies, known by their legal form."""

import re
from collections.abc import Iterator

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity

LONGEST_NAME = 80
"""Characters beside the legal form in which the name is looked for."""
MOST_WORDS = 6

AFTER: dict[str, str] = {
    "ltda": r"Ltda\.?|LTDA\.?|L\.T\.D\.A\.", "eireli": r"EIRELI|Eireli", "mei": r"MEI(?= |$|[,.])",
    "sa": r"S\.A\.|S/A|SA de CV|S\.A\. de C\.V\.", "srl": r"S\.r\.l\.s?|S\.R\.L\.|SRL|Srl", "spa": r"S\.p\.A\.|SpA",
    "sl": r"S\.L\.U?\.?|SLU?(?=[\s,.;)]|$)", "sas": r"S\.A\.S\.U?|SASU?(?=[\s,.;)]|$)", "sarl": r"S\.A\.R\.L\.|SARL|EURL",
    "gmbh": r"gGmbH|GmbH(?: & Co\.? KG)?|mbH", "ag": r"AG(?=[\s,.;)]|$)",
    "ug": r"UG(?: \(haftungsbeschränkt\))?(?=[\s,.;)]|$)",
    "ltd": r"Pvt\.? Ltd\.?|Private Limited|Pty\.? Ltd\.?|Ltd\.?|Limited|PLC|plc", "llp": r"LLP", "llc": r"LLC|L\.L\.C\.",
    "inc": r"Inc\.?|Corp\.?|Corporation", "bv": r"B\.V\.|BV(?=[\s,.;)]|$)", "nv": r"N\.V\.", "tbk": r"Tbk\.?",
    "as": r"A\.Ş\.|A\.S\.|Anonim Şirketi", "ltdsti": r"Ltd\.? Şti\.?|LTD\.? ŞTİ\.?|Limited Şirketi",
    "spzoo": r"[Ss]p\. z o\.o\.", "oy": r"Oy(?=[\s,.;)]|$)", "fzco": r"FZ-?(?:LLC|CO|E)", "sdnbhd": r"Sdn\.? Bhd\.?",
    "pvtltd_hi": r"प्राइवेट लिमिटेड|प्रा\. ?लि\.?", "ooo_after": r"ООО(?= ?[,.;)]|$)",
}  # fmt: skip
"""Legal forms that follow the name."""
BEFORE: dict[str, str] = {
    "pt": r"PT\.?", "cv": r"CV\.?", "ooo": r"ООО|Общество с ограниченной ответственностью", "ao": r"ПАО|ЗАО|ОАО|АО",
    "ip": r"ИП", "tov": r"ТОВ", "sharika": r"شركة|مؤسسة",
}  # fmt: skip
"""Legal forms that the name follows."""
_EDGE = r"(?<![^\W_])"
_AFTER = re.compile(
    rf"(?<=[\s,«»\"”])(?:{'|'.join(f'(?P<{form}>{pattern})' for form, pattern in AFTER.items())})(?![^\W_])"
)
_BEFORE = re.compile(
    rf"{_EDGE}(?:{'|'.join(f'(?P<{form}>{pattern})' for form, pattern in BEFORE.items())})\s{{1,2}}"
)
_CHINESE = re.compile(r"[\u4e00-\u9fff（）()]{2,30}?(?:股份有限公司|有限责任公司|有限公司)")
_CHINESE_INTRODUCTION = re.compile(r"^.*(?:是|由|为|名称|版权所有|委托|联系|向|与)")
_WORD = re.compile(r"[^\s,;:!?()\[\]{}<>|\"«»“”„]+")
_BEFORE_FORM = re.compile(r"[ \t\u00a0,]{1,2}|[ \t]?[\"«»“”„][ \t]?")
_LONG_NUMBER = re.compile(r"[\d().+\-]{4,}")
_BETWEEN_WORDS = re.compile(r"[ \t\u00a0]{1,2}|[ \t]?[\"«»“”„][ \t]?")
_JOINING = frozenset("& e y und and et of de da do del della di dos das du la le".split())
_INTRODUCING = frozenset(
    "the our by contact copyright © a an die der das firma bei von la el los il lo le les empresa sociedad società "
    "société we from with at for and y e et und company o os as di da de del do perusahaan oleh".split()
)
"""Words at the beginning of a sentence or before a name that are no part of it."""
_QUOTED = re.compile(r"[\"«“„](?P<name>[^\"«»“”„\n]{1,60})[\"»”“]")


def companies(text: str, taken: Taken) -> Iterator[Candidate]:
    """Those of the folded text; their places are taken as they are found."""
    for found in (*_named_before(text), *_named_after(text), *_chinese(text)):
        if not taken.any_in(found.start, found.end):
            taken.add(found.start, found.end)
            yield found


def _named_before(text: str) -> Iterator[Candidate]:
    """Walks from the legal form to the left, over words in capitals."""
    for match in _AFTER.finditer(text):
        form_start, form_end = match.span()
        left = max(0, form_start - LONGEST_NAME)
        words = list(_WORD.finditer(text, left, form_start))
        start: int | None = None
        following = form_start
        for count, word in enumerate(reversed(words)):
            between = _BETWEEN_WORDS if count else _BEFORE_FORM
            if count >= MOST_WORDS or not between.fullmatch(text[word.end() : following]):
                break
            if _LONG_NUMBER.fullmatch(word.group()):
                break
            if word.start() == left and left > 0:
                break
            if _begins_a_name(word.group()):
                start = word.start()
            elif word.group() not in _JOINING:
                break
            if word.group().endswith((".", "。", "।")) and len(word.group()) > 3 and count:
                start = following if start == word.start() else start
                break
            following = word.start()
        if start is not None:
            start = _without_introduction(text, start, form_start)
        if start is not None:
            yield _candidate(text, start, form_end, match.lastgroup or "", text[start:form_start])


def _named_after(text: str) -> Iterator[Candidate]:
    for match in _BEFORE.finditer(text):
        form = match.lastgroup or ""
        quoted = _QUOTED.match(text, match.end(), match.end() + LONGEST_NAME)
        if quoted:
            yield _candidate(text, match.start(), quoted.end(), form, quoted.group("name"))
            continue
        end = position = match.end()
        most = 2 if form == "sharika" else MOST_WORDS
        for count, word in enumerate(_WORD.finditer(text, match.end(), match.end() + LONGEST_NAME)):
            if count >= most or (count and not re.fullmatch(r"[ \t\u00a0]", text[position : word.start()])):
                break
            if not (form == "sharika" or _begins_a_name(word.group())):
                break
            position = word.end()
            end = position - (1 if word.group().endswith((".", "،", "。")) else 0)
            if word.group().endswith((".", "،")):
                break
        if end - match.end() >= 2:
            yield _candidate(text, match.start(), end, form, text[match.end() : end])


def _chinese(text: str) -> Iterator[Candidate]:
    for match in _CHINESE.finditer(text):
        introduction = _CHINESE_INTRODUCTION.match(match.group())
        start = match.start() + (introduction.end() if introduction else 0)
        if match.end() - start > 5:
            yield _candidate(text, start, match.end(), "cn", text[start : match.end()])


def _begins_a_name(word: str) -> bool:
    first = word[0]
    return first.isupper() or first.isdigit() or (first.isalpha() and not first.islower())


def _without_introduction(text: str, start: int, form_start: int) -> int | None:
    for word in _WORD.finditer(text, start, form_start):
        if word.group().casefold() not in _INTRODUCING:
            return word.start()
    return None


def _candidate(text: str, start: int, end: int, form: str, name: str) -> Candidate:
    normalised = " ".join(re.sub(r"[\W_]+", " ", name.casefold()).split())
    return Candidate(Type.COMPANY, form.removesuffix("_after"), start, end, normalised, Validity.PLAUSIBLE)
