"""Commands of people and their tools, each as the event that it becomes."""

import math

from tidegate.engine.policy import PolicyErrors, load_policy
from tidegate.engine.policy.sections import MAX_DURATION_S
from tidegate.engine.rungs import Rung
from tidegate.events.columns import MISSING_FORWARDS, MISSING_INT, EventType, Reason
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.asked_policy import mark_of
from tidegate.node.batch import Batch, RulingTaken
from tidegate.node.journal import Journal, PolicyKept
from tidegate.node.requests import Done, Erasure, Finding, PolicyChange, Proof, RequestError, Ruling
from tidegate.node.vault import Vault
from tidegate.statements.in_force import InForce
from tidegate.statements.statement import pseudonym_shown

MINUTE_S, DAY_S = 60.0, 86_400.0
MIN_DURATION_S = MINUTE_S
"""A ruling's event counts minutes."""


class Commands:
    """Adds commands to a batch. One thread."""

    def __init__(self, pseudonyms: Pseudonyms, vault: Vault, journal: Journal) -> None:
        self._pseudonyms, self._vault, self._journal = pseudonyms, vault, journal

    def known(self, request: Ruling | Proof | Erasure) -> bool:
        """Whether anybody has ever heard of the account that it is about. Raises StorageError, or RequestError."""
        return bool(self._vault.sealed([self._key(request)]))

    def add(self, request: Ruling | Proof | Erasure, batch: Batch, now_s: float) -> None:
        """A command about one account. Raises RequestError when nobody has ever heard of it, or StorageError."""
        key, at = self._key(request), len(batch.answers)
        if not self.known(request):
            called = (
                repr(request.account) if request.account else f"with the pseudonym {pseudonym_shown(key)}"
            )
            raise RequestError("unknown_account", f"this node has never heard of the account {called}")
        if isinstance(request, Ruling):
            self._rule(request, key, batch, now_s)
        elif isinstance(request, Proof):
            batch.add_own(EventType.PROOF, now_s, actor=key)
        else:
            batch.add_own(EventType.ERASURE, now_s, actor=key)
            batch.erasures.append((at, key, request.by))
        batch.answers.append(Done(0))

    def _key(self, request: Ruling | Proof | Erasure) -> int:
        given = None if isinstance(request, Proof) else request.key
        if given is None:
            if not request.account:
                raise RequestError(
                    "bad_account", "neither an account nor its pseudonym is given; one is needed"
                )
            return self._pseudonyms.one(request.account)
        if not 0 < given < 1 << 64:
            raise RequestError("bad_account", f"{given} is no pseudonym; they are numbers of 64 bits above 0")
        if request.account and self._pseudonyms.one(request.account) != given:
            raise RequestError(
                "bad_account",
                f"the account {request.account!r} has another pseudonym than {pseudonym_shown(given)}",
            )
        return given

    def _rule(self, request: Ruling, key: int, batch: Batch, now_s: float) -> None:
        if wrong := wrong_with(request):
            raise RequestError("bad_ruling", wrong)
        minutes = None if request.duration_s is None else math.ceil(request.duration_s / MINUTE_S)
        batch.add_own(
            EventType.LABEL if request.label_only else EventType.RULING,
            now_s,
            target=key,
            actor=self._pseudonyms.one(request.by),
            reason=Reason.ABUSIVE if request.finding is Finding.ABUSIVE else Reason.LEGITIMATE,
            forwards=MISSING_FORWARDS if request.rung is None else int(request.rung),
            members=MISSING_INT if minutes is None else minutes,
        )
        until_s = None if minutes is None else now_s + minutes * MINUTE_S
        batch.rulings.append(RulingTaken(len(batch.answers), key, request, until_s))

    def replace_policy(self, request: PolicyChange, now: InForce, batch: Batch, now_s: float) -> None:
        """A policy in the place of that of ``now``. Raises RequestError with every mistake in it, or StorageError."""
        try:
            policy = load_policy(request.text, "policy")
        except PolicyErrors as errors:
            said = "the policy cannot be used; nothing has changed"
            raise RequestError("bad_policy", said, tuple(map(str, errors.errors))) from None
        self.put_in_force(InForce(policy, now.model, now.pseudonyms, now.pepper), request.text, batch, now_s)
        batch.answers.append(Done(0))

    def put_in_force(self, in_force: InForce, text: str, batch: Batch, now_s: float) -> None:
        """A policy and a model, from the batch's next event on. ``text``: the policy as it was written."""
        model, mark = in_force.model, mark_of(in_force)
        kept = PolicyKept(text, model.to_json() if model else "")
        self._journal.keep_policy(mark, kept, model.digest if model else "")
        batch.add_own(EventType.POLICY, now_s, identifier=mark)


def wrong_with(ruling: Ruling) -> str:
    """Why a ruling cannot be carried out; "" when it can."""
    rung, duration_s = ruling.rung, ruling.duration_s
    if rung is None and duration_s is None:
        return ""
    if ruling.label_only:
        return "a label moves no rung: leave out rung and duration, or make it a ruling"
    if ruling.finding is not Finding.ABUSIVE:
        return (
            "a rung or a duration goes with the finding abusive alone; legitimate puts the account on allow"
        )
    if rung is None:
        return "a duration needs the rung that it is for"
    if rung is Rung.ALLOW:
        return "allow is no measure: find the account legitimate instead"
    if duration_s is not None and not MIN_DURATION_S <= duration_s <= MAX_DURATION_S:
        longest = f"{MAX_DURATION_S / DAY_S:.0f} days"
        return f"a duration of {duration_s:g} s is out of range: from a minute to {longest}, or none for the ladder's"
    return ""
