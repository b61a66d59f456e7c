"""What is kept out of the log: the links of account holders, which are as good as a key to their page."""

import logging
import re

TOKEN = re.compile(r"(/status/)[A-Za-z0-9_-]{20,}")
LOGGERS = ("django.request", "django.security.csrf", "django.security.SuspiciousOperation")
"""Those that write down paths. A filter on a logger sees what is logged with it, and nothing below it."""


class WithoutTokens(logging.Filter):
    """Shortens them."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if TOKEN.search(said):
            record.msg, record.args = TOKEN.sub(r"\1…", said), ()
        return True


def keep_tokens_out() -> None:
    """For this process. A second call does nothing more."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, WithoutTokens) for one in logger.filters):
            logger.addFilter(WithoutTokens())
