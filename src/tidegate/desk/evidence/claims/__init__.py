"""Public claims to send, sell or help with bulk, automated or unofficial messaging on this messenger.

:func:`detect` is triage: it finds sentences with their exact words and says why it picked them; a person confirms. It
reads no file beyond the weights that the package brings, and asks no network.
"""

from tidegate.desk.evidence.claims.claim import Channel, Claim, Kind, Stance
from tidegate.desk.evidence.claims.detecting import detect
from tidegate.desk.evidence.claims.settings import Settings

__all__ = ["Channel", "Claim", "Kind", "Settings", "Stance", "detect"]
