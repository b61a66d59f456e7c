"""One sealed case for all tests, made once."""

import shutil
from pathlib import Path

import pytest
from cases import authority_or_skip, contents

from tidegate.desk.evidence.custody.authorities import Authority
from tidegate.desk.evidence.custody.contents import CaseContents
from tidegate.desk.evidence.custody.writing import write_case_file


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """Two that stamp."""
    folder = tmp_path_factory.mktemp("authorities")
    return authority_or_skip(folder / "one", "First authority"), authority_or_skip(
        folder / "two", "Second one"
    )


@pytest.fixture(scope="session")
def case_contents(authorities: tuple[Authority, Authority]) -> CaseContents:
    """A case before it is sealed."""
    return contents(*authorities)


@pytest.fixture(scope="session")
def sealed_once(
    tmp_path_factory: pytest.TempPathFactory,
    authorities: tuple[Authority, Authority],
    case_contents: CaseContents,
) -> Path:
    """That case, sealed by both."""
    path = tmp_path_factory.mktemp("case") / "case-7.zip"
    write_case_file(path, case_contents, authorities)
    return path


@pytest.fixture
def sealed(sealed_once: Path, tmp_path: Path) -> Path:
    """A copy of one's own."""
    return Path(shutil.copy(sealed_once, tmp_path / "case-7.zip"))
