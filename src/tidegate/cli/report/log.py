"""The report on the log itself: what it carried, what could not be used, and how the scan was made."""

from html import escape

from tidegate.cli.findings import Findings
from tidegate.cli.report.markup import glyph, safe_text, section
from tidegate.cli.wording import Dates, count, duration, large, size
from tidegate.engine.features import SIGNAL_WORDS


def log_quality(findings: Findings, dates: Dates) -> str:
    log = findings.log
    counts = [("lines or rows read", log.lines), ("events used", log.accepted), ("set aside", log.set_aside)]
    counts += [("duplicates, counted once", log.duplicates), ("late, used out of order", log.late)]
    figures = "".join(f"<div><dt>{words}</dt><dd>{count(number)}</dd></div>" for words, number in counts)
    notes = "".join(f"<li>{safe_text(note)}</li>" for note in log.notes)
    if dates.origin is not None:
        notes += (
            "<li>The log counts seconds from its own start, so times are days of the log, not dates.</li>"
        )
    notes = f'<ul class="notes">{notes}</ul>' if notes else ""
    return section(
        "log",
        "How good the log was",
        f'<div class="two"><div class="panel"><h3>What it carried</h3>{_signals(findings)}</div>'
        f'<div class="panel"><h3>What was read</h3><dl class="figures">{figures}</dl>'
        f"{_rejected(findings)}{notes}</div></div>",
    )


def _signals(findings: Findings) -> str:
    """Every signal the features can use, present or absent; words unknown to the table are absent."""
    missing = list(findings.missing_signals)
    present = (
        [words for words in SIGNAL_WORDS.values() if words not in missing] if findings.log.accepted else []
    )
    items = "".join(f'<li class="has">{glyph("allow", 14)}{escape(words)}</li>' for words in present)
    items += "".join(
        f'<li class="hasnot"><i aria-hidden="true"></i>{escape(words)}: never</li>' for words in missing
    )
    meaning = (
        "A signal the log never carried is treated as missing, never as suspicious: "
        "rules and features that need it stay silent."
        if missing
        else "Every signal that rules and model can use was there."
    )
    return f'<ul class="signals">{items}</ul><p class="lead">{meaning}</p>'


def _rejected(findings: Findings) -> str:
    rejected = sorted(findings.log.rejected.items(), key=lambda item: (-item[1], item[0]))
    if not rejected:
        return '<p class="lead">Every line could be used.</p>'
    most = max(number for _, number in rejected)
    rows = "".join(
        f'<tr><td>{safe_text(reason, 160)}</td><td class="n">{count(number)}</td>'
        f'<td class="barcell"><span style="width:{100 * number / most:.1f}%"></span></td></tr>'
        for reason, number in rejected[:40]
    )
    return (
        '<table class="rejected"><thead><tr><th scope="col">Set aside because</th>'
        '<th scope="col" class="n">Lines</th>'
        f'<th><span class="unseen">Share</span></th></tr></thead><tbody>{rows}</tbody></table>'
        '<p class="lead">Each one with its line number is in rejected.jsonl.</p>'
    )


def about(findings: Findings) -> str:
    sources = "".join(f"<li><code>{safe_text(source, 200)}</code></li>" for source in findings.sources[:50])
    if len(findings.sources) > 50:
        sources += f"<li>and {count(len(findings.sources) - 50)} more</li>"
    rows = [
        ("Log", f"<ul>{sources}</ul>"),
        ("Policy", _named(findings.policy_name, findings.policy_digest)),
        ("Model", _named(findings.model_name, findings.model_digest)),
        (
            "Effort",
            f"{escape(duration(findings.seconds))}, {large(findings.events_per_second)} events a second, "
            f"peak memory {size(findings.peak_memory_bytes)}",
        ),
        (
            "What this is",
            "A replay: nothing was enforced. It shows what the policy would have done, event by event, "
            "knowing only what had happened before. No message content was read; there is none in the log.",
        ),
    ]
    cells = "".join(f"<div><dt>{words}</dt><dd>{body}</dd></div>" for words, body in rows)
    return section("about", "About this scan", f'<dl class="about panel">{cells}</dl>')


def _named(name: str, digest: str) -> str:
    return f"{safe_text(name, 80) or 'none'}{f' <code>{safe_text(digest, 64)}</code>' if digest else ''}"
