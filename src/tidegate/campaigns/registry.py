"""Findings under names that stay: which campaign a group of accounts continues, and what of it is new."""

import hashlib
from collections import Counter

import numpy as np

from tidegate.campaigns.finding import Campaign


class Registry:
    """Campaigns found so far, by id. Those not seen again for a while are forgotten."""

    def __init__(self) -> None:
        self.campaigns: dict[int, Campaign] = {}
        """As each was last seen."""
        self._of_member: dict[int, int] = {}

    def known(self, keys: list[int]) -> bool:
        """Whether these accounts are all members of one campaign already."""
        numbers = {self._of_member.get(key, 0) for key in keys}
        return len(numbers) == 1 and 0 not in numbers

    def number_for(self, keys: list[int], now_s: float) -> int:
        """The id of the campaign that most of these accounts belong to, or a new one."""
        known = Counter(self._of_member[key] for key in sorted(keys) if key in self._of_member)
        if known:
            return known.most_common(1)[0][0]
        said = min(keys).to_bytes(8, "little") + int(now_s).to_bytes(8, "little")
        return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "little") or 1

    def enter(self, campaign: Campaign) -> None:
        """Remember a finding in the place of what was known of the same campaign."""
        self.campaigns[campaign.id] = campaign
        self._of_member.update((key, campaign.id) for key in campaign.members.tolist())

    def erase(self, key: int) -> None:
        """Forget that an account was a member or a victim."""
        self._of_member.pop(key, None)
        for number, campaign in list(self.campaigns.items()):
            if (campaign.members == np.uint64(key)).any() or (campaign.victims == np.uint64(key)).any():
                self.campaigns[number] = campaign.without(key)

    def forget(self, before_s: float) -> None:
        """Let go of campaigns to which nobody was added since."""
        old = [number for number, campaign in self.campaigns.items() if campaign.found_s < before_s]
        for number in old:
            del self.campaigns[number]
        if old:
            self._of_member = {
                key: number for key, number in self._of_member.items() if number in self.campaigns
            }
