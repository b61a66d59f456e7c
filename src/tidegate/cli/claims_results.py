"""The section of the results page about claims."""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tidegate.desk.evidence.claims.settings import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from tidegate.desk.evidence.claims.learning.corpus import Labelled
    from tidegate.desk.evidence.claims.learning.evaluation import Measure, Scored

TEXT_TYPES = ("listing", "sales", "review", "policy", "news", "notice")
HEAD = ("", "sentences", "claims", "precision", "recall", "average precision", "others flagged")
CAUTION = (
    "Training and test texts are of the same authors, written from templates, and the "
    "templates say the same in all "
    "languages; real pages are more varied, and the figures there will be lower. The lists of "
    "terms were written with the "
    "templates in view and are not held out; regularisation was chosen on these folds."
)
FREE_CAUTION = (
    "The best hint at what to expect of real pages: written in a looser manner when templates, "
    "terms and settings "
    "were final, most without any of the usual words; nothing was changed after looking at "
    "them. An earlier set of 96 such sentences "
    "had been used up before: average precision on it was 0.62 at first and 0.99 after "
    "templates and terms were "
    "extended with it in view, which says how little figures on texts that one has seen are worth."
)
SPEED_FROM = 200
AP_OF_TYPES, AP_OF_LANGUAGES, MOST_FLAGGED = 0.95, 0.85, 0.05


def results() -> str:
    """As Markdown; takes a minute or two. Needs the extra ``learning``."""
    from tidegate.desk.evidence.claims import weights
    from tidegate.desk.evidence.claims.learning import evaluation
    from tidegate.desk.evidence.claims.learning.corpus import languages

    families = evaluation.by_families()
    sentences, claims = len(families.sentences), sum(one.is_claim for one in families.sentences)
    groups = len({one.family for one in families.sentences})
    speed = evaluation.sentences_per_second()
    free = _rows(evaluation.free(), TEXT_TYPES, lambda one: one.text_type)
    by_type = _rows(families, TEXT_TYPES, lambda one: one.text_type)
    by_language = _rows(families, languages(), lambda one: one.language)
    others = {
        "### A language left out altogether": _rows(
            evaluation.by_languages(), languages(), lambda one: one.language
        ),
        "### A type of text left out altogether": _rows(
            evaluation.by_text_types(), TEXT_TYPES, lambda one: one.text_type
        ),
        "### Free texts": free,
    }
    about = (
        f"{sentences:,} sentences ({claims:,} claims) of {groups} template families in {len(languages())} languages; "
        f"weights `{weights.shipped().digest}`, threshold {DEFAULT_THRESHOLD:g}. {CAUTION}"
    )
    heads = (
        f"Kind right: {evaluation.accuracy(families, 'kind'):.1%}; stance right: "
        f"{evaluation.accuracy(families, 'stance'):.1%} (where a sentence has one)."
    )
    parts = [
        about,
        "### Goals",
        _goals(by_type, by_language, free["all"], speed),
        "### Families of templates left out, by type of text",
    ]
    parts += [_table(by_type), heads, "### Families of templates left out, by language", _table(by_language)]
    for heading, rows in others.items():
        parts += [heading, *([FREE_CAUTION] if "Free" in heading else []), _table(rows)]
    return "\n\n".join(parts)


def _rows(scored: "Scored", names: Iterable[str], of: "Callable[[Labelled], str]") -> "dict[str, Measure]":
    from tidegate.desk.evidence.claims.learning.evaluation import measured

    def of_one(name: str) -> "Measure":
        return measured(scored, lambda one: of(one) == name)

    rows = {name: of_one(name) for name in names}
    return {"all": measured(scored, lambda _: True)} | {
        name: row for name, row in rows.items() if row.sentences
    }


def _goals(
    by_type: "dict[str, Measure]", by_language: "dict[str, Measure]", free: "Measure", speed: float
) -> str:
    worst = min(
        (name for name in by_language if name != "all"), key=lambda name: by_language[name].average_precision
    )
    goals = [
        (f"average precision on {name} >= {AP_OF_TYPES}", by_type[name].average_precision, AP_OF_TYPES, True)
        for name in ("listing", "sales")
    ]
    goals += [
        (f"sentences of {name} flagged <= {MOST_FLAGGED}", by_type[name].flagged_wrongly, MOST_FLAGGED, False)
        for name in ("policy", "news", "notice")
    ]
    lowest = by_language[worst].average_precision
    goals.append((f"average precision in every language >= {AP_OF_LANGUAGES}", lowest, AP_OF_LANGUAGES, True))
    goals.append(
        (f"free texts: average precision >= {AP_OF_TYPES}", free.average_precision, AP_OF_TYPES, True)
    )
    goals.append(
        (f"free texts: other sentences flagged <= {MOST_FLAGGED}", free.flagged_wrongly, MOST_FLAGGED, False)
    )
    lines = [
        f"| {what} | {value:.3f} | {'met' if (value >= goal) == at_least or value == goal else 'not met'} |"
        for what, value, goal, at_least in goals
    ]
    verdict = "met" if speed >= SPEED_FROM else "not met"
    lines.append(f"| sentences a second on one core >= {SPEED_FROM} | {speed:,.0f} | {verdict} |")
    return "\n".join(
        ["| goal | measured | |", "|---|---|---|", *lines, "", f"The lowest language is `{worst}`."]
    )


def _table(rows: "dict[str, Measure]") -> str:
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for name, row in rows.items():
        figures = (row.precision if row.claims else math.nan, row.recall, row.average_precision)
        cells = [
            name,
            f"{row.sentences:,}",
            f"{row.claims:,}",
            *map(_share, figures),
            _share(row.flagged_wrongly),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
