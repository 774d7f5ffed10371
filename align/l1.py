"""l1 refinement: an orthogonal map that minimises absolute differences instead of squares.

Gross errors in single numbers then weigh by their size, not by its square. Unlike every other fit here the objective
depends on the axes: turning a side first gives another map.
"""

from types import NoneType

import numpy as np

from align.arguments import expect, numbers
from align.errors import AlignmentError
from align.procrustes import Floats, Rotation, fit_rotation
from align.retrieval import check_k
from align.vectors import F64

STEPS = 300
SHARPER = 0.3  # factor on the rounding of |z| when descent has stalled
SHARPEST = 1e-12  # rounding, as a share of the mean |z| at the start, beyond which nothing is gained
STALLED = 0.01  # gain of a step, per entry and in units of the rounding, below which |z| is made sharper
SUFFICIENT = 1e-4  # Armijo: share of the expected descent that a step must bring
HALVINGS = 30
NEARLY = 1e-6  # max |W'W − I| of a start that is orthogonal up to rounding in float32


def refine_l1(X: Floats, Y: Floats, *, start: Rotation | None = None, steps: int = STEPS) -> Rotation:
    """The orthogonal W near `start` (default: the identity) that minimises Σ |XW − Y| over all entries.

    `X`, `Y`: (n_pairs, dim). Takes at most `steps` steps down the gradient of Σ √(z² + ε²) along the orthogonal
    matrices (polar retraction, backtracking line search), with ε falling as descent stalls, and returns the best map met
    by the true objective, so that it never exceeds the start's. The determinant stays the start's.

    Raises as `fit_rotation`; AlignmentError `align.dim_mismatch` or `align.not_orthogonal` for a `start` of another
    size, or with max |W'W − I| > 1e-6; InputError `api.bad_k` for `steps`.

    Source: Peng et al. 2021, doi:10.18653/v1/2021.naacl-main.214; its stiff ODE integrator is not needed.

    >>> turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    >>> X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [1.0, 4.0], [2.0, 2.0], [1.0, -1.0]])
    >>> Y = X @ turn
    >>> Y[0, 0] += 50
    >>> np.allclose(refine_l1(X, Y).matrix, turn)
    True
    """
    expect((Rotation, NoneType), start=start)
    steps = check_k(steps)
    fitted = fit_rotation(X, Y)
    W = _start(start, len(fitted.matrix))
    X64, Y64 = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    scale = max(float(np.abs(X64).max()), float(np.abs(Y64).max()))
    Xs, Ys = X64 / scale, Y64 / scale
    W = _descend(Xs, Ys, W, steps)
    with np.errstate(divide="ignore", under="ignore"):
        residual = float(np.linalg.norm(Xs @ W - Ys) / np.linalg.norm(Ys))
    return Rotation(W, len(X), fitted.rank, residual, float(np.sign(np.linalg.det(W))))


def _descend(X: F64, Y: F64, W: F64, steps: int) -> F64:
    best, lowest = W, float(np.abs(X @ W - Y).sum())
    if lowest == 0:
        return W
    rounding = mean = lowest / X.size
    before: tuple[F64, F64] | None = None  # map and gradient a step ago
    for _ in range(steps):
        smooth, slope = _smoothed(X, Y, W, rounding)
        tried, gained = _line_search(X, Y, W, rounding, smooth, slope, _first_length(W, slope, before))
        before, W = (W, slope), tried
        objective = float(np.abs(X @ W - Y).sum())
        if objective < lowest:
            best, lowest = W, objective
        if gained <= STALLED * rounding * X.size:
            rounding, before = SHARPER * rounding, None
            if rounding < SHARPEST * mean:
                break
    return best


def _first_length(W: F64, slope: F64, before: tuple[F64, F64] | None) -> float:
    """Length of the step to try first: by the curvature just seen (Barzilai and Borwein 1988), at most across all maps."""
    steepness = float(np.linalg.norm(slope))
    if steepness == 0:
        return 0.0
    if before is None:
        return 0.1 / steepness
    moved, turned = W - before[0], slope - before[1]
    curvature = abs(float((moved * turned).sum()))
    furthest = np.sqrt(len(W)) / steepness
    square = float((moved**2).sum())
    return furthest if square >= furthest * curvature else square / curvature


def _line_search(
    X: F64, Y: F64, W: F64, rounding: float, smooth: float, slope: F64, length: float
) -> tuple[F64, float]:
    """The map after the first of ever shorter steps that lowers the objective enough, and by how much; else W and 0."""
    expected = SUFFICIENT * float((slope**2).sum())
    for _ in range(HALVINGS):
        tried = _polar(W - length * slope)
        gained = smooth - float(np.hypot(X @ tried - Y, rounding).sum())
        if gained >= length * expected:
            return tried, gained
        length /= 2
    return W, 0.0


def _smoothed(X: F64, Y: F64, W: F64, rounding: float) -> tuple[float, F64]:
    """Σ √(z² + ε²) and its gradient at W along the orthogonal matrices."""
    Z = X @ W - Y
    lengths = np.hypot(Z, rounding)
    G = X.T @ (Z / lengths)
    return float(lengths.sum()), np.asarray((G - W @ G.T @ W) / 2)


def _polar(A: F64) -> F64:
    U, _, Vt = np.linalg.svd(A)
    return np.asarray(U @ Vt)


def _start(start: Rotation | None, dim: int) -> F64:
    if start is None:
        return np.eye(dim)
    W = numbers(start.matrix, "start").astype(np.float64)
    if W.shape != (dim, dim):
        raise AlignmentError(
            "align.dim_mismatch", f"start is {W.shape}, the pairs have {dim} dimensions; give both alike"
        )
    error = np.abs(W.T @ W - np.eye(dim)).max()
    if not error <= NEARLY:
        raise AlignmentError("align.not_orthogonal", f"max |W'W − I| of start is {error:.1e}; at most {NEARLY:.0e}")
    return _polar(W)
