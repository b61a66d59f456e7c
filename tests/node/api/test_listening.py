"""Where a node listens: refused when that would be unsafe, told plainly when it cannot work."""

import datetime
import socket
import ssl
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from running_node import RunningNode, free_port, settings

from tidegate.node.api.listening import listeners
from tidegate.node.settings import Listen, SettingsError


def test_tcp_and_unix_socket_answer_at_once(folder: Path) -> None:
    port = free_port()
    with RunningNode(folder, settings(listen=Listen(port=port))) as node:
        headers = {"authorization": f"Bearer {node.secrets['read']}"}
        assert httpx.get(f"http://127.0.0.1:{port}/v1/policy", headers=headers).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/v1/policy").status_code == 401
        with node.client() as client:
            assert client.get("/v1/policy").status_code == 200


def certificate(folder: Path) -> None:
    """A self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node.test")])
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def test_tls_on_tcp_and_none_on_the_socket(folder: Path) -> None:
    port = free_port()
    folder.mkdir(mode=0o700)
    certificate(folder)
    listen = Listen(port=port, tls_certificate="cert.pem", tls_key="key.pem")
    with RunningNode(folder, settings(listen=listen)) as node:
        headers = {"authorization": f"Bearer {node.secrets['read']}"}
        trusted = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        answer = httpx.get(f"https://localhost:{port}/v1/policy", headers=headers, verify=trusted)
        assert answer.status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/v1/policy", headers=headers)
        with node.client() as client:
            assert client.get("/v1/policy").status_code == 200


def test_beyond_this_machine_only_with_tls_or_on_demand(tmp_path: Path) -> None:
    exposed = Listen(host="0.0.0.0", port=free_port(), socket="")
    with pytest.raises(SettingsError, match="--insecure"):
        listeners(exposed, tmp_path)
    (opened,) = listeners(exposed, tmp_path, insecure=True)
    opened.close()
    certificate(tmp_path)
    safe = msgspec.structs.replace(exposed, tls_certificate="cert.pem", tls_key="key.pem")
    (opened,) = listeners(safe, tmp_path)
    assert opened.tls
    opened.close()


@pytest.mark.parametrize(
    ("listen", "words"),
    [
        (Listen(port=0, socket=""), "nowhere"),
        (Listen(port=0, socket="x" * 120), "107 bytes"),
        (Listen(port=0, socket="file"), "not a socket"),
        (Listen(port=0, socket="no/such/folder.sock"), "cannot be made"),
        (Listen(port=0, socket_mode="rw"), "file mode"),
        (Listen(port=0, tls_certificate="cert.pem"), "belong together"),
        (Listen(port=0, tls_certificate="no.pem", tls_key="no.key"), "cannot be used for TLS"),
        (Listen(host="no.such.host.invalid", port=1, socket=""), "cannot be found"),
    ],
)
def test_listening_that_cannot_work_is_told_plainly(tmp_path: Path, listen: Listen, words: str) -> None:
    (tmp_path / "file").write_text("not a socket")
    with pytest.raises(SettingsError, match=words):
        listeners(listen, tmp_path)


def test_a_socket_left_by_a_killed_node_is_replaced_and_a_live_one_is_not(tmp_path: Path) -> None:
    listen = Listen(port=0, socket="s")
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "s"))
    left.close()
    (opened,) = listeners(listen, tmp_path)
    with pytest.raises(SettingsError, match="another program listens"):
        listeners(listen, tmp_path)
    opened.close()
    assert not (tmp_path / "s").exists()


def test_a_port_in_use_is_told_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = Listen(port=taken.getsockname()[1], socket="s")
        with pytest.raises(SettingsError, match="choose another"):
            listeners(listen, tmp_path)
    assert not (tmp_path / "s").exists()
