"""States, grounds and actions in words, for pages and letters of the desk. Pure."""

from tidegate.desk.evidence.grounds import Action, Ground, OffPlatform, OnPlatform, State, Subject

ON_PLATFORM: dict[OnPlatform, str] = {
    OnPlatform.NONE: "No abuse on the messenger is in the case.",
    OnPlatform.UNLINKED: "Abuse on the messenger is in the case, but nobody has confirmed that it is this subject's.",
    OnPlatform.LINKED_BEFORE: "Abuse on the messenger is confirmed to be this subject's, "
    "committed and recorded safely before the cut-off day.",
    OnPlatform.LINKED: "Abuse on the messenger is confirmed to be this subject's, "
    "not safely before the cut-off day.",
}
OFF_PLATFORM: dict[OffPlatform, str] = {
    OffPlatform.NONE: "Nothing seen elsewhere counts: it takes a confirmed link and a confirmed offer.",
    OffPlatform.UNDATED: "An offer was seen elsewhere, but nobody vouches for when.",
    OffPlatform.NOT_AFTER: "An offer was seen elsewhere, last on the cut-off day or before.",
    OffPlatform.AFTER: "An offer was seen elsewhere, safely after the cut-off day.",
}
SUBJECT: dict[Subject, str] = {
    Subject.COMPANY: "The subject is a company.",
    Subject.INDIVIDUAL: "The subject is a person, not a company.",
    Subject.UNIDENTIFIED: "Nobody knows yet who the subject is.",
}
DETERMINED = {True: "A person has determined that it is abuse.", False: "No person has determined anything."}
SIGNAL = {
    True: "The messenger itself saw abuse by the account of the case.",
    False: "There is no account in the case about which the messenger itself saw anything.",
}
GROUND: dict[Ground, str] = {
    Ground.G1: "Section 3 of the notice: linked to evidence of abuse on the messenger",
    Ground.G2: "Section 4 of the notice: abuse seen elsewhere that went on after the cut-off day",
    Ground.G2I: "Section 4 of the notice, first sentence: it covers anyone, but notice is given to companies",
    Ground.G3: "Section 4 of the notice: seen elsewhere, and linked to abuse on the messenger before the cut-off day",
    Ground.T: "Section 5 of the notice: accounts, by the messenger's own signals",
}
ACTION: dict[Action, str] = {
    Action.HOLD: "Wait",
    Action.IDENTIFY: "Find out who it is",
    Action.DATE_FIRST: "Capture it with a date first",
    Action.ARCHIVE: "Archive",
    Action.WATCH: "Watch: capture its addresses every week",
    Action.RECAPTURE: "Capture its addresses again now",
    Action.ASK_COUNSEL: "Ask counsel",
    Action.LETTER: "Letter",
    Action.SUIT: "Suit",
    Action.LIMIT: "Limit the account",
    Action.SUSPEND: "Suspend the account",
    Action.TERMINATE: "Close the account",
}


def state_in_words(state: State) -> list[str]:
    """One sentence for each thing that the ground depends on."""
    return [
        ON_PLATFORM[state.on_platform],
        OFF_PLATFORM[state.off_platform],
        SUBJECT[state.subject],
        DETERMINED[state.determined],
        SIGNAL[state.account_signal],
    ]
