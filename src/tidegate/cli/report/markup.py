"""The few pieces of markup that every part of the report uses."""

from html import escape
from importlib.resources import files

TEXT_SHOWN_AT_MOST = 300


def asset(name: str) -> str:
    """A file of this package: the page's style, script or shapes."""
    return files("tidegate.cli.report").joinpath(name).read_text(encoding="utf-8")


def section(name: str, title: str, body: str, lead: str = "") -> str:
    lead = f'<p class="lead">{lead}</p>' if lead else ""
    return f'<section id="{name}"><h2>{title}</h2>{lead}{body}</section>'


def safe_text(text: str, at_most: int = TEXT_SHOWN_AT_MOST) -> str:
    """Words from a policy or a log, escaped and bounded."""
    return escape(text if len(text) <= at_most else f"{text[: at_most - 1]}…")


def glyph(name: str, size_px: int = 16) -> str:
    box = f'width="{size_px}" height="{size_px}"'
    return f'<svg class="glyph" {box} aria-hidden="true"><use href="#g-{name}"/></svg>'


def badge(rung: str) -> str:
    """The rung as shape, colour and word."""
    return f'<span class="badge r-{rung}">{glyph(rung)}{rung}</span>'


def short(number: float) -> str:
    """A coordinate: at most two decimals, no trailing zeros."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
