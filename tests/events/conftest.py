"""Reading a log written for one test."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_logs import NOW_S, Read, Result

from tidegate.events.columns import EVENT
from tidegate.events.log import open_log
from tidegate.events.pseudonym import Pseudonyms


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write each text to a file of its own (or take paths as they are), then read them as one log."""

    def run(*logs: str | bytes | Path, name: str = "log.jsonl", **options: Any) -> Result:
        paths = []
        for i, log in enumerate(logs):
            if isinstance(log, Path):
                paths.append(log)
                continue
            path = tmp_path / f"{i}-{name}"
            path.write_bytes(log.encode() if isinstance(log, str) else log)
            paths.append(path)
        rejected = tmp_path / "rejected.jsonl"
        options = {"pseudonyms": Pseudonyms(), "rejected": rejected, "now_s": NOW_S} | options
        opened = open_log(paths, **options)
        chunks = list(opened)
        every = [np.arange(len(chunk.events)) for chunk in chunks]
        return Result(
            np.concatenate([chunk.events for chunk in chunks]) if chunks else np.zeros(0, EVENT),
            [n for c, rows in zip(chunks, every, strict=True) for n in c.names(rows, "actor")],
            [n for c, rows in zip(chunks, every, strict=True) for n in c.names(rows, "target")],
            opened.summary,
            rejected,
        )

    return run
