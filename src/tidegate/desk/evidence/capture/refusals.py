"""Why something was not captured, or not read."""


class CaptureError(Exception):
    """Not captured; the message says why, in words for the officer."""


class RefusedError(CaptureError):
    """We do not ask for it: a private address, robots.txt, a scheme."""


class FailedError(CaptureError):
    """It was asked for, and no whole answer came: too slow, too large, broken."""


class GoneError(CaptureError):
    """It is not there: no such name, or the server says that it is gone."""


class PdfError(ValueError):
    """No text was taken out of a PDF; the message says why."""
