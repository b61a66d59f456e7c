"""The documentation says what is so: pages are current, examples work, links lead somewhere."""

import doctest
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import tidegate
from tidegate.cli import demo
from tidegate.cli import docs as docs_module
from tidegate.cli import main as main_module
from tidegate.engine.features import FEATURES
from tidegate.engine.rungs import RUNGS
from tidegate.events.errors import LogError
from tidegate.events.log import Log, open_log
from tidegate.events.pseudonym import Pseudonyms
from tidegate.world import FAMILIES
from tidegate.world.accounts import HONEST_ROLES

ROOT = Path(__file__).parents[2]
PACKAGE = Path(tidegate.__file__).parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
WRITTEN_BY_A_COMMAND = {ROOT / "docs" / "results.md"}
"""``tidegate evaluate --write`` makes this page; a checkout in which nobody ran it has none."""
LOG_FORMAT = (ROOT / "docs" / "log-format.md").read_text("utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """(language and what follows it, body) of each fenced block, its indentation taken off."""
    for match in re.finditer(r"^( *)```(\S[^\n]*)\n(.*?)^\1```$", text, re.M | re.S):
        indent, info, body = match.groups()
        yield info, re.sub(f"^{indent}", "", body, flags=re.M)


def commands(page: Path) -> list[list[str]]:
    """Every command in the ``sh`` blocks of a page, as words without the comment."""
    lines = [
        line for info, body in blocks(page.read_text("utf-8")) if info == "sh" for line in body.splitlines()
    ]
    found = [part for line in lines for part in re.split(r" && ", line)]
    return [words for part in found if (words := shlex.split(part, comments=True))]


def tidegate_arguments(words: list[str]) -> list[str] | None:
    return words[1:] if words[0].split("/")[-1] == "tidegate" else None


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as code forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# -- generated pages ---------------------------------------------------------------------------------------


def test_the_generated_pages_are_current() -> None:
    result = CliRunner().invoke(docs_module.docs, ["--check"])
    assert result.exit_code == 0, result.output


def test_a_stale_page_is_noticed_and_put_right(tmp_path: Path) -> None:
    for page, text in docs_module.current_pages(ROOT / "docs").items():
        (tmp_path / page.name).write_text(text.replace("messages sent", "messages posted"), "utf-8")
    stale = CliRunner().invoke(docs_module.docs, ["--check", "--folder", str(tmp_path)])
    assert stale.exit_code == 1
    assert "features.md is not current" in stale.output
    CliRunner().invoke(docs_module.docs, ["--folder", str(tmp_path)])
    current = CliRunner().invoke(docs_module.docs, ["--check", "--folder", str(tmp_path)])
    assert current.exit_code == 0, current.output


def test_a_page_that_lost_its_mark_is_an_error_and_not_left_alone(tmp_path: Path) -> None:
    for page in docs_module.PARTS:
        (tmp_path / page).write_text("# Nothing to fill in\n")
    result = CliRunner().invoke(docs_module.docs, ["--folder", str(tmp_path)])
    assert result.exit_code == 2
    assert "log-format.md: the page must hold <!-- generated: fields -->" in result.output


def test_every_feature_has_its_line_with_unit_and_signals() -> None:
    page = (ROOT / "docs" / "features.md").read_text("utf-8")
    for feature in FEATURES:
        (line,) = re.findall(rf"^\| `{feature.name}` \|.*$", page, re.M)
        assert f"| {feature.unit} |" in line
        assert docs_module.needed_signals(feature.needs) in line


def test_the_world_page_names_every_family_and_every_role_that_is_not_an_ordinary_person() -> None:
    page = (ROOT / "docs" / "world.md").read_text("utf-8")
    missing = [name for name in (*FAMILIES, *HONEST_ROLES[1:]) if f"`{name}`" not in page]
    assert not missing


def test_the_policy_page_names_every_rung() -> None:
    page = (ROOT / "docs" / "policy.md").read_text("utf-8")
    assert all(f"`{rung}`" in page for rung in RUNGS)


# -- the log contract --------------------------------------------------------------------------------------


def read(path: Path, **settings: object) -> tuple[int, Log]:
    log = open_log([path], pseudonyms=Pseudonyms(), now_s=1.8e9, **settings)  # type: ignore[arg-type]
    return sum(len(chunk.events) for chunk in log), log


EXAMPLES = [tuple(info.split()) for info, _ in blocks(LOG_FORMAT) if len(info.split()) == 2]


def test_there_is_an_example_of_every_format() -> None:
    assert {language for language, _ in EXAMPLES} == {"jsonl", "csv", "pycon", "snap"}


@pytest.mark.parametrize(("language", "name"), EXAMPLES)
def test_an_example_log_is_read_whole(
    language: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = dict(blocks(LOG_FORMAT))[f"{language} {name}"]
    monkeypatch.chdir(tmp_path)
    if language == "pycon":
        run_examples(body, name)
    else:
        Path(name).write_text(body, "utf-8")
    events, log = read(Path(name), strict=True)
    expected_format = "parquet" if language == "pycon" else language
    assert (events, log.files[0].format) == (log.summary.rows, expected_format)
    assert events > 1
    assert not log.summary.notes


REFUSED_LINES = re.findall(r"^\| `([\[{].*)` \| (.+) \|$", LOG_FORMAT, re.M)


def test_the_table_of_refused_lines_was_found() -> None:
    assert len(REFUSED_LINES) > 10


@pytest.mark.parametrize(("line", "reason"), REFUSED_LINES)
def test_a_refused_line_of_the_page_is_set_aside_for_the_reason_it_names(
    line: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"time": 1772356000, "type": "login", "actor": "ann"}\n' + line + "\n", "utf-8")
    events, log = read(path)
    assert events == 1
    assert log.summary.rejected_by_reason == {reason: 1}


@pytest.mark.parametrize("name", ["body", "Body", "formatted-body"])
def test_a_field_that_the_page_calls_content_refuses_the_log(name: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(f'{{"time": 1772356000, "type": "login", "actor": "ann", "{name}": "hi"}}\n', "utf-8")
    with pytest.raises(LogError, match="looks like message content"):
        read(path)


# -- examples and commands ---------------------------------------------------------------------------------


def run_examples(text: str, name: str) -> int:
    """Run ``>>>`` examples; fails with what they gave instead. Returns how many there were."""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    said: list[str] = []
    failed, attempted = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not failed, "".join(said)
    return attempted


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_python_examples_of_a_page_give_what_they_say(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for info, body in blocks(page.read_text("utf-8")):
        if info.split()[0] == "pycon":
            assert run_examples(body, name_of(page))


WITH_EXAMPLES = sorted(
    path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
    for path in PACKAGE.rglob("*.py")
    if re.search(r"^\s+>>> ", path.read_text("utf-8"), re.M)
)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_in_docstrings_give_what_they_say(module: str) -> None:
    results = doctest.testmod(importlib.import_module(module))
    assert results.attempted
    assert not results.failed


def test_every_make_command_of_the_pages_is_a_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    asked = {words[1] for page in PAGES for words in commands(page) if words[0] == "make"}
    asked |= {word for page in PAGES for word in re.findall(r"`make ([a-z]+)`", page.read_text("utf-8"))}
    assert {"demo", "test", "model"} <= asked
    assert asked <= targets


def test_the_readme_opens_with_the_demo_and_the_tests() -> None:
    assert [words[:2] for words in commands(ROOT / "README.md")[:2]] == [["make", "demo"], ["make", "test"]]


def test_the_readme_describes_the_demo_as_it_is() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert f"simulates {demo.PEOPLE:,} people and every kind of attacker for {demo.DAYS} days" in text


def accepted(words: list[str]) -> None:
    """Raises unless the command exists with these options and arguments (paths need not exist)."""
    command = main_module.main.get_command(click.Context(main_module.main), words[0])
    assert command is not None, f"there is no command {words[0]}"
    rest = words[1:]
    while isinstance(command, click.Group):
        assert rest and rest[0] in command.commands, f"tidegate {words[0]} has no command {rest[:1]}"
        command, rest = command.commands[rest[0]], rest[1:]
    rest = rest[: rest.index("--")] if "--" in rest else rest  # what follows is for somebody else
    known = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in rest if word.startswith("-") and word not in known]
    assert not unknown, f"tidegate {words[0]} has no {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_of_a_page_exist_with_their_options(page: Path) -> None:
    for words in commands(page):
        if (arguments := tidegate_arguments(words)) is not None:
            accepted(arguments)
    for text in re.findall(r"`tidegate ([a-z][^`…]*)`", page.read_text("utf-8")):
        accepted(shlex.split(text))


QUICK = {"20000": "60", "30": "1"}
"""The README's commands are run on a smaller world."""


def test_the_commands_of_the_readme_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Compiling ahead would throw away machine code that other tests are using.
    for module in ("scan", "world"):
        monkeypatch.setattr(f"tidegate.cli.{module}.prepare", lambda *_: None)
    Path("events.jsonl").write_text(dict(blocks(LOG_FORMAT))["jsonl events.jsonl"], "utf-8")
    ran = []
    for words in commands(ROOT / "README.md"):
        arguments = tidegate_arguments(words)
        if arguments is None:
            continue
        result = run([QUICK.get(word, word) for word in arguments])
        assert result.exit_code == 0, f"{words}: {result.output}"
        ran.append(arguments[0])
    assert ran == ["scan", "world", "scan", "evaluate"]
    for written in ("out/mine/report.html", "out/mine/decisions.jsonl", "out/world/accounts.parquet"):
        assert Path(written).stat().st_size >= 0


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(main_module.main, arguments, catch_exceptions=False)


# -- links and places --------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(\s*([^)\s]+)\s*\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists() or place in WRITTEN_BY_A_COMMAND, f"{target} does not exist"
        if anchor:
            assert anchor in anchors(place), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_source_file_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    for path in re.findall(r"`((?:src|tests|docs)/[\w./-]+\.\w+)`", text):
        assert (ROOT / path).exists() or ROOT / path in WRITTEN_BY_A_COMMAND, path


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    places = re.findall(r"(?<![\w.\-])/(?:home|root|tmp|mnt|work|srv|Users)\b\S*", page.read_text("utf-8"))
    assert not places


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    decisions = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert decisions
    for page in decisions:
        assert f"]({page.name})" in listed
        text = page.read_text("utf-8")
        assert all(f"**{part}" in text for part in ("Context", "Choice", "Why", "What would change our mind"))


def test_the_readmes_pictures_are_small_and_described() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert pictures
    for words, path in pictures:
        assert (ROOT / path).stat().st_size < 250_000
        assert "simulated" in words
