"""The ladder's rungs, weakest first, beside the stages at which a verdict can fall.

Both are part of the contract with decisions on disk: a value is never reused for another meaning.
"""

from enum import IntEnum


class Rung(IntEnum):
    """What happens to an account. A higher value is a stronger measure."""

    ALLOW = 0
    WARN = 1
    CHALLENGE = 2
    BUDGET = 3
    LOCK = 4
    SUSPEND = 5
    BAN = 6

    @property
    def word(self) -> str:
        """The name as policy files, decisions and reports write it."""
        return self.name.lower()


class Stage(IntEnum):
    """What prompted the look at an account."""

    REGISTRATION = 0
    MESSAGING = 1
    FEEDBACK = 2
    CAMPAIGN = 3

    @property
    def word(self) -> str:
        """The name as policy files, decisions and reports write it."""
        return self.name.lower()


RUNG_MEANINGS: dict[Rung, str] = {
    Rung.ALLOW: "nothing happens",
    Rung.WARN: "the account holder is told what looks wrong; nothing is limited",
    Rung.CHALLENGE: "a proof of being a person is asked for before the next first message to a stranger",
    Rung.BUDGET: "first messages to strangers are rationed; a reply refunds one",
    Rung.LOCK: "existing chats go on, new ones cannot be started",
    Rung.SUSPEND: "the account cannot send for a stated time",
    Rung.BAN: "the account is closed until an appeal reopens it",
}

STAGE_MEANINGS: dict[Stage, str] = {
    Stage.REGISTRATION: "at sign-up, before the first message",
    Stage.MESSAGING: "while the account writes, types, creates groups or adds people",
    Stage.FEEDBACK: "when somebody blocks or reports the account",
    Stage.CAMPAIGN: "when the account is found to act together with others",
}

RUNGS: dict[str, Rung] = {rung.word: rung for rung in Rung}
STAGES: dict[str, Stage] = {stage.word: stage for stage in Stage}

UNSEEN_SIGN_UP = len(Stage)
"""Row of score thresholds, after those of the stages, for accounts whose sign-up the log never carried."""

SCORE_TABLES: dict[str, int] = {word: int(stage) for word, stage in STAGES.items()} | {
    "unseen_sign_up": UNSEEN_SIGN_UP
}
"""The ``[model.…]`` sections of a policy. ``unseen_sign_up`` stands in for messaging and feedback where age
is missing: unknown is not new, and less is known of such an account, so its score must be higher to mean the
same."""
