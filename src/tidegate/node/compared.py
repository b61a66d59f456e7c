"""What comes out of comparing two policies over a node's journal, as one process tells another: JSON.

Accounts are pseudonyms throughout.
"""

import msgspec

LISTED_AT_MOST = 200


class SideShown(msgspec.Struct, frozen=True):
    """What one policy did."""

    policy: str
    model: str
    per_day: dict[str, list[int]]
    """For each rung above allow, decisions to it on each day, from :attr:`Compared.first_day` on."""
    accounts_per_rung: dict[str, int]
    """Accounts by the strongest rung that they reached."""
    accounts: int
    """Acted on at all."""


class AccountCompared(msgspec.Struct, frozen=True):
    """An account that the two policies treat differently."""

    pseudonym: str
    """16 hexadecimal digits."""
    now: str
    """The rung under the policy in force."""
    then: str
    """The rung under the candidate."""
    time: float | None
    """When it came to the stronger of the two, Unix seconds; None: not kept."""
    reasons: list[str]
    """Why, in words; empty when not kept."""
    honesty: float
    """See :func:`tidegate.statements.honesty.honesty`, as of the end of the log."""


class Differing(msgspec.Struct, frozen=True):
    """Accounts treated differently in one direction."""

    total: int
    per_rung: dict[str, int]
    """By the stronger of the two rungs."""
    listed: list[AccountCompared]
    """At most :data:`LISTED_AT_MOST`, honest-looking ones first."""


class Compared(msgspec.Struct, frozen=True, tag="compared"):
    """Two policies side by side over the same events."""

    in_force: SideShown
    candidate: SideShown
    newly: Differing
    """Acted on under the candidate only; of a shadow policy: on a stronger rung under the candidate now."""
    no_longer: Differing
    """Acted on under the policy in force only; of a shadow policy: on a milder rung under the candidate now."""
    stronger: int
    """Accounts acted on under both, further under the candidate."""
    milder: int
    first_day: int
    """Days since 1970 (UTC) of the first day counted."""
    first_s: float | None
    """Unix seconds of the first event of the log replayed; None: there was none."""
    last_s: float | None
    events: int
    """Replayed."""
    through: int
    """Number of the journal's event after the last one replayed."""
    took_s: float


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far a backtest has come."""

    events: int
    of: int
    took_s: float


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Why there is no result, in words."""

    words: str


class ShadowShown(msgspec.Struct, frozen=True, tag="shadow"):
    """What a shadow policy would have done so far, beside what the live policies did."""

    candidate_digest: str
    since_s: float
    """When counting began, by the log's own time."""
    differing_since_s: float
    """From when on accounts are compared: since the process that compares them last began from a snapshot."""
    behind: int
    """Events of the journal that it has not read yet."""
    written_s: float
    """Unix seconds, by the machine's clock."""
    compared: Compared


Told = Progress | Compared | Failed
told_in = msgspec.json.Decoder(Told)
"""One line of what a backtest says."""
