"""All languages turned at once, so that every dictionary counts and none of them is the centre.

minimise Σ over edges Σ over pairs w ‖xᵢ Wₐ − yᵢ W_b‖², every W orthogonal. With the others held, the best W of one
language is a polar factor, so the sum never rises.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from align.arguments import expect, listed, rows_of
from align.errors import AlignmentError, InputError
from align.procrustes import Floats, Rotation, checked_pairs, fit_rotation
from align.retrieval import check_k
from align.vectors import F64

SWEEPS = 100
MAX_WEIGHT = sys.float_info.max
STALLED = 1e-7  # a sweep that gains less than this share of the whole has arrived


@dataclass(frozen=True, eq=False)
class Edge:
    """Pairs of two languages as far as they matter: `cross` (dim, dim) = X'wY, the sum of the weights, and their number.

    Raises AlignmentError `align.nonfinite`, `align.bad_weights` unless the sum is above 0; InputError `api.bad_vector`,
    `api.bad_type`.
    """

    source: str
    target: str
    cross: F64
    weight: float
    n_pairs: int

    def __post_init__(self) -> None:
        expect(str, source=self.source, target=self.target)
        rows, columns = rows_of(self.cross, "cross").shape
        if rows != columns or not rows:
            raise InputError("api.bad_vector", f"cross is of shape {(rows, columns)}; give an array (dim, dim)")
        real = isinstance(self.weight, int | float | np.integer | np.floating) and not isinstance(self.weight, bool)
        if not np.isfinite(self.cross).all() or (real and not abs(self.weight) <= MAX_WEIGHT):
            raise AlignmentError("align.nonfinite", "rows or weights are too large to be summed; give unit rows")
        if not real or self.weight <= 0:
            raise AlignmentError("align.bad_weights", f"weight={str(self.weight)[:20]}; the sum of them, above 0")
        if isinstance(self.n_pairs, bool) or not isinstance(self.n_pairs, int | np.integer) or self.n_pairs < 0:
            raise InputError("api.bad_type", f"n_pairs={str(self.n_pairs)[:20]}; a whole number from 0")

    @staticmethod
    def of(source: str, target: str, X: Floats, Y: Floats, weights: Floats | None = None) -> "Edge":
        """From unit rows X, Y (n_pairs, dim) and `weights` (n_pairs,) ≥ 0, default 1.

        Raises as `fit_rotation`; AlignmentError `align.nonfinite` where the sums overflow.
        """
        expect(str, source=source, target=target)
        X, Y, w = checked_pairs(X, Y, weights)
        with np.errstate(over="ignore", invalid="ignore"):
            return Edge(source, target, X.T @ (w[:, None] * Y), float(w.sum()), len(X))


def fit_joint(
    edges: Iterable[Edge], pivot: str, *, start: Mapping[str, F64] | None = None, sweeps: int = SWEEPS
) -> dict[str, Rotation]:
    """A rotation per language that occurs, `pivot` the identity, minimising the sum over all edges.

    Languages need no edge to the pivot, only a way to it. `start`: orthogonal matrices (dim, dim) to begin with, by
    default found by walking from the pivot along the edges with most weight; where it ends depends on where it begins, no
    more than iterations of this kind always do. `sweeps` at most.

    Raises AlignmentError `align.no_dictionary` (no way from a language to the pivot), `align.dim_mismatch`, `align.no_signal`
    (edges of zero, or that cancel one another), `align.nonfinite` for a start; InputError `api.bad_type`, `api.bad_k`,
    `api.bad_vector` for a start of another shape.

    Source: objective in the spirit of Chen and Cardie 2018, "Unsupervised Multilingual Word Embeddings"; block updates as
    in generalised Procrustes analysis (Gower 1975).

    >>> turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    >>> found = fit_joint([Edge.of("fr", "en", X, X @ turn), Edge.of("de", "fr", X @ turn, X)], "en")
    >>> np.allclose(found["fr"].matrix, turn), np.allclose(found["de"].matrix, np.eye(2))
    (True, True)
    """
    expect(str, pivot=pivot)
    edges, sweeps = listed(Edge, edges=edges), check_k(sweeps)
    if len({edge.cross.shape for edge in edges}) != 1:
        raise AlignmentError("align.dim_mismatch", f"{len(edges)} edges of different dimensions; give edges of one")
    around = _around(edges)
    _check_ways(around, pivot)
    W = _walked(around, pivot) if start is None else _started(around, pivot, start)
    before = -np.inf
    for _ in range(sweeps):
        for lang in around:
            if lang != pivot:
                W[lang] = fit_rotation(np.eye(len(W[lang])), _pull(around, W, lang)).matrix
        gained = sum(float((W[e.source] * (e.cross @ W[e.target])).sum()) for e in edges)
        if gained - before <= STALLED * abs(gained):
            break
        before = gained
    return {lang: _rotation(around, W, lang, pivot) for lang in around}


Around = dict[str, list[tuple[str, F64, Edge]]]


def _around(edges: list[Edge]) -> Around:
    """Per language its edges, turned so that it is the source; sorted, so that no order of the edges matters."""
    around: Around = {}
    for edge in edges:
        if edge.source == edge.target:
            raise InputError("api.bad_type", f"an edge from {edge.source} to itself; give two languages")
        around.setdefault(edge.source, []).append((edge.target, edge.cross, edge))
        around.setdefault(edge.target, []).append((edge.source, edge.cross.T, edge))
    return dict(sorted(around.items()))


def _pull(around: Around, W: Mapping[str, F64], lang: str) -> F64:
    """(dim, dim) whose polar factor is the best W of `lang`, the others of its neighbours being as they are."""
    return np.asarray(sum(cross @ W[other] for other, cross, _ in around[lang] if other in W))


def _check_ways(around: Around, pivot: str) -> None:
    if pivot not in around:
        raise AlignmentError("align.no_dictionary", f"no edge leads to {pivot}; there are {', '.join(around)}")
    reached, news = {pivot}, [pivot]
    while news:
        news = [other for lang in news for other, _, _ in around[lang] if other not in reached]
        reached.update(news)
    if alone := sorted(set(around) - reached):
        raise AlignmentError("align.no_dictionary", f"no edge leads from {', '.join(alone)} to {pivot}")


def _walked(around: Around, pivot: str) -> dict[str, F64]:
    W = {pivot: np.eye(len(around[pivot][0][1]))}
    while len(W) < len(around):
        reach = {
            lang: sum(edge.weight for other, _, edge in around[lang] if other in W) for lang in around if lang not in W
        }
        lang = max(reach, key=lambda code: (reach[code], code))
        W[lang] = fit_rotation(np.eye(len(W[pivot])), _pull(around, W, lang)).matrix
    return W


def _started(around: Around, pivot: str, start: Mapping[str, F64]) -> dict[str, F64]:
    expect(Mapping, start=start)
    missing = sorted({*around, pivot} - {lang for lang in start if lang in around})
    if missing:
        raise AlignmentError("align.no_dictionary", f"no matrix to start with for {', '.join(missing)}; give one each")
    dim = len(around[pivot][0][1])
    W = {lang: fit_rotation(np.eye(dim), rows_of(start[lang], f"the start of {lang}", dim)).matrix for lang in around}
    back = W[pivot].T
    return {lang: matrix @ back for lang, matrix in W.items()}


def _rotation(around: Around, W: Mapping[str, F64], lang: str, pivot: str) -> Rotation:
    dim = len(W[lang])
    if lang == pivot:
        return Rotation.identity(dim)
    rank = fit_rotation(np.eye(dim), _pull(around, W, lang)).rank
    weight = sum(edge.weight for _, _, edge in around[lang])
    matched = sum(float((W[lang] * (cross @ W[other])).sum()) for other, cross, _ in around[lang])
    residual = float(np.sqrt(max(2 * (weight - matched), 0.0) / weight))
    n_pairs, determinant = sum(edge.n_pairs for _, _, edge in around[lang]), float(np.sign(np.linalg.det(W[lang])))
    return Rotation(W[lang], n_pairs, rank, residual, determinant)
