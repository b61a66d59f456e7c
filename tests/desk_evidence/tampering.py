"""What somebody does who wants a case file to say something else: change files, and make the lists fit again."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tidegate.desk.evidence.custody.chain import BEGINNING

Files = dict[str, bytes]
CUSTODY, REGISTER, CASE = "data/custody/custody.jsonl", "data/exhibits.json", "data/case.json"


def read(path: Path) -> tuple[str, Files]:
    """The folder, and every file in it."""
    with zipfile.ZipFile(path) as zipped:
        names = zipped.namelist()
        folder = names[0].partition("/")[0]
        return folder, {name.partition("/")[2]: zipped.read(name) for name in names}


def write(path: Path, folder: str, files: Files) -> None:
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(f"{folder}/{name}", content)


def change(path: Path, how: Callable[[Files], None], *, carefully: bool = False) -> None:
    """Change files. Carefully: with manifests made anew, so that only what is deeper can tell."""
    folder, files = read(path)
    how(files)
    if carefully:
        remake_manifests(files)
    write(path, folder, files)


def remake_manifests(files: Files) -> None:
    payload = [name for name in files if name.startswith("data/")]
    files["manifest-sha256.txt"] = _manifest(files, payload)
    tags = [name for name in files if not name.startswith("data/") and name != "tagmanifest-sha256.txt"]
    files["tagmanifest-sha256.txt"] = _manifest(files, tags)


def _manifest(files: Files, names: list[str]) -> bytes:
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(names)).encode()


def rows(files: Files) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[CUSTODY].splitlines()]


def put_rows(files: Files, changed: list[dict[str, Any]], *, linked: bool) -> None:
    """Write the chain back; ``linked``: numbered and chained anew, as its writer would have."""
    lines, before = [], BEGINNING
    for number, row in enumerate(changed, 1):
        if linked:
            row = row | {"number": number, "before": before}
        line = json.dumps(row, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        before = hashlib.sha256(line).hexdigest()
        lines.append(line)
    files[CUSTODY] = b"".join(lines)


def put_register(files: Files, register: list[dict[str, Any]]) -> None:
    files[REGISTER] = (json.dumps(register, sort_keys=True, indent=1) + "\n").encode()
    reseal_chain(files)


def reseal_chain(files: Files) -> None:
    """Have the last custody row name the records as they are now."""
    changed = rows(files)
    changed[-1]["details"] = {name: hashlib.sha256(files[name]).hexdigest() for name in (REGISTER, CASE)}
    put_rows(files, changed, linked=True)


def unseal(files: Files) -> None:
    """Take the seal away, so that nothing outside the file contradicts it."""
    for name in [name for name in files if name.startswith("seal/") and name.endswith(".tsr")]:
        del files[name]
    files["seal/seal.tsv"] = b""
