"""Reading ``truth.csv``: which account plays which role."""

import csv
from pathlib import Path

import numpy as np

from tidegate.cli.failures import Refused
from tidegate.events.pseudonym import Pseudonyms
from tidegate.learning.samples import Truth
from tidegate.world import FAMILIES, FLEETS

COLUMNS = ("account", "role", "campaign")
ABUSIVE = (*FAMILIES, *FLEETS)
"""Roles of attackers; every other role, those of crowds too, is an honest one."""


def read_truth(path: Path, pseudonyms: Pseudonyms) -> Truth:
    """``account,role,campaign``; a role that is an attacker family or a fleet makes the account abusive from the start.

    Raises Refused with the line when the file is not such a table.
    """
    accounts, roles, campaigns = [], [], []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        head = next(reader, [])
        if tuple(head) != COLUMNS:
            raise Refused(
                f"{path}:1: the first line must be {','.join(COLUMNS)}, not {','.join(head)[:80]!r}."
            )
        for row in reader:
            if len(row) != len(COLUMNS):
                raise Refused(f"{path}:{reader.line_num}: {len(row)} columns; a line has {len(COLUMNS)}.")
            accounts.append(row[0])
            roles.append(row[1])
            campaigns.append(row[2])
    role = np.array(roles or [""], str)
    bad = np.isin(role, ABUSIVE)
    return Truth(
        np.asarray(pseudonyms.many(accounts), np.uint64),
        np.where(bad, role, "honest"),
        role,
        np.array(campaigns or [""], str),
        np.where(bad, 0.0, np.inf),
    )
