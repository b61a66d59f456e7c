"""The settings of the desk: the section ``[desk]`` of the node's file, and what Django makes of it."""

import hmac
import ipaddress
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from tidegate.node.settings import SETTINGS_FILE, Section, SettingsError

LANGUAGES = (
    ("en", "English"),
    ("it", "Italiano"),
    ("fr", "Français"),
    ("es", "Español"),
    ("pt", "Português"),
    ("de", "Deutsch"),
    ("ar", "العربية"),
    ("hi", "हिन्दी"),
    ("id", "Bahasa Indonesia"),
    ("zh-hans", "中文"),
)
"""Languages of the pages for account holders and the public; the desk itself speaks English."""
DATABASE_FILE = "desk.sqlite"
UPLOADS = "desk-uploads"
_SQLITE_WAIT_S = 20


class SecondFactor(StrEnum):
    """Whether people who sign in need more than a password."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    """For a demonstration on one's own machine: whoever has set one up is asked for it."""


class AuthoritySettings(Section, frozen=True, kw_only=True):
    """A time-stamp authority (RFC 3161)."""

    name: str
    url: str
    roots: str
    """PEM file of its root certificates, as it publishes them; relative to the node's folder."""


class EvidenceSettings(Section, frozen=True, kw_only=True):
    """The section ``[desk.evidence]``."""

    names: tuple[str, ...] = ()
    """What people call the messenger, in all scripts and forms; empty: ``service`` alone."""
    authorities: tuple[AuthoritySettings, ...] = ()
    """One or two; empty: exhibits get no time stamps."""
    networks: tuple[str, ...] = ()
    """Private networks that may be captured from all the same, as ``10.0.0.0/8``."""
    keep_days: Annotated[int, msgspec.Meta(ge=1)] = 3_650
    """For which a closed case is kept."""


class DeskSettings(Section, frozen=True, kw_only=True):
    """The section ``[desk]``."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8471
    database: str = ""
    """``postgresql://USER:PASSWORD@HOST:PORT/NAME``, or ``postgresql://USER@/NAME?host=/FOLDER`` for a socket; empty:
    SQLite in the node's folder."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    """Requests answered at the same time; more wait their turn."""
    proxy: str = ""
    """Address of the reverse proxy in front, such as ``127.0.0.1``: from it alone X-Forwarded-For and
    X-Forwarded-Proto are believed. Empty: from nobody."""
    second_factor: SecondFactor = SecondFactor.REQUIRED
    session_hours: Annotated[float, msgspec.Meta(gt=0.0, le=168.0)] = 12.0
    service: str = ""
    """The messenger's name, as account holders know it."""
    contact: str = ""
    """Where people turn to: an https: or mailto: address."""
    appeal_hours: Annotated[float, msgspec.Meta(gt=0.0)] = 24.0
    """Within which an appeal is to be decided."""
    random_share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.15
    """Of the review queue, drawn uniformly at random."""
    blind_share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.10
    """Of automatic actions, looked at again by somebody who is not told what was decided."""
    evidence: EvidenceSettings = EvidenceSettings()
    """Off-platform evidence and cases."""


