"""Every feature of an account as a formula over what the reference remembers, family by family.

The plain-Python counterpart of :mod:`tidegate.engine.rows`. NaN is missing: there is nothing yet to measure.
"""

import math

from tidegate.engine.features import DAY_S, FORTNIGHT_S, HOUR_S, MINUTE_S
from tidegate.engine.reference_memories import NAN, Account, Surroundings

# When is there enough to measure?
MIN_GAPS, MIN_STRANGERS, MIN_SIZES, MIN_HOURS, MIN_WHOLE = 8, 4, 3, 50, 0.05
LOG_AGE_FOR_INACTIVE_S = 3 * DAY_S


def features_of(
    account: Account,
    network: Surroundings | None,
    device: Surroundings | None,
    log_age_s: float,
    now: float,
) -> dict[str, float]:
    """Every feature of ``account`` at ``now``, read without changing anything.

    ``network`` and ``device`` are those of the event at hand, None when it named none or was somebody else's.
    """
    own, said = max(account.own_clock, now), max(account.said_clock, now)
    return (
        _velocity(account, own)
        | _first_contacts(account, own, log_age_s)
        | _reciprocity(account, own, said)
        | _age(account, own, now)
        | _timing(account)
        | _typing_sizes_forwards(account, own)
        | _groups(account, own, said)
        | _feedback(account, own, said)
        | _network(account, network, own)
        | _device(account, device, own, now)
        | _registration(account, said)
    )


def _share(part: float, whole: float) -> float:
    """part / whole, missing when there is (nearly) nothing to divide by, at most 1."""
    return min(part / whole, 1.0) if whole >= MIN_WHOLE else NAN


def _velocity(a: Account, now: float) -> dict[str, float]:
    return {
        "sent_1m": a.sent.at(MINUTE_S, now),
        "sent_1h": a.sent.at(HOUR_S, now),
        "sent_1d": a.sent.at(DAY_S, now),
        "sent_14d": a.sent.at(FORTNIGHT_S, now),
        "group_sent_1h": a.sent_to_groups.at(HOUR_S, now),
        "group_sent_1d": a.sent_to_groups.at(DAY_S, now),
    }


def _first_contacts(a: Account, now: float, log_age_s: float) -> dict[str, float]:
    count = a.inactive_targets.count
    return {
        "strangers_1m": a.strangers.at(MINUTE_S, now),
        "strangers_1h": a.strangers.at(HOUR_S, now),
        "strangers_1d": a.strangers.at(DAY_S, now),
        "strangers_14d": a.strangers.at(FORTNIGHT_S, now),
        "distinct_strangers": a.distinct_strangers.estimate,
        "first_contact_ratio_1d": _share(a.strangers.at(DAY_S, now), a.sent.at(DAY_S, now)),
        "first_contact_ratio_14d": _share(a.strangers.at(FORTNIGHT_S, now), a.sent.at(FORTNIGHT_S, now)),
        "stranger_gap_mean": a.stranger_gaps.mean if count >= MIN_STRANGERS else NAN,
        # In the first days of a log nobody has been seen active yet: that says nothing about the targets.
        "inactive_target_share": a.inactive_targets.mean
        if count and log_age_s >= LOG_AGE_FOR_INACTIVE_S
        else NAN,
        "target_stranger_load": a.target_load.mean if count else NAN,
    }


def _reciprocity(a: Account, own: float, said: float) -> dict[str, float]:
    strangers_1d, strangers_14d = a.strangers.at(DAY_S, own), a.strangers.at(FORTNIGHT_S, own)
    answered_1d, answered_14d = a.answered.at(DAY_S, said), a.answered.at(FORTNIGHT_S, said)
    trusted, received = a.trusted_answers.at(said), a.received.at(FORTNIGHT_S, said)
    inbound, sent = a.inbound.at(said), a.sent.at(FORTNIGHT_S, own)
    # Silence fits cold calling (1 in 10 answers) better than getting acquainted (1 in 2) by ln(0.9 / 0.5) a
    # contact; an answer takes that back and ln(0.5 / 0.1) more. Recent contacts had little time to answer.
    silent = math.log(0.9 / 0.5)
    recent = 0.5 * a.strangers.at(HOUR_S, own) + 0.35 * strangers_1d
    had_time = max(strangers_14d - recent, 0.0)
    return {
        "answered_1d": answered_1d,
        "answered_14d": answered_14d,
        "trusted_answers_14d": trusted,
        "reply_rate_14d": _share(answered_14d, strangers_14d),
        "trusted_reply_rate_14d": _share(trusted, strangers_14d),
        "outstanding_1d": max(strangers_1d - answered_1d, 0.0),
        "outstanding_14d": max(strangers_14d - answered_14d, 0.0),
        "cold_outreach": had_time * silent - trusted * (silent + math.log(0.5 / 0.1)),
        "received_1d": a.received.at(DAY_S, said),
        "received_14d": received,
        "received_share_14d": _share(received, received + sent),
        "inbound_strangers_14d": inbound,
        "inbound_share_14d": _share(inbound, inbound + strangers_14d),
        "saved_by_14d": a.saved_by.at(said),
        "reads_14d": a.reads.at(said),
    }


