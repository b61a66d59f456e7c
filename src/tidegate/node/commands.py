"""Commands of people and their tools, each as the event that it becomes."""

from tidegate.engine.policy import PolicyErrors, load_policy
from tidegate.events.columns import EventType, Reason
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.asked_policy import mark_of
from tidegate.node.batch import Batch
from tidegate.node.journal import Journal, PolicyKept
from tidegate.node.requests import Done, Erasure, Finding, PolicyChange, Proof, RequestError, Ruling
from tidegate.node.vault import Vault
from tidegate.statements.in_force import InForce


class Commands:
    """Adds commands to a batch. One thread."""

    def __init__(self, pseudonyms: Pseudonyms, vault: Vault, journal: Journal) -> None:
        self._pseudonyms, self._vault, self._journal = pseudonyms, vault, journal

    def known(self, account: str) -> bool:
        """Whether anybody has ever heard of an account. Raises StorageError."""
        return bool(self._vault.sealed([self._pseudonyms.one(account)]))

    def add(self, request: Ruling | Proof | Erasure, batch: Batch, now_s: float) -> None:
        """A command about one account. Raises RequestError when nobody has ever heard of it, or StorageError."""
        account = request.account
        if not self.known(account):
            raise RequestError("unknown_account", f"this node has never heard of the account {account!r}")
        key, at = self._pseudonyms.one(account), len(batch.answers)
        if isinstance(request, Ruling):
            by = self._pseudonyms.one(request.by)
            reason = Reason.ABUSIVE if request.finding is Finding.ABUSIVE else Reason.LEGITIMATE
            batch.add_own(EventType.RULING, now_s, target=key, actor=by, reason=reason)
            batch.rulings.append((at, key, request))
        elif isinstance(request, Proof):
            batch.add_own(EventType.PROOF, now_s, actor=key)
        else:
            batch.add_own(EventType.ERASURE, now_s, actor=key)
            batch.erasures.append((at, key, request.by))
        batch.answers.append(Done(0))

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
