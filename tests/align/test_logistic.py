"""Laws of the logistic regression: an optimum, signs that hold, no certainty from nowhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from align.errors import InputError
from align.logistic import fit_logistic


def planted(seed, n=300, k=3):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, k)) * [1, 5, 0.1] + [0, 3, -2]
    return X, (rng.random(n) < expit(X[:, 0] - 0.5 * (X[:, 1] - 3))).astype(float), rng.random(n) + 0.1


def plain_newton(Z, y, w, ridge):
    """The same objective, by Newton's method written out."""
    p, shrink = np.zeros(Z.shape[1]), np.diag([ridge] * (Z.shape[1] - 1) + [0.0])
    for _ in range(50):
        mean = expit(Z @ p)
        gradient = Z.T @ (w * (mean - y)) + shrink @ p
        p = p - np.linalg.solve((Z.T * (w * mean * (1 - mean))) @ Z + shrink, gradient)
    return p


@pytest.mark.parametrize("ridge", [0.01, 1.0, 100.0])
def test_it_is_the_optimum_that_newton_finds(ridge):
    X, y, w = planted(0)
    Z = np.column_stack([(X - X.mean(0)) / X.std(0), np.ones(len(X))])
    found = fit_logistic(X, y, w, ridge=ridge)
    assert np.allclose([*found.slope, found.intercept], plain_newton(Z, y, w, ridge), atol=2e-3)
    assert np.allclose(found.probability(X), expit(found.log_odds(X)))


@given(st.integers(0, 10_000), st.tuples(*[st.sampled_from([-1, 0, 1])] * 3))
def test_a_feature_counts_only_the_way_it_may(seed, signs):
    X, y, _ = planted(seed, n=40)
    slope = fit_logistic(X, y, signs=signs).slope
    assert all(s == 0 or s * found >= 0 for s, found in zip(signs, slope, strict=True))


def test_units_of_a_feature_do_not_matter():
    X, y, _ = planted(1)
    one, other = fit_logistic(X, y), fit_logistic(X * [100, 0.01, 7] - 5, y)
    assert np.allclose(one.probability(X), other.probability(X * [100, 0.01, 7] - 5), atol=1e-3)


def test_a_feature_that_never_varies_says_nothing():
    X, y, _ = planted(2)
    X[:, 2] = 4.0
    assert fit_logistic(X, y).slope[2] == 0


@pytest.mark.parametrize("code", ["api.bad_vector", "logistic.bad_ridge", "logistic.bad_signs"])
def test_wrong_use_is_refused(code):
    X, y, _ = planted(0, n=10)
    wrong = {
        "api.bad_vector": [(X[:9], y, {}), (X[:0], y[:0], {}), (X, y + 1, {}), (X, -y, {}), (X * np.nan, y, {}), (X, y, {"weights": y[:3]})],
        "logistic.bad_ridge": [(X, y, {"ridge": ridge}) for ridge in (0, -1, float("nan"), True, "1")],
        "logistic.bad_signs": [(X, y, {"signs": signs}) for signs in ((1, 1), (1, 1, 2), (0.5, 1, 1), "abc")],
    }  # fmt: skip
    for features, target, options in wrong[code]:
        with pytest.raises(InputError) as caught:
            fit_logistic(features, target, **options)
        assert caught.value.code == code
