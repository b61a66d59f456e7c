"""The table of features: name, meaning, unit, half-life, needed signals, and what faking one costs.

One table in one file. Rules, model, explanations, reports and documentation all read it; the kernel fills a
row of ``float32`` in this order (:mod:`tidegate.engine.rows`), and :mod:`tidegate.engine.reference` computes
the same values in plain Python. NaN is *missing*: the log never carried the signal, or there is nothing yet
to measure.
"""

from dataclasses import dataclass
from enum import IntFlag


class Signal(IntFlag):
    """What a log may or may not carry. A feature is missing until each signal it needs has been seen once."""

    REGISTER = 1
    NETWORK = 2
    DEVICE = 4
    TYPING = 8
    SIZE = 16
    FEEDBACK = 32  # block or report
    CONTACT = 64
    READ = 128
    GROUP = 256  # group_create, invite, join or leave
    PHONE = 512
    CLIENT = 1024
    FORWARDS = 2048
    GROUP_MESSAGE = 4096


SIGNAL_WORDS: dict[Signal, str] = {
    Signal.REGISTER: "sign-ups",
    Signal.NETWORK: "network addresses",
    Signal.DEVICE: "device ids",
    Signal.TYPING: "typing notices",
    Signal.SIZE: "ciphertext sizes",
    Signal.FEEDBACK: "blocks and reports",
    Signal.CONTACT: "saved contacts",
    Signal.READ: "read receipts",
    Signal.GROUP: "group creation, invites, joins and leaves",
    Signal.PHONE: "phone numbers at sign-up",
    Signal.CLIENT: "client software",
    Signal.FORWARDS: "forward counts",
    Signal.GROUP_MESSAGE: "messages to groups",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about one account at one event."""

    name: str
    family: str
    meaning: str
    """In words a reviewer reads, "messages sent in about the last minute" style, without the value."""
    unit: str
    half_life_s: float | None
    needs: Signal
    cost: int
    """To an attacker who wants to fake it: 0 a line of code, 1 cheap, 2 money or time per account, 3 not
    theirs to set."""
    direction: int = 0
    """+1 when more is more suspicious, -1 when less is, 0 when it depends; the model is monotone in it."""


MINUTE_S, HOUR_S, DAY_S, FORTNIGHT_S = 60.0, 3600.0, 86_400.0, 14 * 86_400.0
_NONE = Signal(0)
_S = Signal


def _f(
    name: str,
    family: str,
    meaning: str,
    unit: str,
    half_life_s: float | None = None,
    needs: Signal = _NONE,
    cost: int = 1,
    direction: int = 0,
) -> Feature:
    return Feature(name, family, meaning, unit, half_life_s, needs, cost, direction)


# fmt: off
FEATURES: tuple[Feature, ...] = (
    # velocity: decayed counts, so "in about the last hour" means a half-life of an hour
    _f("sent_1m", "velocity", "messages sent in about the last minute", "messages", MINUTE_S, direction=1),
    _f("sent_1h", "velocity", "messages sent in about the last hour", "messages", HOUR_S),
    _f("sent_1d", "velocity", "messages sent in about the last day", "messages", DAY_S),
    _f("sent_14d", "velocity", "messages sent in about the last fortnight", "messages", FORTNIGHT_S),
    _f("group_sent_1h", "velocity", "messages sent to groups in about the last hour", "messages", HOUR_S, _S.GROUP_MESSAGE),
    _f("group_sent_1d", "velocity", "messages sent to groups in about the last day", "messages", DAY_S, _S.GROUP_MESSAGE),
    # first contact
    _f("strangers_1m", "first contact", "people first written to in about the last minute", "people", MINUTE_S, cost=3, direction=1),
    _f("strangers_1h", "first contact", "people first written to in about the last hour", "people", HOUR_S, cost=3, direction=1),
    _f("strangers_1d", "first contact", "people first written to in about the last day", "people", DAY_S, cost=3, direction=1),
    _f("strangers_14d", "first contact", "people first written to in about the last fortnight", "people", FORTNIGHT_S, cost=3, direction=1),
    _f("distinct_strangers", "first contact", "different people first written to since the account was first seen", "people", cost=3),
    _f("first_contact_ratio_1d", "first contact", "share of messages in about the last day that went to someone new", "share", DAY_S, cost=2, direction=1),
    _f("first_contact_ratio_14d", "first contact", "share of messages in about the last fortnight that went to someone new", "share", FORTNIGHT_S, cost=2, direction=1),
    _f("stranger_gap_mean", "first contact", "usual time between one new contact and the next", "seconds", cost=2),
    _f("inactive_target_share", "first contact", "share of new contacts who have never been active", "share", None, _S.REGISTER, cost=2, direction=1),
    _f("target_stranger_load", "first contact", "other strangers that recently wrote to the people this account newly contacts", "people", DAY_S, cost=3, direction=1),
    # reciprocity
    _f("answered_1d", "reciprocity", "new contacts who wrote back in about the last day", "people", DAY_S, cost=2),
    _f("answered_14d", "reciprocity", "new contacts who wrote back in about the last fortnight", "people", FORTNIGHT_S, cost=2),
    _f("trusted_answers_14d", "reciprocity", "new contacts who wrote back, counting established accounts on other networks fully and fresh or neighbouring ones little", "people", FORTNIGHT_S, cost=3),
    _f("reply_rate_14d", "reciprocity", "share of new contacts who wrote back", "share", FORTNIGHT_S, cost=2, direction=-1),
    _f("trusted_reply_rate_14d", "reciprocity", "share of new contacts who wrote back, weighted by trust in who answers", "share", FORTNIGHT_S, cost=3, direction=-1),
    _f("outstanding_1d", "reciprocity", "new contacts of about the last day who have not written back", "people", DAY_S, cost=3, direction=1),
    _f("outstanding_14d", "reciprocity", "new contacts of about the last fortnight who have not written back", "people", FORTNIGHT_S, cost=3, direction=1),
    _f("cold_outreach", "reciprocity", "evidence that the silence is that of cold calling and not of getting acquainted (above 3 is strong)", "nats", FORTNIGHT_S, cost=3, direction=1),
    _f("received_1d", "reciprocity", "messages received in about the last day", "messages", DAY_S, cost=2),
    _f("received_14d", "reciprocity", "messages received in about the last fortnight", "messages", FORTNIGHT_S, cost=2, direction=-1),
    _f("received_share_14d", "reciprocity", "messages received as a share of all sent and received", "share", FORTNIGHT_S, cost=2, direction=-1),
    _f("inbound_strangers_14d", "reciprocity", "people who wrote to this account first", "people", FORTNIGHT_S, cost=2),
    _f("inbound_share_14d", "reciprocity", "share of new conversations that the other side began", "share", FORTNIGHT_S, cost=2, direction=-1),
    _f("saved_by_14d", "reciprocity", "people who saved this account as a contact", "people", FORTNIGHT_S, _S.CONTACT, cost=2, direction=-1),
    _f("reads_14d", "reciprocity", "messages that recipients are known to have read", "messages", FORTNIGHT_S, _S.READ, cost=2),
    # age and dormancy
    _f("account_age", "age", "time since sign-up", "seconds", None, _S.REGISTER, cost=2),
    _f("first_message_delay", "age", "time between sign-up and the first message", "seconds", None, _S.REGISTER, cost=1),
    _f("known_for", "age", "time since the account was first seen in this log", "seconds", cost=2),
    _f("dormancy", "age", "longest silence of the account that ended within about the last day", "seconds", DAY_S, cost=1),
    # timing
    _f("log_gap_mean", "timing", "typical time between messages, as a natural logarithm of seconds", "log seconds", cost=1),
    _f("log_gap_sd", "timing", "spread of the times between messages, on a logarithmic scale", "log seconds", cost=1),
    _f("log_gap_memory", "timing", "correlation of one gap between messages with the next, on a logarithmic scale", "correlation", cost=1),
    _f("burstiness", "timing", "burstiness of the gaps between messages: -1 clockwork, 0 random, towards 1 human bursts", "index", cost=1),
    _f("session_gap_cv", "timing", "irregularity of the gaps inside a session: people are mostly above 0.6, tools with jitter below", "ratio", cost=1, direction=-1),
    _f("stranger_gap_cv", "timing", "irregularity of the gaps between new contacts", "ratio", cost=1),
    _f("quiet_share", "timing", "share of activity in the account's own quietest six hours", "share", cost=1, direction=1),
    _f("typing_ratio_1d", "typing", "typing notices for each message", "ratio", DAY_S, _S.TYPING, cost=0, direction=-1),
    _f("untyped_strangers", "typing", "share of new contacts written to without a typing notice", "share", None, _S.TYPING, cost=0, direction=1),
    # size and forwarding
    _f("stranger_size_cv", "size", "variation in the size of first messages", "ratio", None, _S.SIZE, cost=1),
    _f("same_size_share", "size", "share of first messages as long as the one before", "share", None, _S.SIZE, cost=1, direction=1),
    _f("forwarded_share", "size", "share of messages that had been forwarded before", "share", None, _S.FORWARDS, cost=0, direction=1),
    # groups
    _f("groups_created_1h", "groups", "groups created in about the last hour", "groups", HOUR_S, _S.GROUP, cost=2, direction=1),
    _f("groups_created_1d", "groups", "groups created in about the last day", "groups", DAY_S, _S.GROUP, cost=2, direction=1),
    _f("groups_created_14d", "groups", "groups created in about the last fortnight", "groups", FORTNIGHT_S, _S.GROUP, cost=2, direction=1),
    _f("invites_1h", "groups", "people added or invited to groups in about the last hour", "people", HOUR_S, _S.GROUP, cost=2, direction=1),
    _f("invites_1d", "groups", "people added or invited to groups in about the last day", "people", DAY_S, _S.GROUP, cost=2, direction=1),
    _f("invites_14d", "groups", "people added or invited to groups in about the last fortnight", "people", FORTNIGHT_S, _S.GROUP, cost=2, direction=1),
    _f("declines_14d", "groups", "people who left within an hour of being added", "people", FORTNIGHT_S, _S.GROUP, cost=3, direction=1),
    _f("decline_rate_14d", "groups", "share of people added who left within an hour", "share", FORTNIGHT_S, _S.GROUP, cost=3, direction=1),
    _f("joins_1h", "groups", "groups joined in about the last hour", "groups", HOUR_S, _S.GROUP, cost=1, direction=1),
    _f("joins_1d", "groups", "groups joined in about the last day", "groups", DAY_S, _S.GROUP, cost=1, direction=1),
    # feedback: weights are structural, see docs/engine.md
    _f("blocks_14d", "feedback", "blocks by people this account contacted first, correlated ones counted once", "blocks", FORTNIGHT_S, _S.FEEDBACK, cost=3, direction=1),
    _f("reports_14d", "feedback", "reports by people this account contacted first, correlated ones counted once", "reports", FORTNIGHT_S, _S.FEEDBACK, cost=3, direction=1),
    _f("negative_1d", "feedback", "blocks and reports in about the last day, weighted", "complaints", DAY_S, _S.FEEDBACK, cost=3, direction=1),
    _f("negative_per_stranger", "feedback", "blocks and reports for each new contact", "ratio", FORTNIGHT_S, _S.FEEDBACK, cost=3, direction=1),
    _f("unfounded_reports_14d", "feedback", "complaints by people this account never wrote to first, or by false reporters: they weigh nothing", "reports", FORTNIGHT_S, _S.FEEDBACK, cost=0),
    # network
    _f("net_registrations_1h", "network", "sign-ups from the same network in about the last hour", "accounts", HOUR_S, _S.NETWORK | _S.REGISTER, cost=2, direction=1),
    _f("net_registrations_1d", "network", "sign-ups from the same network in about the last day", "accounts", DAY_S, _S.NETWORK | _S.REGISTER, cost=2, direction=1),
    _f("net_accounts", "network", "different accounts seen on the same network", "accounts", None, _S.NETWORK, cost=2),
    _f("net_messages_1h", "network", "messages sent from the same network in about the last hour", "messages", HOUR_S, _S.NETWORK, cost=2),
    _f("net_strikes_14d", "network", "accounts on the same network recently found abusive", "accounts", FORTNIGHT_S, _S.NETWORK, cost=2, direction=1),
    _f("net_abuse_rate", "network", "share of the network's accounts recently found abusive, smoothed", "share", FORTNIGHT_S, _S.NETWORK, cost=2, direction=1),
    _f("network_changes_1h", "network", "changes of network in about the last hour", "changes", HOUR_S, _S.NETWORK, cost=1),
    _f("network_changes_1d", "network", "changes of network in about the last day", "changes", DAY_S, _S.NETWORK, cost=1),
    # device
    _f("device_accounts", "device", "different accounts seen on the same device", "accounts", None, _S.DEVICE, cost=2, direction=1),
    _f("device_registrations_14d", "device", "sign-ups from the same device in about the last fortnight", "accounts", FORTNIGHT_S, _S.DEVICE | _S.REGISTER, cost=2, direction=1),
    _f("device_strikes_14d", "device", "accounts on the same device recently found abusive", "accounts", FORTNIGHT_S, _S.DEVICE, cost=2, direction=1),
    _f("device_age", "device", "time since the device was first seen", "seconds", None, _S.DEVICE, cost=2),
    _f("device_changes_14d", "device", "changes of device in about the last fortnight", "changes", FORTNIGHT_S, _S.DEVICE, cost=1),
    # registration: measured at sign-up and remembered
    _f("reg_net_1h", "registration", "sign-ups from the same network around the time this account signed up", "accounts", HOUR_S, _S.REGISTER | _S.NETWORK, cost=2, direction=1),
    _f("reg_range_1h", "registration", "sign-ups from the same number range around the time this account signed up", "accounts", HOUR_S, _S.REGISTER | _S.PHONE, cost=2, direction=1),
    _f("reg_client_surge", "registration", "how many times its usual rate the same client software was signing up", "ratio", HOUR_S, _S.REGISTER | _S.CLIENT, cost=2, direction=1),
    _f("reg_strikes", "registration", "abuse already found on the network, device and number range at sign-up", "accounts", FORTNIGHT_S, _S.REGISTER, cost=2, direction=1),
    # campaign
    _f("campaign_score", "campaign", "strength of the campaign of senders this account was found in", "score", FORTNIGHT_S, cost=3, direction=1),
)
# fmt: on
"""Every feature, in the order of the kernel's row."""

FEATURE_INDEX: dict[str, int] = {feature.name: i for i, feature in enumerate(FEATURES)}
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(feature.family for feature in FEATURES))
