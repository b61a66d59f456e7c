"""Where a node listens: TCP and a Unix socket, opened before anything is answered, refused when that would be unsafe."""

import ipaddress
import os
import socket
import ssl
import stat
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tidegate.node.settings import Listen, SettingsError

BACKLOG = 1_024
UNIX_PATH_BYTES = 107
"""What fits into a socket's address on Linux."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An open socket, and how people call it."""

    socket: socket.socket
    words: str
    tls: bool = False
    path: Path | None = None
    """Of a Unix socket; the file goes when the node does."""

    def close(self) -> None:
        """Stop listening."""
        self.socket.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def listeners(listen: Listen, folder: Path, *, insecure: bool = False) -> list[Listener]:
    """Open everything that ``listen`` asks for. Raises :class:`SettingsError` with what would be right.

    ``insecure``: listen beyond this machine without TLS; tokens and metadata then travel readable for everybody between.
    """
    check_tls(listen, folder)
    if not listen.port and not listen.socket:
        raise SettingsError("the node would listen nowhere: give a port, a socket, or both")
    opened: list[Listener] = []
    try:
        if listen.port:
            opened += _tcp(listen, insecure)
        if listen.socket:
            opened.append(_unix(folder / listen.socket, _mode(listen.socket_mode)))
    except BaseException:
        close_all(opened)
        raise
    return opened


def check_tls(listen: Listen, folder: Path) -> None:
    """Raises :class:`SettingsError` when certificate and key cannot be used."""
    if bool(listen.tls_certificate) != bool(listen.tls_key):
        raise SettingsError("tls_certificate and tls_key belong together; one of them is missing")
    if not listen.tls_certificate:
        return
    certificate, key = folder / listen.tls_certificate, folder / listen.tls_key
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # an ssl.SSLError too
        raise SettingsError(f"{certificate}, {key}: cannot be used for TLS: {error}") from None


def close_all(opened: Iterable[Listener]) -> None:
    """Close them."""
    for listener in opened:
        listener.close()


def _tcp(listen: Listen, insecure: bool) -> list[Listener]:
    where = f"{listen.host}:{listen.port}"
    try:
        found = socket.getaddrinfo(
            listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except (socket.gaierror, UnicodeError) as error:
        raise SettingsError(f"host {listen.host!r} cannot be found: {error}") from None
    tls = bool(listen.tls_certificate)
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    exposed = [address[0] for _, address in addresses if not _is_loopback(str(address[0]))]
    if exposed and not tls and not insecure:
        raise SettingsError(
            f"{where} can be reached from other machines and has no TLS, so tokens and who writes to whom would travel "
            "readable. Set tls_certificate and tls_key under [listen], listen on 127.0.0.1 behind a proxy that does "
            "TLS, or say --insecure when the network between is trusted"
        )
    opened: list[Listener] = []
    try:
        for family, address in addresses:
            opened.append(_bound(family, address, tls))
    except OSError as error:
        close_all(opened)
        raise SettingsError(
            f"{where} cannot be listened on: {error.strerror}. Another program may use the port; "
            "choose another one with --port"
        ) from None
    return opened


def _bound(family: int, address: tuple[object, ...], tls: bool) -> Listener:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except BaseException:
        opened.close()
        raise
    host, port = opened.getsockname()[:2]
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    return Listener(opened, f"{'https' if tls else 'http'}://{shown}:{port}", tls)


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host.split("%")[0]).is_loopback


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise SettingsError(f"socket_mode {text!r} is not a file mode; the usual one is '0660'")
    return mode


def _unix(path: Path, mode: int) -> Listener:
    path = path.absolute()
    if len(os.fsencode(path)) > UNIX_PATH_BYTES:
        raise SettingsError(
            f"{path}: longer than the {UNIX_PATH_BYTES} bytes that the address of a socket may have; "
            "set `socket` under [listen] to a shorter absolute path"
        )
    _free(path)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # nobody else may connect between bind and chmod
    try:
        opened.bind(str(path))
    except OSError as error:
        opened.close()
        raise SettingsError(f"{path}: the socket cannot be made: {error.strerror}") from None
    finally:
        os.umask(before)
    path.chmod(mode)
    opened.listen(BACKLOG)
    return Listener(opened, f"unix:{path}", path=path)


def _free(path: Path) -> None:
    """Take away a socket that a killed node left behind. Raises :class:`SettingsError` for anything else."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(kind):
        raise SettingsError(
            f"{path}: there is a file that is not a socket; move it away or name another path"
        )
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise SettingsError(f"{path}: another program listens on this socket")
