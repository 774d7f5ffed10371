"""Laws of the rotation that wrong pairs do not turn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.errors import AlignError
from align.procrustes import fit_rotation
from align.robust import fit_robust_rotation, held_out_cosines
from tests.align.planted import law

seeds = st.integers(0, 2**32 - 1)


def orthogonal(rng, dim):
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def world(seed, dim, n_pairs, wrong=0.0, noise=0.0):
    """(X, Y, Q, which pairs are wrong): Y = XQ with noise, the wrong pairs' targets passed on to the next."""
    rng = np.random.default_rng(seed)
    X, Q = unit(rng.standard_normal((n_pairs, dim))), orthogonal(rng, dim)
    Y = unit(X @ Q + noise / np.sqrt(dim) * rng.standard_normal(X.shape))
    bad = rng.permutation(n_pairs)[: round(wrong * n_pairs)]
    Y[bad] = Y[np.roll(bad, 1)]
    return X, Y, Q, np.isin(np.arange(n_pairs), bad)


def error(fitted, Q):
    return np.abs(fitted.matrix - Q).max()


@given(seeds, st.integers(3, 20), st.sampled_from([0.2, 0.4]))
def test_a_rotation_is_recovered_exactly_in_spite_of_wrong_pairs(seed, dim, wrong):
    X, Y, Q, bad = world(seed, dim, 12 * dim, wrong)
    found = fit_robust_rotation(X, Y)
    assert error(found.rotation, Q) <= 1e-6 < 1e-2 < error(fit_rotation(X, Y), Q)
    assert found.trust[bad].max() < 0.01 < 0.99 < found.trust[~bad].min()


@given(seeds, st.integers(3, 12), st.sampled_from([0.2, 0.4]))
@settings(max_examples=30)
def test_it_is_recovered_exactly_also_where_wrong_pairs_look_right(seed, dim, wrong):
    X, Y, Q, _ = world(seed, dim, 12 * dim)
    rng = np.random.default_rng(seed)
    shift = np.where(np.arange(len(X)) < wrong * len(X), 0.1, 0)[:, None] * rng.standard_normal(X.shape)
    assert error(fit_robust_rotation(X, 3 * (Y + shift)).rotation, Q) <= 1e-6


@given(seeds, st.integers(1, 20))
def test_equals_plain_procrustes_where_every_pair_is_exact(seed, dim):
    X, Y, Q, _ = world(seed, dim, 4 * dim + 2)
    assert error(fit_robust_rotation(X, Y).rotation, Q) <= 1e-9


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_hardly_costs_anything_where_pairs_are_right_but_noisy(noise):
    robust, plain = [], []
    for seed in range(5):
        X, Y, Q, _ = world(seed, 50, 300, noise=noise)
        robust.append(np.linalg.norm(fit_robust_rotation(X, Y).rotation.matrix - Q))
        plain.append(np.linalg.norm(fit_rotation(X, Y).matrix - Q))
    assert np.mean(robust) <= 1.02 * np.mean(plain)


def test_on_noise_a_fifth_of_wrong_pairs_costs_hardly_more_than_leaving_them_out():
    for seed in range(5):
        X, Y, Q, bad = world(seed, 50, 400, 0.2, noise=1.0)
        found = fit_robust_rotation(X, Y)
        known = np.linalg.norm(fit_rotation(X[~bad], Y[~bad]).matrix - Q)
        assert (
            np.linalg.norm(found.rotation.matrix - Q)
            <= 1.05 * known
            < 0.95 * np.linalg.norm(fit_rotation(X, Y).matrix - Q)
        )
        assert found.trust[bad].mean() < 0.1 < 0.9 < found.trust[~bad].mean()


@given(seeds, st.integers(2, 10))
@settings(max_examples=15)
def test_the_objective_never_rises_from_round_to_round(seed, dim):
    X, Y, _, _ = world(seed, dim, 8 * dim, 0.3, noise=0.7)
    fits = [fit_robust_rotation(X, Y, rounds=rounds) for rounds in (1, 2, 3, 5, 9, 30)]
    objective = [f.trust @ np.linalg.norm(X @ f.rotation.matrix - Y, axis=1) for f in fits]
    assert all(np.array_equal(f.trust, fits[0].trust) for f in fits)
    assert (np.diff(objective) <= 1e-9).all()


