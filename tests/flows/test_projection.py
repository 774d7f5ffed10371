"""Laws of the plane: what an independent decomposition says, whatever the turn of the space, the same every time."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import InputError
from flows.projection import project


def cloud(seed=0, n=60, dim=7):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, dim)) * np.linspace(3, 0.3, dim)).astype(np.float32)


def distances(at):
    return np.linalg.norm(at[:, None] - at, axis=2)


@given(st.integers(0, 10_000), st.integers(3, 40), st.integers(2, 9))
def test_explained_variance_is_the_eigenvalues_of_the_covariance(seed, n, dim):
    vectors = cloud(seed, n, dim).astype(float)
    shares = np.sort(np.linalg.eigvalsh(np.cov(vectors.T)))[::-1]
    assert project(vectors).explained == pytest.approx((shares / shares.sum())[:2].tolist(), abs=1e-9)


def test_coordinates_are_uncorrelated_with_the_variance_that_is_told():
    vectors = cloud()
    plane = project(vectors)
    total = np.trace(np.cov(vectors.T))
    assert np.cov(plane.at.T) == pytest.approx(np.diag(plane.explained) * total, abs=1e-4)


@given(st.integers(0, 10_000))
def test_a_rotation_and_a_shift_of_the_space_change_nothing(seed):
    vectors = cloud(seed).astype(float)
    turn = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(7, 7)))[0]
    plane, turned = project(vectors), project(vectors @ turn + 5)
    np.testing.assert_allclose(distances(turned.at), distances(plane.at), atol=1e-3)
    assert turned.explained == pytest.approx(plane.explained)


def test_rows_of_a_plane_keep_their_distances():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(50, 2)) @ np.linalg.qr(rng.normal(size=(5, 5)))[0][:2]
    plane = project(flat)
    assert sum(plane.explained) == pytest.approx(1)
    np.testing.assert_allclose(distances(plane.at), distances(flat), atol=1e-4)


def test_the_sign_is_chosen_and_not_found():
    vectors = cloud()
    at = project(vectors).at
    assert (at[np.abs(at).argmax(axis=0), [0, 1]] > 0).all()
    np.testing.assert_allclose(project(-vectors).at * np.sign(project(-vectors).at[0] * at[0]), at, atol=1e-4)
    np.testing.assert_allclose(project(vectors[::-1]).at[::-1], at, atol=1e-4)


def test_the_same_seed_gives_the_same_plane_and_another_another_sample():
    vectors = cloud(n=500)
    first, again, other = (project(vectors, seed=seed, fit_rows=50) for seed in (3, 3, 4))
    assert (first.at == again.at).all()
    assert not np.allclose(np.abs(first.at), np.abs(other.at), atol=1e-3)
    assert (first.fitted, project(vectors, fit_rows=500).fitted) == (50, 500)


def test_a_sample_makes_nearly_the_plane_of_all_and_all_are_put_on_it():
    vectors = cloud(n=20_000) * [3, 2, 1, 1, 1, 1, 1]
    whole, sampled = project(vectors), project(vectors, fit_rows=2_000)
    assert sampled.at.shape == (20_000, 2)
    assert sampled.explained == pytest.approx(whole.explained, abs=0.02)
    assert np.abs(np.corrcoef(whole.at.T, sampled.at.T)[[0, 1], [2, 3]]).min() > 0.99


@pytest.mark.parametrize("vectors", [np.zeros((0, 4)), np.eye(2), np.ones((9, 3)), np.arange(9.0)[:, None]], ids=str)
def test_too_few_or_equal_vectors_span_no_plane(vectors):
    with pytest.raises(InputError) as raised:
        project(vectors)
    assert raised.value.code == "map.too_few"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"vectors": np.ones(4)}, "api.bad_vector"),
        ({"vectors": np.full((4, 3), np.nan)}, "api.bad_vector"),
        ({"method": "tsne"}, "map.bad_method"),
        ({"method": None}, "map.bad_method"),
        ({"seed": -1}, "align.bad_seed"),
        ({"fit_rows": 0}, "api.bad_k"),
    ],
    ids=str,
)
def test_wrong_use_is_refused_by_code(wrong, code):
    with pytest.raises(InputError) as raised:
        project(**{"vectors": cloud(), **wrong})
    assert raised.value.code == code


def test_umap_that_is_not_installed_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(InputError, match="uv sync --extra umap") as raised:
        project(cloud(), "umap")
    assert raised.value.code == "map.no_umap"


@pytest.mark.slow
def test_umap_is_the_same_for_the_same_seed_and_keeps_groups_together():
    pytest.importorskip("umap")
    rng = np.random.default_rng(0)
    vectors = np.concatenate([0.1 * rng.normal(size=(60, 8)) + centre for centre in np.eye(8)[:3]])
    plane, again = (project(vectors, "umap", fit_rows=120) for _ in range(2))
    assert (plane.at == again.at).all()
    assert plane.explained is None
    group = np.repeat(np.arange(3), 60)
    nearest = np.argsort(distances(plane.at), axis=1)[:, 1]
    assert (group[nearest] == group).mean() > 0.95
