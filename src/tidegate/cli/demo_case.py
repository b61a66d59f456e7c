"""The case of the demonstration: from a folder of saved pages and a campaign of the messenger to a sealed file.

Two people of the desk are played, through the same pages and forms as real ones. Company, pages and e-mail are invented;
the campaign is the simulated one of the past that the node was told.
"""

import re
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Thread

from click.testing import CliRunner
from rich.console import Console
from rich.text import Text

from tidegate.cli.case import case as case_command
from tidegate.cli.demo_desk import DeskShown
from tidegate.cli.demo_officer import CaseError, Officer, plain
from tidegate.desk.evidence.custody.authorities import Authority, NoAnswerError
from tidegate.desk.evidence.custody.local_authority import local_authority
from tidegate.messengers.matrix.homeserver_config import LOOPBACK

OFFICER, SECOND = "demo", "demo-second"
AUTHORITY, ROOTS = "Demonstration authority", "tsa/root.pem"
PAGES = "demo_pages"
COMPANY, REGISTRATION = "Farol Disparos Ltda", "11.222.333/0001-81"
OFFERS = ("80 mil mensagens", "Nosso robô", "mensajes masivos a números", "50,000 Lighthouse Chat users")
"""What the officer reads as an offer; everything else that was proposed is rejected."""
WAIT_S, LOOK_S = 180.0, 0.5
DECIDED = 'class="decision'
"""Stands on the page of an account about which something was decided."""
_TYPES = {".html": "text/html", ".eml": "message/rfc822"}
_CLAIM = re.compile(r'action="([^"]*/reading/claims/\d+/)"')
_LINK = re.compile(r'action="([^"]*/links/link/\d+/)"')
_CAMPAIGN = re.compile(r'href="(/desk/campaigns/([0-9a-f]{16})/)"')
_STEP = re.compile(r"/steps/(\d+)/")
_QUOTE = re.compile(r"<blockquote[^>]*>(.*?)</blockquote>", re.DOTALL)
_EXHIBIT = re.compile(r">Exhibit (\d+)</a>")
_SECTION = re.compile(r"<(section|article)\b.*?</\1>", re.DOTALL)
_GROUND = re.compile(r"<dt>(?:Row of the table|Ground)</dt><dd>(.*?)</dd>", re.DOTALL)
_CHECKBOX = re.compile(r'<input type="checkbox" name="claims" value="(\d+)"')


