"""Findings to look at and to test with: from a real log when one is at hand, otherwise made up.

The verdicts are those of a toy counting rule, not of the engine: only their shape matters here.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random

from tidegate.cli.findings import (
    RUNGS,
    ActedOn,
    Findings,
    LogShown,
    Moment,
    keep_moments,
    most_severe_first,
    rung_series,
    series_bins,
)
from tidegate.statements.decision import DecisionShown, ReasonShown

START = 1_700_000_000.0  # 14 November 2023, 22:13:20 UTC
HOUR, DAY = 3600.0, 86_400.0
LIMITS = {"warn": 12, "challenge": 18, "budget": 26, "lock": 40, "suspend": 55}
"""Unanswered first contacts of the last hour at which the toy rule climbs."""


def decision(
    account: str,
    rung: str,
    time: float,
    first_contacts: int = 12,
    messages: int = 20,
    until: float | None = None,
    reasons: tuple[ReasonShown, ...] | None = None,
    score: float | None = 0.973,
    stage: str = "messaging",
) -> DecisionShown:
    if reasons is None:
        reasons = (
            ReasonShown(
                "cold_outreach_fast",
                float(first_contacts),
                f"wrote to {first_contacts} strangers within an hour and hardly anyone answered",
                "rule",
            ),
            ReasonShown(
                "outstanding_1d", 11.0, "11 new contacts of about the last day have not written back", "model"
            ),
            ReasonShown(
                "session_gap_cv", 0.28, "gaps inside a session are more regular (0.28) than people's", "model"
            ),
        )
    digest = hashlib.sha256(repr((account, rung, time)).encode()).hexdigest()
    return DecisionShown(
        time=time,
        account=account,
        rung=rung,
        until=until,
        score=score,
        stage=stage,
        reasons=reasons,
        policy="shipped 2024-01 (3f9ac2d1)",
        model="shipped (77be01aa)",
        id=digest[:16],
        first_contacts=first_contacts,
        messages=messages,
        pseudonym=int(digest[:16], 16),
    )


def bulk_sender(account: str, start: float, strangers: int, gap_s: float, seed: int) -> ActedOn:
    """Signs up, writes to one stranger after another, climbs the ladder, is blocked and reported."""
    random = Random(seed)
    moments = [Moment(start, "sign_up")]
    decisions: list[DecisionShown] = []
    time = start + 4 * gap_s
    climb = {6: "warn", 9: "challenge", 14: "lock", 40: "ban"}
    for number in range(1, strangers + 1):
        time += gap_s * random.uniform(0.8, 1.2)
        moments.append(Moment(time, "first_contact"))
        if random.random() < 0.08:
            moments.append(Moment(time + gap_s * 3, "reply"))
        if number > 8 and random.random() < 0.12:
            moments.append(Moment(time + gap_s * 5, random.choice(("block", "block", "report"))))
        if number in climb:
            rung = climb[number]
            until = None if rung == "ban" else time + (HOUR if rung in ("warn", "challenge") else DAY)
            decisions.append(decision(account, rung, time, number, number, until))
    kept, left_out = keep_moments(moments)
    tally = Counter(moment.kind for moment in moments)
    totals = {
        "messages": strangers,
        "first contacts": strangers,
        "answered": tally["reply"],
        "blocks": tally["block"],
        "reports": tally["report"],
    }
    return ActedOn(
        account, decisions or [decision(account, "warn", time, strangers, strangers)], kept, left_out, totals
    )


def made_up(bulk: int = 7, title: str = "Simulated world of 2,000 people") -> Findings:
    """A small simulated world."""
    acted = [
        bulk_sender(f"u{1000 + i}", START + i * 0.7 * DAY, 12 + 17 * i, 20.0 * 3**i, seed=i)
        for i in range(min(bulk, 7))
    ]
    stopped = decision(
        "u2000", "lock", START + 2 * DAY, 0, 0, START + 3 * DAY, stage="registration", score=None
    )
    acted.append(ActedOn("u2000", [stopped], [Moment(START + 2 * DAY, "sign_up")], 0, {"messages": 0}))
    return assemble(
        title,
        ["world/events.parquet"],
        acted,
        LogShown(81_224, 81_224, first_time=START, last_time=START + 14 * DAY),
        senders=1_912,
        accounts=2_000,
        missing=[],
    )


def assemble(
    title: str,
    sources: list[str],
    acted: Iterable[ActedOn],
    log: LogShown,
    senders: int,
    accounts: int,
    missing: list[str],
    traffic: list[tuple[float, int]] | None = None,
) -> Findings:
    ordered = most_severe_first(acted)
    decisions = [d for one in ordered for d in one.decisions]
    assert log.first_time is not None and log.last_time is not None
    return Findings(
        title=title,
        sources=sources,
        log=log,
        senders=senders,
        accounts=accounts,
        acted_on=ordered,
        decisions_total=len(decisions),
        per_rung={
            rung: sum(any(d.rung == rung for d in one.decisions) for one in ordered)
            for rung in RUNGS
            if rung != "allow"
        },
        rung_series=rung_series(decisions, log.first_time, log.last_time),
        traffic=traffic or [],
        missing_signals=missing,
        policy_name="shipped 2024-01",
        policy_digest="3f9ac2d1",
        model_name="shipped",
        model_digest="77be01aa",
        seconds=0.42,
        events_per_second=1_210_000.0,
        peak_memory_bytes=214 * 2**20,
    )


NEVER_SUPPLIED = [
    "sign-ups",
    "network addresses",
    "device ids",
    "typing notices",
    "ciphertext sizes",
    "blocks and reports",
    "saved contacts",
    "read receipts",
    "group creation, invites, joins and leaves",
    "phone numbers at sign-up",
    "client software",
    "forward counts",
]


def from_edge_list(path: Path, relative: bool = False) -> Findings:
    """A real ``sender recipient unix_seconds`` log with the toy rule's verdicts."""
    rows = sorted((float(t), a, b) for a, b, t in (line.split() for line in path.read_text().splitlines()))
    written: dict[tuple[str, str], bool] = {}
    answered: set[tuple[str, str]] = set()
    moments: dict[str, list[Moment]] = defaultdict(list)
    recent: dict[str, list[float]] = defaultdict(list)
    decisions: dict[str, list[DecisionShown]] = defaultdict(list)
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for time, sender, recipient in rows:
        tally[sender]["message"] += 1
        fresh = (sender, recipient) not in written and (recipient, sender) not in written
        moments[sender].append(Moment(time, "first_contact" if fresh else "message"))
        first_answer = written.get((recipient, sender)) is True and (recipient, sender) not in answered
        moments[recipient].append(Moment(time, "reply" if first_answer else "received"))
        if first_answer:
            answered.add((recipient, sender))
            tally[recipient]["reply"] += 1
        written.setdefault((sender, recipient), fresh)
        if not fresh:
            continue
        tally[sender]["first_contact"] += 1
        window = recent[sender] = [t for t in recent[sender] if t > time - HOUR] + [time]
        reached = [rung for rung, limit in LIMITS.items() if len(window) >= limit]
        standing = decisions[sender][-1].rung if decisions[sender] else "allow"
        if reached and RUNGS.index(reached[-1]) > RUNGS.index(standing):
            decisions[sender].append(
                decision(
                    sender,
                    reached[-1],
                    time,
                    tally[sender]["first_contact"],
                    tally[sender]["message"],
                    until=time + DAY,
                )
            )
    acted = []
    for account, changes in decisions.items():
        if changes:
            kept, left_out = keep_moments(moments[account], 600)
            t = tally[account]
            totals = {"messages": t["message"], "first contacts": t["first_contact"], "answered": t["reply"]}
            acted.append(ActedOn(account, changes, kept, left_out, totals))
    first, last = rows[0][0], rows[-1][0]
    bins = series_bins(first, last, 180)
    width = bins[1] - bins[0]
    volume = Counter(int((t - bins[0]) // width) for t, _, _ in rows)
    log = LogShown(
        lines=len(rows) + 41,
        accepted=len(rows),
        rejected={"not three columns": 38, "time before 2000": 3},
        duplicates=0,
        late=0,
        first_time=first,
        last_time=last,
        notes=["The log starts mid-life: contacts made before it cannot be told from new ones."],
        relative_time=relative,
    )
    return assemble(
        path.stem,
        [str(path)],
        acted,
        log,
        senders=len({a for _, a, _ in rows}),
        accounts=len({a for _, a, b in rows} | {b for _, a, b in rows}),
        missing=NEVER_SUPPLIED,
        traffic=[(start, volume[i]) for i, start in enumerate(bins)],
    )
