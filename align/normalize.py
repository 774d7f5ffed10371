"""Normalisation as a fitted value: what was subtracted is kept, so a new vector gets the same treatment as the old."""

from dataclasses import dataclass

import numpy as np

from align.errors import AlignmentError, InputError
from align.vectors import F32, F64

STEPS = ("unit", "center", "unit")


@dataclass(frozen=True, eq=False)
class Normalization:
    """`steps` in order, each "unit" or "center"; `means` holds one (dim,) float64 mean per "center"."""

    steps: tuple[str, ...]
    means: tuple[F64, ...]

    def apply(self, matrix: F32) -> F32:
        """`matrix` (n, dim) treated as the fitted rows were; a new float32 array (n, dim).

        Raises AlignmentError `align.no_signal` where a row is zero before a "unit" step.
        """
        out = np.array(matrix, dtype=np.float32, order="C")
        means = iter(self.means)
        for step in self.steps:
            if step == "unit":
                out = unit_rows(out)
            else:
                out -= next(means).astype(np.float32)
        return out


def fit_normalization(matrix: F32, steps: tuple[str, ...] = STEPS) -> Normalization:
    """Normalization of `matrix` (n, dim): unit length, mean subtracted, unit length again unless `steps` says otherwise.

    Source: Artetxe et al. 2016 (unit, centre); repeating the steps is iterative normalisation, Zhang et al. 2019.

    >>> fit_normalization(np.array([[3.0, 0.0], [0.0, 2.0]], "f4")).means[0]
    array([0.5, 0.5])
    """
    means: list[F64] = []
    out = np.asarray(matrix, dtype=np.float32)
    for step in steps:
        if step == "unit":
            out = unit_rows(out)
        elif step == "center":
            means.append(out.mean(axis=0, dtype=np.float64))
            out = out - means[-1].astype(np.float32)
        else:
            raise InputError("align.bad_step", f"normalisation step {step!r}; one of unit, center")
    return Normalization(tuple(steps), tuple(means))


def unit_rows(matrix: F32) -> F32:
    """Rows (n, dim) scaled to length 1, lengths taken in float64; a new array.

    Raises AlignmentError `align.no_signal` where a row is zero (a word that equals the mean has no direction left).
    """
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    if (norms == 0).any():
        rows = np.flatnonzero(norms == 0)
        raise AlignmentError(
            "align.no_signal", f"{len(rows)} of {len(matrix)} rows are zero (first: row {rows[0]}); leave such rows out"
        )
    return np.asarray(matrix / norms[:, None], dtype=np.float32)
