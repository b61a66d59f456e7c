"""Whether the time stamps of a case file are of its files, and of the authorities that it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidegate.desk.evidence.custody.bag_check import OpenedBag
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.custody.verdict import Seal, Verdict

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MOST_LIST_BYTES = 32 << 20
COLUMNS = 5
NEEDS = "time stamps were not checked: that needs {}; pip install 'tidegate[evidence]', or see VERIFY.txt for openssl"


@dataclass(frozen=True, slots=True)
class _Line:
    token: str
    of: str
    roots: str
    seconds: str
    authority: str


class StampCheck:
    """Checks the lists of time stamps against one set of authorities."""

    def __init__(
        self, bag: OpenedBag, verdict: Verdict, case: Mapping[str, Any], trusted: "Sequence[Certificate]"
    ) -> None:
        """Raises ModuleNotFoundError without the packages that read tokens."""
        from tidegate.desk.evidence.custody import tokens

        self._tokens = tokens
        self._bag, self._verdict, self._trusted = bag, verdict, tuple(trusted)
        self._roots = self._authorities(case.get("authorities"))
        self.times: dict[tuple[str, str], datetime] = {}
        """When a good token of the payload says that a file was there."""

    def _authorities(self, listed: Any) -> dict[str, tuple[str, "tuple[Certificate, ...]"]]:
        found = {}
        for one in listed if isinstance(listed, list) else []:
            name, file = (one.get("name"), one.get("roots")) if isinstance(one, dict) else (None, None)
            if not isinstance(name, str) or not isinstance(file, str):
                self._verdict.find("case.json: an authority without its name or the file of its roots")
                continue
            pem = self._bag.read(file, self._tokens.MOST_ROOTS_BYTES)
            try:
                found[name] = (file, self._tokens.roots_from(pem or b""))
            except self._tokens.TokenError as error:
                self._verdict.find(f"the roots of {name!a} ({file}) cannot be read: {error}")
        return found

    def check_payload(self, name: str, called: Mapping[str, str]) -> None:
        """Every time stamp of exhibits and of heads of the custody chain."""
        for line in self._lines(name, "data/tokens/"):
            of = f"the time stamp of {called.get(line.of, line.of)}"
            at = self._check(line, of)
            if at is not None:
                self._verdict.tokens += 1
                self.times[line.token, line.of] = at

    def check_seal(self, name: str, manifest: str) -> None:
        """The time stamps over the manifest."""
        for line in self._lines(name, "seal/manifest-"):
            if line.of != manifest:
                self._verdict.find(f"{name}: a seal over {line.of!a}, not over the manifest")
                continue
            at = self._check(line, "the seal of the case")
            if at is not None:
                self._verdict.seals.append(self._seal(line, at))

    def _seal(self, line: _Line, at: datetime) -> Seal:
        token = self._bag.read(line.token, self._tokens.MOST_TOKEN_BYTES) or b""
        digest = self._bag.digests[line.of]
        roots = self._roots[line.authority][1]
        stamp = self._tokens.check(token, digest, roots)
        root = next((one for one in roots if self._leads_to(token, digest, one)), roots[0])
        trusted = any(self._leads_to(token, digest, one) for one in self._trusted)
        return Seal(line.authority, stamp.signer, moment(at), self._tokens.fingerprint(root), trusted)

    def _leads_to(self, token: bytes, digest: str, root: "Certificate") -> bool:
        try:
            self._tokens.check(token, digest, (root,))
        except self._tokens.TokenError:
            return False
        return True

    def _check(self, line: _Line, of: str) -> datetime | None:
        """When a token is good: its time. Otherwise what is wrong is told."""
        find = self._verdict.find
        if line.authority not in self._roots or self._roots[line.authority][0] != line.roots:
            find(f"{of} names {line.authority!a} and {line.roots}, which case.json does not list together")
            return None
        if line.of not in self._bag.digests:
            find(f"{of}: the file it is of, {line.of!a}, is missing")
            return None
        token = self._bag.read(line.token, self._tokens.MOST_TOKEN_BYTES)
        if token is None:
            return None
        digest = self._bag.digests[line.of]
        try:
            stamp = self._tokens.check(token, digest, self._roots[line.authority][1])
        except self._tokens.OtherAuthorityError as error:
            find(f"{of} ({line.token}) is said to be from {line.authority!a}, but {error}")
            return None
        except self._tokens.TokenError as error:
            find(f"{of} ({line.token}) is no good: {error}")
            return None
        if self._trusted and not any(self._leads_to(token, digest, one) for one in self._trusted):
            find(f"{of} ({line.token}), from {line.authority!a}, leads to none of the roots given")
            return None
        if str(int(stamp.at.timestamp())) != line.seconds:
            find(
                f"{of} ({line.token}) says {moment(stamp.at)}, the list of time stamps says {line.seconds!a}"
            )
        return stamp.at

    def _lines(self, name: str, folder: str) -> list[_Line]:
        """Of a list of time stamps. Every token at that place must be in it."""
        text = (self._bag.read(name, MOST_LIST_BYTES) or b"").decode("utf-8", "replace")
        lines = []
        for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):
            parts = line.split("\t")
            if len(parts) != COLUMNS:
                self._verdict.find(f"{name}, line {number}: expected {COLUMNS} columns, found {len(parts)}")
                continue
            lines.append(_Line(*parts))
        for there in sorted(self._bag.names - {line.token for line in lines}):
            if there.startswith(folder):
                self._verdict.find(f"{there}: a time stamp that {name} does not list")
        return lines
