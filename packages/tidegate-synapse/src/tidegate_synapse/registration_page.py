"""``tidegate_synapse.registration_page.RegistrationPage``: Synapse's pages for registering outside of a client, from a
folder of the operator's.

Synapse reads ``recaptcha.html`` and ``auth_success.html`` from its own package alone: unlike other pages, these two are
not looked for in ``templates.custom_template_directory``, and they load things from Google and matrix.org.
This module is independent of the rest of the package; Synapse starts whatever happens here.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger("tidegate_synapse")

PAGES = {
    "recaptcha.html": ("captcha", "recaptcha_template"),
    "auth_success.html": ("registration", "fallback_success_template"),
}
"""Where Synapse keeps each page once it has read it: section of its configuration and attribute."""


class RegistrationPage:
    """Puts the pages in place before Synapse begins to serve."""

    def __init__(self, folder: Path, api: Any) -> None:
        config = api._hs.config
        for page, (section, attribute) in PAGES.items():
            place = getattr(config, section, None)
            if not hasattr(place, attribute):
                logger.error(
                    "tidegate: this Synapse keeps %s somewhere else; its own page stays, which asks Google",
                    page,
                )
                continue
            setattr(place, attribute, api.read_templates([page], str(folder))[0])

    @staticmethod
    def parse_config(config: Mapping[str, Any]) -> Path:
        """Called by Synapse when it reads ``homeserver.yaml``. Raises ValueError, which stops Synapse with its words."""
        folder = Path(str(config.get("templates", "")))
        missing = [page for page in PAGES if not (folder / page).is_file()]
        if not folder.is_absolute() or missing:
            raise ValueError(
                f"templates must be the absolute path of a folder with {' and '.join(PAGES)}, readable for Synapse; "
                f"{str(folder)!r} lacks {', '.join(missing) or 'the leading slash'}"
            )
        return folder
