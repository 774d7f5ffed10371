"""Normalisation as a fitted value: what was subtracted is kept, so a new vector gets the same treatment as the old."""

from dataclasses import dataclass

import numpy as np

from align.arguments import listed, numbers, rows_of
from align.errors import AlignmentError, InputError
from align.vectors import F32, F64

STEPS = ("unit", "center", "unit")
BLOCK = 8_192  # rows that are scaled or looked at together


@dataclass(frozen=True, eq=False)
class Normalization:
    """`steps` in order, each "unit" or "center"; `means` holds one (dim,) float64 mean per "center".

    Raises InputError `align.bad_step` where these do not fit together, `api.bad_type`, `api.bad_vector`.
    """

    steps: tuple[str, ...]
    means: tuple[F64, ...]

    def __post_init__(self) -> None:
        if {numbers(mean, "a mean").ndim for mean in listed(np.ndarray, means=self.means)} - {1}:
            raise InputError("api.bad_vector", "a mean is no vector; give arrays (dim,)")
        if _checked(self.steps).count("center") != len(self.means):
            raise InputError(
                "align.bad_step", f"{len(self.means)} means for steps {self.steps}; one per center is needed"
            )

    def apply(self, matrix: F32) -> F32:
        """`matrix` (n, dim) treated as the fitted rows were; a new float32 array (n, dim).

        Raises AlignmentError `align.no_signal` where a row is zero before a "unit" step, `align.nonfinite`; InputError
        `api.bad_vector` for another shape or type.
        """
        out = _float32(matrix, len(self.means[0]) if self.means else None)
        means = iter(self.means)
        for step in self.steps:
            if step == "unit":
                out = unit_rows(out, out)
            else:
                out -= next(means).astype(np.float32)
        return out


def fit_normalization(matrix: F32, steps: tuple[str, ...] = STEPS) -> Normalization:
    """Normalization of `matrix` (n, dim): unit length, mean subtracted, unit length again unless `steps` says otherwise.

    Source: Artetxe et al. 2016 (unit, centre); repeating the steps is iterative normalisation, Zhang et al. 2019.

    Raises as `Normalization` and its `apply`; `align.no_signal` also for no rows.

    >>> fit_normalization(np.array([[3.0, 0.0], [0.0, 2.0]], "f4")).means[0]
    array([0.5, 0.5])
    """
    steps = _checked(steps)
    means: list[F64] = []
    out = _float32(matrix)
    if not len(out):
        raise AlignmentError("align.no_signal", "no rows to fit a normalisation on; give at least one")
    for step in steps:
        if step == "unit":
            out = unit_rows(out, out)
        else:
            means.append(out.mean(axis=0, dtype=np.float64))
            out -= means[-1].astype(np.float32)
    return Normalization(steps, tuple(means))


def unit_rows(matrix: F32, out: F32 | None = None) -> F32:
    """Rows (n, dim) scaled to length 1, lengths taken in float64; a new array, or written into `out`, which may be `matrix`.

    Raises AlignmentError `align.no_signal` where a row is zero (a word that equals the mean has no direction left),
    `align.nonfinite`; InputError `api.bad_vector`.
    """
    matrix = rows_of(matrix, "the matrix")
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    if not np.isfinite(norms).all():
        rows = np.flatnonzero(~np.isfinite(norms))
        raise AlignmentError(
            "align.nonfinite", f"{len(rows)} of {len(matrix)} rows are not finite (first: row {rows[0]})"
        )
    if (norms == 0).any():
        rows = np.flatnonzero(norms == 0)
        raise AlignmentError(
            "align.no_signal", f"{len(rows)} of {len(matrix)} rows are zero (first: row {rows[0]}); leave such rows out"
        )
    out = np.empty(matrix.shape, dtype=np.float32) if out is None else out
    for start in range(0, len(matrix), BLOCK):  # a quotient of all rows would be a float64 copy of them
        part = slice(start, start + BLOCK)
        out[part] = matrix[part] / norms[part, None]
    return out


def _checked(steps: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(listed(str, steps=steps))
    for step in found:
        if step not in ("unit", "center"):
            raise InputError("align.bad_step", f"normalisation step {step!r}; one of unit, center")
    return found


def _float32(matrix: F32, dim: int | None = None) -> F32:
    """A copy of `matrix` (n, dim) in float32, finite."""
    with np.errstate(over="ignore", under="ignore"):
        out = np.array(rows_of(matrix, "the matrix", dim), dtype=np.float32, order="C")
    parts = (out[start : start + BLOCK] for start in range(0, len(out), BLOCK))
    bad = np.flatnonzero(np.concatenate([~np.isfinite(part).all(axis=1) for part in parts] or [np.zeros(0, bool)]))
    if len(bad):
        raise AlignmentError("align.nonfinite", f"row {bad[0]} is not finite ({len(bad)} such rows); leave it out")
    return out
