"""Laws of l1 refinement."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from align.errors import AlignError
from align.l1 import refine_l1
from align.procrustes import Rotation, fit_rotation

seeds = st.integers(0, 2**32 - 1)


def turned(rng, dim, angle=0.3):
    """A rotation some way from the identity."""
    K = angle / np.sqrt(dim) * rng.standard_normal((dim, dim))
    return scipy.linalg.expm(K - K.T)


def world(seed, dim, n_pairs, outliers=0.0):
    rng = np.random.default_rng(seed)
    X, Q = rng.standard_normal((n_pairs, dim)), turned(rng, dim)
    Y = X @ Q
    gross = rng.random(Y.shape) < outliers
    Y[gross] += 10 * rng.standard_normal(gross.sum())
    return X, Y, Q


def objective(X, Y, W):
    return float(np.abs(X @ W - Y).sum())


def rotation(matrix):
    return Rotation(matrix, 0, len(matrix), 0.0, float(np.sign(np.linalg.det(matrix))))


@given(seeds, st.integers(2, 8))
@settings(max_examples=15)
def test_a_rotation_is_recovered_exactly_in_spite_of_gross_errors_in_a_third_of_all_numbers(seed, dim):
    X, Y, Q = world(seed, dim, 15 * dim, outliers=0.3)
    found = refine_l1(X, Y)
    assert np.abs(found.matrix - Q).max() <= 1e-7 < 1e-2 < np.abs(fit_rotation(X, Y).matrix - Q).max()


@given(seeds, st.integers(1, 6), st.integers(1, 40))
@settings(max_examples=30)
def test_the_objective_never_rises_and_the_map_stays_orthogonal(seed, dim, steps):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((2, 4 * dim + 2, dim))
    start = fit_rotation(X, Y)
    fewer, more = refine_l1(X, Y, start=start, steps=steps), refine_l1(X, Y, start=start, steps=steps + 5)
    reached = [objective(X, Y, found.matrix) for found in (start, fewer, more)]
    assert reached[0] + 1e-9 >= reached[1] >= reached[2]
    assert fewer.orthogonality_error <= 1e-9
    assert fewer.determinant == start.determinant


@given(seeds, st.integers(1, 6))
def test_a_perfect_fit_is_a_fixed_point(seed, dim):
    X, Y, Q = world(seed, dim, 5 * dim)
    assert np.abs(refine_l1(X, Y, start=rotation(Q)).matrix - Q).max() <= 1e-9


def test_in_the_plane_it_finds_the_best_of_all_angles():
    X, Y, _ = world(5, 2, 40, outliers=0.3)
    Y += 0.3 * np.random.default_rng(5).standard_normal(Y.shape)
    angles = np.linspace(-np.pi, np.pi, 40_001)
    turns = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
    lowest = np.abs(X @ turns - Y).sum(axis=(1, 2)).min()
    assert objective(X, Y, refine_l1(X, Y).matrix) <= lowest + 1e-6


def test_no_turn_nearby_is_better():
    X, Y, _ = world(6, 5, 60, outliers=0.2)
    Y += 0.2 * np.random.default_rng(6).standard_normal(Y.shape)
    start = fit_rotation(X, Y).matrix
    rng = np.random.default_rng(7)

    def rivals(W):
        return min(objective(X, Y, W @ turned(rng, 5, size)) for size in (1e-1, 1e-2, 1e-3) for _ in range(100))

    W = refine_l1(X, Y, start=rotation(start)).matrix
    assert objective(X, Y, W) <= (1 + 1e-5) * rivals(W)
    assert objective(X, Y, start) > (1 + 1e-3) * rivals(start)


def test_what_it_tells_is_true_and_what_it_was_lent_stays_as_it_was():
    X, Y, _ = world(9, 4, 30, outliers=0.2)
    start = fit_rotation(X, Y)
    before = X.copy(), Y.copy(), start.matrix.copy()
    found = refine_l1(X, Y, start=start)
    assert all(np.array_equal(a, b) for a, b in zip(before, (X, Y, start.matrix), strict=True))
    assert (found.n_pairs, found.rank) == (30, 4)
    assert found.residual == pytest.approx(np.linalg.norm(X @ found.matrix - Y) / np.linalg.norm(Y))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"X": None}, "api.bad_vector"), ({"Y": "x"}, "api.bad_vector"), ({"X": np.eye(2)}, "align.dim_mismatch"), ({"steps": 0}, "api.bad_k"),
        ({"Y": np.full((3, 3), np.nan)}, "align.nonfinite"), ({"X": np.zeros((3, 3))}, "align.no_signal"), ({"steps": 1.5}, "api.bad_k"),
        ({"start": np.eye(3)}, "api.bad_type"), ({"start": rotation(np.eye(2))}, "align.dim_mismatch"),
        ({"start": rotation(2 * np.eye(3))}, "align.not_orthogonal"), ({"start": Rotation(np.full((3, 3), np.nan), 0, 3, 0.0, 1.0)}, "align.not_orthogonal"),
        ({"start": Rotation(None, 0, 3, 0.0, 1.0)}, "api.bad_vector"),
    ],
)  # fmt: skip
def test_wrong_arguments_have_codes(given, code):
    with pytest.raises(AlignError) as raised:
        refine_l1(**{"X": np.eye(3), "Y": np.eye(3), **given})
    assert raised.value.code == code
