"""Beginnings for a replay beside the node: which policy decides as things stand, and engines to replay with."""

from pathlib import Path

from tidegate.engine.engine import Engine
from tidegate.engine.policy import Policy, load_policy
from tidegate.events.columns import EventType
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.asked_policy import asked_policy
from tidegate.node.journal import Journal
from tidegate.node.journal_tail import JournalTail
from tidegate.node.keys import keys_of
from tidegate.node.recovery import recover
from tidegate.node.replica import Replica, in_force_of
from tidegate.node.settings import SETTINGS_FILE, NodeSettings, read_settings
from tidegate.node.snapshots import SnapshotDamaged, describe, snapshots_in
from tidegate.statements.in_force import InForce

CANDIDATE = "the candidate policy"
"""What messages about its mistakes call it."""
DAY_S = 86_400.0


class Beginning:
    """A node's folder as a replay finds it. Nothing in it is changed."""

    def __init__(self, folder: Path) -> None:
        """Raises StorageError, SettingsError, PolicyErrors or ModelError."""
        self._folder = folder
        self.settings: NodeSettings = read_settings(folder / SETTINGS_FILE)
        self._pseudonyms = Pseudonyms(keys_of(folder).pseudonym)
        self._asked, _ = asked_policy(folder, self.settings, self._pseudonyms)

    def policy_now(self) -> InForce:
        """What decides as things stand: the journal's last policy; before the first one, what the settings ask for."""
        tail, mark = self._from_snapshot()
        try:
            at_end = False
            while not at_end:
                events, at_end = tail.read()
                put = events["id"][events["type"] == int(EventType.POLICY)]
                mark = int(put[-1]) if len(put) else mark
        finally:
            tail.close()
        journal = Journal(self._folder, read_only=True)
        try:
            kept = journal.policy(mark) if mark else None
        finally:
            journal.close()
        return in_force_of(kept, self._asked) if kept else self._asked

    def new_replica(self, in_force: InForce) -> Replica:
        """An engine that has seen nothing, under a policy that stays."""
        return Replica(self._engine(in_force), in_force, 0, lambda _: None)

    def replica_now(self) -> Replica:
        """The node's engine as the newest snapshot has it; it obeys the journal's policies."""
        found = snapshots_in(self._folder)
        journal = Journal(self._folder, read_only=True)  # stays open: the replica finds policies in it
        return recover(
            self._folder,
            journal,
            self._asked,
            self._idle_limit_s,
            heard=lambda decided, events, number: None,
            until=int(found[0].stem) if found else journal.begin,
            keep_damaged=False,
        ).replica

    def copy_under(self, replica: Replica, policy: Policy) -> Replica:
        """Another engine with the same memory, under a policy that stays, and the same model."""
        model = replica.in_force.model
        in_force = InForce(policy, model, self._pseudonyms, self._asked.pepper)
        engine, parts = self._engine(in_force), replica.engine.state_parts()
        for name, target in engine.prepare_state({name: part.nbytes for name, part in parts.items()}).items():
            target[...] = parts[name]
        engine.adopt_state()
        return Replica(engine, in_force, 0, lambda _: None)

    @property
    def _idle_limit_s(self) -> float:
        return self.settings.retention.idle_days * DAY_S

    def _engine(self, in_force: InForce) -> Engine:
        return Engine(
            in_force.policy, in_force.model, pepper=in_force.pepper, idle_limit_s=self._idle_limit_s
        )

    def _from_snapshot(self) -> tuple[JournalTail, int]:
        """What comes after the newest sound snapshot, and the mark of the policy then in force; 0: none yet."""
        for path in snapshots_in(self._folder):
            try:
                described = describe(path)
            except SnapshotDamaged:
                continue  # the node names it when it starts
            return JournalTail(self._folder, start=described.sequence), described.policy_mark
        return JournalTail(self._folder, start=0), 0


def candidate_of(text: str) -> Policy:
    """A policy from its text. Raises PolicyErrors."""
    return load_policy(text, CANDIDATE)
