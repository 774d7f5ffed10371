"""Laws of word algebra: plain loops by the published formulas are the oracle, and so is what judges analogies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.analogies import Analogies, evaluate_analogies
from align.errors import AlignError, InputError, UnknownWordError
from align.vectors import WordVectors
from align.word_algebra import best_words, offset_scores, word_algebra
from align.word_expression import Term

LANGS = ("en", "fr", "de")
seeds = st.integers(0, 2**32 - 1)
methods = st.sampled_from(["add", "mul"])


def planted(seed, n=9, dim=4):
    rng = np.random.default_rng(seed)
    return {
        lang: WordVectors(lang, [f"{lang}{i}" for i in range(n)], (rng.standard_normal((n, dim)) * 3).astype("f4"))
        for lang in LANGS
    }


def cosine(x, y):
    return float(x.astype("f8") @ y) / math.sqrt(float(x.astype("f8") @ x) * float(y.astype("f8") @ y))


def plain(space, terms, into, method):
    """(lang, word) → score of every word that is not asked, by the formulas as they are published."""
    vectors = [space[term.lang].matrix[space[term.lang].row(term.word)] for term in terms]
    units = [vector.astype("f8") / np.linalg.norm(vector.astype("f8")) for vector in vectors]
    length = np.linalg.norm(sum(term.sign * unit for term, unit in zip(terms, units, strict=True)))
    asked = {(term.lang, term.word) for term in terms}
    found = {}
    for lang in into:
        for word, row in zip(space[lang].words, space[lang].matrix, strict=True):
            cosines = [cosine(row, vector) for vector in vectors]
            if method == "add":
                score = sum(term.sign * c for term, c in zip(terms, cosines, strict=True)) / length
            else:
                moved = [(c + 1) / 2 for c in cosines]
                above = math.prod(c for term, c in zip(terms, moved, strict=True) if term.sign > 0)
                score = above / math.prod(c + 0.001 for term, c in zip(terms, moved, strict=True) if term.sign < 0)
            if (lang, word) not in asked:
                found[lang, word] = score
    return found


def some_terms(seed, n):
    rng = np.random.default_rng(seed)
    return [Term(f"{lang}{rng.integers(9)}", lang, int(rng.choice([1, -1]))) for lang in rng.choice(LANGS, n)]


@given(seeds, st.integers(1, 4), st.lists(st.sampled_from(LANGS), min_size=1, unique=True), methods, st.integers(1, 40))
def test_answers_are_those_of_a_plain_loop_over_any_languages(seed, n, into, method, k):
    space, terms = planted(seed), some_terms(seed, n)
    if method == "add" and sum(term.sign for term in terms) == 0 and len({(t.lang, t.word) for t in terms}) < n:
        return  # words that cancel out have a law of their own
    expected = plain(space, terms, into, method)
    found = word_algebra(terms, space.__getitem__, into, k, method=method)
    assert found["rank"].to_list() == list(range(1, min(k, len(expected)) + 1))
    keys = found.select("lang", "word").rows()
    assert len(set(keys)) == len(keys)
    np.testing.assert_allclose(found["score"], [expected[key] for key in keys], rtol=2e-3, atol=1e-5)
    np.testing.assert_allclose(found["score"], sorted(expected.values(), reverse=True)[:k], rtol=2e-3, atol=1e-5)


@given(seeds, methods)
def test_one_word_asks_for_its_nearest_by_cosine_itself_left_out(seed, method):
    space = planted(seed)
    expected = plain(space, [Term("en3", "en")], LANGS, "add")
    found = word_algebra([Term("en3", "en")], space.__getitem__, LANGS, 26, method=method)
    assert set(found.select("lang", "word").rows()) == expected.keys()
    nearest = max(expected, key=expected.__getitem__)
    assert found.select("lang", "word").row(0) == nearest
    if method == "add":
        assert found["score"][0] == pytest.approx(expected[nearest], abs=1e-6)


@given(seeds, st.sampled_from(["en", "fr"]), methods)
def test_the_first_answer_is_what_the_evaluation_of_analogies_finds(seed, into, method):
    space, rng = planted(seed), np.random.default_rng(seed)
    a, b, c = rng.permutation(9)[:3]
    terms = [Term(f"en{b}", "en"), Term(f"en{a}", "en", -1), Term(f"{into}{c}", into)]
    answer = word_algebra(terms, space.__getitem__, [into], 1, method=method)["word"][0]
    question = Analogies("en", into, ((f"en{a}", f"en{b}", f"{into}{c}", answer),), ("s",))
    assert evaluate_analogies(space["en"], space[into], question, method=method).accuracy == 1


@given(seeds, st.permutations(range(4)), methods)
def test_the_order_of_the_words_and_a_common_rotation_change_nothing(seed, order, method):
    space, terms = planted(seed), [Term(f"en{i}", "en", 1 if i else -1) for i in range(4)]
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((4, 4)))[0]
    turned = {lang: WordVectors(lang, v.words, (v.matrix @ turn).astype("f4")) for lang, v in space.items()}
    found = word_algebra(terms, space.__getitem__, LANGS, 5, method=method)
    for other in (
        word_algebra([terms[i] for i in order], space.__getitem__, LANGS, 5, method=method),
        word_algebra(terms, turned.__getitem__, LANGS, 5, method=method),
    ):
        np.testing.assert_allclose(other["score"], found["score"], rtol=2e-3, atol=1e-5)


def test_a_planted_relation_is_found_in_the_other_languages(bilingual_space):
    terms = [Term("fr7", "fr"), Term("fr9", "fr", -1), Term("en9", "en")]
    found = word_algebra(terms, bilingual_space.vectors, ["en", "de"], 2)
    assert set(found.select("lang", "word").rows()) == {("en", "en7"), ("de", "de7")}  # fr9 and en9 cancel out
    assert found["score"].min() > 0.99


def test_equal_scores_stand_in_the_order_of_languages_and_then_of_frequency():
    rows = np.array([[0, 1], [2, 0], [1, 0], [-1, 0]], "f4")
    space = {lang: WordVectors(lang, ["q", "x", "y", "z"], rows) for lang in ("en", "fr")}
    found = word_algebra([Term("q", "en")], space.__getitem__, ["fr", "en"], 9)
    assert found.select("lang", "word").rows() == [
        ("fr", "q"), ("fr", "x"), ("fr", "y"), ("fr", "z"), ("en", "x"), ("en", "y"), ("en", "z"),
    ]  # fmt: skip


def test_a_language_asked_for_twice_answers_once_and_no_language_not_at_all():
    space = planted(1)
    once = word_algebra([Term("en1", "en")], space.__getitem__, ["fr"], 30)
    assert word_algebra([Term("en1", "en")], space.__getitem__, ["fr", "fr"], 30).equals(once)
    assert word_algebra([Term("en1", "en")], space.__getitem__, []).rows() == []


def test_opposites_are_scored_and_not_refused_by_3cosmul():
    rows = np.array([[1, 0], [-1, 1e-9], [0, 1]], "f4")
    found = word_algebra(
        [Term("a", "en", -1)], {"en": WordVectors("en", ["a", "b", "c"], rows)}.__getitem__, ["en"], method="mul"
    )
    assert found["score"].to_list() == pytest.approx([1000, 1 / 0.501], rel=1e-3)


SPACE = planted(0)
OTHER = {**SPACE, "it": WordVectors("it", ["it0"], np.ones((1, 7), "f4"))}
EN = [Term("en1", "en")]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"terms": []}, "words.no_words"), ({"terms": ["en1"]}, "api.bad_type"), ({"terms": [Term("en1x", "en")]}, "space.unknown_word"),
        ({"terms": [*EN, Term("en1", "en", -1)]}, "words.no_direction"), ({"vectors": None}, "api.bad_type"),
        ({"vectors": {"en": 1}.get}, "api.bad_type"), ({"vectors": lambda _: None}, "api.bad_type"), ({"into": "en"}, "api.bad_type"),
        ({"into": ["it"]}, "align.dim_mismatch"), ({"k": 0}, "api.bad_k"), ({"method": "sub"}, "words.bad_method"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(wrong, code):
    with pytest.raises(AlignError) as caught:
        word_algebra(**{"terms": EN, "vectors": OTHER.__getitem__, "into": ["en"], **wrong})
    assert caught.value.code == code
    assert isinstance(caught.value, UnknownWordError) == (code == "space.unknown_word")


def test_scores_fit_their_words_and_signs():
    with pytest.raises(InputError, match="one each"):
        best_words([(SPACE["en"], np.zeros(3, "f4"))], 2)
    with pytest.raises(InputError, match="one each"):
        offset_scores(np.eye(2, dtype="f4"), [1], np.eye(2, dtype="f4"))
    with pytest.raises(InputError, match="shape"):
        offset_scores(np.eye(2, dtype="f4"), [1, 1], np.eye(3, dtype="f4"))
