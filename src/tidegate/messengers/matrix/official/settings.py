"""The settings of the official-only adapter: one TOML file, its tokens in files of their own."""

import stat
import tomllib
from enum import StrEnum
from pathlib import Path

import msgspec

from tidegate.engine.rungs import Rung
from tidegate.messengers.matrix.official.errors import SettingsError

LOCALPART_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._=-/+")


class Means(StrEnum):
    """What is done about a rung whose own meaning only a module could carry out."""

    NOTICE = "notice"
    """Tell the account holder, nothing else."""
    RATION = "ration"
    """Count the people the account invites; suspend it while too many of them have not answered."""
    SUSPEND = "suspend"
    """The account cannot send, join or invite."""


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A section of the file; unknown names are errors."""


class HomeserverSection(Section, frozen=True, kw_only=True):
    """Where the homeserver's client and admin API is."""

    url: str
    admin_token_file: str = "admin.token"
    timeout_s: float = 30.0


class AppserviceSection(Section, frozen=True, kw_only=True):
    """The application service that the homeserver sends its events to."""

    id: str = "tidegate"
    host: str = "127.0.0.1"
    port: int = 8471
    sender_localpart: str = "_tidegate"
    as_token_file: str = "as.token"
    hs_token_file: str = "hs.token"
    body_bytes: int = 32 << 20
    """A transaction carries at most 100 events of 64 KiB; receipts come on top."""
    hold_s: float = 20.0
    """How long a transaction waits for a busy node before the homeserver is told to come again."""
    rooms: int = 50_000
    """Rooms whose members are remembered."""


class NodeSection(Section, frozen=True, kw_only=True):
    """The node that decides."""

    url: str = "http://127.0.0.1:8470"
    socket: str = ""
    """A Unix socket instead of the host and port of ``url``."""
    token_file: str = "node.token"
    timeout_s: float = 30.0
    wait_s: int = 25
    """How long the node may keep a question for actions open."""


class PollingSection(Section, frozen=True, kw_only=True):
    """What no official interface pushes is asked for at this pace."""

    registrations_s: float = 10.0
    address_wait_s: float = 45.0
    """A new account is passed on when its address is known, at the latest after this time."""
    reports_s: float = 30.0
    sessions_s: float = 300.0
    """How often accounts under watch are looked at for new devices."""
    watch_h: float = 48.0
    """A new account's devices are watched for so long."""
    watched: int = 5_000
    """Accounts under watch at once; beyond that the oldest are left alone."""
    page: int = 100
    pages: int = 20
    """Pages of one list in one round; what lies behind them waits for the next."""
    requests_per_s: float = 10.0


class EnforcementSection(Section, frozen=True, kw_only=True):
    """What the adapter does about each rung."""

    notices: bool = True
    """Tell account holders by server notice."""
    challenge_url: str = ""
    """Where a challenge is passed, with ``{ticket}`` in it; empty: the address that the node gives."""
    budget: Means = Means.RATION
    lock: Means = Means.SUSPEND
    first_contacts: int = 5
    """People whom a rationed account may have invited without an answer, in ``window_h``."""
    window_h: float = 24.0
    ban_deletes_devices: bool = True
    ban_redacts: bool = False


class MatrixSettings(Section, frozen=True, kw_only=True):
    """All of it."""

    server_name: str
    homeserver: HomeserverSection
    data: str = "matrix-state"
    """Folder for what the adapter remembers, relative to the settings file."""
    ignore: tuple[str, ...] = ()
    """Accounts that are not passed on and never acted on; ``*`` at the end stands for anything."""
    appservice: AppserviceSection = AppserviceSection()
    node: NodeSection = NodeSection()
    polling: PollingSection = PollingSection()
    enforcement: EnforcementSection = EnforcementSection()
    words: dict[str, str] = msgspec.field(default_factory=dict)
    """What a rung means on this server, added to its notice; by the rung's name, and ``ration`` for a spent ration."""


class Place(msgspec.Struct, frozen=True):
    """Settings, and the folder that their relative paths start from."""

    settings: MatrixSettings
    folder: Path

    def file(self, name: str) -> Path:
        """A file that the settings name."""
        return self.folder / name

    @property
    def data(self) -> Path:
        """The folder of the adapter's state."""
        return self.folder / self.settings.data

    def is_ignored(self, account: str) -> bool:
        """Whether the operator has excluded this account; the adapter's own always is."""
        own = f"@{self.settings.appservice.sender_localpart}:{self.settings.server_name}"
        return account == own or any(
            account.startswith(pattern[:-1]) if pattern.endswith("*") else account == pattern
            for pattern in self.settings.ignore
        )

    def is_local(self, account: str) -> bool:
        """Whether the account belongs to this homeserver."""
        return account.startswith("@") and account.partition(":")[2] == self.settings.server_name


def read_settings(file: Path) -> Place:
    """The settings in ``file``. Raises :class:`SettingsError`."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{file}: there is no such file; `tidegate matrix init` writes an example"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: the settings cannot be read: {error}") from None
    try:
        settings = msgspec.convert(tomllib.loads(text), MatrixSettings)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file}: {error}") from None
    _check(settings, file)
    return Place(settings, file.absolute().parent)


def _check(settings: MatrixSettings, file: Path) -> None:
    """What types cannot say."""
    polling, appservice = settings.polling, settings.appservice
    positive = {
        "polling.registrations_s": polling.registrations_s,
        "polling.reports_s": polling.reports_s,
        "polling.sessions_s": polling.sessions_s,
        "polling.requests_per_s": polling.requests_per_s,
        "polling.page": polling.page,
        "polling.pages": polling.pages,
        "appservice.body_bytes": appservice.body_bytes,
        "enforcement.window_h": settings.enforcement.window_h,
    }
    for name, value in positive.items():
        if value <= 0:
            raise SettingsError(f"{file}: {name} is {value}; it must be above 0")
    if appservice.rooms < 1000:
        raise SettingsError(
            f"{file}: appservice.rooms is {appservice.rooms}; at least 1000 are needed, as one transaction "
            "may touch 200 rooms"
        )
    url = settings.enforcement.challenge_url
    if url and (not url.startswith(("https://", "http://")) or "{ticket}" not in url):
        raise SettingsError(
            f"{file}: enforcement.challenge_url must be an address with {{ticket}} in it, as in "
            "https://example.org/challenge/{ticket}"
        )
    if not appservice.sender_localpart or set(appservice.sender_localpart) - LOCALPART_CHARACTERS:
        raise SettingsError(
            f"{file}: appservice.sender_localpart must consist of a-z, 0-9 and . _ = - / +, as in _tidegate"
        )
    known = {rung.word for rung in Rung} | {"ration"}
    for name in settings.words:
        if name not in known:
            raise SettingsError(f"{file}: words.{name}: no such rung; known are {', '.join(sorted(known))}")


def read_token(file: Path, what: str) -> str:
    """The secret in ``file``, one line. Raises :class:`SettingsError` that says which token is missing."""
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{file}: {what} cannot be read: {reason}") from None
    if not token or len(token.split()) != 1:
        raise SettingsError(f"{file}: {what} must be one word on one line")
    return token


def is_open_to_others(file: Path) -> bool:
    """Whether everybody on the machine may read a secret."""
    return bool(file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
