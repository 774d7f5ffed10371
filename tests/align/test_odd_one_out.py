"""Laws of the odd one out: a plain loop is the oracle, and order decides ties alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError
from align.odd_one_out import mean_cosines, odd_one_out
from align.vectors import WordVectors
from align.word_expression import Term

seeds = st.integers(0, 2**32 - 1)


def space_of(matrix, lang="en"):
    vectors = WordVectors(lang, [f"w{i}" for i in range(len(matrix))], np.asarray(matrix, "f4"))
    return {lang: vectors}, [Term(word, lang) for word in vectors.words]


def plain(matrix):
    unit = [row / np.linalg.norm(row) for row in np.asarray(matrix, "f4").astype("f8")]
    return [np.mean([x @ y for j, y in enumerate(unit) if j != i]) for i, x in enumerate(unit)]


@given(seeds, st.integers(2, 9), st.integers(1, 5))
def test_mean_cosines_are_those_of_a_plain_loop(seed, n, dim):
    rows = np.random.default_rng(seed).standard_normal((n, dim)) + 0.01
    np.testing.assert_allclose(mean_cosines(rows), plain(rows), atol=1e-6)


@given(seeds, st.permutations(range(6)))
def test_the_order_of_the_words_changes_nothing(seed, order):
    space, terms = space_of(np.random.default_rng(seed).standard_normal((6, 4)))
    found = odd_one_out(terms, space.__getitem__)
    assert odd_one_out([terms[i] for i in order], space.__getitem__)["word"].to_list() == found["word"].to_list()
    assert found["rank"].to_list() == [1, 2, 3, 4, 5, 6]
    assert found["score"].is_sorted()


@given(st.permutations(range(5)))
def test_ties_stand_in_the_order_given(order):
    space, terms = space_of(np.eye(5))
    given_ = [terms[i] for i in order]
    assert odd_one_out(given_, space.__getitem__)["word"].to_list() == [term.word for term in given_]


def test_the_odd_one_of_a_planted_space_is_found_whatever_the_languages(bilingual_space):
    terms = [Term("en3", "en"), Term("fr3", "fr"), Term("fr8", "fr"), Term("de3", "de")]
    found = odd_one_out(terms, bilingual_space.vectors)
    assert found.select("lang", "word").row(0) == ("fr", "fr8")
    assert found["score"][1] > 0.3 > found["score"][0]


def test_the_same_word_twice_is_its_own_company():
    space, terms = space_of(np.array([[1, 0], [0, 1]]))
    assert odd_one_out([terms[1], terms[0], terms[0]], space.__getitem__)["word"].to_list() == ["w1", "w0", "w0"]


SPACE, TERMS = space_of(np.eye(4))
MIXED = {**SPACE, "fr": WordVectors("fr", ["x"], np.ones((1, 9), "f4"))}


@pytest.mark.parametrize(
    ("terms", "vectors", "code"),
    [
        (TERMS[:2], SPACE.__getitem__, "words.too_few"), ([], SPACE.__getitem__, "words.too_few"), ("abc", SPACE.__getitem__, "api.bad_type"),
        ([*TERMS, Term("w9", "en")], SPACE.__getitem__, "space.unknown_word"), (TERMS, None, "api.bad_type"),
        ([*TERMS, Term("x", "fr")], MIXED.__getitem__, "align.dim_mismatch"),
    ],
)  # fmt: skip
def test_what_has_no_odd_one_is_refused(terms, vectors, code):
    with pytest.raises(AlignError) as caught:
        odd_one_out(terms, vectors)
    assert caught.value.code == code
    for wrong, why in ((np.eye(1), "words.too_few"), (np.zeros((2, 2)), "align.no_signal"), (None, "api.bad_vector")):
        with pytest.raises(AlignError) as caught:
            mean_cosines(wrong)
        assert caught.value.code == why
