"""What can stand in the way of a change, and how it is told."""

from django.core.exceptions import PermissionDenied

from tidegate.desk.accounts.refusals import REFUSALS as OF_THE_NODE
from tidegate.desk.accounts.refusals import in_words as of_the_node
from tidegate.desk.policies.backtesting import Occupied
from tidegate.desk.policies.rolling_out import NotYet
from tidegate.desk.policies.versions import TooMany
from tidegate.engine.policy import PolicyErrors
from tidegate.engine.policy.rollout import RolloutError

REFUSALS = (*OF_THE_NODE, PermissionDenied, NotYet, Occupied, TooMany, RolloutError, PolicyErrors, OSError)


def in_words(error: BaseException) -> str:
    """For the person who asked."""
    if isinstance(error, TimeoutError):
        return "The node did not answer in time. Look at what is in force before you repeat this."
    if isinstance(error, OF_THE_NODE):
        return of_the_node(error)
    if isinstance(error, PolicyErrors):
        return f"Nothing was changed: this policy cannot be used. {error}"
    return f"Nothing was changed. {error}"
