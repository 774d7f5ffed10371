"""How alike two vectors are, by every measure that people ask for; higher is nearer, so distances come with a minus."""

from typing import Literal, get_args

import numpy as np
from scipy.spatial.distance import cdist

from align.arguments import rows_of
from align.errors import InputError, printable
from align.vectors import F32

Measure = Literal["cosine", "dot", "euclidean", "manhattan", "minkowski", "chebyshev"]

_CITYBLOCK = {"manhattan": "cityblock"}  # scipy's name for it


def similarity(queries: F32, targets: F32, measure: Measure = "cosine", p: float = 3.0) -> F32:
    """(n, m) of n `queries` (n, dim) and m `targets` (m, dim).

    "cosine", "dot"; minus the distance: "euclidean", "manhattan" Σ|xᵢ − yᵢ|, "minkowski" (Σ|xᵢ − yᵢ|ᵖ)^(1/p) with p ≥ 1,
    "chebyshev" max|xᵢ − yᵢ|. On unit rows, as spaces and stores hold them, "dot" is "cosine" and "euclidean" gives the same order.
    CSLS is not among them: it needs all targets, and what the language of the query looks like (`align.retrieval.csls`).

    Raises InputError `measure.unknown`, `measure.bad_p`, `measure.no_cosine` for a row without a direction, `api.bad_vector`.

    >>> similarity(np.array([[3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 0.0]]), "euclidean")
    array([[-5., -4.]], dtype=float32)
    """
    measure, p = check_measure(measure, p)
    left, right = (
        np.asarray(rows_of(rows, name), dtype=np.float64) for rows, name in ((queries, "queries"), (targets, "targets"))
    )
    if left.shape[1] != right.shape[1]:
        raise InputError("api.bad_vector", f"queries are {left.shape}, targets {right.shape}; both must be (n, dim)")
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        raise InputError("api.bad_vector", "a vector is not finite; leave it out")
    if measure == "cosine":
        lengths = [np.linalg.norm(rows, axis=1, keepdims=True) for rows in (left, right)]
        if not all(length.all() for length in lengths):
            raise InputError(
                "measure.no_cosine", "a vector of zeros has no direction; leave it out, or ask for a distance"
            )
        left, right = (rows / length for rows, length in zip((left, right), lengths, strict=True))
    if measure in ("cosine", "dot"):
        return np.asarray(left @ right.T, dtype=np.float32)
    more = {"p": p} if measure == "minkowski" else {}
    return np.asarray(-cdist(left, right, _CITYBLOCK.get(measure, measure), **more), dtype=np.float32)


def check_measure(measure: object, p: object) -> tuple[Measure, float]:
    """Both as they are. Raises InputError `measure.unknown`, `measure.bad_p` below 1, where there is no triangle inequality."""
    if not isinstance(measure, str) or measure not in get_args(Measure):
        known = ", ".join(get_args(Measure))
        raise InputError("measure.unknown", f"measure {printable(repr(measure), 40)}; one of {known}")
    if isinstance(p, bool) or not isinstance(p, int | float | np.number) or not 1 <= p <= 1000:
        raise InputError("measure.bad_p", f"p={str(p)[:20]}; a number from 1 to 1,000")
    return measure, float(p)  # type: ignore[return-value]
