"""The index as PDF, by a headless Chromium where one is installed: it has the fonts and scripts that quotes need.

A PDF library would be lighter only without Arabic, Devanagari or Chinese; without a browser the case has its HTML index.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_S = 60.0
MOST_PDF_BYTES = 256 << 20


class NotPrintedError(Exception):
    """The browser made no PDF; the message says why."""


def print_to_pdf(html: str) -> bytes | None:
    """The page as PDF; None when no browser is installed.

    The page must forbid scripts itself, as the index does; nothing is loaded from elsewhere.

    Raises NotPrintedError.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return None
    with tempfile.TemporaryDirectory(prefix="tidegate-print-") as folder:
        page, pdf = Path(folder, "index.html"), Path(folder, "index.pdf")
        page.write_text(html, "utf-8")
        options = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        options += ["--host-resolver-rules=MAP * ~NOTFOUND"]
        options += ["--no-pdf-header-footer", f"--user-data-dir={folder}/profile", f"--print-to-pdf={pdf}"]
        if _is_root():
            options.append("--no-sandbox")  # Chromium refuses to start otherwise
        try:
            subprocess.run(
                [browser, *options, page.as_uri()], capture_output=True, timeout=WAIT_S, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NotPrintedError(f"{browser} failed: {error}") from None
        if not pdf.is_file() or pdf.stat().st_size > MOST_PDF_BYTES:
            raise NotPrintedError(f"{browser} wrote no PDF of up to {MOST_PDF_BYTES:,} bytes")
        return pdf.read_bytes()


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
