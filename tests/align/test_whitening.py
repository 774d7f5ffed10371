"""Laws of whitening, re-weighting and de-whitening."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError
from align.procrustes import fit_rotation
from align.whitening import Reweighting, fit_reweighting
from tests.align.planted import law

seeds = st.integers(0, 2**32 - 1)
dims = st.integers(2, 10)
powers = st.sampled_from([0, 0.5, 1])
ridges = st.sampled_from([0, 0.01, 0.5])


def orthogonal(rng, dim):
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def world(seed, dim, n_pairs=None, noise=0.5):
    """(rng, X, Y, Q): unit rows of a stretched cloud, Y = XQ with noise."""
    rng = np.random.default_rng(seed)
    X = unit(rng.standard_normal((n_pairs or 6 * dim, dim)) * np.linspace(1, 2, dim))
    Q = orthogonal(rng, dim)
    return rng, X, unit(X @ Q + noise / np.sqrt(dim) * rng.standard_normal(X.shape)), Q


def cosines(fitted, X, Y):
    return fitted.apply_source(X) @ fitted.apply_target(Y).T


def step_by_step(X, Y, power):
    """Both sides after the published steps, by another route to each square root."""
    Wx, Wy = (np.linalg.inv(scipy.linalg.sqrtm(side.T @ side).real) for side in (X, Y))
    U, S, Vt = scipy.linalg.svd((X @ Wx).T @ (Y @ Wy), lapack_driver="gesvd")
    A, B = X @ Wx @ U, Y @ Wy @ Vt.T
    A, B = A * S**power, B * S**power
    return A @ (U.T @ np.linalg.inv(Wx) @ U), B @ (Vt @ np.linalg.inv(Wy) @ Vt.T)


@given(seeds, dims, powers)
def test_cosines_are_those_of_the_published_steps(seed, dim, power):
    _, X, Y, _ = world(seed, dim)
    A, B = step_by_step(X, Y, power)
    assert (
        np.abs(cosines(fit_reweighting(X, Y, power=power, ridge=0, dewhiten=1), X, Y) - unit(A) @ unit(B).T).max()
        <= 1e-5
    )


@given(seeds, dims, ridges)
def test_without_reweighting_the_source_is_turned_and_the_target_stays(seed, dim, ridge):
    _, X, Y, _ = world(seed, dim)
    fitted = fit_reweighting(X, Y, power=0, ridge=ridge, dewhiten=1)
    assert np.abs(fitted.source.T @ fitted.source - np.eye(dim)).max() <= 1e-9
    assert np.abs(fitted.target - np.eye(dim)).max() <= 1e-9


@given(seeds, dims)
def test_without_whitening_or_reweighting_it_is_procrustes(seed, dim):
    _, X, Y, _ = world(seed, dim)
    assert np.abs(fit_reweighting(X, Y, power=0, ridge=1, dewhiten=1).source - fit_rotation(X, Y).matrix).max() <= 1e-9


@given(seeds, dims, powers, ridges)
def test_sides_that_differ_by_a_rotation_become_identical(seed, dim, power, ridge):
    _, X, _, Q = world(seed, dim)
    fitted = fit_reweighting(X, X @ Q, power=power, ridge=ridge)
    assert np.abs(fitted.apply_source(X) - fitted.apply_target(X @ Q)).max() <= 1e-6


@law()
@given(seeds, dims, powers, ridges)
def test_N07_turning_either_side_first_changes_no_cosine(seed, dim, power, ridge):
    rng, X, Y, _ = world(seed, dim)
    R, S = orthogonal(rng, dim), orthogonal(rng, dim)
    here = cosines(fit_reweighting(X, Y, power=power, ridge=ridge), X, Y)
    there = cosines(fit_reweighting(X @ R, Y @ S, power=power, ridge=ridge), X @ R, Y @ S)
    assert np.abs(here - there).max() <= 1e-5


@law()
@given(seeds, dims, st.integers(-100, 100), st.integers(-100, 100))
def test_N04_order_and_scale_of_pairs_and_weights_change_no_cosine(seed, dim, a, b):
    rng, X, Y, _ = world(seed, dim)
    order = rng.permutation(len(X))
    first = cosines(fit_reweighting(X, Y), X, Y)
    again = fit_reweighting(X[order] * 10.0**a, Y[order] * 10.0**b, np.full(len(X), 10.0**b))
    assert np.abs(cosines(again, X, Y) - first).max() <= 1e-5


@given(seeds, dims, ridges)
def test_weights_are_repetitions_and_zero_leaves_a_pair_out(seed, dim, ridge):
    rng, X, Y, _ = world(seed, dim, 8 * dim)
    times = rng.integers(0, 4, len(X))
    times[: 3 * dim] = 2
    weighted = fit_reweighting(X, Y, times, ridge=ridge)
    repeated = fit_reweighting(np.repeat(X, times, axis=0), np.repeat(Y, times, axis=0), ridge=ridge)
    assert np.abs(cosines(weighted, X, Y) - cosines(repeated, X, Y)).max() <= 1e-5


def test_directions_that_the_sides_do_not_share_count_less():
    rng = np.random.default_rng(0)
    shared, own_X, own_Y = rng.standard_normal((3, 2000, 5))
    X, Y = np.hstack([shared, own_X]), np.hstack([shared, own_Y]) @ orthogonal(rng, 10)

    def found(fitted):
        return (cosines(fitted, X[1000:], Y[1000:]).argmax(axis=1) == np.arange(1000)).mean()

    assert found(fit_reweighting(X[:1000], Y[:1000])) > 0.2 + found(fit_reweighting(X[:1000], Y[:1000], power=0))


def test_N14_fewer_pairs_than_dimensions_are_refused_without_a_ridge_and_do_with_one():
    _, X, _, Q = world(0, 10, n_pairs=7)
    with pytest.raises(AlignError, match=r"7 of 10 dimensions.*align\.rank_deficient"):
        fit_reweighting(X, X @ Q, ridge=0)
    fitted = fit_reweighting(X, X @ Q, ridge=0.1)
    assert np.abs(fitted.apply_source(X) - fitted.apply_target(X @ Q)).max() <= 1e-5


def test_applied_rows_are_new_unit_float32_rows_of_the_product():
    _, X, Y, _ = world(1, 6)
    fitted = fit_reweighting(X, Y)
    for apply, by in ((fitted.apply_source, fitted.source), (fitted.apply_target, fitted.target)):
        rows = X.astype("f4")
        mapped = apply(rows)
        assert mapped.dtype == np.float32
        assert np.array_equal(rows, X.astype("f4"))
        assert np.abs(mapped - unit(X @ by)).max() <= 1e-6


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"X": None}, "api.bad_vector"), ({"Y": np.eye(2)}, "align.dim_mismatch"), ({"X": np.full((3, 3), np.nan)}, "align.nonfinite"),
        ({"X": np.zeros((3, 3))}, "align.no_signal"), ({"weights": [1, 2]}, "align.bad_weights"), ({"weights": [1, 1, 0]}, "align.rank_deficient"),
        ({"power": -1}, "align.bad_power"), ({"power": np.nan}, "align.bad_power"), ({"power": "1"}, "align.bad_power"), ({"power": 10**400}, "align.bad_power"),
        ({"ridge": 1.1}, "align.bad_ridge"), ({"ridge": None}, "align.bad_ridge"), ({"ridge": True}, "align.bad_ridge"),
    ],
)  # fmt: skip
def test_wrong_arguments_have_codes(more, code):
    with pytest.raises(AlignError) as raised:
        fit_reweighting(**{"X": np.eye(3), "Y": np.eye(3), "ridge": 0, **more})
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("matrix", "code"),
    [
        (None, "api.bad_vector"), (np.eye(2), "api.bad_vector"), (np.zeros((1, 3)), "align.no_signal"), (np.full((1, 3), np.nan), "align.nonfinite"),
        (np.full((1, 3), 1e300), "align.nonfinite"),
    ],
)  # fmt: skip
def test_rows_that_have_no_direction_are_refused(matrix, code):
    with pytest.raises(AlignError) as raised:
        Reweighting(np.eye(3), np.eye(3)).apply_source(matrix)
    assert raised.value.code == code
