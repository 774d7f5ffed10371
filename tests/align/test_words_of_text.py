"""Laws of the words of a text: a word is compared as the text that it would be alone."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from align.errors import AlignError
from align.pool import fit_pooler
from align.vectors import WordVectors
from align.words_of_text import words_of_text

room = import_module("align.words_of_text")  # the function of this name hides it
LANGS = ("en", "fr", "de")
TEXT = "en4 en5 en6"


@pytest.fixture(scope="module")
def vector(bilingual_pooler):
    return bilingual_pooler.pool_counted([TEXT], "en").vectors[0]


@pytest.fixture(scope="module")
def ways(bilingual_space):
    """Poolers of every other kind."""
    rng = np.random.default_rng(8)
    concepts = rng.integers(0, 240, (30, 8))
    given = {lang: [" ".join(f"{lang}{i}" for i in row) for row in concepts] for lang in bilingual_space.languages}
    kinds = {
        "components": {"components": 2},
        "joint": {"components": 1, "components_of": "joint"},
        "usif": {"weighting": "usif", "components": 3},
    }
    kinds |= {
        "max": {"reduce": "max", "components": 1},
        "sqrt": {"reduce": "mean_sqrt_len"},
        "tfidf": {"weighting": "tfidf"},
    }
    return {name: fit_pooler(bilingual_space, given, **how) for name, how in kinds.items()}


@pytest.fixture(scope="module")
def texts(bilingual_pooler):
    rng = np.random.default_rng(4)
    return bilingual_pooler.pool_counted(
        [" ".join(f"en{i}" for i in rng.integers(0, 240, 6)) for _ in range(25)], "en"
    ).vectors


def alone(pooler, lang):
    """Each word of a language as a text of its own: word → unit vector."""
    words = pooler.of(lang)[0].words
    return dict(zip(words, pooler.pool_counted(list(words), lang).vectors.astype("f8"), strict=True))


def best_mean(cosines, k=10):
    return float(np.mean(sorted(cosines, reverse=True)[:k]))


def check(found, expected, k):
    keys = found.select("lang", "word").rows()
    np.testing.assert_allclose(found["score"], [expected[key] for key in keys], atol=2e-6)
    np.testing.assert_allclose(found["score"], sorted(expected.values(), reverse=True)[:k], atol=2e-6)
    assert found["rank"].to_list() == list(range(1, k + 1))


@pytest.mark.parametrize("into", [("en",), ("fr", "de"), LANGS])
def test_the_score_is_the_cosine_with_the_text_that_is_the_word_alone(bilingual_pooler, vector, into):
    expected = {(lang, w): float(v @ vector) for lang in into for w, v in alone(bilingual_pooler, lang).items()}
    check(words_of_text(bilingual_pooler, vector, into, 20), expected, 20)


@pytest.mark.parametrize("way", ["components", "joint", "usif", "max", "sqrt", "tfidf"])
def test_however_texts_are_pooled(ways, way):
    pooler = ways[way]
    vector = pooler.pool_counted([TEXT], "en").vectors[0]
    expected = {(lang, w): float(v @ vector) for lang in LANGS for w, v in alone(pooler, lang).items()}
    check(words_of_text(pooler, vector, LANGS, 20), expected, 20)


def test_with_texts_the_score_is_csls_by_a_plain_loop(bilingual_pooler, vector, texts):
    expected = {}
    for lang in ("fr", "de"):
        words = alone(bilingual_pooler, lang)
        near = best_mean([float(v @ vector) for v in words.values()])
        for word, v in words.items():
            hubness = best_mean([float(v @ text) for text in texts.astype("f8")])
            expected[lang, word] = 2 * float(v @ vector) - near - hubness
    check(words_of_text(bilingual_pooler, vector, ("fr", "de"), 20, texts=texts), expected, 20)


def test_a_text_of_one_word_is_that_word_and_its_translations(bilingual_pooler):
    vector = bilingual_pooler.pool(["en17"], "en")[0]
    found = words_of_text(bilingual_pooler, vector, LANGS, 3)
    assert found.select("lang", "word").row(0) == ("en", "en17")
    assert found["score"][0] == pytest.approx(1, abs=1e-6)
    assert set(found["word"]) == {"en17", "fr17", "de17"}


def test_the_words_of_a_text_are_those_it_holds_in_every_language(bilingual_pooler, vector):
    for lang in LANGS:
        found = words_of_text(bilingual_pooler, vector, [lang], 60)  # a quarter of them
        assert {f"{lang}{i}" for i in (4, 5, 6)} <= set(found["word"])


def test_a_word_at_its_languages_centre_is_no_answer(bilingual_pooler, vector):
    words, state = bilingual_pooler.of("fr")
    at_centre = replace(bilingual_pooler, states={"fr": replace(state, mean=words.matrix[7].astype("f8"))})
    found = words_of_text(at_centre, vector, ["fr"], 1_000)
    assert set(found["word"]) == set(words.words) - {words.words[7]}
    only = WordVectors("fr", words.words[7:8], words.matrix[7:8])
    none = replace(at_centre, vectors={"fr": only})
    assert words_of_text(none, vector, ["fr"]).rows() == []
    assert words_of_text(none, vector, ["fr"], texts=vector[None]).rows() == []


def test_blocks_and_samples_are_of_one_piece(bilingual_pooler, vector, texts, monkeypatch):
    whole = words_of_text(bilingual_pooler, vector, LANGS, 30, texts=texts)
    monkeypatch.setattr(room, "BLOCK", 7)
    assert words_of_text(bilingual_pooler, vector, LANGS, 30, texts=texts)["word"].to_list() == whole["word"].to_list()


def test_wrong_arguments_are_refused(bilingual_pooler, vector):
    right = {"pooler": bilingual_pooler, "vector": vector, "into": ["fr"]}
    for wrong, code in (
        ({"pooler": None}, "api.bad_type"), ({"vector": vector[:3]}, "api.bad_vector"), ({"vector": None}, "api.bad_vector"),
        ({"vector": 0 * vector}, "align.no_signal"), ({"into": "fr"}, "api.bad_type"), ({"into": ["it"]}, "space.no_language"),
        ({"k": 0}, "api.bad_k"), ({"texts": vector}, "api.bad_vector"), ({"texts": vector[None][:0]}, "api.bad_vector"),
    ):  # fmt: skip
        with pytest.raises(AlignError) as caught:
            words_of_text(**{**right, **wrong})
        assert caught.value.code == code
