"""A sentence picked for a person to look at."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a sentence is about."""

    BULK = "bulk"
    """Bulk, automated or unofficial messaging."""
    OFFICIAL = "official"
    """The operator's own interface for businesses."""
    PERSONAL = "personal"
    """A person's own chats: export, statistics, looks."""
    UNCLEAR = "unclear"
    """Something else, or it does not say."""


class Stance(StrEnum):
    """What a sentence does with its subject."""

    OFFERS = "offers"
    """Somebody says that they send, sell or help."""
    FORBIDS = "forbids"
    """Terms, rules, a notice."""
    REPORTS = "reports"
    """News, research, a complaint: about what others do."""


class Channel(StrEnum):
    """Where the messages go."""

    MESSENGER = "messenger"
    SMS = "sms"
    EMAIL = "email"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Word:
    """A word that carried the score."""

    text: str
    """As written."""
    start: int
    """Place in the whole text."""
    weight: float
    """What it added to the log-odds; below 0 it spoke against."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept that a rule found."""

    concept: str
    """A heading of ``terms.txt``."""
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, verbatim, and why it was picked."""

    quote: str
    """``text[start:end]``, nothing changed."""
    start: int
    end: int
    """Offsets in characters (Unicode code points) of the text given."""
    sha256: str
    """Of the quote in UTF-8, in lower-case hexadecimal."""
    language: str | None
    """ISO 639-1; None when no word tells."""
    kind: Kind
    stance: Stance
    channel: Channel
    explicit: bool
    """The sentence itself names the messenger. If not, and the channel is the messenger, the text around it does."""
    score: float
    """Probability, from 0 to 1, that this is a claim."""
    words: tuple[Word, ...]
    """Those that carried the score, the strongest first."""
    mentions: tuple[Mention, ...]
    """What the rules found, in the order of the text."""
    model: str
    """Digest of the weights: the same text gives the same claims under the same digest."""
