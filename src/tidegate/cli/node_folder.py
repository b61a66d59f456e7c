"""The folder that a node keeps everything in, as commands are told of it."""

from pathlib import Path

import click

from tidegate.cli.failures import Refused
from tidegate.node.settings import SETTINGS_FILE

DEFAULT_FOLDER = "tidegate-data"
FOLDER_MODE = 0o700

data_folder = click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_FOLDER,
    envvar="TIDEGATE_DATA",
    show_default=True,
    show_envvar=True,
    help="The node's folder.",
)

SETTINGS_TEXT = """\
# Settings of this Tidegate node. A line that begins with # shows a default; take the # away to change it.
# They are read when the node starts.

# policy = ""            # a policy file, relative to this folder; empty: the shipped policy
# model = true           # false: rules alone decide

[listen]
# host = "127.0.0.1"     # beyond this machine only with TLS
# port = 8470            # 0: no TCP
# socket = "node.sock"   # Unix socket, relative to this folder; empty: none. Only this user can enter this folder:
#                        # for other users name a path elsewhere, such as "/run/tidegate/node.sock"
# socket_mode = "0660"
# tls_certificate = ""   # PEM files, relative to this folder
# tls_key = ""
# metrics_open = false   # true: /metrics without a token

[enforcement]
# mode = "shadow"        # shadow: decide and record, act on nobody; percentage: act on a share of accounts; enforce
# percentage = 100.0     # of accounts, always the same ones; used in mode percentage
# exempt = []            # accounts that are never acted on, such as ["@admin:example.org", "@bot-*"]
# attempts = 12          # then an action is a dead letter
# first_retry_s = 2.0
# longest_retry_s = 900.0
# lease_s = 30.0         # a messenger that was handed an action and says nothing for so long has failed

[breaker]                # acting stops when a rung is decided far more often than expected; deciding goes on
# factor = 5.0           # times the expected daily rate
# least = 20             # fewer actions than this in a day never trip it

# [breaker.expected]     # decisions per day and 1,000 accounts, as `tidegate backtest` counts them
# challenge = 4.0
# budget = 4.0
# lock = 2.0
# suspend = 1.0
# ban = 0.5

[challenge]              # what rung `challenge` asks for, see docs/challenge.md
# public_url = ""        # where people reach this node's /challenge/, without a slash at the end; no challenge without it
# lifetime_s = 86400.0   # how long a link can be used
# work_iterations = 6_000_000   # of a first challenge: 2 to 5 s on a phone
# most_times = 8         # repeated challenges take up to this many times the work
# account_days = 7.0     # challenges that an account passed in so many days make its next one harder
# network_free = 20      # and so do each so many that its network passed in a day; 0: networks are not counted
# wait_s = 120.0         # who cannot do the work may wait this long instead; 0: there is no such way
# proxies = 1            # reverse proxies in front that add to X-Forwarded-For; 0: addresses are not looked at
# service = ""           # the messenger's name, shown on the page
# contact = ""           # an https: or mailto: address, shown on the page

[notices]                # what account holders are told
# public_url = ""        # where people reach the desk's public pages, no slash at the end; empty: notices have no link

[desk]                   # where people review and account holders appeal, see docs/desk.md
# enabled = true
# host = "127.0.0.1"     # beyond this machine only behind a proxy that does TLS, see public_url under [notices]
# port = 8471
# database = ""          # postgresql://USER:PASSWORD@HOST:PORT/NAME; empty: SQLite in this folder
# threads = 8            # requests answered at the same time
# proxy = ""             # address of the reverse proxy, such as "127.0.0.1": only its X-Forwarded-… headers are believed
# second_factor = "required"   # optional: only of those who have set one up
# session_hours = 12.0   # then people sign in again
# service = ""           # the messenger's name, as account holders know it
# contact = ""           # where people turn to: an https: or mailto: address
# appeal_hours = 24.0    # within which an appeal is to be decided
# random_share = 0.15    # of the review queue, drawn uniformly at random
# blind_share = 0.1      # of automatic actions, looked at again by somebody who is not told what was decided

# [desk.evidence]
# names = []             # what people call the messenger, in every script and form; empty: service
# authorities = []       # time stamps: { name = "…", url = "https://…", roots = "roots.pem" }, one or two
# networks = []          # private networks that may be captured from all the same, as "10.0.0.0/8"
# keep_days = 3650       # for which a closed case is kept

[campaigns]              # the search for accounts that act together, see docs/campaigns.md; it needs NetworKit
# enabled = true
# every_s = 300.0        # between two looks, by the log's own time
# window_days = 14.0     # what lies further back is not looked at

[retention]              # days; 0: for ever
# log_days = 30.0
# decisions_days = 365.0
# reasons_days = 180.0   # the reasons of a decision, and campaigns; the decision itself stays for decisions_days
# idle_days = 180.0      # accounts, networks and devices without a sign of life are forgotten
# vault_access_days = 365.0

[snapshots]              # how much has to be replayed after a crash
# every_events = 5_000_000
# every_s = 600.0
# keep = 2

[limits]
# body_bytes = 4_194_304      # of one request
# lines = 10_000              # of one request
# queue_bytes = 67_108_864    # bodies that wait to be made durable; beyond that 429
# queue_requests = 4_096
# batch_events = 65_536       # events made durable together
# clock_skew_s = 300.0        # how far ahead of the node's clock an event may lie
# ledger_queue = 65_536       # decisions that wait for the ledger; beyond that ingestion waits
"""


def make_folder(folder: Path) -> bool:
    """Make the node's folder with its settings file when it is not there; True when it was made.

    Raises :class:`Refused` when it cannot be, or when others may look into it.
    """
    try:
        made = not folder.exists()
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        mode = folder.stat().st_mode & 0o777
        if mode & 0o077:
            raise Refused(
                f"{folder}: other users may look into this folder (mode {mode:o}), and it holds keys. "
                f"Run: chmod 700 {folder}"
            )
        settings = folder / SETTINGS_FILE
        if not settings.exists():
            settings.write_text(SETTINGS_TEXT, "utf-8")
    except OSError as error:
        raise Refused(f"{folder}: the node's folder cannot be made: {error.strerror}.") from None
    return made
