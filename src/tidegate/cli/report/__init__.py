"""``report.html``: one self-contained page that a person would rather look at than read."""

from tidegate.cli.report.page import CARDS_AT_MOST, render_report, write_report

__all__ = ["CARDS_AT_MOST", "render_report", "write_report"]
