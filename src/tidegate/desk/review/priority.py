"""Which cases come first: risk times reach.

Risk is how strong the measure is (a wrongful ban harms most), times how doubtful it is: a score near the middle is doubt,
one near 1 is not. Reach is how many strangers the account had written to (a bulk sender let go harms most), on a
logarithmic scale so that one very busy account does not hide all others.
"""

import math

from tidegate.desk.ledger.models import Decision

SEVERITY = (0.0, 0.5, 1.0, 1.5, 3.0, 5.0, 8.0)
"""By rung."""
UNSCORED_DOUBT = 0.5
"""Of a decision that rules alone led to."""


def priority(decision: Decision) -> float:
    """0 and more; the larger, the sooner a person should look."""
    score = decision.score
    doubt = UNSCORED_DOUBT if score is None else 4.0 * score * (1.0 - score)
    return SEVERITY[decision.rung] * (0.25 + doubt) * math.log2(2.0 + decision.first_contacts)
