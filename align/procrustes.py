"""Orthogonal Procrustes.

Notation: rows are words; X (n_pairs, dim) source, Y (n_pairs, dim) target, W (dim, dim) orthogonal; `X @ W ≈ Y`.
Fit in float64, store float32. `score` is a similarity, higher is nearer. `lang` is a BCP 47 code. `pivot` is the
language whose W is the identity. `coverage` is queries with a vector over all queries, printed beside every precision.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.arguments import expect, numbers
from align.errors import AlignmentError
from align.parallel import one_blas_thread
from align.vectors import F64

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Rotation:
    """An orthogonal map and how it was determined.

    `matrix`: (dim, dim) float64, rows of the source times it lie in the target's frame. `n_pairs`: pairs it was fitted
    on. `rank`: numerical rank of X'Y; below dim the map is not determined by the pairs alone. `residual`:
    ‖√w(XW − Y)‖ / ‖√wY‖ on the fitted pairs (small by construction when n_pairs < dim: judge on held-out pairs).
    `determinant`: 1 for a rotation, -1 for one with a reflection; both are legal.
    """

    matrix: F64
    n_pairs: int
    rank: int
    residual: float
    determinant: float

    @property
    def underdetermined(self) -> bool:
        return self.rank < len(self.matrix)

    @property
    def orthogonality_error(self) -> float:
        """max |W'W − I|."""
        return float(np.abs(self.matrix.T @ self.matrix - np.eye(len(self.matrix))).max())

    @staticmethod
    def identity(dim: int) -> "Rotation":
        """The rotation of the pivot. Raises AlignmentError `align.dim_mismatch` unless dim ≥ 1."""
        if isinstance(dim, bool) or not isinstance(dim, int) or not 1 <= dim <= 100_000:
            raise AlignmentError("align.dim_mismatch", f"dim={str(dim)[:20]}; an integer from 1 to 100,000")
        return Rotation(np.eye(dim), 0, dim, 0.0, 1.0)


def fit_rotation(X: Floats, Y: Floats, weights: Floats | None = None, *, proper: bool = False) -> Rotation:
    """The orthogonal W that minimises Σ wᵢ ‖xᵢW − yᵢ‖²: polar factor of X' diag(w) Y.

    `X`, `Y`: (n_pairs, dim). `weights`: (n_pairs,) ≥ 0, default 1. `proper=True` allows no reflection (determinant 1).
    Where X'Y has rank < dim, the free part of W is the one nearest to the identity, so that noise and the order of the
    pairs do not decide it. No translation and no scaling are fitted.

    Raises AlignmentError `align.dim_mismatch` (shapes differ), `align.nonfinite` (with the row), `align.no_signal` (no
    pairs, or all zero), `align.bad_weights`; InputError `api.bad_vector` for what are no numbers, `api.bad_type`.

    Source: Schönemann 1966, doi:10.1007/BF02289451; weights as in Wahba's problem.

    >>> turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    >>> np.allclose(fit_rotation(X, X @ turn).matrix, turn)
    True
    """
    expect((bool, np.bool_), proper=proper)
    X, Y, w = checked_pairs(X, Y, weights)
    # Scaling a side or the weights changes nothing in W, and keeps the product away from overflow and underflow.
    scale_x, scale_y = float(np.abs(X).max()), float(np.abs(Y).max())
    Xs, Ys, w = X / scale_x, Y / scale_y, w / w.max()
    cross = Xs.T @ (w[:, None] * Ys)
    with one_blas_thread():
        U, S, Vt = np.linalg.svd(cross)
    dim = X.shape[1]
    rounding = S[0] * max(X.shape) * np.finfo(np.float64).eps
    rank = int(np.count_nonzero(rounding < S)) if S[0] > 0 else 0
    if rank == 0:
        raise AlignmentError("align.no_signal", "X'Y is zero: the two sides are unrelated; check the pairs")
    if rank < dim:
        U0, V0 = U[:, rank:], Vt[rank:].T
        A, _, Bt = np.linalg.svd(U0.T @ V0)
        U, Vt = np.hstack([U[:, :rank], U0 @ A]), np.vstack([Vt[:rank], Bt @ V0.T])
    W = U @ Vt
    if proper and np.linalg.det(W) < 0:
        U[:, -1] *= -1  # costs least: the last direction is the weakest, or the free one that the identity needs least
        W = U @ Vt
    root = np.sqrt(w)[:, None]
    scale = max(scale_x, scale_y)
    with np.errstate(divide="ignore", under="ignore"):  # infinite where X is beyond 1e150 times Y
        residual = float(np.linalg.norm(root * (X / scale @ W - Y / scale)) / np.linalg.norm(root * (Y / scale)))
    return Rotation(W, len(X), rank, residual, float(np.sign(np.linalg.det(W))))


def checked_pairs(X: Floats, Y: Floats, weights: Floats | None = None) -> tuple[F64, F64, F64]:
    """X, Y (n_pairs, dim) and weights (n_pairs,), default 1, in float64, if a map can be fitted on them.

    Raises as `fit_rotation`, but for X'Y of zero.
    """
    X64, Y64 = np.asarray(numbers(X, "X"), dtype=np.float64), np.asarray(numbers(Y, "Y"), dtype=np.float64)
    if X64.ndim != 2 or X64.shape != Y64.shape:
        raise AlignmentError("align.dim_mismatch", f"X is {X64.shape}, Y is {Y64.shape}; both must be (n_pairs, dim)")
    for name, side in (("X", X64), ("Y", Y64)):
        bad = np.flatnonzero(~np.isfinite(side).all(axis=1))
        if len(bad):
            raise AlignmentError("align.nonfinite", f"row {bad[0]} of {name} is not finite ({len(bad)} such rows)")
    w = np.ones(len(X)) if weights is None else numbers(weights, "weights").astype(np.float64)
    if w.shape != (len(X64),) or not np.isfinite(w).all() or (w < 0).any():
        raise AlignmentError("align.bad_weights", f"weights {w.shape} for {len(X64)} pairs; one finite weight ≥ 0 each")
    if not X64.any() or not Y64.any() or not w.any():
        raise AlignmentError("align.no_signal", f"{len(X64)} pairs hold no signal; give pairs of non-zero vectors")
    return X64, Y64, w
