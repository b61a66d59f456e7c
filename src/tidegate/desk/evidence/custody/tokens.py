"""RFC 3161 time stamps: ask for one, and check one against the roots of the authority that is said to have made it."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from rfc3161_client import (
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.base import HashAlgorithm

MOST_TOKEN_BYTES = 65_536
MOST_ROOTS_BYTES = 1 << 20
GRANTED = 0
"""Status of an answer that holds a time stamp of exactly what was asked for (RFC 3161, 2.4.2)."""
BROKEN = (ValueError, TypeError, KeyError, OverflowError, AssertionError, x509.InvalidVersion)
"""What the parsers of certificates and tokens raise on broken ones."""
_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")


class TokenError(Exception):
    """A time stamp that proves nothing about what it is said to be of; the message says why."""


class OtherAuthorityError(TokenError):
    """It is of these bytes, but not from this authority."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a good token says."""

    at: datetime
    """UTC, by the authority's clock."""
    signer: str
    """Name in the certificate that signed."""


def request_for(data: bytes) -> bytes:
    """The DER of a request for a time stamp over SHA-256 of ``data``, with a nonce, asking for the certificate."""
    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    made: bytes = builder.build().as_bytes()
    return made


def roots_from(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Certificates of a PEM file. Raises TokenError."""
    if len(pem) > MOST_ROOTS_BYTES:
        raise TokenError(f"a file of roots may have {MOST_ROOTS_BYTES:,} bytes, this has {len(pem):,}")
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise TokenError(f"no certificate in PEM can be read: {error}") from None


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, as authorities publish it."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def check(token: bytes, sha256: str, roots: Sequence[x509.Certificate]) -> Stamp:
    """What a token says about the bytes with that SHA-256, when it leads to one of the roots.

    Certificates need to have been valid at the time of the stamp, not today. Raises TokenError.
    """
    response = _parsed(token)
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm != _SHA256:
        raise TokenError(f"it is made over {imprint.hash_algorithm.dotted_string}, SHA-256 is expected")
    if imprint.message != bytes.fromhex(sha256):
        raise TokenError("it is a time stamp of other bytes")
    if not roots:
        raise OtherAuthorityError(
            f"no root is at hand to check it; it names {_signer(response)} as its signer"
        )
    try:
        VerifierBuilder(roots=list(roots)).build().verify(response, bytes.fromhex(sha256))
    except (VerificationError, *BROKEN) as error:
        raise OtherAuthorityError(
            f"it does not come from there; it names {_signer(response)} as its signer ({_reason(error)})"
        ) from None
    return Stamp(response.tst_info.gen_time, _signer(response))


def check_answer(token: bytes, data: bytes, roots: Sequence[x509.Certificate]) -> Stamp:
    """The same, right after asking, over the bytes themselves."""
    return check(token, hashlib.sha256(data).hexdigest(), roots)


def _parsed(token: bytes) -> TimeStampResponse:
    if len(token) > MOST_TOKEN_BYTES:
        raise TokenError(f"it has {len(token):,} bytes, {MOST_TOKEN_BYTES:,} are the most")
    try:
        try:
            response = decode_timestamp_response(token)
        except ValueError:
            response = decode_timestamp_response(_certificates_in_order(token))
        if response.status != GRANTED:
            raise TokenError(
                f"the authority refused to stamp: {'; '.join(response.status_string) or response.status}"
            )
        # Reading the parts is what fails on a broken one.
        _ = response.tst_info.gen_time, response.signed_data.signer_infos
    except BROKEN as error:
        raise TokenError(f"it is no time stamp that can be read: {error}") from None
    return response


def _certificates_in_order(token: bytes) -> bytes:
    """The token with its certificates in the order that DER wants. Some authorities add their chain as it comes.

    The set of certificates is not part of what is signed. Raises ValueError when it is no token at all.
    """
    certificates = tsp.TimeStampResp.load(token, strict=True)["time_stamp_token"]["content"]["certificates"]
    as_they_came: bytes = certificates.contents
    ordered = b"".join(sorted(one.dump() for one in certificates))
    if len(ordered) != len(as_they_came):
        raise ValueError("its certificates are not what they are said to be")
    # The same bytes in another order: no length around them changes.
    return token.replace(as_they_came, ordered, 1)


def _signer(response: TimeStampResponse) -> str:
    """For people: the name of the certificate that the token says signed it."""
    try:
        (signer,) = response.signed_data.signer_infos
        for der in response.signed_data.certificates:
            certificate = x509.load_der_x509_certificate(der)
            if certificate.serial_number == signer.serial_number and certificate.issuer == signer.issuer:
                return certificate.subject.rfc4514_string()
        return f"a certificate issued by {signer.issuer.rfc4514_string()}"
    except BROKEN:
        return "nobody"


def _reason(error: Exception) -> str:
    """What OpenSSL found, without its places in the source."""
    said = re.findall(r'data: "(?:Verify error: ?)?([^"]+)"|reason: "([^"]+)"', str(error))
    return (said[-1][0] or said[-1][1]) if said else str(error)