@law(25)
@given(seeds, st.integers(2, 10), st.integers(-100, 100), st.integers(-100, 100))
def test_N04_order_and_scale_of_pairs_and_weights_change_nothing(seed, dim, a, b):
    X, Y, _, _ = world(seed, dim, 10 * dim, 0.2, noise=0.5)
    order = np.random.default_rng(seed).permutation(len(X))
    first = fit_robust_rotation(X, Y)
    for again, trust in (
        (fit_robust_rotation(X[order], Y[order]), first.trust[order]),
        (fit_robust_rotation(X * 10.0**a, Y * 10.0**b, np.full(len(X), 10.0**b)), first.trust),
    ):
        assert np.abs(again.rotation.matrix - first.rotation.matrix).max() <= 1e-6
        assert np.abs(again.trust - trust).max() <= 1e-6


@given(seeds, st.integers(3, 8))
@settings(max_examples=25)
def test_a_pair_of_weight_zero_is_judged_but_decides_nothing(seed, dim):
    X, Y, _, _ = world(seed, dim, 12 * dim, 0.2, noise=0.3)
    rng = np.random.default_rng(seed)
    more_X, more_Y = unit(rng.standard_normal((2, 5, dim)).reshape(10, dim)), unit(rng.standard_normal((10, dim)))
    alone = fit_robust_rotation(X, Y)
    both = fit_robust_rotation(np.vstack([X, more_X]), np.vstack([Y, more_Y]), np.repeat([1.0, 0.0], [len(X), 10]))
    assert np.abs(both.rotation.matrix - alone.rotation.matrix).max() <= 1e-6
    assert np.abs(both.trust[: len(X)] - alone.trust).max() <= 1e-6


def test_held_out_cosines_are_those_of_maps_fitted_without_the_pair():
    X, Y, _, _ = world(1, 10, 200, noise=0.5)
    w = np.random.default_rng(1).uniform(0.5, 2, len(X))
    without = [fit_rotation(*(np.delete(side, i, axis=0) for side in (X, Y, w))).matrix for i in range(len(X))]
    true = np.einsum("ij,ijk,ik->i", X, np.array(without), Y)
    fitted = np.einsum("ij,ij->i", X @ fit_rotation(X, Y, w).matrix, Y)
    found = held_out_cosines(X, Y, w)
    assert (found <= fitted + 1e-12).all()  # a pair never draws the map away from itself
    assert np.abs(found - true).mean() < 0.1 * np.abs(fitted - true).mean()


def test_trust_rises_with_the_held_out_cosine():
    X, Y, _, _ = world(3, 20, 300, 0.3, noise=1.0)
    trust = fit_robust_rotation(X, Y).trust
    order = np.argsort(held_out_cosines(X, Y, trust))
    assert ((trust >= 0) & (trust <= 1)).all()
    assert (np.diff(trust[order]) >= -0.02).all()  # settled up to a thousandth


@pytest.mark.parametrize("n_pairs", [1, 2, 5])
def test_fewer_pairs_than_dimensions_give_an_orthogonal_map_and_trust(n_pairs):
    X, Y, _, _ = world(0, 8, n_pairs, noise=0.1)
    found = fit_robust_rotation(X, Y)
    assert found.rotation.underdetermined
    assert found.rotation.orthogonality_error <= 1e-12
    assert found.trust.shape == (n_pairs,)
    assert np.isfinite(found.trust).all()


def test_a_row_of_zeros_disturbs_nobody():
    X, Y, Q, _ = world(0, 5, 60, 0.2)
    X[3] = Y[7] = 0
    found = fit_robust_rotation(X, Y)
    assert error(found.rotation, Q) <= 1e-6
    assert found.trust[[3, 7]].max() < 0.01


@pytest.mark.parametrize(
    ("X", "Y", "weights", "more", "code"),
    [
        (np.eye(3), np.eye(2), None, {}, "align.dim_mismatch"), (np.eye(3), np.eye(3), [1, 2], {}, "align.bad_weights"),
        (np.eye(3), np.eye(3), np.zeros(3), {}, "align.no_signal"), (np.zeros((3, 3)), np.eye(3), None, {}, "align.no_signal"),
        (np.full((3, 3), np.nan), np.eye(3), None, {}, "align.nonfinite"), (None, np.eye(3), None, {}, "api.bad_vector"),
        ("x", np.eye(3), None, {}, "api.bad_vector"), (np.eye(3), np.eye(3), [1, -1, 1], {}, "align.bad_weights"),
        (np.eye(3), np.eye(3), None, {"rounds": 0}, "api.bad_k"), (np.eye(3), np.eye(3), None, {"rounds": True}, "api.bad_k"),
    ],
)  # fmt: skip
def test_wrong_arguments_have_codes(X, Y, weights, more, code):
    with pytest.raises(AlignError) as raised:
        fit_robust_rotation(X, Y, weights, **more)
    assert raised.value.code == code
    if not more:
        with pytest.raises(AlignError) as raised:
            held_out_cosines(X, Y, weights)
        assert raised.value.code == code
