"""The index of a case file for people: one page without scripts, images or anything from elsewhere."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tidegate.desk.evidence.custody.chain import CustodyEvent

MOST_COLUMNS, MOST_CELL = 9, 400
"""A table beyond them would not be read."""
WIDE_COLUMNS, WIDE_CELL = 5, 60
"""A table of more columns has what is longer below its row."""
LONG = 40
"""Characters without a space, from which on a word may break anywhere."""
_SPACES = re.compile(r"(\s+)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?\+00:00")
_EMPTY: tuple[Any, ...] = ("", None, [], {}, ())
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem;border-bottom:1px solid #bbb}
h3{font-size:1rem;margin:1.6rem 0 .3rem}code{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:11rem 1fr;gap:.15rem 1rem;margin:0}dt{color:#555}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;
border-bottom:1px solid #ddd;overflow-wrap:break-word}th{color:#555;font-weight:600}
.more{break-after:avoid}.more td{border-bottom:0}td b{color:#555;font-weight:600}
.moment span{white-space:nowrap}.text{white-space:pre-wrap;unicode-bidi:isolate}
dd dl{margin:.2rem 0 .8rem}ul{margin:.2rem 0;padding-left:1.1rem}
@media print{body{margin:0;max-width:none}article,tr{break-inside:avoid}}
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>{title}</title><style>{style}</style></head><body>
<h1>{title}</h1>
{about}
<p>How to check this file by hand is in <code>VERIFY.txt</code> in the folder above. Names of files are the SHA-256 of
their bytes. Exhibits come from others: open them only where they can do no harm.</p>
<h2>Exhibits</h2>
{exhibits}
<h2>Determinations</h2>
{determinations}
<h2>On record for the case</h2>
{record}
<h2>Chain of custody</h2>
<table><thead><tr><th>row</th><th>when (UTC)</th><th>who</th><th>did</th><th>exhibit</th></tr></thead><tbody>
{custody}
</tbody></table></body></html>
"""


def index_page(
    case: Mapping[str, Any], register: Sequence[Mapping[str, Any]], custody: Sequence[CustodyEvent]
) -> str:
    """The page. Everything in it is text: whatever came from elsewhere is escaped."""
    about = _pairs(
        {
            "Case": case["id"],
            "Officer": case["officer"],
            "Sealed at": case["made_at"],
            "Software": case["tool"],
            "Time-stamp authorities": ", ".join(one["name"] for one in case["authorities"]) or "none",
        }
    )
    numbers = {entry["raw_sha256"]: entry["number"] for entry in register}
    return _PAGE.format(
        title=escape(case["title"]),
        style=_STYLE,
        about=about,
        exhibits="\n".join(_exhibit(entry) for entry in register) or "<p>None.</p>",
        determinations="\n".join(_determination(one) for one in case["determinations"]) or "<p>None.</p>",
        record=_record(case["record"]) or "<p>Nothing.</p>",
        custody="\n".join(_custody(row, numbers) for row in custody),
    )


def _exhibit(entry: Mapping[str, Any]) -> str:
    clocks = entry["clocks"]
    shown = {
        "Kind": entry["kind"],
        "Found at": entry["source"],
        "This machine's clock": clocks.system,
        "The server's clock": clocks.http_date,
        "The page's own claim": clocks.claimed,
        "Time stamps": ", ".join(clocks.tsa) or "none",
        "Captured by": " with ".join(part for part in (entry["operator"], entry["tool"]) if part),
        "File": entry["file"].removeprefix("data/"),
        "SHA-256, decoded": entry["decoded_sha256"],
        "WARC": entry["warc"].removeprefix("data/"),
        "Renderings": ", ".join(name.removeprefix("data/") for name in entry["renderings"]),
    }
    return f"<article><h3>Exhibit {entry['number']}: {escape(entry['title'])}</h3>{_pairs(shown)}</article>"


