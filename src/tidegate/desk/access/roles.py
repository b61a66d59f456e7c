"""Roles and what each may do: one table, read by the gate, the pages and the tests."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody works as."""

    ANALYST = "analyst"
    REVIEWER = "reviewer"
    SENIOR = "senior"
    OFFICER = "officer"
    COUNSEL = "counsel"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_TITLES = {Role.SENIOR: "Senior reviewer", Role.OFFICER: "Case officer"}
CHOICES = [(str(role), _TITLES.get(role, str(role).capitalize())) for role in Role]
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
    SEE_CASES = "see_cases"
    """Look at cases: exhibits, links, letters, and the people and companies they name."""
    WORK_CASES = "work_cases"
    """Open cases, capture, confirm claims and links, determine, write letters, seal."""
    APPROVE_STEP = "approve_step"
    """Be the second person for a letter or a suit; look again at what was appealed."""
    DECIDE_AS_COUNSEL = "decide_as_counsel"
    """Decide, as a lawyer, what the table of grounds leaves to counsel; set and lift a legal hold."""
    MANAGE_PEOPLE = "manage_people"


_LOOKS = {Right.SEE}
_RULES = _LOOKS | {Right.RULE, Right.DECIDE_APPEAL, Right.REVEAL}
_INVESTIGATES = {Right.SEE_CASES, Right.WORK_CASES, Right.APPROVE_STEP}
RIGHTS: dict[str, frozenset[Right]] = {
    Role.ANALYST: frozenset(_LOOKS | {Right.EDIT_POLICY, Right.EXPORT}),
    Role.REVIEWER: frozenset(_RULES),
    Role.SENIOR: frozenset(
        _RULES
        | _INVESTIGATES
        | {Right.RULE_BAN, Right.EDIT_POLICY, Right.APPROVE_POLICY, Right.OPERATE, Right.EXPORT}
    ),
    Role.OFFICER: frozenset(_LOOKS | _INVESTIGATES | {Right.EXPORT}),
    Role.COUNSEL: frozenset(
        _LOOKS | {Right.SEE_CASES, Right.APPROVE_STEP, Right.DECIDE_AS_COUNSEL, Right.EXPORT}
    ),
    Role.AUDITOR: frozenset(_LOOKS | {Right.SEE_CASES, Right.SEE_RECORD, Right.EXPORT}),
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
    Right.SEE_CASES: "look at cases and their exhibits",
    Right.WORK_CASES: "work on cases: capture, confirm, determine, write letters, seal",
    Right.APPROVE_STEP: "approve letters and suits as the second person",
    Right.DECIDE_AS_COUNSEL: "decide as a lawyer, set and lift a legal hold",
    Right.MANAGE_PEOPLE: "look after people who work here",
}
"""For pages and documentation."""