class TimeStamps:
    """A time-stamp authority of this machine's own, over HTTP. It proves nothing: whoever holds it can stamp any date."""

    def __init__(self, folder: Path) -> None:
        """Raises NoAnswerError without openssl."""
        self.authority: Authority = local_authority(folder / "tsa", AUTHORITY)
        ask = self.authority.ask

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                try:
                    answer = ask(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
                except NoAnswerError as error:
                    self.send_error(500, str(error)[:100])
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = HTTPServer((LOOPBACK, 0), Handler)
        Thread(target=self._server.serve_forever, name="demo-time-stamps", daemon=True).start()

    @property
    def settings(self) -> str:
        """The section of ``node.toml`` that names it."""
        return (
            f'[[desk.evidence.authorities]]\nname = "{AUTHORITY}"\n'
            f'url = "http://{LOOPBACK}:{self._server.server_port}/"\nroots = "{ROOTS}"\n'
        )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def saved_pages(folder: Path, handle: str) -> list[Path]:
    """The invented pages, as files somebody saved; ``handle``: an account of the campaign that one of them names."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for one in sorted(files("tidegate.cli").joinpath(PAGES).iterdir(), key=lambda one: one.name):
        path = folder / one.name
        path.write_text(one.read_text("utf-8").replace("{handle}", handle), "utf-8")
        made.append(path)
    return made


def play_case(console: Console, told: Console, desk: DeskShown, fleet: Sequence[str], out: Path) -> Path:
    """Play it, and print what happens. Returns the sealed file. Raises CaseError."""
    with Officer(desk.url, OFFICER, desk.password) as officer:
        with told.status("waiting for the search for campaigns"):
            campaign, account = _campaign_of(officer, desk, fleet)
        pages = saved_pages(out / "saved-pages", account)
        page = _opened(officer, campaign)
        name = page.rstrip("/").rpartition("/")[2]
        console.print(
            f"{name}: {COMPANY} (invented). {len(pages)} saved pages and mails in {out / 'saved-pages'}",
            soft_wrap=True,
        )
        with told.status("taking them in: time stamps, renderings, reading"):
            _handed_in(officer, page, pages)
        console.print(_claims(officer, page).told(len(pages)), soft_wrap=True)
        links = _links(officer, page, campaign)
        console.print(
            f"Links: {links} confirmed, by registration number, phone and the account that a page names; "
            f"campaign {campaign} on the messenger, {len(fleet)} simulated accounts, is linked by that account.",
            soft_wrap=True,
        )
        ground, step = _determined(officer, page)
        console.print(f"Ground: {ground}", soft_wrap=True)
        with Officer(desk.url, SECOND, desk.password) as second:
            _approved(second, page, step)
        _served(officer, page, step)
        console.print(
            "A letter in Portuguese: refused by itself, approved by a second person, served (played)."
        )
        with told.status("sealing the case"):
            file = _sealed(officer, page, out)
    _verified(console, file)
    return file


def _campaign_of(officer: Officer, desk: DeskShown, fleet: Sequence[str]) -> tuple[str, str]:
    """A campaign of the fleet, once the search has found it, and a member of it that something was decided about."""
    accounts = _pseudonyms(desk, fleet)
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        for address, name in dict.fromkeys(_CAMPAIGN.findall(officer.look("/desk/campaigns/"))):
            for member in sorted(_members(officer.look(address)) & accounts.keys()):
                if DECIDED in officer.look(f"/desk/accounts/{member}/"):
                    return name, accounts[member]
        time.sleep(LOOK_S * 4)
    raise CaseError("the search found no campaign of the simulated fleet in time")


def _members(page: str) -> set[str]:
    return set(re.findall(r"/desk/accounts/([0-9a-f]{16})/", page))


def _pseudonyms(desk: DeskShown, accounts: Sequence[str]) -> dict[str, str]:
    """Accounts by pseudonym. The desk tells no names without a reason, so the node's folder is read."""
    from tidegate.events.pseudonym import Pseudonyms
    from tidegate.node.keys import keys_of

    pseudonyms = Pseudonyms(keys_of(desk.folder).pseudonym)
    return {f"{pseudonyms.one(account):016x}": account for account in accounts}


def _opened(officer: Officer, campaign: str) -> str:
    fields = {
        "title": f"{COMPANY}: bulk messaging for hire",
        "subject": "company",
        "subject_name": COMPANY,
        "role": "assisting",
        "jurisdiction": "Brazil (invented)",
        "about": "A demonstration: company, pages and mail are invented, the campaign is simulated.",
        "campaign": campaign,
    }
    page = officer.do("/desk/cases/new/", fields)
    found = re.search(r'action="(/desk/cases/[a-z0-9-]+/)seal/"', page)
    if found is None:
        raise CaseError("the desk opened no case")
    return found.group(1)


def _handed_in(officer: Officer, page: str, pages: Sequence[Path]) -> None:
    seen = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    sent = [("files", (one.name, one.read_bytes(), _TYPES.get(one.suffix, "text/plain"))) for one in pages]
    officer.do(f"{page}exhibits/add-files/", {"seen": seen, "origin": ""}, sent)
    until = time.monotonic() + WAIT_S
    while "still being stamped" in officer.look(f"{page}exhibits/"):
        if time.monotonic() > until:
            raise CaseError("the exhibits were not stamped, rendered and read in time")
        time.sleep(LOOK_S)


@dataclass(slots=True)
class Read:
    """What the officer said of the sentences that were proposed."""

    confirmed: int = 0
    rejected: list[str] = field(default_factory=list)
    exhibits: set[str] = field(default_factory=set)
    """In which something was proposed."""

    def told(self, of: int) -> str:
        """In words; ``of``: how many exhibits there are."""
        no = "; ".join(f"“{one}”" for one in self.rejected)
        return (
            f"Claims: {self.confirmed + len(self.rejected)} sentences proposed, none in {of - len(self.exhibits)} of the "
            f"{of} files (terms, a news report). The officer confirms {self.confirmed}"
            + (f" and rejects {len(self.rejected)}: {no}" if no else "")
        )


def _claims(officer: Officer, page: str) -> Read:
    made = Read()
    while (found := _waiting_claim(officer.look(f"{page}reading/claims/"))) is not None:
        address, exhibit, quote = found
        made.exhibits.add(exhibit)
        if any(words in quote for words in OFFERS):
            officer.do(address, {"state": "confirmed", "stance": "offers", "strength": "explicit"})
            made.confirmed += 1
        else:
            officer.do(address, {"state": "rejected"})
            made.rejected.append(quote)
    return made


def _waiting_claim(page: str) -> tuple[str, str, str] | None:
    for section in (one.group() for one in _SECTION.finditer(page)):
        address, quote, exhibit = (one.search(section) for one in (_CLAIM, _QUOTE, _EXHIBIT))
        if address and quote and exhibit:
            return address.group(1), exhibit.group(1), plain(quote.group(1))
    return None


def _links(officer: Officer, page: str, campaign: str) -> int:
    """Put down what is known, then confirm what is proposed, round by round: each exhibit leads to more."""
    origin = "register of companies (invented)"
    officer.do(f"{page}links/known/", {"sort": "registration", "value": REGISTRATION, "origin": origin})
    officer.do(f"{page}links/role/", {"role": "producer", "note": "exhibit 1 offers it under its own name"})
    count = 0
    while (address := _waiting_link(officer.look(f"{page}links/"))) is not None:
        officer.do(address, {"state": "confirmed", "note": "the same number or account stands in both"})
        count += 1
    officer.do(f"{page}links/finding/", {"about": "campaign", "which": campaign})
    return count


def _waiting_link(page: str) -> str | None:
    for article in (
        one.group()
        for one in _SECTION.finditer(page.replace("<section", "<div").replace("</section", "</div"))
    ):
        found = _LINK.search(article)
        if found and 'value="confirmed"' in article:
            return found.group(1)
    return None


def _determined(officer: Officer, page: str) -> tuple[str, str]:
    """Determine, and write the letter; its own approval is refused, as it must be. Returns ground and step."""
    reasons = "It sells bulk messaging on this messenger in so many words, and an account it names sent in bulk here."
    shown = officer.do(f"{page}steps/determine/", {"reasons": reasons})
    ground = "; ".join(plain(one) for one in _GROUND.findall(shown)[:2])
    writing = officer.look(f"{page}steps/letter/")
    fields: dict[str, str | list[str]] = {
        "kind": "demand",
        "language": "pt",
        "recipient": COMPANY,
        "recipient_address": "Rua Inventada 1\nCidade Inventada",
        "claims": _CHECKBOX.findall(writing)[:2],
        "cure_by": (datetime.now(UTC) + timedelta(days=14)).strftime("%Y-%m-%d"),
        "signed_by": "D. Demo, trust and safety (played)",
    }
    step = _STEP.search(officer.do(f"{page}steps/letter/", fields))
    if step is None:
        raise CaseError("the desk took no letter")
    try:
        officer.do(f"{page}steps/{step.group(1)}/approve/", _approval(officer, page, step.group(1)))
    except CaseError:
        return ground, step.group(1)
    raise CaseError("the desk let one person alone send a letter")


def _approval(officer: Officer, page: str, step: str) -> dict[str, str]:
    shown = officer.look(f"{page}steps/{step}/")
    digest = re.search(r'name="sha256" value="([0-9a-f]{64})"', shown)
    return {"note": "read and compared with the exhibits", "sha256": digest.group(1) if digest else ""}


def _approved(second: Officer, page: str, step: str) -> None:
    second.do(f"{page}steps/{step}/approve/", _approval(second, page, step))


def _served(officer: Officer, page: str, step: str) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fields = {"way": "courier", "sent": now, "delivered": now}
    receipt = [("proof", ("receipt.txt", b"Delivered (played, for demonstration).\n", "text/plain"))]
    officer.do(f"{page}steps/{step}/served/", fields, receipt)


def _sealed(officer: Officer, page: str, out: Path) -> Path:
    until = time.monotonic() + WAIT_S
    while "still being stamped" in officer.look(f"{page}exhibits/"):
        if time.monotonic() > until:
            raise CaseError("the receipt was not stamped and read in time")
        time.sleep(LOOK_S)
    shown = officer.do(f"{page}seal/", {})
    found = re.search(r'href="([^"]*/sealed/\d+/)"', shown)
    if found is None:
        raise CaseError("the desk sealed no file")
    file = out / f"{page.rstrip('/').rpartition('/')[2]}.zip"
    file.write_bytes(officer.fetch(found.group(1)))
    return file


def _verified(console: Console, file: Path) -> None:
    """What anybody sees who checks it, and what they see when one byte of it is another."""
    console.print(Text(f"\n$ tidegate case verify {file}", style="bold"), soft_wrap=True)
    said = CliRunner().invoke(case_command, ["verify", str(file)])
    console.print(said.output.strip(), soft_wrap=True, markup=False)
    with tempfile.TemporaryDirectory(prefix="tidegate-demo-") as folder:
        changed = Path(folder, "changed.zip")
        what = _with_a_byte_changed(file, changed)
        said = CliRunner().invoke(case_command, ["verify", str(changed)])
    found = [line for line in said.output.splitlines() if line.startswith("not intact:")]
    if not found:
        raise CaseError(f"a byte of {what} was changed, and nobody noticed")
    console.print(Text(f"\nThe same with one byte of {what} changed:", style="bold"), soft_wrap=True)
    console.print(f"{found[0]}\n{said.output.strip().splitlines()[-1]}", soft_wrap=True, markup=False)


def _with_a_byte_changed(file: Path, to: Path) -> str:
    """A copy in which one exhibit differs; which."""
    name = ""
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(to, "w") as made:
        for one in source.infolist():
            content = source.read(one)
            if not name and "/data/exhibits/" in one.filename:
                name, content = one.filename, content[:-1] + bytes([content[-1] ^ 1])
            made.writestr(one, content)
    return "an exhibit" if name else "nothing"
