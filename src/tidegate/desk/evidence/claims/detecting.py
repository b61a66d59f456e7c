"""From a text to the sentences that a person should see."""

import hashlib
import re
from functools import lru_cache

import numpy as np

from tidegate.desk.evidence.claims import weights as weights_file
from tidegate.desk.evidence.claims.carrying import carried
from tidegate.desk.evidence.claims.claim import Channel, Claim, Kind, Mention, Stance, Word
from tidegate.desk.evidence.claims.features import concept_columns, features_of
from tidegate.desk.evidence.claims.language import language_of
from tidegate.desk.evidence.claims.meanings import shipped_vocabulary
from tidegate.desk.evidence.claims.sentences import sentences
from tidegate.desk.evidence.claims.settings import MOST_CHARACTERS, Settings
from tidegate.desk.evidence.claims.terms import Hit, Terms, shipped_terms
from tidegate.desk.evidence.claims.tokens import MESSENGER, Token, names_pattern, tokens_of
from tidegate.desk.evidence.claims.weights import HEADS, Floats, Weights

WORDS_SHOWN = 8
_CLAIM = 0
_KINDS = slice(1, 1 + len(HEADS["kind"]))
_STANCES = slice(_KINDS.stop, _KINDS.stop + len(HEADS["stance"]))


@lru_cache(maxsize=8)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return names_pattern(names)


def detect(text: str, *, language: str | None = None, settings: Settings | None = None) -> list[Claim]:
    """Sentences of ``text`` that claim bulk, automated or unofficial messaging, in the order of the text.

    ``language`` (ISO 639-1) is what the page says of itself; it is only handed on where the words do not tell. Raises
    ValueError for a text of more than :data:`MOST_CHARACTERS`.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"the text has {len(text):,} characters, at most {MOST_CHARACTERS:,} are read: cut it"
        )
    settings = settings or Settings()
    weights, terms = weights_file.shipped(), shipped_terms()
    columns = concept_columns(terms)
    names = _pattern(settings.all_names)
    text_names_it = names.search(text) is not None
    text_language = language or language_of(text)
    found = []
    for start, end in sentences(text):
        sentence = Sentence(text[start:end], start, tokens_of(text[start:end], names), terms)
        if sentence.tokens:
            claim = sentence.judged(weights, columns, settings, text_names_it, text_language)
            if claim:
                found.append(claim)
    return found


class Sentence:
    """One sentence with its words and what the rules found in it."""

    __slots__ = ("hits", "quote", "start", "tokens")

    def __init__(self, quote: str, start: int, tokens: list[Token], terms: Terms) -> None:
        self.quote = quote
        self.start = start
        """In the whole text."""
        self.tokens = tokens
        self.hits: list[Hit] = list(terms.hits(tokens))

    @property
    def channel(self) -> Channel:
        """By the words of the sentence alone; the messenger before others."""
        concepts = {hit.concept for hit in self.hits}
        if any(token.norm == MESSENGER for token in self.tokens):
            return Channel.MESSENGER
        if "sms" in concepts:
            return Channel.SMS
        return Channel.EMAIL if "email" in concepts else Channel.UNCLEAR

    def judged(
        self,
        weights: Weights,
        columns: dict[tuple[str, ...], int],
        settings: Settings,
        text_names_it: bool,
        text_language: str | None,
    ) -> Claim | None:
        """As a claim, or None when it is below the threshold or about another channel."""
        features = features_of(self.tokens, self.hits, columns, shipped_vocabulary())
        outputs = weights.outputs(features)
        kinds, stances = _softmax(outputs[_KINDS]), _softmax(outputs[_STANCES])
        channel = self.channel
        if channel in (Channel.SMS, Channel.EMAIL):
            if not settings.other_channels:
                return None
            score = float(kinds[0] * stances[0])
        else:
            score = float(1 / (1 + np.exp(-outputs[_CLAIM])))
        if score < settings.threshold:
            return None
        explicit = channel is Channel.MESSENGER
        if channel is Channel.UNCLEAR and text_names_it:
            channel = Channel.MESSENGER
        return Claim(
            quote=self.quote,
            start=self.start,
            end=self.start + len(self.quote),
            sha256=hashlib.sha256(self.quote.encode("utf-8", "surrogatepass")).hexdigest(),
            language=language_of(self.quote) or text_language,
            kind=Kind(HEADS["kind"][int(kinds.argmax())]),
            stance=Stance(HEADS["stance"][int(stances.argmax())]),
            channel=channel,
            explicit=explicit,
            score=score,
            words=self._carrying(carried(weights, features, self.tokens, self.hits, columns)),
            mentions=tuple(
                Mention(hit.concept, self.quote[hit.start : hit.end], self.start + hit.start)
                for hit in dict.fromkeys(self.hits)
            ),
            model=weights.digest,
        )

    def _carrying(self, added: Floats) -> tuple[Word, ...]:
        strongest = sorted(range(len(added)), key=lambda index: (-abs(added[index]), index))[:WORDS_SHOWN]
        return tuple(
            Word(self.quote[token.start : token.end], self.start + token.start, float(added[index]))
            for index in strongest
            for token in (self.tokens[index],)
        )


def _softmax(outputs: Floats) -> Floats:
    raised = np.exp(outputs - outputs.max())
    return np.asarray(raised / raised.sum())
