"""Laws of the pairs that are found by how similarities are spread."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.errors import AlignError
from align.normalize import unit_rows
from align.similarity_profile import similarity_seeds
from tests.align.planted import law

seeds = st.integers(0, 2**32 - 1)


def orthogonal(rng, dim):
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


def cloud(rng, n, dim):
    """Unit rows of which no two have like profiles: two clusters, and axes of different lengths."""
    rows = rng.standard_normal((n, dim)) * np.linspace(1, 0.3, dim)
    rows[: n // 3] += 1
    return unit_rows(rows.astype("f4"))


def plain_profiles(rows):
    """(XX')^(1/2) from its eigenvalues, each row sorted, in float64."""
    values, axes = np.linalg.eigh(rows.astype("f8") @ rows.T.astype("f8"))
    root = axes @ np.diag(np.sqrt(values.clip(min=0))) @ axes.T
    profile = np.array([sorted(row) for row in root])
    profile /= np.linalg.norm(profile, axis=1, keepdims=True)
    profile -= profile.mean(axis=0)
    return profile / np.linalg.norm(profile, axis=1, keepdims=True)


def plain_best(source, target):
    """By CSLS the best target of every source row, one row after another, and the score by which it wins."""
    cosine = source @ target.T
    of_source = [np.mean(sorted(row)[-10:]) for row in cosine]
    of_target = [np.mean(sorted(row)[-10:]) for row in cosine.T]
    best, margin = [], []
    for i, row in enumerate(cosine):
        scores = [2 * value - of_source[i] - of_target[j] for j, value in enumerate(row)]
        best.append(int(np.argmax(scores)))
        margin.append(np.diff(sorted(scores)[-2:])[0])
    return np.array(best), np.array(margin)


def refused(code, *given, **more):
    with pytest.raises(AlignError) as raised, np.errstate(over="raise", divide="raise", invalid="raise"):
        similarity_seeds(*given, **more)
    assert raised.value.code == code


@given(seeds, st.integers(8, 16), st.integers(60, 120))
def test_a_turned_and_permuted_copy_is_matched_word_by_word(seed, dim, n):
    rng = np.random.default_rng(seed)
    source, order = cloud(rng, n, dim), rng.permutation(n)
    i, j = similarity_seeds(source, (source @ orthogonal(rng, dim)).astype("f4")[order])
    assert i.shape == j.shape == (2 * n,)
    assert np.array_equal(i, order[j])
    assert np.array_equal(i[:n], np.arange(n))
    assert np.array_equal(j[n:], np.arange(n))


@given(seeds, st.integers(2, 8))
@settings(max_examples=20)
def test_the_pairs_are_those_of_a_plain_loop(seed, dim):
    rng = np.random.default_rng(seed)
    source, target = cloud(rng, 40, dim), cloud(rng, 40, dim)
    i, j = similarity_seeds(source, target)
    forward, sure = plain_best(plain_profiles(source), plain_profiles(target))
    assert np.array_equal(j[:40][sure > 1e-3], forward[sure > 1e-3])
    backward, sure = plain_best(plain_profiles(target), plain_profiles(source))
    assert np.array_equal(i[40:][sure > 1e-3], backward[sure > 1e-3])


@law()
@given(seeds, st.integers(2, 8), st.booleans())
def test_N07_turning_either_side_changes_nothing(seed, dim, left):
    rng = np.random.default_rng(seed)
    source, noise = cloud(rng, 40, dim), 0.01 * rng.standard_normal((40, dim))
    target = unit_rows((source @ orthogonal(rng, dim) + noise).astype("f4"))
    turn = orthogonal(rng, dim).astype("f4")
    there = similarity_seeds(source, target)
    again = similarity_seeds(source @ turn, target) if left else similarity_seeds(source, target @ turn)
    same = np.mean([np.mean(a == b) for a, b in zip(there, again, strict=True)])
    assert same >= 0.97  # all but what two words tie for, to float32


@given(seeds, st.integers(0, 30), st.booleans())
@settings(max_examples=20)
def test_sides_may_differ_in_length_and_dimension_and_the_rare_words_of_the_longer_do_not_matter(seed, more, left):
    rng = np.random.default_rng(seed)
    short, long = cloud(rng, 30, 6), np.vstack([cloud(rng, 30, 4), cloud(rng, more, 4)])
    i, j = similarity_seeds(long, short) if left else similarity_seeds(short, long)
    expected = similarity_seeds(long[:30], short) if left else similarity_seeds(short, long[:30])
    assert len(i) == len(j) == 60
    assert np.array_equal((i, j), expected)


@given(seeds, st.integers(3, 40))
@settings(max_examples=20)
def test_only_the_frequent_words_take_part(seed, frequent):
    rng = np.random.default_rng(seed)
    source, target = cloud(rng, 40, 5), cloud(rng, 40, 5)
    expected = similarity_seeds(source[:frequent], target[:frequent])
    assert np.array_equal(similarity_seeds(source, target, frequent=frequent), expected)


def test_A01_inputs_are_not_changed():
    rng = np.random.default_rng(0)
    source, target = cloud(rng, 20, 4), cloud(rng, 20, 4)
    before = source.copy(), target.copy()
    source.flags.writeable = target.flags.writeable = False
    similarity_seeds(source, target)
    assert np.array_equal((source, target), before)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_words_have_no_profile(n):
    rows = cloud(np.random.default_rng(0), 20, 4)
    refused("align.no_signal", rows[:n], rows)
    refused("align.no_signal", rows, rows[:n])
    if n:
        refused("align.no_signal", rows, rows, frequent=n)


def test_words_that_are_all_alike_or_zero_have_no_profile():
    rows = cloud(np.random.default_rng(0), 5, 4)
    refused("align.no_signal", np.ones((5, 4), "f4") / 2, rows)
    refused("align.no_signal", np.vstack([rows, np.zeros((1, 4), "f4")]), np.vstack([rows, rows]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_N10_what_is_not_finite_is_refused(bad):
    rows = cloud(np.random.default_rng(0), 5, 4).astype("f8")
    wrong = rows.copy()
    wrong[2, 1] = bad
    refused("align.nonfinite", wrong, rows)
    refused("align.nonfinite", rows, wrong)


@pytest.mark.parametrize("wrong", [None, "x", np.ones(3), np.ones((3, 3, 1)), [["a"]], object()])
def test_what_are_no_rows_is_refused(wrong):
    rows = cloud(np.random.default_rng(0), 5, 4)
    refused("api.bad_vector", wrong, rows)
    refused("api.bad_vector", rows, wrong)


@pytest.mark.parametrize("frequent", [0, -1, True, 1.5, None, "3"])
def test_frequent_is_a_whole_number(frequent):
    rows = cloud(np.random.default_rng(0), 5, 4)
    refused("api.bad_k", rows, rows, frequent=frequent)
