"""How likely something is, from a few figures about it: a small logistic regression."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from align.arguments import expect, is_list, numbers, rows_of
from align.errors import InputError
from align.vectors import F64

RIDGE = 0.01
NONE = -20.0  # logit of a share that is as good as none


@dataclass(frozen=True, eq=False)
class Logistic:
    """Log odds linear in the features: ((features − `mean`) / `scale`) · `slope` + `intercept`; all three (k,) float64.

    `share`: logit of the share of the positives that a `mixture` was found to have of the negatives' kind; else −20.
    """

    mean: F64
    scale: F64
    slope: F64
    intercept: float
    share: float = NONE

    def log_odds(self, features: F64) -> F64:
        """(n,) for `features` (n, k). Raises InputError `api.bad_vector`."""
        features = rows_of(features, "features", len(self.slope))
        return np.asarray((features - self.mean) / self.scale @ self.slope + self.intercept, dtype=np.float64)

    def probability(self, features: F64) -> F64:
        """(n,) in [0, 1] for `features` (n, k). Raises InputError `api.bad_vector`."""
        return np.asarray(expit(self.log_odds(features)), dtype=np.float64)


def fit_logistic(
    features: F64,
    target: F64,
    weights: F64 | None = None,
    *,
    signs: Sequence[int] | None = None,
    ridge: float = RIDGE,
    mixture: bool = False,
) -> Logistic:
    """The odds of `target` (n,) in [0, 1], where 1 is yes, by `features` (n, k).

    Minimises Σ weight · cross entropy + `ridge` / 2 · |slope|², the features standardised to mean 0 and deviation 1.
    `weights` (n,) ≥ 0, default 1. `signs` (k,): 1 for a feature that may only speak for, −1 only against, 0 for either.
    `mixture`: the yeses are known to hold noes; what tells them apart is (1 − π) e^f + π with f linear, and π is fitted
    too (case-control data that are contaminated; Lancaster and Imbens 1996).

    Raises InputError `api.bad_vector` for shapes that differ, no rows, what is not finite, a target outside [0, 1] or a
    weight below 0; `api.bad_type`; `logistic.bad_ridge` unless 0 < ridge ≤ 10⁶, `logistic.bad_signs`.

    >>> model = fit_logistic(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 0.0, 1.0]))
    >>> model.probability(np.array([[0.0], [1.5], [3.0]])).round(2)
    array([0.21, 0.5 , 0.79])
    """
    features = np.asarray(rows_of(features, "features"), dtype=np.float64)
    n, k = features.shape
    target, weights = _column(target, "target", n), _column(np.ones(n) if weights is None else weights, "weights", n)
    if not n or not np.isfinite(features).all() or target.max() > 1:
        what = f"features of shape {features.shape}, targets up to {target.max(initial=0):.3g}"
        raise InputError("api.bad_vector", f"{what}; finite features of at least one row, targets from 0 to 1")
    expect((bool, np.bool_), mixture=mixture)
    ridge = _checked_ridge(ridge)
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    Z = np.column_stack([(features - mean) / scale, np.ones(n)])
    shrink = np.append(np.full(k, ridge), (0.0, 0.0))

    def loss(p: F64) -> tuple[float, F64]:
        f, a = Z @ p[:-1], p[-1]
        odds = log_expit(-a) + np.logaddexp(f, a)
        off = weights * (expit(odds) - target)
        gradient = np.append((off * expit(f - a)) @ Z, off @ (expit(a - f) - expit(a)))
        entropy = -weights @ (target * log_expit(odds) + (1 - target) * log_expit(-odds))
        return float(entropy + shrink * p @ p / 2), gradient + shrink * p

    limits = [*_limits(signs, k), (None, None), (NONE, 0.0 if mixture else NONE)]
    start = np.append(np.zeros(k + 1), -3.0 if mixture else NONE)
    p = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits).x
    return Logistic(mean, scale, p[:k], float(p[k]), float(p[-1]))


def _column(values: object, what: str, n: int) -> F64:
    found = np.asarray(numbers(values, what), dtype=np.float64)
    if found.shape != (n,) or not (np.isfinite(found) & (found >= 0)).all():
        raise InputError("api.bad_vector", f"{what} of shape {found.shape} for {n} rows; one number from 0 for each")
    return found


def _checked_ridge(ridge: object) -> float:
    real = isinstance(ridge, int | float | np.integer | np.floating) and not isinstance(ridge, bool)
    if not real or not 0 < ridge <= 1e6:  # type: ignore[operator]
        raise InputError("logistic.bad_ridge", f"ridge={str(ridge)[:20]!r}; a number above 0, at most 1,000,000")
    return float(ridge)  # type: ignore[arg-type]


def _limits(signs: object, k: int) -> list[tuple[float | None, float | None]]:
    found = [0] * k if signs is None else list(signs) if is_list(signs) else []  # type: ignore[call-overload]
    if len(found) != k or any(not isinstance(sign, int | np.integer) or sign not in (-1, 0, 1) for sign in found):
        raise InputError("logistic.bad_signs", f"{len(found)} signs for {k} features; −1, 0 or 1 for each")
    return [(None if sign < 1 else 0.0, None if sign > -1 else 0.0) for sign in found]
