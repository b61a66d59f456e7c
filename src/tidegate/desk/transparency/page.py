"""What the page of the report shows, from the published figures alone."""

from typing import Any

from django.conf import settings

from tidegate.desk.transparency.measures import (
    ACTIONS,
    APPEALS,
    MEASURES,
    NOT_COUNTED,
    REINSTATEMENTS,
    RUNG_MEANS,
    RUNG_TITLES,
    RUNGS,
)
from tidegate.desk.transparency.months import Month
from tidegate.desk.transparency.protection import LEAST_LOOKED_AT, STEP, Value
from tidegate.desk.transparency.report import Published

CHART_ID = "actions-by-month"
_MONTHS_IN_CHART = 2
"""Fewer are no line."""


def page(chosen: Published, months: list[Published], choices: list[Month]) -> dict[str, Any]:
    """``months``: with their actions at least, earliest first, up to the one chosen."""
    return {
        "chosen": chosen,
        "choices": choices,
        "first": months[0].month,
        "columns": ACTIONS,
        "rows": [
            {
                "rung": int(rung),
                "title": RUNG_TITLES[rung],
                "meaning": RUNG_MEANS[rung],
                "values": [said(chosen.value(one.name, rung.word)) for one in ACTIONS],
            }
            for rung in RUNGS
        ],
        "totals": [said(chosen.value(one.name)) for one in ACTIONS],
        "appeals": _facts(chosen, APPEALS),
        "reinstatements": _facts(chosen, REINSTATEMENTS),
        "wrongful": _wrongful(chosen),
        "rungs": RUNGS,
        "months": [
            {
                "month": one.month,
                "complete": one.complete,
                "values": [said(one.value("actions", rung.word)) for rung in RUNGS],
                "total": said(one.value("actions")),
            }
            for one in reversed(months)
        ],
        "chart": _chart(months) if len(months) >= _MONTHS_IN_CHART else None,
        "chart_id": CHART_ID,
        "measures": MEASURES,
        "not_counted": NOT_COUNTED,
        "step": STEP,
        "most_few": STEP - 1,
        "appeal_hours": f"{settings.TIDEGATE.appeal_hours:g}",
    }


def said(value: Value) -> str:
    """A value for readers."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return f"< {STEP}"
    return f"{value:,}"


def _facts(chosen: Published, measures: Any) -> list[dict[str, str]]:
    return [
        {
            "title": one.title,
            "meaning": one.meaning,
            "value": "not enough decided yet"
            if (value := chosen.value(one.name)) is None
            else f"{said(value)} h"
            if one.unit == "hours"
            else said(value),
        }
        for one in measures
    ]


def _wrongful(chosen: Published) -> dict[str, Any]:
    share, low, high = (chosen.value(f"wrongful_share{end}") for end in ("", "_low", "_high"))
    return {
        "looked_at": said(chosen.value("wrongful_looked_at")),
        "least": LEAST_LOOKED_AT,
        "share": share,
        "low": low,
        "high": high,
        "actions": [said(chosen.value(f"wrongful_actions{end}")) for end in ("", "_low", "_high")],
        "method": chosen.method,
    }


def _chart(months: list[Published]) -> dict[str, Any]:
    return {
        "x": [int(one.month.start.timestamp()) for one in months],
        "series": [
            {
                "name": rung.word,
                "values": [
                    None if isinstance(value := one.value("actions", rung.word), str) else value
                    for one in months
                ],
                "colour": f"rung-{int(rung)}",
                "kind": "line",
            }
            for rung in RUNGS
        ],
        "unit": "actions",
    }
