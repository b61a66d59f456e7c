"""What every answer carries, which hosts are answered, and what the settings refuse."""

import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as django_conf
from django.test import Client
from waitress.server import create_server

from tidegate.desk.access.headers import Headers
from tidegate.desk.serving import behind
from tidegate.desk.settings import DeskSettings, check_exposure, desk_settings, django_settings
from tidegate.node.settings import SettingsError

pytestmark = pytest.mark.django_db
ANSWERS = ["/desk/sign-in/", "/desk/me/", "/desk/people/", "/no/such/page/", "/desk/queue/"]


def made(public_url: str = "", **desk: Any) -> dict[str, Any]:
    return django_settings(Path("/nowhere"), DeskSettings(**desk), bytes(32), public_url)


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_forbids_scripts_frames_and_keeping(signed_in: Any, path: str) -> None:
    for client in (Client(), signed_in("administrator")):
        answer = client.get(path)
        policy = answer["Content-Security-Policy"]
        for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
            assert part in policy
        assert "unsafe" not in policy
        assert answer["Cache-Control"].find("no-store") >= 0
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer["Referrer-Policy"] in ("same-origin", "no-referrer")
        assert "camera=()" in answer["Permissions-Policy"]
        assert "Strict-Transport-Security" not in answer.headers


def test_static_files_may_be_kept_and_run_nothing_of_others() -> None:
    answer = Client().get("/static/desk/mark.svg")
    assert answer.status_code == 200
    assert "no-store" not in answer["Cache-Control"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example"])
def test_another_hosts_name_is_not_answered(host: str) -> None:
    assert Client().get("/desk/sign-in/", headers={"host": host}).status_code == 400


def test_cookies_cannot_be_read_by_scripts_nor_sent_by_other_sites(people: Any) -> None:
    client = Client()
    client.get("/desk/sign-in/")
    client.post("/desk/sign-in/", {"username": "the-analyst", "password": "a long enough password"})
    assert set(client.cookies) == {"tidegate-desk", "tidegate-desk-csrf"}
    for cookie in client.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_behind_https_cookies_go_over_tls_alone_and_to_this_host_alone(settings: Any) -> None:
    said = made("https://desk.example.org")
    assert said["SESSION_COOKIE_SECURE"] is said["CSRF_COOKIE_SECURE"] is True
    assert said["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert said["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert said["CSRF_TRUSTED_ORIGINS"] == ["https://desk.example.org"]
    assert "desk.example.org" in said["ALLOWED_HOSTS"]
    assert "*" not in said["ALLOWED_HOSTS"]
    settings.SECURE_HSTS_SECONDS = said["SECURE_HSTS_SECONDS"]
    from django.http import HttpResponse

    answer = Headers(lambda _: HttpResponse())(None)
    assert answer["Strict-Transport-Security"] == "max-age=31536000"


def test_djangos_own_check_for_deployment_finds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir(mode=0o700)
    (folder / "node.toml").write_text('[notices]\npublic_url = "https://desk.example.org"\n')
    arguments = ("desk", "manage", "--data", folder, "--", "check", "--deploy", "--fail-level", "WARNING")
    done = subprocess.run(
        [sys.executable, "-m", "tidegate.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "System check identified no issues" in done.stdout


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example.org"])
def test_other_machines_reach_the_desk_only_by_https_or_when_somebody_says_so(host: str) -> None:
    desk = DeskSettings(host=host)
    for public_url in ("", "http://desk.example.org"):
        with pytest.raises(SettingsError, match=r"without.*--insecure|--insecure"):
            check_exposure(desk, public_url, insecure=False)
        check_exposure(desk, public_url, insecure=True)
    check_exposure(desk, "https://desk.example.org", insecure=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_alone_needs_no_tls(host: str) -> None:
    check_exposure(DeskSettings(host=host), "", insecure=False)


@pytest.mark.parametrize(
    ("proxy", "told", "believed"),
    [
        ("", "203.0.113.5", ("127.0.0.1", "http")),
        ("127.0.0.1", "203.0.113.5", ("203.0.113.5", "https")),
        # Only what the proxy itself has added, at the end, is its word; what came before is the visitor's.
        ("127.0.0.1", "203.0.113.5, 198.51.100.9", ("198.51.100.9", "https")),
        ("192.0.2.1", "203.0.113.5", ("127.0.0.1", "http")),
    ],
)
def test_where_somebody_comes_from_is_told_by_the_named_proxy_alone(
    proxy: str, told: str, believed: tuple[str, str]
) -> None:
    seen = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        seen.append((environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]))
        start_response("204 No Content", [])
        return []

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        server = create_server(
            application, sockets=[bound], threads=1, clear_untrusted_proxy_headers=True, **behind(proxy)
        )
        Thread(target=_run, args=(server,), daemon=True).start()
        client = HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("GET", "/", headers={"X-Forwarded-For": told, "X-Forwarded-Proto": "https"})
        assert client.getresponse().status == 204
        client.close()
        server.close()
    assert seen == [believed]


def _run(server: Any) -> None:
    try:
        server.run()
    except OSError:
        assert not server.accepting  # closed while it waited: how waitress ends


def test_a_public_address_with_a_path_is_refused_in_words() -> None:
    with pytest.raises(SettingsError, match=r"no path after it: https://example\.org$"):
        made("https://example.org/desk")


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"second_factor": "never"}, "second_factor"),
        ({"session_hours": 0}, "session_hours"),
        ({"port": 0}, "port"),
        ({"sessoin_hours": 1}, "sessoin_hours"),
    ],
)
def test_a_setting_that_is_wrong_is_named(section: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        desk_settings(section)


def test_the_secret_is_this_nodes_alone_and_not_in_the_database() -> None:
    one, other = (
        django_settings(Path("/nowhere"), DeskSettings(), key, "")["SECRET_KEY"]
        for key in (bytes(32), b"1" * 32)
    )
    assert one != other
    assert len(django_conf.SECRET_KEY) == 64


def test_passwords_are_hashed_with_memory_and_time(people: Any) -> None:
    assert people["analyst"].password.startswith("scrypt$")
