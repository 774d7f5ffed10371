"""Laws of RCSLS."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align import rcsls
from align.errors import AlignError
from align.procrustes import fit_rotation
from align.rcsls import fit_rcsls, rcsls_loss

seeds = st.integers(0, 2**32 - 1)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("f4")


def world(seed, dim=8, words=60, n_pairs=40, noise=1.0):
    """(X, Y, source, target): the pairs are the first rows of both vocabularies."""
    rng = np.random.default_rng(seed)
    source = unit(rng.standard_normal((words, dim)))
    turned = source @ np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    target = unit(turned + noise / np.sqrt(dim) * rng.standard_normal(source.shape))
    return source[:n_pairs].astype("f8"), target[:n_pairs].astype("f8"), source, target


def by_loop(X, Y, source, target, W, k):
    """The definition, word for word."""
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        near_targets = sorted(target.astype("f8") @ (x @ W), reverse=True)[:k]
        near_sources = sorted((source.astype("f8") @ W) @ y, reverse=True)[:k]
        total += 2 * x @ W @ y - np.mean(near_targets) - np.mean(near_sources)
    return -total / len(X)


@given(seeds, st.integers(1, 12))
@settings(max_examples=20)
def test_the_loss_is_that_of_the_definition(seed, k):
    X, Y, source, target = world(seed)
    W = np.random.default_rng(seed).standard_normal((8, 8))
    assert rcsls_loss(X, Y, source, target, W, k=k)[0] == pytest.approx(by_loop(X, Y, source, target, W, k), abs=1e-5)


@given(seeds)
@settings(max_examples=20)
def test_the_gradient_is_that_of_finite_differences(seed):
    X, Y, source, target = world(seed, dim=4)
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((4, 4))
    _, gradient = rcsls_loss(X, Y, source, target, W, k=3)
    for _ in range(5):
        D = 1e-5 * rng.standard_normal((4, 4))
        up, down = (rcsls_loss(X, Y, source, target, V, k=3)[0] for V in (W + D, W - D))
        assert (up - down) / 2 == pytest.approx((gradient * D).sum(), abs=1e-8)


@given(seeds, st.sampled_from([0.1, 1, 30, 1000]), st.booleans())
@settings(max_examples=30)
def test_the_loss_never_rises_from_step_to_step(seed, rate, spectral):
    X, Y, source, target = world(seed)
    start = fit_rotation(X, Y).matrix
    maps = [start] + [
        fit_rcsls(X, Y, source, target, start, k=5, steps=n, learning_rate=rate, spectral=spectral)
        for n in (1, 2, 5, 12)
    ]
    losses = [rcsls_loss(X, Y, source, target, W, k=5)[0] for W in maps]
    assert (np.diff(losses) <= 1e-12).all()
    assert losses[-1] < losses[0]


def test_a_step_that_would_raise_the_loss_is_taken_back_whole(monkeypatch):
    X, Y, source, target = world(1)
    start = fit_rotation(X, Y).matrix
    real = rcsls._loss

    def only_the_start_is_good(X, Y, source, target, W, k):
        loss, gradient = real(X, Y, source, target, W, k)
        return (loss if np.array_equal(W, start) else np.inf), gradient

    monkeypatch.setattr(rcsls, "_loss", only_the_start_is_good)
    assert np.array_equal(fit_rcsls(X, Y, source, target, start, steps=30), start)


@given(seeds, st.sampled_from([1, 30]))
@settings(max_examples=20)
def test_spectral_keeps_the_singular_values_at_most_one(seed, rate):
    X, Y, source, target = world(seed)
    for start in (fit_rotation(X, Y).matrix, 5 * np.eye(8)):
        W = fit_rcsls(X, Y, source, target, start, learning_rate=rate, spectral=True)
        assert np.linalg.svd(W, compute_uv=False).max() <= 1 + 1e-12
    free = fit_rcsls(X, Y, source, target, fit_rotation(X, Y).matrix, learning_rate=rate)
    assert np.linalg.svd(free, compute_uv=False).max() > 1


def test_more_of_the_pairs_come_before_all_their_rivals():
    X, Y, source, target = world(2, dim=30, words=400, n_pairs=266, noise=2.0)
    start = fit_rotation(X, Y).matrix

    def found(W):
        return (np.argmax(unit(X @ W) @ target.T, axis=1) == np.arange(len(X))).mean()

    assert found(fit_rcsls(X, Y, source, target, start, learning_rate=10)) > found(start) + 0.1


@given(seeds)
@settings(max_examples=10)
def test_the_loss_does_not_see_in_which_frame_either_side_is_given(seed):
    X, Y, source, target = world(seed)
    rng = np.random.default_rng(seed)
    R, S = (np.linalg.qr(rng.standard_normal((8, 8)))[0] for _ in range(2))
    W = rng.standard_normal((8, 8))
    there = rcsls_loss(X @ R, Y @ S, source @ R, target @ S, R.T @ W @ S, k=4)
    here = rcsls_loss(X, Y, source, target, W, k=4)
    assert there[0] == pytest.approx(here[0], abs=1e-5)
    assert np.abs(there[1] - R.T @ here[1] @ S).max() <= 1e-5


def test_blocks_are_small_and_change_nothing(monkeypatch):
    X, Y, source, target = world(3)
    W = fit_rotation(X, Y).matrix
    whole = rcsls_loss(X, Y, source, target, W, k=3)
    sizes = []

    def top_k(similarity, k, real=rcsls.top_k):
        sizes.append(similarity.nbytes)
        return real(similarity, k)

    monkeypatch.setattr(rcsls, "top_k", top_k)
    monkeypatch.setattr(rcsls, "BLOCK_BYTES", 2000)
    parts = rcsls_loss(X, Y, source, target, W, k=3)
    assert max(sizes) <= 2000 < len(sizes) * 2000
    assert parts[0] == pytest.approx(whole[0], abs=1e-12)
    assert np.abs(parts[1] - whole[1]).max() <= 1e-12


def test_A01_what_was_lent_stays_as_it_was():
    given = [*world(4), np.eye(8)]
    before = [side.copy() for side in given]
    W = fit_rcsls(*given, learning_rate=20)
    assert all(np.array_equal(a, b) for a, b in zip(given, before, strict=True))
    assert not np.shares_memory(W, given[4])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"X": None}, "api.bad_vector"), ({"Y": np.eye(2)}, "align.dim_mismatch"), ({"X": np.zeros((3, 3))}, "align.no_signal"),
        ({"source": "x"}, "api.bad_vector"), ({"source": np.eye(2)}, "api.bad_vector"), ({"target": np.zeros((0, 3))}, "api.bad_vector"),
        ({"target": np.full((3, 3), np.nan)}, "align.nonfinite"), ({"source": np.full((3, 3), 1e300)}, "align.nonfinite"),
        ({"start": None}, "api.bad_vector"), ({"start": np.eye(2)}, "api.bad_vector"), ({"start": np.full((3, 3), np.inf)}, "align.nonfinite"),
        ({"X": np.full((3, 3), 1e200), "Y": np.full((3, 3), 1e200)}, "api.bad_vector"), ({"k": 0}, "api.bad_k"), ({"steps": True}, "api.bad_k"),
        ({"learning_rate": 0}, "align.bad_learning_rate"), ({"learning_rate": np.nan}, "align.bad_learning_rate"),
        ({"learning_rate": None}, "align.bad_learning_rate"), ({"learning_rate": True}, "align.bad_learning_rate"), ({"spectral": 1}, "api.bad_type"),
    ],
)  # fmt: skip
def test_wrong_arguments_have_codes(more, code):
    rows = np.eye(3, dtype="f4")
    with pytest.raises(AlignError) as raised:
        fit_rcsls(**{"X": rows, "Y": rows, "source": rows, "target": rows, "start": np.eye(3), **more})
    assert raised.value.code == code
