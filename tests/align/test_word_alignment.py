"""Laws of aligning words: a plain loop over words finds the same matches, and either side may be the query."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import InputError
from align.normalize import unit_rows
from align.spelling import Spelling, spelling_similarity
from align.transliteration import Transliteration
from align.unknown_words import StandIns
from align.whitening import Reweighting
from align.word_alignment import SPELLED, align_words, matched_words, word_match
from align.word_retrieval import Bilinear, Spelled, WordRetrieval, word_hubness

DIM = 5


def sides(seed=0, n=30, m=24, by=None, spelled=None):
    random = np.random.default_rng(seed)
    ours, theirs = (unit_rows(random.standard_normal((size, DIM)).astype("f4")) for size in (n, m))
    back = Reweighting(by.target, by.source) if by else None
    there = WordRetrieval(ours, theirs, word_hubness(ours, theirs, by), by and Bilinear.of(by, theirs), spelled)
    return there, WordRetrieval(theirs, ours, word_hubness(theirs, ours, back), back and Bilinear.of(back, ours))


def some_reweighting():
    random = np.random.default_rng(5)
    return Reweighting(*(np.eye(DIM) + 0.2 * random.standard_normal((2, DIM, DIM))))


@pytest.mark.parametrize("by", [None, some_reweighting()], ids=["shared", "reweighted"])
def test_the_similarity_of_two_words_is_csls_plus_spelling(by):
    there, back = sides(by=by)
    match = word_match(there, back)
    ours, theirs = there.source.astype("f8"), there.target.astype("f8")
    if by is not None:
        ours, theirs = unit_rows(ours @ by.source), unit_rows(theirs @ by.target)
    rows, target_rows, words, target_words = (
        np.array([3, 0, -1]),
        np.array([7, -1]),
        ["été", "abc", "12"],
        ["ete", "12"],
    )
    found = match.similarity(rows, match.spell(words), target_rows, match.spell(target_words, target=True))
    alike = spelling_similarity(words, target_words)
    for i, row in enumerate(rows):
        for j, target in enumerate(target_rows):
            vectors = match.unknown
            if row >= 0 and target >= 0:
                vectors = 2 * ours[row] @ theirs[target] - back.hubness[row] - there.hubness[target]
            assert found[i, j] == pytest.approx(vectors + SPELLED * alike[i, j], abs=1e-5)


@pytest.mark.parametrize("by", [None, some_reweighting()], ids=["shared", "reweighted"])
def test_the_reverse_match_is_the_transpose(by):
    there, back = sides(by=by)
    rows, target_rows, ours, theirs = np.array([1, -1, 4]), np.array([0, 9, -1]), ["a", "bc", "12"], ["ab", "c", "12"]
    forward = word_match(there, back).similarity(rows, ours, target_rows, theirs)
    backward = word_match(back, there).similarity(target_rows, theirs, rows, ours)
    np.testing.assert_allclose(forward, backward.T, atol=1e-5)


@pytest.mark.parametrize("by", [None, some_reweighting()], ids=["shared", "reweighted"])
def test_a_word_that_others_stand_for_is_as_alike_as_they_are_on_average(by):
    match = word_match(*sides(by=by))
    ours = StandIns(np.array([3, 0, 7, -1]), np.array([1, 0.25, 0.75, 1]), np.array([0, 1, 3, 4]))
    theirs = StandIns(np.array([2, 5, 5]), np.array([0.5, 0.5, 1]), np.array([0, 2, 3]))
    found = match.similarity(ours, ["a", "bc", "d"], theirs, ["ab", "d"])
    each = match.similarity(ours.rows, ["a", "bc", "bc", "d"], theirs.rows, ["ab", "ab", "d"])
    rows = np.stack([each[0], 0.25 * each[1] + 0.75 * each[2], each[3]])
    np.testing.assert_allclose(found, np.stack([rows[:, :2].mean(axis=1), rows[:, 2]], axis=1), atol=1e-5)
    some = np.array([2, 1])
    np.testing.assert_array_equal(match.similarity(ours.of(some), ["d", "bc"], theirs, ["ab", "d"]), found[some])


def test_the_transliteration_is_that_of_its_side():
    greek = Spelling(Transliteration({"π": "p"}), 1.0)
    for backwards in (False, True):
        match = word_match(*sides(spelled=Spelled(greek, ["π"] * 30, ["p"] * 24, backwards)))
        assert match.spell(["π"], target=backwards) == ["p"]
        assert match.spell(["π"], target=not backwards) == ["π"]


@given(st.integers(0, 10_000))
def test_alignment_is_that_of_a_loop(seed):
    random = np.random.default_rng(seed)
    p, q, c = random.integers(1, 6), random.integers(1, 7), random.integers(1, 5)
    similarity, weights = random.standard_normal((p, q)), random.random(p) + 0.1
    lengths = random.integers(0, 4, size=c)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    columns, column_weights = random.integers(0, q, starts[-1]), random.random(starts[-1]) + 0.1
    forward, backward = align_words(similarity, weights, columns, column_weights, starts)
    for i in range(c):
        own = range(starts[i], starts[i + 1])
        if not len(own):
            assert forward[i] == backward[i] == 0
            continue
        best = [max(similarity[w, columns[at]] for at in own) for w in range(p)]
        assert forward[i] == pytest.approx(sum(w * b for w, b in zip(weights, best, strict=True)) / weights.sum())
        near = [max(similarity[w, columns[at]] for w in range(p)) for at in own]
        total = sum(column_weights[at] for at in own)
        assert backward[i] == pytest.approx(
            sum(column_weights[at] * n for at, n in zip(own, near, strict=True)) / total
        )


@given(st.integers(0, 10_000))
def test_matched_words_share_out_the_alignment(seed):
    random = np.random.default_rng(seed)
    p, q = random.integers(1, 6), random.integers(1, 7)
    similarity, weights, others = random.standard_normal((p, q)), random.random(p) + 0.1, random.random(q) + 0.1
    columns, forward, rows, backward = matched_words(similarity, weights, others)
    both = align_words(similarity, weights, np.arange(q), others, np.array([0, q]))
    assert forward.sum() == pytest.approx(both[0][0])
    assert backward.sum() == pytest.approx(both[1][0])
    np.testing.assert_array_equal(similarity[np.arange(p), columns], similarity.max(axis=1))
    np.testing.assert_array_equal(similarity[rows, np.arange(q)], similarity.max(axis=0))


def test_a_text_without_words_covers_nothing():
    forward, backward = align_words(np.zeros((0, 2)), np.zeros(0), np.array([0, 1]), np.ones(2), np.array([0, 2]))
    assert forward.tolist() == backward.tolist() == [0]


def test_what_does_not_fit_is_refused():
    there, back = sides()
    with pytest.raises(InputError, match="api.bad_vector"):
        word_match(there, there)
    with pytest.raises(InputError, match="api.bad_type"):
        word_match(there, None)
    match = word_match(there, back)
    for rows in (np.array([30]), np.array([-2]), np.array([0.5]), np.zeros((1, 1), dtype=int)):
        with pytest.raises(InputError, match="api.bad_rows"):
            match.similarity(rows, ["a"], np.array([0]), ["a"])
    with pytest.raises(InputError, match="api.bad_text"):
        match.spell([None])
    one = np.ones(1)
    for starts in (np.array([0, 2]), np.array([1, 1]), np.array([], dtype=int)):
        with pytest.raises(InputError, match="api.bad_vector"):
            align_words(one[:, None], one, np.zeros(1, dtype=int), one, starts)
    for table, weights in ((one[:, None], np.ones(2)), (np.zeros((0, 1)), np.zeros(0))):
        with pytest.raises(InputError, match="api.bad_vector"):
            matched_words(table, weights, one)
    with pytest.raises(InputError, match="api.bad_rows"):
        align_words(one[:, None], one, np.array([1]), one, np.array([0, 1]))
