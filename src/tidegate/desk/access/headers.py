"""Headers of every answer that Django has no setting for."""

from collections.abc import Callable
from typing import Any

from django.conf import settings

NOT_NEEDED = (
    "camera",
    "microphone",
    "geolocation",
    "payment",
    "usb",
    "serial",
    "bluetooth",
    "display-capture",
)
PERMISSIONS = ", ".join(f"{one}=()" for one in NOT_NEEDED)


class Headers:
    """Middleware, the outermost one."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response
        self._transport = f"max-age={settings.SECURE_HSTS_SECONDS}" if settings.SECURE_HSTS_SECONDS else ""

    def __call__(self, request: Any) -> Any:
        response = self._get_response(request)
        # Nothing that was shown stays behind in a browser that somebody else uses later. Static files say otherwise.
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if self._transport:
            # Django sends it only where it sees TLS itself; here a proxy in front does that.
            response.headers.setdefault("Strict-Transport-Security", self._transport)
        return response
