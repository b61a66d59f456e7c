"""Links that open a chat: with a phone number in them, or to a room or account on a host that is set.

They are known by their form, not by a list of messengers: ``https://host/5511987654321``, ``app://send?phone=…``,
``tel:`` and ``sms:``.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity
from tidegate.desk.evidence.identifiers.phones import valid_number
from tidegate.desk.evidence.identifiers.suffixes import ascii_host

DEFAULT_HOSTS = ("matrix.to",)
LONGEST_LINK = 500
_LINK = re.compile(
    rf"(?<![A-Za-z0-9])(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]{{1,20}})://(?P<rest>[^\s\"'<>]{{1,{LONGEST_LINK}}})"
    r"|(?<![A-Za-z0-9@.-])(?P<bare>(?:[A-Za-z0-9\-]{1,40}\.){1,3}[A-Za-z]{2,10})/(?P<path>[^\s\"'<>]{1,300})"
)
_DIAL = re.compile(
    r"(?<![A-Za-z0-9])(?P<scheme>(?i:tel|sms|callto)):(?P<number>(?:\+|%2[Bb])?\d(?:[\d.()-]|%20){6,24})"
)
_NUMBER_PATH = re.compile(r"(?:\+|%2[Bb])?(?P<digits>\d{8,15})(?=$|[/?#])")
_NUMBER_QUERY = re.compile(
    r"[?&](?:phone|number|to|abid|msisdn|tel)=(?:\+|%2[Bb]|%20)?(?P<digits>\d{8,15})(?=$|[&#/])"
)
_END_OF_LINK = ".,;:!?)]}»”…。，"


def chat_links(text: str, taken: Taken, hosts: Sequence[str]) -> Iterator[Candidate]:
    """Those of the folded text, and the phone numbers in them. Their places are taken as they are found."""
    of_hosts = {host.lower() for host in hosts}
    for match in _LINK.finditer(text):
        whole = match.group().rstrip(_END_OF_LINK)
        scheme, host, path = _parts(match, whole)
        number = _NUMBER_QUERY.search(whole) or (
            _NUMBER_PATH.match(path) if scheme in ("http", "https", "") else None
        )
        number_at = match.start() + whole.index(path) if number and number.string is path else match.start()
        start, end = match.start(), match.start() + len(whole)
        e164 = valid_number(number.group("digits")) if number else None
        if taken.any_in(start, end):
            continue
        if number and e164:
            taken.add(start, end)
            # A number in the path may be an article's: it is sure where the host is known or it is called a phone.
            sure = Validity.VALID if host in of_hosts or number.string is not path else Validity.PLAUSIBLE
            yield Candidate(Type.CHAT_LINK, host or scheme, start, end, f"{host or scheme}/{e164}", sure)
            place = number.span("digits")
            yield Candidate(Type.PHONE, "", number_at + place[0], number_at + place[1], e164, sure)
        elif host in of_hosts and path:
            taken.add(start, end)
            room = unquote(path).lstrip("#/").partition("?")[0].lower()
            yield Candidate(Type.CHAT_LINK, host, start, end, f"{host}/{room}", Validity.PLAUSIBLE)
    yield from _dialled(text, taken)


def _parts(match: re.Match[str], whole: str) -> tuple[str, str, str]:
    """Scheme, host and path in lower case where case means nothing; host is empty for an app's own scheme."""
    if match.group("bare"):
        return "", match.group("bare").lower(), whole[len(match.group("bare")) + 1 :]
    scheme = match.group("scheme").lower()
    host, _, path = whole[len(scheme) + 3 :].partition("/")
    if scheme not in ("http", "https"):
        return scheme, "", ""
    host = host.partition("?")[0].lower().removeprefix("www.")
    return scheme, (ascii_host(host) or "") if host.isascii() else "", path


def _dialled(text: str, taken: Taken) -> Iterator[Candidate]:
    for match in _DIAL.finditer(text):
        start, end = match.span("number")
        number = match.group("number").replace("%20", "").replace("%2B", "+").replace("%2b", "+")
        e164 = valid_number(re.sub(r"\D", "", number)) if number.startswith("+") else None
        if e164 and not taken.any_in(start, end):
            taken.add(start, end)
            yield Candidate(Type.PHONE, "", start, end, e164, Validity.VALID)
