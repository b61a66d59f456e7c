"""What can come back from the node instead of an answer, and how it is told."""

from django.core.exceptions import PermissionDenied

from tidegate.desk.node_link import NodeAbsent
from tidegate.node.api.admission import Busy
from tidegate.node.api.coalescing import Stopped
from tidegate.node.requests import RequestError, StorageError

REFUSALS = (NodeAbsent, RequestError, StorageError, Busy, Stopped, TimeoutError)
"""Nothing was changed when one of these was raised, but for a timeout, after which nobody knows, and for a node that
cannot note what it did; :mod:`tidegate.desk.review.finishing` finds out about both."""


def in_words(error: BaseException) -> str:
    """For the person who asked."""
    if isinstance(error, NodeAbsent):
        return "No node runs beside this desk, so nothing was done."
    if isinstance(error, TimeoutError):
        return (
            "The node did not answer in time. Look at the account again before you repeat this: what was carried out all "
            "the same appears there within a few minutes."
        )
    if isinstance(error, Stopped):
        return "The node is stopping, so nothing was done. Try again in a minute."
    if isinstance(error, Busy):
        return "The node has too much to do at the moment, so nothing was done. Try again in a minute."
    if isinstance(error, RequestError) and error.code == "storage_failing":
        return f"The node says: {error}. It is written down here, too, as soon as that is possible again."
    said = str(error) or "no reason was given"
    if isinstance(error, PermissionDenied):
        return f"Nothing was changed: {said}"
    return f"Nothing was changed. The node says: {said}"
