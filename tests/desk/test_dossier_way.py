"""The whole way: a folder of saved pages and a campaign on the messenger become a sealed file that anybody can check."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from desk import stepping
from desk.campaign_found import told
from desk.cases import OFFER, PAGE
from desk.sending import bulk_sender
from desk_evidence import tampering
from tidegate.cli.case import case as case_command
from tidegate.cli.demo_case import TimeStamps
from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.dossier import forgetting
from tidegate.desk.evidence.dossier.forgetting import _digests
from tidegate.desk.evidence.exhibits.kept import path_of
from tidegate.desk.evidence.exhibits.working import work
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.steps.models import Letter
from tidegate.desk.evidence.subjects.models import Finding, Link
from tidegate.desk.settings import AuthoritySettings

pytestmark = pytest.mark.django_db
SELLER = "@seller:example.org"
CAMPAIGN = 0x77
ABOUT = """<!doctype html><html lang="en"><title>Who we are</title>
<p>Lantern Blast Ltd, CNPJ 11.222.333/0001-81. Our terms forbid bulk messages on Example Chat.</p></html>"""
WHY = "the same registration number as in the register"


@pytest.fixture
def authority(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A time-stamp authority on this machine, named by the settings."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    running = TimeStamps(tmp_path)
    roots = tmp_path / "authority.pem"
    roots.write_bytes(running.authority.roots_pem)
    url = f"http://127.0.0.1:{running._server.server_port}/"
    evidence = msgspec.structs.replace(
        settings.TIDEGATE.evidence,
        authorities=(AuthoritySettings(name=running.authority.name, url=url, roots=str(roots)),),
    )
    settings.TIDEGATE = msgspec.structs.replace(
        settings.TIDEGATE, evidence=evidence, contact="mailto:legal@example.org"
    )
    yield
    running.close()


def saved_pages(folder: Path) -> Path:
    folder.mkdir()
    # As browsers write it into a page that they save: a letter says where a quote was seen.
    saved = "<!-- saved from url=(0027)https://blast.example/offer -->\n"
    (folder / "offer.html").write_text(saved + PAGE, "utf-8")
    (folder / "about.html").write_text(ABOUT, "utf-8")
    return folder


def campaign(beside: Any) -> None:
    """Three accounts that the node found to act together; one of them stands on the saved page."""
    names = [SELLER, "@second:example.org", "@third:example.org"]
    for name in names:
        beside.hear(bulk_sender(name))
    told(beside, CAMPAIGN, names)
    beside.copy()


def opened(client: Client) -> Case:
    address = f"/desk/cases/new/?campaign={CAMPAIGN:016x}"
    assert f"{CAMPAIGN:016x}" in client.get(address).content.decode()
    head = {"title": "Lantern Blast", "subject": "company", "role": "engaged"}
    head |= {"subject_name": "Lantern Blast Ltd", "campaign": f"{CAMPAIGN:016x}"}
    assert client.post("/desk/cases/new/", head).status_code == 302
    return Case.objects.get()


def handed_in(client: Client, page: str, folder: Path) -> None:
    uploads = [SimpleUploadedFile(one.name, one.read_bytes()) for one in sorted(folder.iterdir())]
    seen = f"{timezone.now() - timedelta(days=40):%Y-%m-%dT%H:%M}"
    answer = client.post(f"{page}exhibits/add-files/", {"files": uploads, "seen": seen})
    assert answer.status_code == 302, answer.content.decode()
    while work():
        """Stamps, renderings, reading."""


def read(client: Client, page: str) -> None:
    """The offer is confirmed; whatever else was proposed is rejected."""
    for claim in Claim.objects.all():
        offers = claim.quote == OFFER
        said = {"state": "confirmed", "stance": "offers", "strength": "explicit"}
        sent = said if offers else {"state": "rejected"}
        assert client.post(f"{page}reading/claims/{claim.pk}/", sent).status_code == 302
    assert Claim.objects.filter(state="confirmed").count() == 1


def linked(client: Client, page: str) -> None:
    """By the registration number to the pages, by the account that a page names to the messenger."""
    known = {"sort": "registration", "value": "11.222.333/0001-81", "origin": "the register"}
    assert client.post(f"{page}links/known/", known).status_code == 302
    for _ in range(2):
        for link in Link.objects.filter(state="proposed", kind="same"):
            sent = {"state": "confirmed", "note": WHY}
            assert client.post(f"{page}links/link/{link.pk}/", sent).status_code == 302
    finding = {"about": "campaign", "which": f"{CAMPAIGN:016x}"}
    assert client.post(f"{page}links/finding/", finding).status_code == 302
    assert Finding.objects.values("account").distinct().count() == 3


def served(officer: Client, second: Client, case: Case) -> None:
    """A letter, which its writer cannot approve."""
    assert stepping.determine(officer, case).status_code == 302
    claims = list(Claim.objects.filter(state="confirmed").values_list("pk", flat=True))
    answer = stepping.put_down(officer, case, claims=claims)
    assert answer.status_code == 302, stepping.words(answer)
    letter = Letter.objects.get()
    approval = {"sha256": letter.sha256}
    assert officer.post(stepping.at(case, f"{letter.step_id}/approve/"), approval).status_code != 302
    assert second.post(stepping.at(case, f"{letter.step_id}/approve/"), approval).status_code == 302
    now = f"{timezone.now():%Y-%m-%dT%H:%M}"
    receipt = SimpleUploadedFile("receipt.txt", b"delivered to the reception desk")
    service = {"way": "post", "sent": now, "delivered": now, "proof": receipt}
    assert officer.post(stepping.at(case, f"{letter.step_id}/served/"), service).status_code == 302
    while work():
        """The receipt is an exhibit too."""


def sealed(client: Client, page: str, case: Case, to: Path) -> Path:
    answer = client.post(f"{page}seal/", follow=True)
    assert "Sealed, and found intact" in answer.content.decode()
    file = case.sealed_files.get()
    to.write_bytes(b"".join(client.get(f"{page}sealed/{file.pk}/").streaming_content))  # type: ignore[attr-defined]
    return to


def verified(file: Path) -> tuple[int, str]:
    ran = CliRunner().invoke(case_command, ["verify", str(file)])
    return ran.exit_code, ran.output


def test_saved_pages_and_a_campaign_become_a_file_that_says_when_it_was_touched(
    authority: None,
    beside: Any,
    people: dict[str, Any],
    signed_in: Callable[[str], Client],
    tmp_path: Path,
) -> None:
    officer, second = signed_in("officer"), signed_in("senior")
    campaign(beside)
    case = opened(officer)
    page = f"/desk/cases/{case.name}/"
    handed_in(officer, page, saved_pages(tmp_path / "saved"))
    read(officer, page)
    linked(officer, page)
    served(officer, second, case)
    shown = officer.get(page).content.decode()
    for words in (
        "Confirmed offers in exhibit 2",
        "A letter was delivered on",
        "6 findings on the messenger",
    ):
        assert words in shown, words
    file = sealed(officer, page, case, tmp_path / "case.zip")
    code, said = verified(file)
    assert code == 0 and "the case file is intact" in said, said
    _, files = tampering.read(file)
    index = files["data/index.html"].decode()
    for words in (OFFER, "Checklist", "Timeline", "Registered post", "the-senior", WHY, "Section 3"):
        assert words in index, words
    assert '<tr class="more">' in index  # sentences of findings stand below their row
    touched(file, tmp_path)
    leaves(case, page, officer)


def touched(file: Path, tmp_path: Path) -> None:
    """One byte of an exhibit, and a row of custody taken out with the lists made to fit: each is found and named."""

    def a_byte(files: tampering.Files) -> None:
        name = next(one for one in files if one.startswith("data/exhibits/"))
        files[name] = bytes([files[name][0] ^ 1]) + files[name][1:]

    def a_row(files: tampering.Files) -> None:
        rows = tampering.rows(files)
        tampering.put_rows(files, rows[:3] + rows[4:], linked=False)

    for number, (how, careful, named) in enumerate(
        ((a_byte, False, "data/exhibits/"), (a_row, True, "custody"))
    ):
        copy = tmp_path / f"touched-{number}.zip"
        copy.write_bytes(file.read_bytes())
        tampering.change(copy, how, carefully=careful)
        code, said = verified(copy)
        assert code == 1 and "NOT intact" in said and named in said, said


def leaves(case: Case, page: str, officer: Client) -> None:
    """Closed, outlived, gone: with letters, service, files and sealed files; the record says so."""
    assert [row.did for row in chain(case)][-1] == "sealed file made"
    closes = {"stage": "closed", "reason": "the subject has stopped"}
    assert officer.post(f"{page}stage/", closes).status_code == 302
    digests = _digests(case)
    for sha256 in digests:
        os.utime(path_of(sha256), times=(time.time() - 7_200,) * 2)
    Case.objects.update(keep_until=timezone.now())
    assert forgetting.outlived() == 1
    assert not Case.objects.exists() and not Letter.objects.exists()
    assert digests and not [one for one in digests if path_of(one).exists()]
    assert officer.get(page).status_code == 404
