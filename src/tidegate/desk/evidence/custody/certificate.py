"""A draft of the certificate that a qualified person signs for copies made by hash (US FRE 902(13) and (14)).

It describes the process and names the digests. It draws no conclusion, and it is nothing until somebody signs it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = """\
DRAFT - NOT SIGNED - FOR REVIEW BY COUNSEL

Certificate of a qualified person about electronic evidence
(model: US Federal Rules of Evidence 902(11), 902(13) and 902(14); other courts ask for other forms)

Case: {id}, {title}
Software: {tool}

1. I am: [name, position, employer, address]
2. I am qualified to make this certificate because: [training, experience with the process described]
3. The process. Each item below was obtained as raw bytes, which were stored before anything else was done with them.
   Their SHA-256 was computed at once over the bytes as received, and over those after undoing the transfer's encoding.
   The clocks available at that moment were recorded separately. Where a time stamp under RFC 3161 is listed, the
   SHA-256 of the raw bytes was sent to the authority named. Every later step is a row in the chain of custody.
4. [How I know that the process produced an accurate result on the dates below, and how it was tested]
5. The copies in this file are identical to what was stored if their SHA-256, computed anew, is the one listed.

Items
"""
_FOOT = """
I certify under penalty of perjury that the foregoing is true and correct. [Delete what you cannot certify.]

Signature: ______________________   Date: ______________
"""


def certificate_draft(case: Mapping[str, Any], register: Sequence[Mapping[str, Any]]) -> str:
    """The text, with one entry for each exhibit."""
    items = [
        f"  Exhibit {entry['number']}: {entry['title']}\n"
        f"    from:              {entry['source'] or '[not recorded]'}\n"
        f"    captured (system): {entry['clocks'].system}\n"
        f"    by:                {entry['operator'] or '[not recorded]'} with {entry['tool'] or '[not recorded]'}\n"
        f"    SHA-256 raw:       {entry['raw_sha256']}\n"
        f"    SHA-256 decoded:   {entry['decoded_sha256']}\n"
        f"    time stamps:       {', '.join(entry['clocks'].tsa) or 'none'}\n"
        for entry in register
    ]
    return _HEAD.format(id=case["id"], title=case["title"], tool=case["tool"]) + "".join(items) + _FOOT
