"""How far two sets of texts lie apart: the distance of their means, and whether chance alone makes it that large."""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from align.arguments import check_seed, rows_of
from align.errors import AlignmentError, InputError
from align.vectors import F32, F64

PERMUTATIONS = 1_000
MOST = 1_000_000
BLOCK_BYTES = 64 << 20  # of permutations at once
EQUAL = 1e-9  # relative to the mean squared length: what summing in another order may change


@dataclass(frozen=True)
class Discrepancy:
    """Two sets of vectors of `n` and `m` rows, by their means.

    `distance`: ‖mean x − mean y‖, which grows with noise where the sets are small; from 0, for unit rows to 2. `squared`:
    unbiased estimate of the square of the distance between what the sets are drawn from, around 0, and as often below,
    where that is one thing. `p_value`: share of `permutations` random divisions of all rows that give as large a
    `squared`, the one at hand counted in; None without permutations.
    """

    distance: float
    squared: float
    p_value: float | None
    n: int
    m: int
    permutations: int

    def as_dict(self) -> dict[str, float | int | None]:
        return asdict(self)

    def frame(self) -> pl.DataFrame:
        """One row, a column for each field."""
        return pl.DataFrame([self.as_dict()], schema_overrides={"p_value": pl.Float64})


def mean_discrepancy(X: F32, Y: F32, *, permutations: int = PERMUTATIONS, seed: int = 0) -> Discrepancy:
    """Maximum mean discrepancy of `X` (n, dim) and `Y` (m, dim), n and m from 2, under the linear kernel.

    squared = Σᵢ≠ⱼ xᵢ·xⱼ / n(n−1) + Σᵢ≠ⱼ yᵢ·yⱼ / m(m−1) − 2 Σᵢⱼ xᵢ·yⱼ / nm. The linear kernel sees means alone: two sets of
    one mean and different spread are alike to it. The p-value takes rows as drawn one by one; with translations in both
    sets it errs to the side of caution. Holds both sets in float64. `seed` fixes the divisions.

    Sources: Gretton et al. 2012, lemma 6; counting the data itself, Phipson and Smyth 2010. Raises
    AlignmentError `discrepancy.too_few`, `align.dim_mismatch`, `align.nonfinite`; InputError `discrepancy.bad_count`,
    `align.bad_seed`, `api.bad_vector`.

    >>> found = mean_discrepancy(np.array([[1, 0], [1, 0]]), np.array([[0, 1], [0, 1]]), permutations=0)
    >>> round(found.distance, 3), round(found.squared, 3)
    (1.414, 2.0)
    """
    first, second = _side(X, "X"), _side(Y, "Y")
    n, m = len(first), len(second)
    if first.shape[1] != second.shape[1]:
        shapes = f"X is {first.shape}, Y is {second.shape}"
        raise AlignmentError("align.dim_mismatch", f"{shapes}; give vectors of one space")
    if (
        isinstance(permutations, bool)
        or not isinstance(permutations, int | np.integer)
        or not 0 <= permutations <= MOST
    ):
        found = f"permutations={str(permutations)[:20]!r}"
        raise InputError("discrepancy.bad_count", f"{found}; a whole number from 0 to {MOST:,}")
    rng, both = np.random.default_rng(check_seed(seed)), np.concatenate([first, second])
    # Moving all rows changes no distance, and near the origin less is lost in sums.
    both -= both.mean(axis=0)
    squares = np.einsum("ij,ij->i", both, both)
    mine = np.arange(len(both)) < n
    squared = float(_squared(mine[None].astype(np.float64), both, squares)[0])
    distance = float(np.linalg.norm(both[:n].mean(axis=0) - both[n:].mean(axis=0)))
    p_value = None
    if permutations:
        least, reached = squared - EQUAL * float(squares.mean()), 0
        step = max(1, BLOCK_BYTES // (8 * len(both)))
        for start in range(0, int(permutations), step):
            drawn = rng.permuted(np.tile(mine, (min(step, permutations - start), 1)), axis=1)
            reached += int((_squared(drawn.astype(np.float64), both, squares) >= least).sum())
        p_value = (1 + reached) / (1 + int(permutations))
    return Discrepancy(distance, squared, p_value, n, m, int(permutations))


def _squared(chosen: F64, both: F64, squares: F64) -> F64:
    """(b,) unbiased estimates for b divisions, `chosen` (b, n + m) 1 for the rows of the first set and 0 for the others."""
    n = int(chosen[0].sum())
    m = len(both) - n
    first, within = chosen @ both, chosen @ squares
    second, beyond = both.sum(axis=0) - first, squares.sum() - within
    same = (np.einsum("ij,ij->i", first, first) - within) / (n * (n - 1))
    same += (np.einsum("ij,ij->i", second, second) - beyond) / (m * (m - 1))
    return np.asarray(same - 2 * np.einsum("ij,ij->i", first, second) / (n * m))


def _side(matrix: npt.ArrayLike, name: str) -> F64:
    found = rows_of(matrix, name).astype(np.float64)
    if len(found) < 2:
        raise AlignmentError("discrepancy.too_few", f"{len(found)} rows in {name}; two and more are needed")
    if not np.isfinite(found).all() or not np.abs(found).max(initial=0) < 1e100:
        raise AlignmentError(
            "align.nonfinite", f"{name} holds numbers that are not finite, or beyond 1e100; leave them out"
        )
    return found
