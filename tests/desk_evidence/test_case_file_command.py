"""``tidegate case verify``: what it says, and what it needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tampering import change, unseal

from tidegate.cli.main import main
from tidegate.desk.evidence.custody.authorities import Authority
from tidegate.desk.evidence.custody.contents import CaseContents
from tidegate.desk.evidence.custody.printing import print_to_pdf
from tidegate.desk.evidence.custody.writing import write_case_file

WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from tidegate.cli.main import main
main(["case", "verify", sys.argv[1]])
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["case", "verify", *arguments])


def without(packages: set[str], path: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, where these packages do not exist; and nothing of a desk is set up."""
    settings = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "TIDEGATE"))
    }
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(absent=packages), str(path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=settings,
    )


def test_an_intact_case_is_called_so_with_who_sealed_it(
    sealed: Path, authorities: tuple[Authority, Authority]
) -> None:
    said = run(str(sealed))
    assert said.exit_code == 0, said.output
    assert "the case file is intact" in said.output
    assert "by First authority (CN=First authority)" in said.output
    assert "the roots lie in the file itself" in said.output
    roots = sealed.with_name("roots.pem")
    roots.write_bytes(authorities[0].roots_pem + authorities[1].roots_pem)
    said = run(str(sealed), "--roots", str(roots))
    assert said.exit_code == 0 and "lie in the file" not in said.output
    roots.write_bytes(authorities[0].roots_pem)
    assert run(str(sealed), "--roots", str(roots)).exit_code == 1
    roots.write_bytes(b"none")
    assert run(str(sealed), "--roots", str(roots)).exit_code == 2


def test_what_is_not_intact_is_listed(sealed: Path) -> None:
    change(sealed, lambda files: files.update({"data/index.html": b"<p>another index"}))
    said = run(str(sealed))
    assert said.exit_code == 1
    assert (
        "not intact: data/index.html was changed" in said.output and "NOT intact: 1 findings" in said.output
    )
    told = json.loads(run(str(sealed), "--json").output)
    assert (told["intact"], told["wrong"]) == (False, 1)


def test_an_unsealed_case_is_neither_one_nor_the_other(sealed: Path) -> None:
    change(sealed, unseal, carefully=True)
    said = run(str(sealed))
    assert said.exit_code == 3 and "nobody else vouches for it" in said.output


def test_what_is_no_case_file_is_refused(tmp_path: Path) -> None:
    assert run(str(tmp_path / "absent.zip")).exit_code == 2


def test_neither_django_nor_the_other_extras_are_needed(sealed: Path) -> None:
    absent = {
        "django",
        "rapidfuzz",
        "anyascii",
        "httpx",
        "lightgbm",
        "sklearn",
        "scipy",
        "uvicorn",
        "networkit",
        "msgspec",
    }
    said = without(absent, sealed)
    assert (said.returncode, said.stderr) == (0, ""), said
    assert "the case file is intact" in said.stdout


def test_without_the_extra_for_evidence_it_says_what_it_could_not_check(sealed: Path) -> None:
    said = without({"django", "rfc3161_client", "asn1crypto", "warcio", "cryptography"}, sealed)
    assert said.returncode == 3, said
    assert "not checked: time stamps were not checked" in said.stdout and "VERIFY.txt" in said.stdout
    change(sealed, lambda files: files.update({"data/index.html": b"<p>another index"}))
    assert without({"django", "rfc3161_client", "asn1crypto", "warcio"}, sealed).returncode == 1


def test_the_index_shows_everything_as_text_and_prints(
    tmp_path: Path, case_contents: CaseContents, authorities: tuple[Authority, Authority]
) -> None:
    import zipfile

    path = tmp_path / "printed.zip"
    write_case_file(path, case_contents, authorities[:1], print_to_pdf)
    with zipfile.ZipFile(path) as zipped:
        page = zipped.read("case-7/data/index.html").decode()
        assert (
            "<script" not in page
            and "Sales page 1 &lt;b&gt;" in page
            and "https://shop1.example/&lt;script&gt;" in page
        )
        if "case-7/data/index.pdf" not in zipped.namelist():
            pytest.skip("no browser is installed, so there is no PDF of the index")
        assert zipped.read("case-7/data/index.pdf").startswith(b"%PDF")
    assert run(str(path)).exit_code == 0
