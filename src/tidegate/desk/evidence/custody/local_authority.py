"""A time-stamp authority of one's own, by ``openssl ts``: for tests, measurements and the demonstration.

What it stamps proves nothing to anybody else: whoever holds its folder can stamp any date.
"""

import shutil
import subprocess
from pathlib import Path

from tidegate.desk.evidence.custody.authorities import Authority, NoAnswerError

WAIT_S = 60.0
_SETTINGS = """\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {name}
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/signer.pem
certs = {folder}/chain.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def local_authority(folder: Path, name: str = "Tidegate test authority") -> Authority:
    """Make one in ``folder``, or use the one there. Raises NoAnswerError when openssl is not installed or fails."""
    if shutil.which("openssl") is None:
        raise NoAnswerError("openssl is not installed: without it there is no authority of one's own")
    if not (folder / "chain.pem").exists():
        _make(folder, name)

    def ask(request: bytes) -> bytes:
        asked, answer = folder / "asked.tsq", folder / "answer.tsr"
        asked.write_bytes(request)
        _openssl(
            "ts", "-reply", "-config", str(folder / "settings.cnf"), "-section", "one",
            "-queryfile", str(asked), "-out", str(answer),
        )  # fmt: skip
        return answer.read_bytes()

    return Authority(name, (folder / "root.pem").read_bytes(), ask)


def _make(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    settings, signer = folder / "settings.cnf", folder / "signer.cnf"
    settings.write_text(_SETTINGS.format(name=f"{name} root", folder=folder), "utf-8")
    signer.write_text(_SETTINGS.format(name=name, folder=folder), "utf-8")
    (folder / "serial").write_text("01\n", "ascii")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(
        "req", "-x509", *key, "-config", str(settings), "-extensions", "root", "-days", "3650",
        "-keyout", str(folder / "root.key"), "-out", str(folder / "root.pem"),
    )  # fmt: skip
    _openssl(
        "req", *key, "-config", str(signer),
        "-keyout", str(folder / "signer.key"), "-out", str(folder / "signer.csr"),
    )  # fmt: skip
    _openssl(
        "x509", "-req", "-in", str(folder / "signer.csr"), "-CA", str(folder / "root.pem"),
        "-CAkey", str(folder / "root.key"), "-CAcreateserial", "-days", "3650",
        "-extfile", str(signer), "-extensions", "signer", "-out", str(folder / "signer.pem"),
    )  # fmt: skip
    (folder / "chain.pem").write_bytes((folder / "root.pem").read_bytes())


def _openssl(*arguments: str) -> None:
    try:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=WAIT_S)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise NoAnswerError(f"openssl {arguments[0]} failed: {said}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoAnswerError(f"openssl {arguments[0]} did not finish: {error}") from None