def _determination(one: Mapping[str, Any]) -> str:
    outcome = one["outcome"]
    return _pairs(
        {
            "When": one["at"],
            "By": one["decider"]["name"],
            "Rules": one["rules"],
            "Row": f"{outcome['row']}: {outcome['why']}",
            "Grounds": ", ".join(outcome["grounds"]) or "none",
            "For counsel": "; ".join(one["for_counsel"]),
            "Dissent": one["dissent"],
            "What was held, SHA-256": one["inputs_sha256"],
        }
    )


def _custody(row: CustodyEvent, numbers: Mapping[str, int]) -> str:
    exhibit = str(numbers.get(row.exhibit, row.exhibit[:12]))
    cells = (str(row.number), row.at, row.who, row.did, exhibit)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _record(record: Mapping[str, Any]) -> str:
    """What is on record, one heading for each part."""
    parts = [f"<h3>{escape(_words(name))}</h3>{_value(value)}" for name, value in record.items() if value]
    return "\n".join(parts)


def _value(value: Any) -> str:
    """JSON for people: records of one shape as a table, others as pairs and lists. What is empty is left out."""
    if isinstance(value, Mapping):
        rows = "".join(
            f"<dt>{escape(_words(name))}</dt><dd>{_value(one)}</dd>"
            for name, one in value.items()
            if one not in _EMPTY
        )
        return f"<dl>{rows}</dl>"
    if isinstance(value, list | tuple):
        if table := _table(value):
            return table
        return "<ul>" + "".join(f"<li>{_value(one)}</li>" for one in value) + "</ul>"
    return _text(value)


def _table(values: Sequence[Any]) -> str:
    """Empty when these are no records of short values."""
    if not values or not all(isinstance(one, Mapping) for one in values):
        return ""
    names = [
        name
        for name in dict.fromkeys(name for one in values for name in one)
        if any(one.get(name) not in _EMPTY for one in values)
    ]
    if not 1 < len(names) <= MOST_COLUMNS:
        return ""
    for one in values:
        if any(isinstance(cell, Mapping) or len(str(cell)) > MOST_CELL for cell in one.values()):
            return ""
    wide = _wide(names, values)
    head = "".join(f"<th>{escape(_words(name))}</th>" for name in names if name not in wide)
    rows = "".join(_row(one, names, wide) for one in values)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _wide(names: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """Columns of sentences, which a table of many columns would squeeze: they stand below their row."""
    if len(names) <= WIDE_COLUMNS:
        return []
    found = [name for name in names if any(len(str(one.get(name))) > WIDE_CELL for one in values)]
    return found if len(found) < len(names) else []


def _row(one: Mapping[Any, Any], names: Sequence[Any], wide: Sequence[Any]) -> str:
    short = [name for name in names if name not in wide]
    below = "".join(
        f"<div><b>{escape(_words(name))}:</b> {_cell(one[name])}</div>"
        for name in wide
        if one.get(name) not in _EMPTY
    )
    cells = "".join(f"<td>{_cell(one.get(name))}</td>" for name in short)
    if not below:
        return f"<tr>{cells}</tr>"
    return f'<tr class="more">{cells}</tr><tr><td colspan="{len(short)}">{below}</td></tr>'


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "<br>".join(_cell(one) for one in value)
    return _text(value) if value not in _EMPTY else ""


def _text(value: Any) -> str:
    """A value as text; a moment to the second (its file has all of it)."""
    text = str(value)
    if _MOMENT.fullmatch(text):
        return f'<span class="moment"><span>{text[:10]}</span> <span>{text[11:19]} UTC</span></span>'
    return f'<span class="text" dir="auto">{_breakable(text)}</span>'


def _breakable(text: str) -> str:
    """Escaped; digests and the like may break, so that they do not squeeze the words beside them out of a table."""
    return "".join(
        "<wbr>".join(escape(part[at : at + LONG]) for at in range(0, len(part), LONG))
        if len(part) > LONG and part.isascii()
        else escape(part)
        for part in _SPACES.split(text)
    )


def _words(name: Any) -> str:
    """The name of a field as words."""
    words = str(name).replace("_", " ")
    return words[:1].upper() + words[1:]


def _pairs(values: Mapping[str, str]) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in values.items() if value
    )
    return f"<dl>{rows}</dl>"