def _age(a: Account, own: float, now: float) -> dict[str, float]:
    registered = a.registered_s != 0
    under_way = max(now - a.own_clock, 0.0) if a.own_clock else 0.0
    return {
        "account_age": max(now - a.registered_s, 0.0) if registered else NAN,
        "first_message_delay": a.first_message_delay if registered and a.has_sent else NAN,
        "known_for": max(now - a.first_active_s, 0.0) if a.first_active_s else NAN,
        "dormancy": max(under_way, a.silence.at(own)),
    }


def _timing(a: Account) -> dict[str, float]:
    log, plain = a.gaps.log, a.gaps.plain
    enough = plain.count >= MIN_GAPS
    spread = plain.deviation + plain.mean
    quietest = min(a.hours[i] + a.hours[(i + 1) % 8] for i in range(8))
    return {
        "log_gap_mean": log.mean if enough else NAN,
        "log_gap_sd": log.deviation if enough else NAN,
        "log_gap_memory": max(-1.0, min(a.gaps.covariance / log.variance, 1.0))
        if enough and log.variance > 1e-6
        else NAN,
        # Goh and Barabási 2008
        "burstiness": (plain.deviation - plain.mean) / spread if enough and spread > 0.0 else NAN,
        "session_gap_cv": a.gaps.session.variation(MIN_GAPS),
        "stranger_gap_cv": a.stranger_gaps.variation(MIN_STRANGERS - 1),
        "quiet_share": quietest / sum(a.hours) if sum(a.hours) >= MIN_HOURS else NAN,
    }


def _typing_sizes_forwards(a: Account, now: float) -> dict[str, float]:
    sent = a.sent.at(DAY_S, now)
    return {
        "typing_ratio_1d": min(a.typing.at(now) / sent, 4.0) if sent >= MIN_WHOLE else NAN,
        "untyped_strangers": a.untyped.mean if a.untyped.count else NAN,
        "stranger_size_cv": a.sizes.variation(MIN_SIZES),
        "same_size_share": a.same_size.mean if a.sizes.count >= MIN_SIZES else NAN,
        "forwarded_share": a.forwarded,
    }


def _groups(a: Account, own: float, said: float) -> dict[str, float]:
    return {
        "groups_created_1h": a.groups_created.at(HOUR_S, own),
        "groups_created_1d": a.groups_created.at(DAY_S, own),
        "groups_created_14d": a.groups_created.at(FORTNIGHT_S, own),
        "invites_1h": a.invites.at(HOUR_S, own),
        "invites_1d": a.invites.at(DAY_S, own),
        "invites_14d": a.invites.at(FORTNIGHT_S, own),
        "declines_14d": a.declines.at(said),
        "decline_rate_14d": _share(a.declines.at(said), a.invites.at(FORTNIGHT_S, own)),
        "joins_1h": a.joins.at(HOUR_S, own),
        "joins_1d": a.joins.at(DAY_S, own),
    }


def _feedback(a: Account, own: float, said: float) -> dict[str, float]:
    blocks, reports = a.blocks.at(said), a.reports.at(said)
    return {
        "blocks_14d": blocks,
        "reports_14d": reports,
        "negative_1d": a.negative.at(said),
        "negative_per_stranger": (blocks + reports) / max(a.strangers.at(FORTNIGHT_S, own), 1.0),
        "unfounded_reports_14d": a.unfounded.at(said),
    }


def _network(a: Account, network: Surroundings | None, own: float) -> dict[str, float]:
    changes = {
        "network_changes_1h": a.network_changes.at(HOUR_S, own),
        "network_changes_1d": a.network_changes.at(DAY_S, own),
    }
    if network is None:
        names = "registrations_1h registrations_1d accounts messages_1h strikes_14d abuse_rate"
        return changes | {f"net_{name}": NAN for name in names.split()}
    accounts, strikes = network.accounts.estimate, network.strikes.at(network.clock)
    return changes | {
        "net_registrations_1h": network.registrations.at(HOUR_S, network.clock),
        "net_registrations_1d": network.registrations.at(DAY_S, network.clock),
        "net_accounts": accounts,
        "net_messages_1h": network.messages.at(network.clock),
        "net_strikes_14d": strikes,
        # Every network starts with twenty accounts' worth of good standing.
        "net_abuse_rate": strikes / (accounts + 20.0),
    }


def _device(a: Account, device: Surroundings | None, own: float, now: float) -> dict[str, float]:
    changes = {"device_changes_14d": a.device_changes.at(own)}
    if device is None:
        names = "device_accounts device_registrations_14d device_strikes_14d device_age"
        return changes | dict.fromkeys(names.split(), NAN)
    return changes | {
        "device_accounts": device.accounts.estimate,
        "device_registrations_14d": device.registrations.at(FORTNIGHT_S, device.clock),
        "device_strikes_14d": device.strikes.at(device.clock),
        "device_age": max(now - device.first_s, 0.0),
    }


def _registration(a: Account, said: float) -> dict[str, float]:
    registered = a.registered_s != 0
    return {
        "reg_net_1h": a.reg_net_1h if registered else NAN,
        "reg_range_1h": a.reg_range_1h if registered else NAN,
        "reg_client_surge": a.reg_client_surge if registered else NAN,
        "reg_strikes": a.reg_strikes if registered else NAN,
        "campaign_score": 0.0 if a.in_ring else a.campaign.at(said),
    }
