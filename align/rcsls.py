"""RCSLS: the linear map that directly maximises the CSLS scores of the pairs.

The map is not orthogonal: it bends distances within the source language. It serves induction and retrieval, that is,
finding translations, and never the frame of a shared space, which keeps the rotation it starts from.
"""

import numpy as np

from align.arguments import expect, numbers, rows_of
from align.errors import AlignmentError, InputError
from align.procrustes import Floats, fit_rotation
from align.retrieval import NEIGHBOURS, check_k, top_k
from align.vectors import F32, F64

STEPS = 10
LEARNING_RATE = 1.0
SMALLEST_RATE = 1e-4
BLOCK_BYTES = 16 << 20


def fit_rcsls(
    X: Floats,
    Y: Floats,
    source: F32,
    target: F32,
    start: Floats,
    *,
    k: int = NEIGHBOURS,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    spectral: bool = False,
) -> F64:
    """A linear W (dim, dim), not orthogonal, with a lower RCSLS loss than `start`; only for induction and retrieval.

    `X`, `Y`: (n_pairs, dim). `source` (n, dim), `target` (m, dim): vocabularies of unit rows, among which the `k`
    neighbours are found anew in each step. `start` (dim, dim): most often the matrix of `fit_rotation`; not changed.
    `steps` steps down the whole gradient; where the loss would rise the step is taken back and its length halved, and
    below 1e-4 no more are taken. `spectral` keeps the singular values of W at 1 or below; `start` is clipped alike.

    Without `spectral` the loss has no minimum (twice W, twice the loss): `steps` and `learning_rate` (published: 1 to
    50) decide how far W leaves `start`, and are to be chosen on development pairs.

    Raises as `rcsls_loss`; InputError `align.bad_learning_rate` unless 0 < learning_rate ≤ 1e6, `api.bad_k` for `steps`.

    Source: Joulin et al. 2018, "Loss in Translation", arXiv:1804.07745.

    >>> X = np.eye(2, dtype="f4")[[0, 1, 1]]
    >>> Y = np.array([[0.6, 0.8], [-0.8, 0.6], [-0.8, 0.6]], "f4")
    >>> W = fit_rcsls(X, Y, X, Y, np.eye(2), k=1, steps=3, spectral=True)
    >>> rcsls_loss(X, Y, X, Y, W, k=1)[0] < rcsls_loss(X, Y, X, Y, np.eye(2), k=1)[0]
    True
    """
    expect((bool, np.bool_), spectral=spectral)
    steps, rate = check_k(steps), _checked_rate(learning_rate)
    X, Y, source, target, W, k = _checked(X, Y, source, target, start, k)
    if spectral:
        W = _clipped(W)
    loss, gradient = _loss(X, Y, source, target, W, k)
    for _ in range(steps):
        if rate < SMALLEST_RATE:
            break
        tried = W - rate * gradient
        if spectral:
            tried = _clipped(tried)
        tried_loss, tried_gradient = _loss(X, Y, source, target, tried, k)
        if tried_loss > loss:
            rate /= 2
        else:
            W, loss, gradient = tried, tried_loss, tried_gradient
    return W


def rcsls_loss(X: Floats, Y: Floats, source: F32, target: F32, W: Floats, *, k: int = NEIGHBOURS) -> tuple[float, F64]:
    """The RCSLS loss f(W) of the pairs and its gradient (dim, dim) with the neighbours held fixed; f(W) = Σ W ∘ ∇f.

    f(W) = −(1/n) Σᵢ [2 xᵢW·yᵢ − mean of xᵢW·y over the k nearest targets y − mean of xW·yᵢ over the k sources x nearest
    to yᵢ]; nothing is scaled after mapping. `X`, `Y`: (n_pairs, dim), `source` (n, dim), `target` (m, dim), `W`
    (dim, dim); k is capped at n and at m.

    Raises as `fit_rotation` for X and Y; AlignmentError `align.nonfinite` where products overflow or an argument is not
    finite; InputError `api.bad_vector`, `api.bad_k`.

    >>> rcsls_loss(np.eye(2), np.eye(2), np.eye(2, dtype="f4"), np.eye(2, dtype="f4"), np.eye(2), k=2)[0]
    -1.0
    """
    X, Y, source, target, W, k = _checked(X, Y, source, target, W, k)
    return _loss(X, Y, source, target, W, k)


def _loss(X: F64, Y: F64, source: F32, target: F32, W: F64, k: int) -> tuple[float, F64]:
    with np.errstate(over="ignore", invalid="ignore"):
        near_targets = _mean_of_nearest(X @ W, target, k)
        near_sources = _mean_of_nearest(Y @ W.T, source, k)  # xW·y = x·(yW')
        gradient = -(2 * X.T @ Y - X.T @ near_targets - near_sources.T @ Y) / len(X)
        loss = float((W * gradient).sum())
    if not np.isfinite(loss) or not np.isfinite(gradient).all():
        raise AlignmentError("align.nonfinite", "the loss overflows; give unit rows and a smaller learning_rate")
    return loss, np.asarray(gradient)


def _mean_of_nearest(queries: F64, vocabulary: F32, k: int) -> F64:
    """(n, dim) mean of the k rows of `vocabulary` (m, dim) with the largest dot product with each query (n, dim)."""
    m, dim = vocabulary.shape
    step = max(1, BLOCK_BYTES // (4 * max(m, min(k, m) * dim)))
    means = np.empty_like(queries)
    for i in range(0, len(queries), step):
        rows = top_k(queries[i : i + step].astype(np.float32) @ vocabulary.T, k).rows
        means[i : i + step] = vocabulary[rows].mean(axis=1, dtype=np.float64)
    return means


def _checked(X: Floats, Y: Floats, source: F32, target: F32, W: Floats, k: int) -> tuple[F64, F64, F32, F32, F64, int]:
    """All of them as arrays that fit together, W as a copy."""
    k = check_k(k)
    dim = len(fit_rotation(X, Y).matrix)
    W = np.array(numbers(W, "the map"), dtype=np.float64)
    if W.shape != (dim, dim):
        raise InputError("api.bad_vector", f"the map is of shape {W.shape}; give an array ({dim}, {dim})")
    if not np.isfinite(W).all():
        raise AlignmentError("align.nonfinite", "the map is not finite; start from that of fit_rotation")
    X64, Y64 = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    return X64, Y64, _vocabulary(source, "source", dim), _vocabulary(target, "target", dim), np.asarray(W), k


def _vocabulary(rows: F32, name: str, dim: int) -> F32:
    rows = rows_of(rows, name, dim)
    if not len(rows):
        raise InputError("api.bad_vector", f"{name} has no rows; give the unit rows of its vocabulary")
    with np.errstate(over="ignore"):
        found = np.asarray(rows, dtype=np.float32)
    if not np.isfinite(found).all():
        raise AlignmentError("align.nonfinite", f"{name} is not finite; leave such rows out")
    return found


def _checked_rate(rate: float) -> float:
    real = isinstance(rate, int | float | np.integer | np.floating) and not isinstance(rate, bool)
    if not real or not 0 < rate <= 1e6:
        raise InputError("align.bad_learning_rate", f"learning_rate={str(rate)[:20]}; a number above 0, up to 1e6")
    return float(rate)


def _clipped(W: F64) -> F64:
    """W with its singular values at 1 or below: the nearest such map."""
    U, S, Vt = np.linalg.svd(W)
    return np.asarray(U * S.clip(max=1) @ Vt)
