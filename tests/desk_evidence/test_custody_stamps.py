"""Time stamps: asked for, checked against roots, refused when they are of something else or of somebody else."""

import hashlib
import http.server
import random
import threading
from pathlib import Path

import pytest
from asn1crypto import tsp

from tidegate.desk.evidence.custody.authorities import Authority, NoAnswerError, over_http, stamp
from tidegate.desk.evidence.custody.tokens import OtherAuthorityError, TokenError, check, roots_from

DATA = b"bytes of an exhibit"
DIGEST = hashlib.sha256(DATA).hexdigest()


def test_a_stamp_is_good_for_its_bytes_and_its_authority_only(
    authorities: tuple[Authority, Authority],
) -> None:
    first, second = authorities
    made = stamp(first, DATA)
    assert check(made.token, DIGEST, roots_from(first.roots_pem)).signer == "CN=First authority"
    with pytest.raises(OtherAuthorityError, match="it names CN=First authority"):
        check(made.token, DIGEST, roots_from(second.roots_pem))
    with pytest.raises(TokenError, match="other bytes"):
        check(made.token, hashlib.sha256(b"other").hexdigest(), roots_from(first.roots_pem))
    with pytest.raises(OtherAuthorityError, match="no root is at hand"):
        check(made.token, DIGEST, ())


def test_a_token_with_its_certificates_in_either_order_is_good(
    authorities: tuple[Authority, Authority],
) -> None:
    """Authorities add their chain as it comes; DER wants a set in order. The certificates are not signed over."""
    first = authorities[0]
    token = stamp(first, DATA).token
    seen = set()
    for turned in (False, True):
        answer = tsp.TimeStampResp.load(token)
        content = answer["time_stamp_token"]["content"]
        certificates = sorted((one.dump() for one in content["certificates"]), reverse=turned)
        old = content["certificates"].contents
        assert sorted(old) == sorted(b"".join(certificates))
        changed = token.replace(old, b"".join(certificates))
        seen.add(changed)
        assert check(changed, DIGEST, roots_from(first.roots_pem)).signer == "CN=First authority"
    assert len(seen) == 2


def test_no_mangled_token_crashes_or_changes_what_it_says(authorities: tuple[Authority, Authority]) -> None:
    first = authorities[0]
    made, roots = stamp(first, DATA), roots_from(authorities[0].roots_pem)
    rng = random.Random(5)
    refused = 0
    for _ in range(400):
        token = bytearray(made.token)
        for _ in range(rng.randint(1, 3)):
            token[rng.randrange(len(token))] = rng.randrange(256)
        try:
            assert check(bytes(token), DIGEST, roots).at == made.at
        except TokenError:
            refused += 1
    assert refused > 200


@pytest.mark.parametrize("token", [b"", b"0", b"\x30\x80", b"x" * 100_000, b"\x30\x03\x02\x01\x00"])
def test_what_is_no_token_is_refused(token: bytes, authorities: tuple[Authority, Authority]) -> None:
    with pytest.raises(TokenError):
        check(token, DIGEST, roots_from(authorities[0].roots_pem))


def test_roots_that_are_none_are_refused() -> None:
    for pem in (b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(TokenError):
            roots_from(pem)


def test_an_authority_is_asked_over_http(authorities: tuple[Authority, Authority]) -> None:
    first, second = authorities

    class Stamps(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            answer = first.ask(asked) if self.path == "/good" else b"not now"
            self.send_response(200 if self.path != "/broken" else 503)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Stamps)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        at = f"http://127.0.0.1:{server.server_port}"
        assert stamp(over_http("First", f"{at}/good", first.roots_pem), DATA).authority == "First"
        for path, roots in (
            ("/bad", first.roots_pem),
            ("/broken", first.roots_pem),
            ("/good", second.roots_pem),
        ):
            with pytest.raises(NoAnswerError, match="First"):
                stamp(over_http("First", at + path, roots), DATA)
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(ValueError, match="no http"):
        over_http("First", "file:///etc/passwd", first.roots_pem)


def test_an_authority_of_ones_own_is_kept(tmp_path: Path, authorities: tuple[Authority, Authority]) -> None:
    from cases import authority_or_skip

    made = authority_or_skip(tmp_path / "own", "Own")
    again = authority_or_skip(tmp_path / "own", "Own")
    assert made.roots_pem == again.roots_pem != authorities[0].roots_pem
