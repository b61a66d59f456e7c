"""How honest an account looks, as one number to order a list by: those first whom a policy would hurt most.

It judges nobody and no policy reads it. It rests on what others did, which a sender does not control.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import DAY_S, FEATURE_INDEX

WARM_ANSWER_RATE = 0.5
"""Share of new contacts who answer somebody that gets acquainted; more does not look more honest."""
PRIOR_CONTACTS, PRIOR_ANSWERS = 2.0, 0.5
"""What the share is drawn towards while there are few contacts: one in four."""
HALF_AGE_S = 14 * DAY_S
HALF_CONVERSATIONS = 5.0
COMPLAINT_WEIGHT, LEAST_PEOPLE = 10.0, 10.0


def honesty(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """0 (like a sender of bulk) … 1 (like a person among friends), for rows of features float32[n, WIDTH].

    ``(answers / 2 + age / 4 + conversations / 4) · calm``, where

    - answers: the share of new contacts of about the last fortnight who wrote back, ``(answered + 0.5) /
      (contacts + 2)``, as a part of the 0.5 that is usual among people, at most 1;
    - age: ``a / (a + 14 days)`` of the time since sign-up, or since the account was first seen;
    - conversations: ``c / (c + 5)`` of the people who wrote back or wrote first;
    - calm: ``1 / (1 + 10 · complaints / people)``, complaints being blocks + 2 · reports, and people those whom the
      account contacted or who contacted it, at least 10.

    What is missing counts as none.
    """
    contacts, answered = _column(rows, "strangers_14d"), _column(rows, "answered_14d")
    inbound = _column(rows, "inbound_strangers_14d")
    rate = (answered + PRIOR_ANSWERS) / (contacts + PRIOR_CONTACTS)
    answers = np.minimum(rate / WARM_ANSWER_RATE, 1.0)
    age_s = np.maximum(_column(rows, "account_age"), _column(rows, "known_for"))
    conversations = answered + inbound
    complaints = _column(rows, "blocks_14d") + 2.0 * _column(rows, "reports_14d")
    calm = 1.0 / (1.0 + COMPLAINT_WEIGHT * complaints / np.maximum(contacts + inbound, LEAST_PEOPLE))
    looks = (
        answers / 2
        + age_s / (age_s + HALF_AGE_S) / 4
        + conversations / (conversations + HALF_CONVERSATIONS) / 4
    )
    return np.asarray(looks * calm, np.float64)


def _column(rows: NDArray[Any], feature: str) -> NDArray[np.float64]:
    return np.maximum(np.nan_to_num(rows[:, FEATURE_INDEX[feature]].astype(np.float64), nan=0.0), 0.0)
