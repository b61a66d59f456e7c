"""What account holders are told: the node's words for what is really done, and what a ration means here."""

from datetime import datetime

from tidegate.engine.rungs import Rung
from tidegate.messengers.matrix.official.node_client import Action
from tidegate.messengers.matrix.official.settings import EnforcementSection, MatrixSettings, Means
from tidegate.node.enforcement import Measure
from tidegate.node.notices import notice, status_in

RATIONED = (
    "When {count} people you invited have not answered within {hours:.0f} hours, you cannot write to anybody until one "
    "of them answers or the time has passed."
)
CLOSED_CHATS = "If you invite somebody all the same, you cannot write to anybody until they answer."
SIGNED_OUT = "All your devices have been signed out."
SPENT = (
    "You have invited more people than may be left without an answer. You can read, but not write, until one of them "
    "answers or {hours:.0f} hours have passed."
)


def means_of(enforcement: EnforcementSection) -> dict[Rung, Means]:
    """What is done about each rung but a ban."""
    return {
        Rung.ALLOW: Means.NOTICE,
        Rung.WARN: Means.NOTICE,
        Rung.CHALLENGE: Means.NOTICE,
        Rung.BUDGET: enforcement.budget,
        Rung.LOCK: enforcement.lock,
        Rung.SUSPEND: Means.SUSPEND,
    }


def notice_text(settings: MatrixSettings, action: Action, rung: Rung, link: str = "") -> str:
    """The node's statement about what is really done, what it means here, and the link of a challenge."""
    done = _done_about(settings.enforcement, rung)
    statement = action.notice
    if done is not rung:
        previous = Rung[action.previous.upper()] if action.previous.upper() in Rung.__members__ else rung
        until_s = datetime.fromisoformat(action.until).timestamp() if action.until else None
        status = status_in(action.notice)
        statement = notice(Measure(done, until_s), _done_about(settings.enforcement, previous), status)
    more = settings.words.get(rung.word, _meaning(settings.enforcement, rung))
    return "\n\n".join(part for part in (statement, more, link) if part)


def spent_text(settings: MatrixSettings) -> str:
    """What an account holder is told whose ration is spent."""
    return settings.words.get("ration", SPENT.format(hours=settings.enforcement.window_h))


def _done_about(enforcement: EnforcementSection, rung: Rung) -> Rung:
    """The rung whose words are true here: who cannot write is told so, not that existing chats go on."""
    return Rung.SUSPEND if means_of(enforcement).get(rung) is Means.SUSPEND else rung


def _meaning(enforcement: EnforcementSection, rung: Rung) -> str:
    """What the node's words leave open."""
    if rung is Rung.BAN and enforcement.ban_deletes_devices:
        return SIGNED_OUT
    if means_of(enforcement).get(rung) is not Means.RATION:
        return ""
    if rung is Rung.LOCK:
        return CLOSED_CHATS
    return RATIONED.format(count=enforcement.first_contacts + 1, hours=enforcement.window_h)
