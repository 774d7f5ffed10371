"""Laws of the mean discrepancy: plain loops and scipy are the oracles, and chance is told from difference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, permutation_test

from align import discrepancy
from align.discrepancy import mean_discrepancy
from align.errors import AlignError

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(2, 9)


def sides(seed, n, m, dim=3):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, dim)), rng.standard_normal((m, dim)) + rng.standard_normal(dim)


def plain(X, Y):
    """Equation 3 of Gretton et al. 2012 with k(x, y) = x·y, by loops."""
    n, m = len(X), len(Y)
    within = sum(X[i] @ X[j] for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    beyond = sum(Y[i] @ Y[j] for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within + beyond - 2 * sum(x @ y for x in X for y in Y) / (n * m)


@given(seeds, sizes, sizes)
def test_it_is_that_of_plain_loops(seed, n, m):
    X, Y = sides(seed, n, m)
    found = mean_discrepancy(X, Y, permutations=0)
    assert found.squared == pytest.approx(plain(X, Y), abs=1e-9)
    assert found.distance == pytest.approx(math.dist(X.mean(axis=0), Y.mean(axis=0)), abs=1e-9)
    assert (found.n, found.m, found.p_value, found.permutations) == (n, m, None, 0)


@given(seeds, sizes, sizes)
def test_it_is_symmetric_and_rotations_and_moves_change_nothing(seed, n, m):
    X, Y = sides(seed, n, m)
    rng = np.random.default_rng(seed)
    turn, move = np.linalg.qr(rng.standard_normal((3, 3)))[0], rng.standard_normal(3)
    found = mean_discrepancy(X, Y, permutations=0)
    for other in (
        mean_discrepancy(Y, X, permutations=0),
        mean_discrepancy(X @ turn + move, Y @ turn + move, permutations=0),
    ):
        assert (other.distance, other.squared) == pytest.approx((found.distance, found.squared), abs=1e-9)


@given(seeds, sizes, st.integers(0, 5))
def test_identical_sets_have_distance_0_and_no_significance(seed, n, seed_of_p):
    X, _ = sides(seed, n, n)
    found = mean_discrepancy(X, X[::-1], permutations=50, seed=seed_of_p)
    assert found.distance == pytest.approx(0, abs=1e-9)
    assert found.squared <= 1e-9
    assert found.p_value == 1  # no division of them lies nearer


def test_the_estimate_of_the_square_is_unbiased():
    rng, shift = np.random.default_rng(0), np.array([0.4, 0, 0])
    drawn = [
        mean_discrepancy(rng.standard_normal((6, 3)) + shift, rng.standard_normal((9, 3)), permutations=0)
        for _ in range(4_000)
    ]
    squared = np.array([found.squared for found in drawn])
    assert abs(squared.mean() - 0.16) < 4 * squared.std() / math.sqrt(len(squared))
    assert (squared < 0).any()
    assert np.mean([found.distance**2 for found in drawn]) > 0.16 + 0.5  # which is why there is an unbiased one


def test_under_the_null_p_values_are_uniform():
    rng = np.random.default_rng(1)
    p = [
        mean_discrepancy(rng.standard_normal((8, 4)), rng.standard_normal((12, 4)), permutations=199, seed=i).p_value
        for i in range(300)
    ]
    assert kstest(p, "uniform").pvalue > 0.01
    assert np.mean(np.array(p) <= 0.05) < 0.09


@pytest.mark.parametrize(("n", "m", "shift"), [(4, 4, 1.0), (3, 6, 0.5), (5, 4, 0.0)])
def test_the_p_value_is_near_that_of_all_divisions_by_scipy(n, m, shift):
    X, Y = sides(3, n, m)
    Y = Y + shift
    both = np.concatenate([X, Y])
    numbers = np.arange(n), np.arange(n, n + m)  # scipy divides numbers, not vectors

    def squared(mine, theirs):
        return plain(both[mine.astype(int)], both[theirs.astype(int)])

    exact = permutation_test(numbers, squared, vectorized=False, alternative="greater", n_resamples=np.inf).pvalue
    found = mean_discrepancy(X, Y, permutations=20_000).p_value
    assert found == pytest.approx(exact, abs=0.015)


@given(seeds, st.integers(1, 70))
def test_a_seed_fixes_the_p_value_however_the_work_is_divided(seed, permutations):
    X, Y = sides(seed, 5, 4)
    whole = mean_discrepancy(X, Y, permutations=permutations, seed=seed)
    assert whole == mean_discrepancy(X, Y, permutations=permutations, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discrepancy, "BLOCK_BYTES", 8 * 9 * 7)
        assert mean_discrepancy(X, Y, permutations=permutations, seed=seed).p_value == whole.p_value
    assert 1 / (permutations + 1) <= whole.p_value <= 1


def test_parallel_texts_are_near_and_other_topics_are_far(bilingual_pooler):
    rng = np.random.default_rng(2)

    def pooled(lang, concepts):
        return bilingual_pooler.pool(
            [" ".join(f"{lang}{i}" for i in rng.choice(concepts, 12)) for _ in range(15)], lang
        )

    one, other = np.arange(0, 20), np.arange(100, 120)
    alike = mean_discrepancy(pooled("en", one), pooled("fr", one))
    apart = mean_discrepancy(pooled("en", one), pooled("fr", other))
    assert alike.p_value > 0.05 > apart.p_value
    assert alike.squared < 0.1 < apart.squared
    assert alike.distance < apart.distance


def test_one_row_tells_it_all():
    found = mean_discrepancy(np.eye(3), np.eye(3), permutations=0)
    assert found.frame().to_dicts() == [found.as_dict()]
    assert found.frame().height == 1


X = np.eye(3)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"X": X[:1]}, "discrepancy.too_few"), ({"Y": X[:0]}, "discrepancy.too_few"), ({"Y": np.eye(2)}, "align.dim_mismatch"),
        ({"X": X * np.nan}, "align.nonfinite"), ({"X": X * 1e200}, "align.nonfinite"), ({"X": None}, "api.bad_vector"),
        ({"permutations": -1}, "discrepancy.bad_count"), ({"permutations": 1.5}, "discrepancy.bad_count"),
        ({"permutations": True}, "discrepancy.bad_count"), ({"seed": -1}, "align.bad_seed"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(wrong, code):
    with pytest.raises(AlignError) as caught:
        mean_discrepancy(**{"X": X, "Y": X, **wrong})
    assert caught.value.code == code
