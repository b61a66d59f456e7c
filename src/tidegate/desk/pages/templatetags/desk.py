"""Words and marks that templates share. Loaded into every template."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tidegate.engine.policy.units import describe_duration
from tidegate.engine.rungs import Rung

register = template.Library()


@register.filter
def rung(value: Any) -> SafeString:
    """A rung as a badge: its word, and a colour that goes with its strength."""
    found = Rung(int(value))
    return format_html('<span class="rung rung-{}">{}</span>', int(found), found.word)


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """A time: exact in UTC, and how long ago or ahead."""
    if value is None:
        return "-"
    away_s = (timezone.now() - value).total_seconds()
    words = describe_duration(abs(away_s))
    relation = f"{words} ago" if away_s >= 0 else f"in {words}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        f"{value:%Y-%m-%d %H:%M:%S} UTC",
        relation,
    )


@register.filter
def exact(value: datetime | None) -> SafeString | str:
    """A time to the minute, UTC."""
    if value is None:
        return "-"
    return format_html(
        '<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), f"{value:%Y-%m-%d %H:%M} UTC"
    )


@register.filter
def count(value: Any) -> str:
    """1,234,567."""
    return "-" if value is None else f"{int(value):,}"


@register.filter
def percent(value: Any, digits: int = 0) -> str:
    """0.153 as 15 %."""
    return "-" if value is None else f"{100 * float(value):.{digits}f} %"


@register.filter
def pseudonym(value: Any) -> str:
    """A key as 16 hexadecimal digits."""
    return value if isinstance(value, str) else f"{int(value):016x}"


@register.simple_tag
def contains(whole: Any, part: Any) -> bool:
    """Whether it is in it."""
    return part in whole


@register.filter
def span(seconds: Any) -> str:
    """A length of time in words."""
    return "-" if seconds is None else describe_duration(float(seconds))
