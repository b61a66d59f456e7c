"""Where money goes: bank accounts, wallets, keys for instant payment."""

import hashlib
import re
from collections.abc import Iterator

import stdnum.bitcoin
import stdnum.iban
from Crypto.Hash import keccak

from tidegate.desk.evidence.identifiers.candidates import Candidate, Taken
from tidegate.desk.evidence.identifiers.identifier import Type, Validity

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_IBAN = re.compile(
    r"(?<![0-9A-Za-z])[A-Z]{2}\d{2}(?:[ -]?[0-9A-Z]{4}){2,7}(?:[ -]?[0-9A-Z]{1,3})?(?![0-9A-Za-z])"
)
_BITCOIN = re.compile(
    r"(?<![0-9A-Za-z])(?:bc1[ac-hj-np-z02-9]{11,71}|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?![0-9A-Za-z])"
)
_ETHEREUM = re.compile(r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
_TRON = re.compile(r"(?<![0-9A-Za-z])T[1-9A-HJ-NP-Za-km-z]{33}(?![0-9A-Za-z])")
_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_PIX = re.compile(
    rf"(?i)(?<![0-9A-Za-z])(?:chave )?pix(?: (?:aleat[oó]ria|e-?mail|cpf|cnpj|celular|telefone))?[\s:.\-]{{1,4}}"
    rf"(?P<key>{_UUID}|[\w.+\-]{{1,64}}@[\w\-]{{1,63}}(?:\.[\w\-]{{1,63}}){{1,4}}"
    rf"|\+?\d[\d.()/ \-]{{8,18}}\d)(?![0-9A-Za-z])"
)
_PIX_CODE = re.compile(
    r"(?<![0-9A-Za-z])000201[0-9A-Za-z.\-*+/:@ ]{0,60}br\.gov\.bcb\.pix[0-9A-Za-z.\-*+/:@ ]{0,400}6304[0-9A-F]{4}",
    re.I,
)
_UPI = re.compile(
    r"(?<![\w.@])(?P<key>[\w.\-]{2,64}@(?:ok(?:axis|icici|hdfcbank|sbi)|ybl|ibl|axl|upi|apl|paytm|[a-z]{2,10}bank))(?![\w.@])"
)
_UPI_NAMED = re.compile(r"(?i)\bUPI(?: ID)?[\s:.\-]{1,4}(?P<key>[\w.\-]{2,64}@[a-z]{2,20})(?![\w.@])")
_SIGNS = re.compile(r"[\s().\-/]")


def payments(text: str, taken: Taken) -> Iterator[Candidate]:
    """Those of the folded text; their places are taken as they are found.

    A number or address that is called a PIX key keeps its place free: it is a phone number or an e-mail address as well.
    """
    for candidate in _shaped(text):
        if not taken.any_in(candidate.start, candidate.end):
            taken.add(candidate.start, candidate.end)
            yield candidate
    for match in _PIX.finditer(text):
        key, (start, end) = match.group("key"), match.span("key")
        normalised = key.lower() if "@" in key or re.fullmatch(_UUID, key) else _SIGNS.sub("", key)
        yield Candidate(Type.PAYMENT, "pix", start, end, normalised, Validity.PLAUSIBLE)


def _shaped(text: str) -> Iterator[Candidate]:
    for match in _PIX_CODE.finditer(text):
        valid = _crc16(match.group()[:-4]) == match.group()[-4:].upper()
        yield _of("pix_code", match, match.group(), Validity.VALID if valid else Validity.INVALID)
    for match in _IBAN.finditer(text):
        normalised = _SIGNS.sub("", match.group())
        if stdnum.iban.is_valid(normalised):
            yield _of("iban", match, normalised, Validity.VALID)
    for match in _BITCOIN.finditer(text):
        if stdnum.bitcoin.is_valid(match.group()):
            yield _of("btc", match, match.group(), Validity.VALID)
    for match in _ETHEREUM.finditer(text):
        yield _of("eth", match, match.group().lower(), _ethereum(match.group()[2:]))
    for match in _TRON.finditer(text):
        if _base58_checks(match.group()):
            yield _of("trx", match, match.group(), Validity.VALID)
    for pattern in (_UPI_NAMED, _UPI):
        for match in pattern.finditer(text):
            start, end = match.span("key")
            yield Candidate(Type.PAYMENT, "upi", start, end, match.group("key").lower(), Validity.PLAUSIBLE)


def _of(scheme: str, match: re.Match[str], normalised: str, validity: Validity) -> Candidate:
    return Candidate(Type.PAYMENT, scheme, *match.span(), normalised, validity)


def _ethereum(address: str) -> Validity:
    """EIP-55: the case of the letters is a checksum, unless all have the same."""
    if address in (address.lower(), address.upper()):
        return Validity.PLAUSIBLE
    digest = keccak.new(digest_bits=256, data=address.lower().encode()).hexdigest()
    right = "".join(
        sign.upper() if int(nibble, 16) >= 8 else sign
        for sign, nibble in zip(address.lower(), digest, strict=False)
    )
    return Validity.VALID if right == address else Validity.INVALID


def _base58_checks(address: str) -> bool:
    value = 0
    for sign in address:
        value = value * 58 + _BASE58.index(sign)
    try:
        decoded = value.to_bytes(25, "big")
    except OverflowError:
        return False
    return hashlib.sha256(hashlib.sha256(decoded[:-4]).digest()).digest()[:4] == decoded[-4:]


def _crc16(code: str) -> str:
    """CRC-16/CCITT-FALSE, as EMV QR codes end with."""
    value = 0xFFFF
    for byte in code.encode():
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return f"{value:04X}"
