"""E-mail addresses, also in disguise: ``name [at] example [dot] com``."""

import re
from collections.abc import Iterator

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity
from tidegate.desk.evidence.identifiers.suffixes import ascii_host, registrable

LONGEST_LOCAL = 64
LONGEST_DISGUISE = 120
"""Characters after the sign in which the rest of an address is looked for."""
_AT_WORDS = r"at|arroba|chiocciola|arobase|собака|собачка|klammeraffe|æt|艾特"
_DOT_WORDS = r"dot|punto|ponto|point|punkt|точка|titik|nokta|点"
_AT = re.compile(
    rf"@|\s{{0,2}}[\[({{<]\s{{0,2}}(?i:{_AT_WORDS}|@)\s{{0,2}}[\])}}>]\s{{0,2}}|\s(?i:{_AT_WORDS})\s"
)
_LOCAL = re.compile(r"[\w.+%\-']+$")
_DOT = rf"\.|\s{{0,2}}[\[({{<]\s{{0,2}}(?i:{_DOT_WORDS}|\.)\s{{0,2}}[\])}}>]\s{{0,2}}|\s(?i:{_DOT_WORDS})\s"
_HOST = re.compile(rf"\s{{0,2}}(?P<host>[\w\-]{{1,63}}(?:(?:{_DOT})[\w\-]{{1,63}}){{1,5}})")
_ANY_DOT = re.compile(_DOT)


def emails(text: str, taken: Taken) -> Iterator[Candidate]:
    """Those of the folded text whose domain has a public suffix; their places are taken as they are found."""
    for sign in _AT.finditer(text):
        local = _LOCAL.search(text[max(0, sign.start() - LONGEST_LOCAL) : sign.start()])
        if local is None:
            continue
        window = text[sign.end() : sign.end() + LONGEST_DISGUISE]
        host = (
            _HOST.match(window)
            if sign.group() != "@"
            else _HOST.match(window.split(maxsplit=1)[0] if window.strip() else "")
        )
        if host is None or (sign.group().strip().isalpha() and "." in host.group("host")):
            # "meet us at example.com" is no address; "us at example dot com" is.
            continue
        found = _address(local.group().lstrip("'.-"), host.group("host"))
        if found is None:
            continue
        address, length = found
        start = sign.start() - len(local.group().lstrip("'.-"))
        end = sign.end() + host.start("host") + length
        if not taken.any_in(start, end):
            taken.add(start, end)
            yield Candidate(Type.EMAIL, "", start, end, address, Validity.VALID)


def _address(local: str, host: str) -> tuple[str, int] | None:
    """The address and how much of ``host`` it takes: words after the suffix are given back one by one."""
    if not local.strip("."):
        return None
    dots = [match.span() for match in _ANY_DOT.finditer(host)]
    for length in (len(host), *(start for start, _ in reversed(dots[1:]))):
        plain = ascii_host(_ANY_DOT.sub(".", host[:length]))
        if plain and registrable(plain):
            return f"{local.lower()}@{plain}", length
    return None
