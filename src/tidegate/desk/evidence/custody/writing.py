"""Seal a case: one zip file with everything, that can be checked without this software."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tidegate.desk.evidence.custody.authorities import Authority, stamp
from tidegate.desk.evidence.custody.authorities_named import TokenRecord
from tidegate.desk.evidence.custody.bag import DECLARATION, BagWriter, durable
from tidegate.desk.evidence.custody.canonical_json import moment, pretty
from tidegate.desk.evidence.custody.case_uco import case_uco
from tidegate.desk.evidence.custody.certificate import certificate_draft
from tidegate.desk.evidence.custody.chain import SEALED, following
from tidegate.desk.evidence.custody.contents import FORMAT, CaseContents, CaseFileError
from tidegate.desk.evidence.custody.exhibits import ExhibitContent, Part, file_name, sha256_of
from tidegate.desk.evidence.custody.hand_check import hand_check
from tidegate.desk.evidence.custody.index_page import index_page
from tidegate.desk.evidence.custody.layout import CASE, CUSTODY, HEADS, MANIFEST, REGISTER, SEAL, TOKENS
from tidegate.desk.evidence.grounds.determination import as_record

Print = Callable[[str], bytes | None]
"""From HTML to PDF; None when this machine cannot."""


def write_case_file(
    path: Path,
    contents: CaseContents,
    seal_with: Sequence[Authority] = (),
    to_pdf: Print | None = None,
) -> str:
    """Write ``path`` beside its name and rename it. Returns the SHA-256 of the manifest, which the seal is over.

    Raises CaseFileError, NoAnswerError when an authority does not stamp, OSError.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        bag = BagWriter(part, contents.id)
        try:
            sealed = _fill(bag, contents, seal_with, to_pdf)
        except BaseException:
            bag.abandon()
            raise
        bag.close()
        durable(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return sealed


def _fill(
    bag: BagWriter, contents: CaseContents, seal_with: Sequence[Authority], to_pdf: Print | None
) -> str:
    tokens = _TokenList(bag, contents)
    register = [_add_exhibit(bag, tokens, number, one) for number, one in enumerate(contents.exhibits, 1)]
    for head in contents.heads:
        name = f"{HEADS}{head.number}.txt"
        bag.add(name, f"{head.number}:{head.digest}\n".encode("ascii"))
        for token in head.tokens:
            tokens.add(token, name)
    case = _case_record(contents, tokens)
    register_sha = bag.add(REGISTER, pretty(register).encode("ascii"))
    case_sha = bag.add(CASE, pretty(case).encode("ascii"))
    last = contents.custody[-1]
    row = following(
        last,
        max(contents.made_at, datetime.fromisoformat(last.at)),
        contents.officer,
        SEALED,
        details={REGISTER: register_sha, CASE: case_sha},
    )
    bag.add(CUSTODY, b"".join(one.line for one in (*contents.custody, row)))
    bag.add(TOKENS, tokens.table())
    page = index_page(case, register, [*contents.custody, row])
    bag.add("data/index.html", page.encode())
    if to_pdf is not None and (pdf := to_pdf(page)) is not None:
        bag.add("data/index.pdf", pdf)
    bag.add("data/certificate-draft.txt", certificate_draft(case, register).encode())
    bag.add("data/case-uco.jsonld", case_uco(case, register, [*contents.custody, row]))
    return _seal(bag, contents, tokens, seal_with)


def _seal(
    bag: BagWriter, contents: CaseContents, tokens: "_TokenList", seal_with: Sequence[Authority]
) -> str:
    """What stands beside the payload; the time stamps over its manifest are the seal."""
    for authority in seal_with:
        if authority.name not in tokens.files:
            raise CaseFileError(f"{authority.name} is to seal the case, but is not among its authorities")
    bag.add("bagit.txt", DECLARATION.encode("ascii"))
    info = (
        f"Bagging-Date: {contents.made_at.date().isoformat()}\nBag-Software-Agent: {contents.tool}\n"
        f"External-Identifier: {contents.id}\nPayload-Oxum: {bag.oxum}\n"
    )
    bag.add("bag-info.txt", info.encode())
    sealed = bag.add(MANIFEST, bag.manifest)
    rows = []
    for number, authority in enumerate(seal_with, 1):
        made = stamp(authority, bag.manifest)
        name = f"seal/manifest-{number}.tsr"
        bag.add(name, made.token)
        rows.append(_row(name, MANIFEST, tokens.files[authority.name], made.at, authority.name))
    bag.add(SEAL, "".join(rows).encode())
    bag.add("VERIFY.txt", hand_check(contents.id, sealed, len(contents.exhibits), len(rows)).encode())
    return sealed


class _TokenList:
    """Every time stamp of the payload: of which file, by whom, when."""

    def __init__(self, bag: BagWriter, contents: CaseContents) -> None:
        self._bag = bag
        self._rows: list[str] = []
        self.files: dict[str, str] = {}
        """Name of an authority, to the file of its roots."""
        for authority in contents.authorities:
            if not authority.name.isprintable() or "\t" in authority.name or not authority.name:
                raise CaseFileError(f"authority {authority.name!r}: a printable name is needed")
            name = f"data/authorities/{sha256_of(authority.roots_pem)}.pem"
            bag.add(name, authority.roots_pem)
            self.files[authority.name] = name

    def add(self, token: TokenRecord, of: str) -> str:
        name = f"data/tokens/{sha256_of(token.token)}.tsr"
        self._bag.add(name, token.token)
        at = datetime.fromisoformat(token.at)
        self._rows.append(_row(name, of, self.files[token.authority], at, token.authority))
        return name

    def table(self) -> bytes:
        return "".join(self._rows).encode()


def _row(token: str, of: str, roots: str, at: datetime, authority: str) -> str:
    """A line of a list of time stamps; the shell of ``VERIFY.txt`` reads it."""
    return "\t".join((token, of, roots, str(int(at.timestamp())), authority)) + "\n"


def _add_exhibit(bag: BagWriter, tokens: _TokenList, number: int, exhibit: ExhibitContent) -> dict[str, Any]:
    """Its files into the bag; returns its entry in the register."""
    raw_name, raw = _add(bag, "data/exhibits", exhibit.raw)
    decoded_name, decoded = _add(bag, "data/decoded", exhibit.decoded) if exhibit.decoded else ("", raw)
    entry: dict[str, Any] = {
        "number": number,
        "title": exhibit.title,
        "kind": exhibit.kind,
        "source": exhibit.source,
        "media_type": exhibit.raw.media_type,
        "file": raw_name,
        "raw_sha256": raw,
        "decoded_file": decoded_name,
        "decoded_sha256": decoded,
        "clocks": exhibit.clocks,
        "operator": exhibit.operator,
        "tool": exhibit.tool,
        "notes": exhibit.notes,
        "warc": "",
        "renderings": [_add(bag, "data/renderings", one)[0] for one in exhibit.renderings],
        "tokens": [tokens.add(token, raw_name) for token in exhibit.tokens],
    }
    if exhibit.warc is not None:
        entry["warc"] = _add(bag, "data/warc", Part(exhibit.warc, "application/warc"))[0]
    return entry


def _add(bag: BagWriter, folder: str, part: Part) -> tuple[str, str]:
    sha256 = sha256_of(part.content)
    name = f"{folder}/{file_name(sha256, part.media_type)}"
    if bag.add(name, part.content) != sha256:
        raise CaseFileError(f"{name}: the file changed while it was read")
    return name, sha256


def _case_record(contents: CaseContents, tokens: _TokenList) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "id": contents.id,
        "title": contents.title,
        "officer": contents.officer,
        "made_at": moment(contents.made_at),
        "tool": contents.tool,
        "authorities": [{"name": name, "roots": file} for name, file in tokens.files.items()],
        "determinations": [as_record(one) for one in contents.determinations],
        "record": dict(contents.record),
    }