def desk_settings(section: Mapping[str, Any]) -> DeskSettings:
    """``[desk]`` as the node's settings carry it. Raises :class:`~tidegate.node.settings.SettingsError`."""
    try:
        return msgspec.convert(dict(section), DeskSettings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{SETTINGS_FILE}, section [desk]: {error}") from None


def check_exposure(desk: DeskSettings, public_url: str, *, insecure: bool) -> None:
    """Raises :class:`~tidegate.node.settings.SettingsError` when other machines could reach the desk without TLS.

    ``insecure``: whoever starts it has said that the network between is trusted.
    """
    if insecure or public_url.startswith("https://") or _is_loopback(desk.host):
        return
    raise SettingsError(
        f"[desk] host {desk.host} can be reached from other machines, and no https address is set, so passwords and what "
        "people decide would travel readable. Leave host at 127.0.0.1; or put a proxy that does TLS in front and set "
        "public_url under [notices] to its https address; or say --insecure when the network between is trusted"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(public_url: str) -> str:
    """Scheme, host and port of where people reach the desk. Raises :class:`~tidegate.node.settings.SettingsError`."""
    parts = urlsplit(public_url)
    if parts.path:
        raise SettingsError(
            f"{SETTINGS_FILE}, [notices] public_url: the desk's addresses begin at the root of a host, so there is "
            f"no path after it: {parts.scheme}://{parts.netloc}"
        )
    return public_url


def database(folder: Path, address: str) -> dict[str, Any]:
    """Django's description of a database. Raises :class:`~tidegate.node.settings.SettingsError`."""
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": folder / DATABASE_FILE,
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Whoever will write says so at once, so that two writers wait for each other instead of failing.
                "transaction_mode": "IMMEDIATE",
                "timeout": _SQLITE_WAIT_S,
                "init_command": "pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -65536",
            },
            "TEST": {"NAME": folder / "test.sqlite"},
        }
    parts = urlsplit(address)
    asked = dict(parse_qsl(parts.query))
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise SettingsError(
            f"{SETTINGS_FILE}, [desk] database: expected postgresql://USER:PASSWORD@HOST:PORT/NAME, or "
            "postgresql://USER@/NAME?host=/FOLDER/OF/THE/SOCKET, or nothing for SQLite"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or asked.get("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or asked.get("host", "")),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def django_settings(folder: Path, desk: DeskSettings, secret: bytes, public_url: str = "") -> dict[str, Any]:
    """Everything that Django is told. ``secret``: 32 bytes that only this node has; ``public_url``: where people outside
    reach the desk, with its scheme, without a slash at the end; empty: on this machine alone.

    Raises :class:`~tidegate.node.settings.SettingsError`."""
    secure = public_url.startswith("https://")
    # With this prefix browsers take a cookie only over TLS, and from this very host.
    prefix = "__Host-" if secure else ""
    host = urlsplit(public_url).hostname
    own = "'self'"
    return {
        "SECRET_KEY": hmac.digest(secret, b"tidegate desk 1", "sha256").hex(),
        "DEBUG": False,
        "ALLOWED_HOSTS": [name for name in ("localhost", "127.0.0.1", "[::1]", desk.host, host) if name],
        "CSRF_TRUSTED_ORIGINS": [_origin(public_url)] if public_url else [],
        "ROOT_URLCONF": "tidegate.desk.urls",
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "django.contrib.humanize",
            "django_otp",
            "django_otp.plugins.otp_totp",
            "django_otp.plugins.otp_static",
            "axes",
            "csp",
            "django_htmx",
            "tidegate.desk.pages",
            "tidegate.desk.access",
            "tidegate.desk.audit",
            "tidegate.desk.ledger",
            "tidegate.desk.now",
            "tidegate.desk.review",
            "tidegate.desk.accounts",
            "tidegate.desk.campaigns",
            "tidegate.desk.policies",
            "tidegate.desk.appeals",
            "tidegate.desk.notice",
            "tidegate.desk.transparency",
            "tidegate.desk.evidence.cases",
            "tidegate.desk.evidence.exhibits",
            "tidegate.desk.evidence.reading",
            "tidegate.desk.evidence.subjects",
            "tidegate.desk.evidence.steps",
            "tidegate.desk.evidence.dossier",
        ],
        "MIDDLEWARE": [
            "tidegate.desk.access.headers.Headers",
            "django.middleware.security.SecurityMiddleware",
            "csp.middleware.CSPMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django_otp.middleware.OTPMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "django_htmx.middleware.HtmxMiddleware",
            "tidegate.desk.access.gate.Gate",
            "axes.middleware.AxesMiddleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                        "tidegate.desk.pages.context.desk",
                    ],
                    "builtins": ["tidegate.desk.pages.templatetags.desk"],
                },
            }
        ],
        "DATABASES": {"default": database(folder, desk.database)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "AUTH_USER_MODEL": "access.Person",
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        "PASSWORD_HASHERS": [
            # Needs memory as well as time, so that guessing on graphics cards does not pay.
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        ],
        "AUTH_PASSWORD_VALIDATORS": [
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 12},
            },
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
        ],
        "LOGIN_URL": "access:sign-in",
        "LOGIN_REDIRECT_URL": "now:page",
        "OTP_TOTP_ISSUER": "Tidegate",
        "AXES_FAILURE_LIMIT": 5,
        "AXES_COOLOFF_TIME": 0.25,
        "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
        "AXES_LOCKOUT_CALLABLE": "tidegate.desk.access.throttling.locked_out",
        "AXES_CLIENT_IP_CALLABLE": "tidegate.desk.access.throttling.client_address",
        "AXES_RESET_ON_SUCCESS": True,
        # Who signed in when is in the desk's own record.
        "AXES_DISABLE_ACCESS_LOG": True,
        "AXES_VERBOSE": False,
        "SESSION_ENGINE": "django.contrib.sessions.backends.db",
        "SESSION_COOKIE_NAME": f"{prefix}tidegate-desk",
        "SESSION_COOKIE_AGE": int(desk.session_hours * 3600),
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_NAME": f"{prefix}tidegate-desk-csrf",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_FAILURE_VIEW": "tidegate.desk.access.views.refused_form",
        "SECURE_HSTS_SECONDS": 31_536_000 if secure else 0,
        "SILENCED_SYSTEM_CHECKS": [
            # HSTS is for the desk's own host; what its domain's other hosts do is not ours to say.
            "security.W005",
            "security.W021",
            # TLS, and going there from plain HTTP, is the proxy's.
            "security.W008",
        ],
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "CONTENT_SECURITY_POLICY": {
            "DIRECTIVES": {
                "default-src": ["'none'"],
                "script-src": [own],
                "style-src": [own],
                "img-src": [own, "data:"],
                "font-src": [own],
                "connect-src": [own],
                "form-action": [own],
                "base-uri": ["'none'"],
                "frame-ancestors": ["'none'"],
            }
        },
        "STATIC_URL": "/static/",
        "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.AppDirectoriesFinder"],
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
        "MEDIA_ROOT": folder / UPLOADS,
        "FILE_UPLOAD_PERMISSIONS": 0o600,
        "FILE_UPLOAD_DIRECTORY_PERMISSIONS": 0o700,
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 1 << 20,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 2_000,
        "LANGUAGE_CODE": "en",
        "LANGUAGES": LANGUAGES,
        "USE_I18N": True,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LOGGING_CONFIG": None,
        "TIDEGATE": desk,
        "TIDEGATE_FOLDER": folder,
        "TIDEGATE_PUBLIC_URL": public_url,
    }
