"""How well sentences are told apart that the weights were not learned from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

from tidegate.desk.evidence.claims.detecting import detect
from tidegate.desk.evidence.claims.learning.corpus import MESSENGER_NAME, Labelled, corpus, free_texts
from tidegate.desk.evidence.claims.learning.loose import PREFIX, THEMES, loose, theme_of
from tidegate.desk.evidence.claims.learning.texts import learned_from
from tidegate.desk.evidence.claims.learning.training import prepare, train
from tidegate.desk.evidence.claims.settings import DEFAULT_THRESHOLD, Settings
from tidegate.desk.evidence.claims.weights import HEADS, shipped

FOLDS = 5
THEME_FOLDS = 13
SPEED_SENTENCES = 2_000
_KINDS = slice(1, 1 + len(HEADS["kind"]))
_STANCES = slice(_KINDS.stop, _KINDS.stop + len(HEADS["stance"]))


@dataclass(frozen=True, slots=True)
class Scored:
    """Sentences with the score of weights that saw none of their group."""

    sentences: Sequence[Labelled]
    scores: npt.NDArray[np.float64]
    """Probability of a claim."""
    kinds: npt.NDArray[np.int64]
    stances: npt.NDArray[np.int64]
    """Numbers of the likeliest outputs."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Of one selection of sentences."""

    sentences: int
    claims: int
    precision: float
    recall: float
    average_precision: float
    """NaN without claims or without other sentences."""
    flagged_wrongly: float
    """Share of the sentences that are no claims; NaN without any."""


def by_families(heads: Sequence[str] = tuple(HEADS)) -> Scored:
    """Leave out a fifth of the template families in all languages at once, in turn."""
    return _left_out(corpus(), _folds({sentence.family for sentence in corpus()}, FOLDS), heads)


def by_languages() -> Scored:
    """Leave out each language in turn; what is left to go on are terms, meanings and loan words."""
    return _left_out((*corpus(), *loose()), lambda sentence: sentence.language, heads=("claim",))


def by_text_types() -> Scored:
    """Leave out each type of text in turn, also where it is loosely written."""
    return _left_out((*corpus(), *loose()), lambda sentence: sentence.text_type, heads=("claim",))


def by_loose_sets() -> Scored:
    """Leave out a fifth of the loosely written sets in all languages at once, in turn; their themes are known."""
    return _left_out(loose(), _folds({sentence.family for sentence in loose()}, FOLDS), heads=("claim",))


def by_loose_themes() -> Scored:
    """Leave out a few themes of the loosely written texts in turn: a kind of text that was never seen."""
    fold_of = _numbers(THEMES, THEME_FOLDS)
    return _left_out(loose(), lambda sentence: str(fold_of[theme_of(sentence)]), heads=("claim",))


def _folds(families: Iterable[str], folds: int) -> Callable[[Labelled], str]:
    fold_of = _numbers(sorted(families), folds)
    return lambda sentence: str(fold_of[sentence.family])


def _numbers(names: Iterable[str], folds: int) -> dict[str, int]:
    return {name: number % folds for number, name in enumerate(names)}


def free() -> Scored:
    """The free texts, by the shipped weights."""
    weights = shipped()
    prepared = prepare(free_texts())
    outputs = np.array([weights.outputs(one.features) for one in prepared])
    kinds, stances = outputs[:, _KINDS].argmax(axis=1), outputs[:, _STANCES].argmax(axis=1)
    scores = 1 / (1 + np.exp(-outputs[:, 0]))
    return Scored([one.sentence for one in prepared], scores, kinds, stances)


def _left_out(
    tested: Sequence[Labelled], group: Callable[[Labelled], str], heads: Sequence[str] = tuple(HEADS)
) -> Scored:
    """Those tested, each by weights of its own group's fold; what is not tested is always learned from."""
    prepared = prepare(tested)
    known = set(tested)
    others = prepare([one for one in learned_from() if one not in known])
    scores, kinds, stances = np.zeros(len(prepared)), *np.zeros((2, len(prepared)), dtype=np.int64)
    groups = np.array([group(one.sentence) for one in prepared])
    for left_out in sorted(set(groups)):
        seen = [one for one, its in zip(prepared, groups, strict=True) if its != left_out]
        weights = train([*others, *seen], "", heads)
        for index in np.flatnonzero(groups == left_out):
            outputs = weights.outputs(prepared[index].features)
            scores[index] = 1 / (1 + np.exp(-outputs[0]))
            kinds[index] = outputs[_KINDS].argmax()
            stances[index] = outputs[_STANCES].argmax()
    return Scored([one.sentence for one in prepared], scores, kinds, stances)


def parted(scored: Scored) -> tuple[Scored, Scored]:
    """Templates and loosely written sentences apart."""
    loose_ones = np.array([one.family.startswith(PREFIX) for one in scored.sentences])
    templates, others = (
        Scored(
            [one for one, chosen in zip(scored.sentences, here, strict=True) if chosen],
            scored.scores[here],
            scored.kinds[here],
            scored.stances[here],
        )
        for here in (~loose_ones, loose_ones)
    )
    return templates, others


def measured(scored: Scored, which: Callable[[Labelled], bool]) -> Measure:
    """Of the sentences that ``which`` chooses, at the default threshold."""
    chosen = np.array([which(sentence) for sentence in scored.sentences])
    true = np.array([sentence.is_claim for sentence in scored.sentences])[chosen]
    scores = scored.scores[chosen]
    flagged = scores >= DEFAULT_THRESHOLD
    claims, others = int(true.sum()), int((~true).sum())
    both = int((flagged & true).sum())
    return Measure(
        sentences=len(true),
        claims=claims,
        precision=both / int(flagged.sum()) if flagged.any() else float("nan"),
        recall=both / claims if claims else float("nan"),
        average_precision=float(average_precision_score(true, scores)) if claims and others else float("nan"),
        flagged_wrongly=int((flagged & ~true).sum()) / others if others else float("nan"),
    )


def accuracy(scored: Scored, head: str) -> float:
    """Share of the sentences whose ``kind`` or ``stance`` is right, among those where it is known."""
    outputs = HEADS[head]
    given = scored.kinds if head == "kind" else scored.stances
    right = [
        outputs[number] == getattr(sentence, head)
        for sentence, number in zip(scored.sentences, given, strict=True)
        if getattr(sentence, head) in outputs
    ]
    return float(np.mean(right))


def sentences_per_second() -> float:
    """Of the shipped detector, over whole texts, by processor time of this process."""
    texts = [sentence.text for sentence in corpus()][:SPEED_SENTENCES]
    page = "\n".join(texts)
    settings = Settings(names=(MESSENGER_NAME,))
    detect(page[:1000], settings=settings)
    started = process_time()
    detect(page, settings=settings)
    return len(texts) / (process_time() - started)
