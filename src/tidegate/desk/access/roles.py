"""Roles and what each may do: one table, read by the gate, the pages and the tests."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody works as."""

    ANALYST = "analyst"
    REVIEWER = "reviewer"
    SENIOR = "senior"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


CHOICES = [(str(role), "Senior reviewer" if role is Role.SENIOR else str(role).capitalize()) for role in Role]
"""For forms and the database."""


class Right(StrEnum):
    """What somebody may do."""

    SEE = "see"
    """Look at accounts by pseudonym, decisions, campaigns, policies, reports."""
    RULE = "rule"
    """Decide cases and about accounts, up to a suspension."""
    RULE_BAN = "rule_ban"
    """Close an account, or act on a whole campaign."""
    DECIDE_APPEAL = "decide_appeal"
    REVEAL = "reveal"
    """See the identifier behind a pseudonym, with a reason that is written down."""
    EDIT_POLICY = "edit_policy"
    """Write drafts, test them, run them in the shadow."""
    APPROVE_POLICY = "approve_policy"
    """Put a policy into force or take it back; be the second person for rules that ban."""
    OPERATE = "operate"
    """Reset a circuit breaker."""
    SEE_RECORD = "see_record"
    """Read the record of who did what."""
    EXPORT = "export"
    """Take data out: statements of reasons, what is held about an account."""
    ERASE = "erase"
    MANAGE_PEOPLE = "manage_people"


_LOOKS = {Right.SEE}
_RULES = _LOOKS | {Right.RULE, Right.DECIDE_APPEAL, Right.REVEAL}
RIGHTS: dict[str, frozenset[Right]] = {
    Role.ANALYST: frozenset(_LOOKS | {Right.EDIT_POLICY, Right.EXPORT}),
    Role.REVIEWER: frozenset(_RULES),
    Role.SENIOR: frozenset(
        _RULES | {Right.RULE_BAN, Right.EDIT_POLICY, Right.APPROVE_POLICY, Right.OPERATE, Right.EXPORT}
    ),
    Role.AUDITOR: frozenset(_LOOKS | {Right.SEE_RECORD, Right.EXPORT}),
    Role.ADMINISTRATOR: frozenset(
        _LOOKS
        | {
            Right.SEE_RECORD,
            Right.APPROVE_POLICY,
            Right.OPERATE,
            Right.EXPORT,
            Right.ERASE,
            Right.MANAGE_PEOPLE,
        }
    ),
}
"""An auditor reads everything and changes nothing; an administrator runs the desk and rules on nobody."""

IN_WORDS: dict[Right, str] = {
    Right.SEE: "look at accounts by pseudonym, decisions, campaigns, policies and reports",
    Right.RULE: "decide cases and about accounts, up to a suspension",
    Right.RULE_BAN: "close an account, act on a whole campaign",
    Right.DECIDE_APPEAL: "decide appeals",
    Right.REVEAL: "see the identifier behind a pseudonym, with a reason",
    Right.EDIT_POLICY: "write and test policies, run them in the shadow",
    Right.APPROVE_POLICY: "put a policy into force or take it back",
    Right.OPERATE: "reset a circuit breaker",
    Right.SEE_RECORD: "read and check the record of who did what",
    Right.EXPORT: "take data out",
    Right.ERASE: "erase what is held about an account",
    Right.MANAGE_PEOPLE: "look after people who work here",
}
"""For pages and documentation."""
