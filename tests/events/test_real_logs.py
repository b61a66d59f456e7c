"""Real logs of who wrote to whom are read whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from event_logs import Read

# file: format, events, accounts that wrote, whether it counts from its own start
LOGS = {
    "collegemsg.txt": (59_835, 1_350, False),
    "copenhagen_sms.csv": (24_333, 555, True),
    "copenhagen_calls.csv": (3_600, 449, True),
    "reality_mining_calls.txt": (52_050, None, False),
    "email_eu_dept1.txt": (61_046, None, True),
    "email_eu_dept2.txt": (46_772, None, True),
    "email_eu_dept3.txt": (12_216, None, True),
}


@pytest.mark.parametrize("name", LOGS)
def test_a_real_log_is_read_whole_and_in_order(
    real_data: Callable[[str], Path], read: Read, name: str
) -> None:
    events, senders, relative = LOGS[name]
    result = read(real_data(f"private-messages/{name}"))
    assert (len(result.events), result.summary.rejected, result.summary.late) == (events, 0, 0)
    assert result.summary.relative_time == relative
    assert np.all(np.diff(result.events["time"]) >= 0)
    assert senders is None or len(set(result.actors)) == senders
    assert len(set(result.actors)) == np.unique(result.events["actor"]).size
