"""Which addresses may be asked at all: the guard against being sent into one's own network (SSRF)."""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from tidegate.desk.evidence.capture.refusals import FailedError, GoneError, RefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""From a host name and a port to its addresses as text. Raises OSError."""

PORTS = {"http": 80, "https": 443}
MOST_URL = 2_000
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_SHARED = ipaddress.IPv4Network("100.64.0.0/10")
"""Between a provider and its customers (RFC 6598); Python does not call it private."""
_OTHERS = tuple(
    ipaddress.ip_network(one) for one in ("fec0::/10", "192.88.99.0/24", "3fff::/20", "2001::/23")
)
"""Site-local, relays of 6to4, documentation, protocols: nobody's pages, and not private to every Python."""
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


@dataclass(frozen=True, slots=True)
class Place:
    """An address of a page that may be asked for."""

    url: str
    """Without fragment."""
    scheme: str
    host: str
    """ASCII."""
    port: int
    target: str
    """Path and query, as they go on the request line."""


def place_of(url: str, networks: Iterable[Network] = ()) -> Place:
    """Take a URL apart. Raises RefusedError for anything but a plain http or https address.

    Other ports than 80 and 443 are for hosts in ``networks`` only, which is checked at the connection.
    """
    if len(url) > MOST_URL or any(ord(sign) <= ord(" ") or sign == "\x7f" for sign in url):
        raise RefusedError(
            f"an address has up to {MOST_URL} characters and neither spaces nor control characters"
        )
    try:
        url.encode("utf-8")  # half a character (a lone surrogate) cannot be asked for
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise RefusedError(f"{url[:100]!a} is no address: {error}") from None
    if parts.scheme not in PORTS:
        raise RefusedError(f"{url[:100]!r}: only http and https are captured")
    if parts.username is not None or parts.password is not None:
        raise RefusedError("an address with a user name or password in it is not captured")
    if not host:
        raise RefusedError(f"{url[:100]!r} names no host")
    ascii_host = _ascii(host)
    if port not in (None, *PORTS.values()) and not tuple(networks):
        raise RefusedError(f"port {port}: only 80 and 443 are captured")
    plain = SplitResult(parts.scheme, parts.netloc, parts.path or "/", parts.query, "")
    target = urlunsplit(("", "", plain.path, plain.query, ""))
    if not target.isascii():
        target = quote(target, safe="/?#[]@!$&'()*+,;=:%~-._")
    return Place(urlunsplit(plain), parts.scheme, ascii_host, port or PORTS[parts.scheme], target)


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise RefusedError(f"{host[:100]!r} is no host name: {error}") from None


def resolve(host: str, port: int) -> Sequence[str]:
    """By the system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def checked_addresses(place: Place, networks: Iterable[Network], by: Resolve = resolve) -> list[str]:
    """Where to connect to. Raises GoneError when the name is not known, RefusedError when *any* of its addresses is
    one that is not to be asked: a name that is half private is a trap.

    The connection must go to one of these very addresses; looking the name up again could give others.
    """
    allowed = tuple(networks)
    try:
        found = [str(ipaddress.ip_address(place.host.strip("[]")))]
    except ValueError:
        try:
            found = list(by(place.host, place.port))
        except socket.gaierror as error:
            if error.errno in _NO_SUCH_NAME:
                raise GoneError(f"{place.host}: no such host") from None
            raise FailedError(
                f"{place.host}: its name cannot be looked up at the moment ({error.strerror})"
            ) from None
        except (OSError, UnicodeError) as error:
            raise FailedError(f"{place.host}: its name cannot be looked up ({error})") from None
    if not found:
        raise GoneError(f"{place.host}: no such host")
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        if any(address.version == network.version and address in network for network in allowed):
            continue
        if why := why_private(address):
            raise RefusedError(f"{place.host} leads to {text}, {why}: such addresses are not asked")
        if place.port not in PORTS.values():
            raise RefusedError(f"port {place.port}: only 80 and 443 are captured")
    return found


def why_private(address: Address) -> str:
    """What speaks against asking an address; empty: it is public. Looks through IPv4 written as IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return f"which is {inner}, {why}" if (why := why_private(inner)) else ""
    if address.is_loopback:
        return "this machine itself"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified:
        return "no address at all"
    if any(address.version == one.version and address in one for one in _OTHERS):
        return "a reserved address"
    if isinstance(address, ipaddress.IPv4Address) and address in _SHARED:
        return "a provider's shared address"
    if address.is_private or address.is_reserved or not address.is_global:
        return "a private or reserved address"
    return ""


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64, 6to4, Teredo."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
