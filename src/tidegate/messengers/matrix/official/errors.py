"""What can go wrong between a homeserver and a node: either it may be tried again, or somebody has to see to it."""


class AdapterError(Exception):
    """The base of all of them; the message says what is wrong and what would be right."""


class Unavailable(AdapterError):  # noqa: N818 - a state
    """The other side does not answer or is busy; the same may be tried again."""


class NeedsAttention(AdapterError):  # noqa: N818 - what follows from it
    """The other side refuses, and will again until somebody changes something."""


class NodeUnavailable(Unavailable):
    """The node did not take a request now; it may be made again after ``retry_after_s``."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NodeRefused(NeedsAttention):
    """The node refuses a request as it is."""


class HomeserverUnavailable(Unavailable):
    """The homeserver did not answer, or is overloaded."""


class AdminRefused(NeedsAttention):
    """The homeserver refuses; ``code`` is Matrix's error code."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class AccessDenied(AdminRefused):
    """The admin token is not accepted, or not an administrator's."""


class NotThere(AdminRefused):
    """There is no such account, room or task."""


class Unsupported(AdminRefused):
    """This homeserver has no such call, or a proxy in front of it does not pass it on."""


class TooLong(AdminRefused):
    """The homeserver's answer is beyond the bound."""


class SettingsError(AdapterError):
    """A settings or token file cannot be used; the message says where and what would be right."""


class StateError(AdapterError):
    """The adapter's state cannot be used; the message names the file and says what would help."""


class ListenError(AdapterError):
    """The address of the application service cannot be used."""


class ApplyError(AdapterError):
    """An action is not carried out; ``permanent``: trying again would change nothing."""

    def __init__(self, message: str, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent
