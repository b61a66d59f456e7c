"""The commented settings file that ``tidegate matrix init`` writes."""

import json

EXAMPLE = """\
# Tidegate for a Matrix homeserver, through official interfaces only.
# Paths are relative to this file. Every value shown behind a # is the default.

server_name = {server_name}

# Accounts that are neither passed on nor acted on: the sender of server notices, bots, bridges ("@irc_*").
ignore = [{notices}]

# data = "matrix-state"           # what the adapter remembers; keep it, it knows what Tidegate did itself

[homeserver]
url = {homeserver}
# admin_token_file = "admin.token"   # access token of an account that is a server administrator

[appservice]
# Where the homeserver delivers its events. Loopback: events of unencrypted rooms come with their content.
# host = "127.0.0.1"
# port = 8471
# as_token_file = "as.token"         # both are made by `tidegate matrix appservice-registration`
# hs_token_file = "hs.token"
# hold_s = 20.0                      # how long a transaction waits for a busy node

[node]
# url = "http://127.0.0.1:8470"
# socket = ""                        # a Unix socket instead
# token_file = "node.token"          # a token with the scopes ingest and act

[polling]
# registrations_s = 10.0
# reports_s = 30.0
# sessions_s = 300.0                 # new devices of accounts younger than watch_h
# watch_h = 48.0
# requests_per_s = 10.0              # all of them together

[enforcement]
# notices = true                     # needs server_notices in homeserver.yaml
# challenge_url = ""                 # e.g. "https://example.org/challenge/{{ticket}}"; empty: as the node says
# budget = "ration"                  # ration | notice | suspend
# lock = "suspend"                   # suspend | ration | notice
# first_contacts = 5                 # people invited without an answer in window_h, for rationed accounts
# window_h = 24.0
# ban_deletes_devices = true         # encryption keys without a backup are lost with the device
# ban_redacts = false                # also remove what the account wrote

# What a rung means on this server, added to its notice. Your language, your words.
# [words]
# suspend = "Until then you can read and leave rooms, but not write."
"""


def example_settings(server_name: str, homeserver: str) -> str:
    """The settings file for a homeserver, all defaults shown."""
    return EXAMPLE.format(
        server_name=json.dumps(server_name),
        homeserver=json.dumps(homeserver),
        notices=json.dumps(f"@notices:{server_name}"),
    )
