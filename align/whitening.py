"""Whitening, re-weighting, de-whitening: VecMap's supervised transform of both sides, for retrieval.

Neither map is orthogonal unless the power is 0: distances within a language change. It serves to find translations,
never as the frame of a shared space.
"""

from dataclasses import dataclass

import numpy as np

from align.arguments import rows_of
from align.errors import AlignmentError, InputError
from align.normalize import unit_rows
from align.parallel import one_blas_thread
from align.procrustes import Floats, checked_pairs
from align.vectors import F32, F64

POWER = 0.5
RIDGE = 1 / 3  # these two over the published 0 and 1: measured in benchmarks/README.md
DEWHITEN = 0.5
HIGHEST_POWER = 10


@dataclass(frozen=True, eq=False)
class Reweighting:
    """Linear maps (dim, dim) float64 of either side; the target's is symmetric, so its axes stay where they were.

    Their rows are comparable with each other only: cosines of a mapped source and a mapped target row.
    """

    source: F64
    target: F64

    def apply_source(self, matrix: F32) -> F32:
        """Unit float32 rows (n, dim) of the source's `matrix` (n, dim), normalised as the pairs were.

        Raises AlignmentError `align.no_signal` where a row becomes zero, `align.nonfinite`; InputError `api.bad_vector`.
        """
        return _mapped(matrix, self.source)

    def apply_target(self, matrix: F32) -> F32:
        """Unit float32 rows (n, dim) of the target's `matrix` (n, dim); raises as `apply_source`."""
        return _mapped(matrix, self.target)


def fit_reweighting(
    X: Floats,
    Y: Floats,
    weights: Floats | None = None,
    *,
    power: float = POWER,
    ridge: float = RIDGE,
    dewhiten: float = DEWHITEN,
) -> Reweighting:
    """Both sides whitened, turned onto their common directions, stretched by S^power, and de-whitened in part.

    `X`, `Y`: (n_pairs, dim) normalised rows. `weights`: (n_pairs,) ≥ 0, default 1. With A = (X'wX)^(-1/2),
    B = (Y'wY)^(-1/2), U S V' = svd(A X'wY B) and g = `dewhiten`, the maps are A U S^power U' A^(-g) U V' and
    B V S^power V' B^(-g). S holds the canonical correlations. With g = 1 and ridge 0 these are the published ones, up to
    one common rotation V, which no cosine sees; there, with `power` 0, the target stays as it is and the source is
    turned by the orthogonal UV'. With g = 0 both sides stay white.

    `ridge` in [0, 1] draws the eigenvalues of both covariances towards their mean by that share; above 0 fewer pairs
    than dimensions will do. 1 whitens nothing, and UV' is orthogonal Procrustes.

    Raises as `fit_rotation`; AlignmentError `align.rank_deficient` where ridge is too small to invert a covariance;
    InputError `align.bad_power` unless 0 ≤ power ≤ 10, `align.bad_ridge`, `align.bad_dewhiten`.

    Source: Artetxe et al. 2018, "Generalizing and Improving Bilingual Word Embedding Mappings", AAAI, steps 1 to 4.

    >>> turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], "f4")
    >>> fit = fit_reweighting(X, X @ turn)
    >>> np.allclose(fit.apply_source(X), fit.apply_target(X @ turn), atol=1e-6)
    True
    """
    power, ridge = _within("power", power, HIGHEST_POWER), _within("ridge", ridge, 1)
    dewhiten = _within("dewhiten", dewhiten, 1)
    X, Y, w = checked_pairs(X, Y, weights)
    root = np.sqrt(w / w.max())[:, None]
    Xw, Yw = (root * (side / np.abs(side).max()) for side in (X, Y))
    A, A_back = _whitening(Xw, ridge, dewhiten, "X")
    B, B_back = _whitening(Yw, ridge, dewhiten, "Y")
    cross = Xw.T @ Yw
    if not cross.any():
        raise AlignmentError("align.no_signal", "X'Y is zero: the two sides are unrelated; check the pairs")
    with one_blas_thread():
        U, S, Vt = np.linalg.svd(A @ cross @ B)
    stretch = S**power
    return Reweighting(A @ (U * stretch) @ U.T @ A_back @ U @ Vt, B @ (Vt.T * stretch) @ Vt @ B_back)


def _whitening(side: F64, ridge: float, dewhiten: float, name: str) -> tuple[F64, F64]:
    """C^(-1/2) and C^(dewhiten/2) of C = side' side, eigenvalues drawn towards their mean."""
    square = side.T @ side
    with one_blas_thread():
        values, axes = np.linalg.eigh(square)
    values = (1 - ridge) * values.clip(min=0) + ridge * values.clip(min=0).mean()
    rank = int(np.count_nonzero(values > values[-1] * max(side.shape) * np.finfo(np.float64).eps))
    if rank < len(values):
        found = f"{name} spans {rank} of {len(values)} dimensions"
        raise AlignmentError("align.rank_deficient", f"{found}; give more pairs, or ridge above 0 (ridge={ridge:g})")
    return np.asarray(axes / np.sqrt(values) @ axes.T), np.asarray(axes * values ** (dewhiten / 2) @ axes.T)


def _mapped(matrix: F32, by: F64) -> F32:
    with np.errstate(over="ignore", invalid="ignore"):
        rows = rows_of(matrix, "the matrix", len(by)).astype(np.float32, copy=False)
        return unit_rows(np.asarray(rows @ by.astype(np.float32)))


def _within(name: str, value: float, most: float) -> float:
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not 0 <= value <= most:
        raise InputError(f"align.bad_{name}", f"{name}={str(value)[:20]}; a number from 0 to {most}")
    return float(value)
