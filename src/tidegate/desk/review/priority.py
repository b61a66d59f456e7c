"""Which cases come first: risk times reach.

    priority = severity · (1/4 + doubt + youth / 2) · log2(2 + first contacts + members)

Severity is how strong the measure is: a wrongful ban harms most. Doubt is 4·s·(1 - s) of the score s: 1 in the middle, 0
where the model is sure. Youth is 20 / (20 + messages): 1 when hardly anything had been seen, when a decision rests on
least. Reach is how many strangers the account had written to and how many accounts its campaign has, since a bulk sender
who is let go harms most; on a logarithmic scale, so that one very busy account does not hide all others.
"""

import math

from tidegate.desk.ledger.models import Decision

SEVERITY = (0.0, 0.5, 1.0, 1.5, 3.0, 5.0, 8.0)
"""By rung."""
UNSCORED_DOUBT = 0.5
"""Of a decision that rules alone led to."""
ALWAYS, YOUTH_WEIGHT = 0.25, 0.5
YOUNG_MESSAGES = 20
"""With so many messages seen, youth is one half."""


def priority(decision: Decision, members: int = 0) -> float:
    """0 and more; the larger, the sooner a person should look. ``members``: of the account's campaign."""
    score = decision.score
    doubt = UNSCORED_DOUBT if score is None else 4.0 * score * (1.0 - score)
    youth = YOUNG_MESSAGES / (YOUNG_MESSAGES + decision.messages)
    reach = math.log2(2.0 + decision.first_contacts + members)
    return SEVERITY[decision.rung] * (ALWAYS + doubt + YOUTH_WEIGHT * youth) * reach
