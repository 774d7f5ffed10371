"""Laws of the orthogonal map."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError, AlignmentError
from align.procrustes import Rotation, fit_rotation
from tests.align.planted import law

seeds = st.integers(0, 2**32 - 1)
dims = st.integers(1, 12)


def orthogonal(rng, dim, determinant=None):
    Q = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    if determinant is not None and np.linalg.det(Q) * determinant < 0:
        Q[:, 0] *= -1
    return Q


def cloud(seed, dim, n=None):
    rng = np.random.default_rng(seed)
    return rng, rng.standard_normal((n or 3 * dim + 4, dim))


def refused(code, *given, **more):
    with pytest.raises(AlignError) as raised, np.errstate(all="raise"):
        fit_rotation(*given, **more)
    assert raised.value.code == code


@law()
@given(seeds, dims, st.sampled_from([1, -1]))
def test_N05_a_planted_rotation_or_reflection_is_recovered(seed, dim, determinant):
    rng, X = cloud(seed, dim)
    Q = orthogonal(rng, dim, determinant)
    fitted = fit_rotation(X, X @ Q)
    assert np.abs(fitted.matrix - Q).max() <= 1e-10
    assert (fitted.determinant, fitted.rank, fitted.n_pairs) == (determinant, dim, len(X))
    assert not fitted.underdetermined
    assert fitted.residual <= 1e-12


@law()
@given(seeds, st.integers(2, 12))
def test_N05_proper_allows_no_reflection_and_still_recovers_rotations(seed, dim):
    rng, X = cloud(seed, dim)
    Q = orthogonal(rng, dim, 1)
    assert np.abs(fit_rotation(X, X @ Q, proper=True).matrix - Q).max() <= 1e-10
    mirrored = fit_rotation(X, X @ orthogonal(rng, dim, -1), proper=True)
    assert mirrored.determinant == 1
    assert mirrored.orthogonality_error <= 1e-12


@law()
@given(seeds, dims)
def test_N06_equals_scipy_at_full_rank(seed, dim):
    rng, X = cloud(seed, dim)
    Y = X @ orthogonal(rng, dim) + 0.1 * rng.standard_normal(X.shape)
    assert np.abs(fit_rotation(X, Y).matrix - scipy.linalg.orthogonal_procrustes(X, Y)[0]).max() <= 1e-9


@law()
@given(seeds, dims, st.booleans())
def test_N09_beats_fifty_random_rotations_and_the_planted_one_on_noise(seed, dim, proper):
    rng, X = cloud(seed, dim)
    Q = orthogonal(rng, dim, 1)
    Y = X @ Q + 0.5 * rng.standard_normal(X.shape)
    w = rng.uniform(0.1, 3, len(X))

    def loss(W):
        return float((w[:, None] * (X @ W - Y) ** 2).sum())

    fitted = fit_rotation(X, Y, w, proper=proper)
    rivals = [Q] + [orthogonal(rng, dim, 1 if proper else None) for _ in range(50)]
    assert loss(fitted.matrix) <= min(map(loss, rivals)) + 1e-9
    assert fitted.residual == pytest.approx(np.sqrt(loss(fitted.matrix) / (w[:, None] * Y**2).sum()))


@given(seeds, st.integers(2, 8))
def test_weights_are_repetitions_and_zero_leaves_a_pair_out(seed, dim):
    rng, X = cloud(seed, dim)
    Y = rng.standard_normal(X.shape)
    times = rng.integers(0, 4, len(X))
    times[: dim + 1] = 2
    weighted, repeated = (
        fit_rotation(X, Y, times),
        fit_rotation(np.repeat(X, times, axis=0), np.repeat(Y, times, axis=0)),
    )
    assert np.abs(weighted.matrix - repeated.matrix).max() <= 1e-8
    assert weighted.residual == pytest.approx(repeated.residual)


@law()
@given(seeds, st.integers(2, 10), st.data())
def test_N03_below_full_rank_the_free_part_is_nearest_to_the_identity(seed, dim, data):
    rank = data.draw(st.integers(1, dim - 1))
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((3 * dim, rank)) @ rng.standard_normal((rank, dim))
    Y = X @ orthogonal(rng, dim)
    fitted = fit_rotation(X, Y)
    assert (fitted.rank, fitted.underdetermined) == (rank, True)
    assert np.abs(X @ fitted.matrix - Y).max() <= 1e-9 * np.abs(Y).max() * dim
    null_X, null_Y = scipy.linalg.null_space(X), scipy.linalg.null_space(Y)
    for _ in range(20):  # any other choice on the free part is further from the identity
        free = null_X @ (orthogonal(rng, dim - rank) - null_X.T @ fitted.matrix @ null_Y) @ null_Y.T
        assert np.trace(fitted.matrix + free) <= np.trace(fitted.matrix) + 1e-9


@law()
@given(seeds, st.integers(2, 8), st.booleans())
def test_N03_below_full_rank_noise_and_order_decide_nothing(seed, dim, proper):
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(1, dim))
    X = np.zeros((3 * dim, dim))
    X[:, :rank] = rng.standard_normal((3 * dim, rank))
    Q = np.eye(dim)
    Q[:rank, :rank] = orthogonal(rng, rank)
    order = rng.permutation(len(X))
    shaken = X @ Q + 1e-15 * rng.standard_normal(X.shape) * (np.arange(dim) < rank)
    W = fit_rotation(X, X @ Q, proper=proper).matrix
    assert np.abs(fit_rotation(X[order], shaken[order], proper=proper).matrix - W).max() <= 1e-6
    if not proper:
        assert np.abs(W - Q).max() <= 1e-9


@law()
@given(seeds, st.integers(3, 8))
def test_N05_proper_below_full_rank_is_the_rotation_nearest_to_the_identity(seed, dim):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1, dim))
    Q = orthogonal(rng, dim)
    fitted = fit_rotation(x, x @ Q, proper=True)
    assert fitted.determinant == 1
    null_X, null_Y = scipy.linalg.null_space(x), scipy.linalg.null_space(x @ Q)
    known = fitted.matrix - null_X @ (null_X.T @ fitted.matrix @ null_Y) @ null_Y.T
    for _ in range(30):
        W = known + null_X @ orthogonal(rng, dim - 1) @ null_Y.T
        if np.linalg.det(W) > 0:
            assert np.trace(W) <= np.trace(fitted.matrix) + 1e-9


def test_N02_fewer_pairs_than_dimensions_are_told_however_small_the_residual():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((15, 30))
    fitted = fit_rotation(X, rng.standard_normal((15, 30)) * np.linalg.norm(X, axis=1, keepdims=True))
    assert fitted.rank == 15
    assert fitted.underdetermined


def test_N10_no_signal_is_refused():
    refused("align.no_signal", np.zeros((3, 2)), np.eye(3, 2))
    refused("align.no_signal", np.eye(3, 2), np.zeros((3, 2)))
    refused("align.no_signal", np.zeros((0, 2)), np.zeros((0, 2)))
    refused("align.no_signal", np.eye(2), np.eye(2), np.zeros(2))
    refused("align.no_signal", np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 1.0]]))


@pytest.mark.parametrize("power", [-300, -30, 30, 300])
def test_N10_huge_and_tiny_numbers_and_weights_do_not_overflow(power):
    rng, X = cloud(1, 4)
    Q = orthogonal(rng, 4)
    huge = 10.0**power
    for fitted in (fit_rotation(X * huge, X @ Q * huge), fit_rotation(X, X @ Q, np.full(len(X), huge))):
        assert np.abs(fitted.matrix - Q).max() <= 1e-9
        assert fitted.residual <= 1e-9


@pytest.mark.parametrize("weights", [[1, 1], [1, 1, -1], [1, 1, np.nan], [1, 1, np.inf], [[1], [1], [1]], 1.0])
def test_bad_weights_are_refused(weights):
    refused("align.bad_weights", np.eye(3), np.eye(3), weights)


@pytest.mark.parametrize("Y", [np.eye(2), np.ones((4, 3)), np.ones((3, 4)), np.ones(3), np.ones((3, 3, 1)), 1])
def test_shapes_that_differ_are_both_shown(Y):
    with pytest.raises(AlignmentError, match=r"\(3, 3\).*align\.dim_mismatch"):
        fit_rotation(np.eye(3), Y)


@pytest.mark.parametrize("wrong", [None, "x", [["a"]], [[1, 2], [3]], np.eye(3) * 1j, object()])
def test_what_are_no_numbers_is_refused(wrong):
    refused("api.bad_vector", wrong, np.eye(3))
    refused("api.bad_vector", np.eye(3), wrong)


def test_A01_inputs_are_not_changed():
    rng, X = cloud(3, 4)
    Y, w = rng.standard_normal(X.shape), rng.uniform(1, 2, len(X))
    before = [side.copy() for side in (X, Y, w)]
    for side in (X, Y, w):
        side.flags.writeable = False
    fit_rotation(X, Y, w, proper=True)
    assert all(np.array_equal(a, b) for a, b in zip((X, Y, w), before, strict=True))


@pytest.mark.parametrize("dim", [0, -1, True, 1.5, None])
def test_the_identity_has_a_dimension(dim):
    assert Rotation.identity(3).orthogonality_error == 0
    with pytest.raises(AlignmentError):
        Rotation.identity(dim)
