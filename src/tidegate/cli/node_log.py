"""The log of a running node: one line an entry, for people and for whatever collects it."""

import logging
import sys
import time

_LEVELS = {"WARNING": "warn", "CRITICAL": "fatal"}


class OneLine(logging.Formatter):
    """``time=… level=… from=… msg="…"``, as logfmt readers take it; a traceback becomes part of the line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        level = _LEVELS.get(record.levelname, record.levelname.lower())
        line = f"time={moment}.{int(record.msecs):03d}Z level={level} from={record.name}"
        line += f" msg={_quoted(record.getMessage())}"
        if record.exc_info:
            line += f" fault={_quoted(self.formatException(record.exc_info))}"
        return line


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    return '"' + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text) + '"'


def log_to_stderr(level: str) -> None:
    """Everything of ``level`` and above."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The server tells of every start and stop; what it has to say beyond that is a warning.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
