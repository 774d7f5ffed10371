"""Laws of the reduction of token vectors to one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from align.errors import AlignError
from align.pool_reduce import fit_components, reduce_tokens, remove_components

REDUCTIONS = ("mean", "max", "mean_sqrt_len")
numbers = st.floats(-10, 10, width=32)
tokens = st.integers(1, 8).flatmap(lambda n: arrays("f8", (n, 3), elements=numbers))
weighted = st.integers(1, 8).flatmap(
    lambda n: st.tuples(arrays("f8", (n, 3), elements=numbers), arrays("f8", n, elements=st.floats(0.01, 9)))
)


def plain(matrix, weights, how):
    """A loop over tokens and dimensions."""
    n, dim = matrix.shape
    out = []
    for j in range(dim):
        column = [weights[i] * matrix[i, j] for i in range(n)]
        out.append(
            {
                "mean": sum(column) / sum(weights),
                "max": max(column),
                "mean_sqrt_len": sum(column) / sum(weights) ** 0.5,
            }[how]
        )
    return out


@given(both=weighted, how=st.sampled_from(REDUCTIONS))
def test_it_is_a_plain_loop(both, how):
    assert reduce_tokens(*both, how) == pytest.approx(plain(*both, how), abs=1e-9)


@given(matrix=tokens, how=st.sampled_from(REDUCTIONS), seed=st.integers(0, 99))
def test_order_does_not_matter(matrix, how, seed):
    shuffled = np.random.default_rng(seed).permutation(matrix)
    assert reduce_tokens(shuffled, how=how) == pytest.approx(reduce_tokens(matrix, how=how), abs=1e-9)


@given(matrix=tokens, times=st.integers(2, 5))
def test_a_text_said_again_keeps_its_mean_and_maximum_and_grows_by_the_root(matrix, times):
    again = np.tile(matrix, (times, 1))
    for how, factor in (("mean", 1), ("max", 1), ("mean_sqrt_len", np.sqrt(times))):
        assert reduce_tokens(again, how=how) == pytest.approx(factor * reduce_tokens(matrix, how=how), abs=1e-9)


@given(X=tokens, Y=tokens)
def test_the_dot_of_means_is_the_mean_of_pairwise_dots(X, Y):
    assert reduce_tokens(X) @ reduce_tokens(Y) == pytest.approx((X @ Y.T).mean(), abs=1e-8)


@given(matrix=tokens)
def test_mean_sqrt_len_is_the_sum_over_the_root_of_the_length_not_the_mean_over_it(matrix):
    n, found = len(matrix), reduce_tokens(matrix, how="mean_sqrt_len")
    assert found == pytest.approx(matrix.sum(axis=0) / np.sqrt(n), abs=1e-9)
    assert found == pytest.approx(np.sqrt(n) * reduce_tokens(matrix), abs=1e-9)


@given(matrix=tokens)
def test_an_average_is_half_a_sum_of_two_and_has_its_cosine(matrix):
    total, average = matrix[[0, -1]].sum(axis=0), reduce_tokens(matrix[[0, -1]])
    assert average == pytest.approx(total / 2)


def test_components_are_singular_vectors_and_are_taken_out_whole_or_in_part():
    X = np.random.default_rng(0).standard_normal((40, 6)) * [9, 5, 3, 2, 1, 1]
    _, s, Vt = np.linalg.svd(X, full_matrices=False)
    components, power = fit_components(X.T @ X, 2)
    assert power == pytest.approx(s[:2] ** 2)
    assert np.abs((components * Vt[:2]).sum(axis=1)) == pytest.approx([1, 1])
    without = remove_components(X, components, np.ones(2))
    assert np.linalg.norm(without, 2) == pytest.approx(s[2])
    half = remove_components(X, components, np.full(2, 0.5))
    assert half == pytest.approx((X + without) / 2)


def test_there_are_no_more_components_than_directions():
    X = np.outer(np.arange(5.0), [1, 2, 0])
    assert len(fit_components(X.T @ X, 3)[0]) == 1
    assert len(fit_components(np.zeros((3, 3)), 3)[0]) == 0


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("pool.no_cls", {"how": "cls"}), ("pool.bad_value", {"how": "sum"}), ("pool.bad_value", {"how": None}),
        ("pool.bad_value", {"matrix": np.zeros((0, 3))}), ("pool.bad_value", {"matrix": np.full((2, 3), np.nan)}),
        ("api.bad_vector", {"matrix": np.ones(3)}), ("api.bad_vector", {"matrix": "ab"}), ("pool.bad_value", {"weights": np.ones(3)}),
        ("pool.bad_value", {"weights": np.array([1.0, 0.0])}), ("pool.bad_value", {"weights": np.array([1.0, np.inf])}),
    ],
)  # fmt: skip
def test_wrong_tokens_weights_and_reductions_have_codes(code, wrong):
    with pytest.raises(AlignError) as raised:
        reduce_tokens(**{"matrix": np.ones((2, 3)), "weights": np.ones(2), "how": "mean", **wrong})
    assert raised.value.code == code
