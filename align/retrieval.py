"""Nearest neighbours by cosine and by CSLS, exact, in blocks.

All matrices hold unit rows, so a dot product is a cosine. CSLS (Conneau et al. 2018) takes from a similarity what each
side would give anyone: score(x, y) = 2 cos(x, y) − r_T(x) − r_S(y), where r is the mean cosine to the k nearest of the
other side. It removes hubs, the rows that are near everything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from align.arguments import expect, numbers, rows_of
from align.errors import InputError
from align.memory import block_bytes
from align.parallel import in_parallel
from align.vectors import F32, I64

NEIGHBOURS = 10  # k of CSLS
LARGEST = 1e30  # no similarity of vectors that make sense
BLOCK_BYTES = 16 << 20  # one block of similarities: small enough to stay near the cores
HELD_BYTES = 256 << 20  # of similarities that are kept at once, at most
GROUP = 16
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Neighbours:
    """`rows` (n, k) int64 of the targets, best first, and `scores` (n, k) float32; ties stand in the order of rows."""

    rows: I64
    scores: F32


def neighbourhood(queries: F32, targets: F32, k: int = NEIGHBOURS, *, exclude_self: bool = False) -> F32:
    """r (n,): mean cosine of each query (n, dim) to its k nearest targets (m, dim); k is capped at m.

    `exclude_self`: queries and targets are the same rows, and no row counts as its own neighbour.
    Raises InputError `api.bad_k`, `api.bad_vector`.

    >>> neighbourhood(np.eye(2, dtype="f4"), np.eye(2, dtype="f4"), k=2)
    array([0.5, 0.5], dtype=float32)
    """
    _check_sides(queries, targets)
    expect((bool, np.bool_), exclude_self=exclude_self)
    k = min(check_k(k), len(targets) - int(exclude_self))
    if k <= 0:
        return np.zeros(len(queries), dtype=np.float32)
    if exclude_self and len(queries) != len(targets):
        raise InputError("api.bad_vector", f"{len(queries)} queries are not the same rows as {len(targets)} targets")

    def block(start: int, stop: int) -> F32:
        similarity = _products(queries[start:stop], targets)
        if exclude_self:
            similarity[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        return mean_of_largest(similarity, k)

    return np.concatenate(list(_blocks(block, len(queries), len(targets)))) if len(queries) else np.zeros(0, "f4")


def mean_of_largest(similarity: F32, k: int) -> F32:
    """(n,) mean of the k largest entries of every row of `similarity` (n, m), 0 where m is 0; k is capped at m.

    Raises InputError `api.bad_k`, `api.bad_vector` (also for a NaN).
    """
    n, m = rows_of(similarity, "similarity").shape
    k = min(check_k(k), m)
    return np.zeros(n, dtype=np.float32) if k == 0 else _mean(_largest(similarity, k))


def _mean(largest: F32) -> F32:
    return np.asarray(_usable(largest).mean(axis=1), dtype=np.float32)


def _largest(similarity: F32, k: int) -> F32:
    """(n, k) the k largest entries of every row of `similarity` (n, m), k from 1 to m, in no order."""
    n, m = similarity.shape
    width = m // GROUP
    if width < 4 * k:
        return np.asarray(np.partition(similarity, m - k, axis=1)[:, m - k :])
    # The k largest lie in the k groups of columns with the largest maxima, or in the columns left over. Taking maxima
    # runs at the speed of memory, selecting does not: this is several times faster than partitioning whole rows.
    grouped = similarity[:, : GROUP * width].reshape(n, GROUP, width)
    best = np.argpartition(grouped.max(axis=1), width - k, axis=1)[:, width - k :]
    candidates = np.take_along_axis(grouped, best[:, None, :], axis=2).reshape(n, GROUP * k)
    candidates = np.concatenate([candidates, similarity[:, GROUP * width :]], axis=1)
    return np.asarray(np.partition(candidates, candidates.shape[1] - k, axis=1)[:, -k:])


def top_k(similarity: F32, k: int) -> Neighbours:
    """The k largest entries of every row of `similarity` (n, m), in order (−score, column); k is capped at m.

    Raises InputError `api.bad_k` unless k ≥ 1, `api.bad_vector` (also for a NaN).
    """
    n, m = rows_of(similarity, "similarity").shape
    k = min(check_k(k), m)
    if k == 0:
        return Neighbours(np.zeros((n, 0), dtype=np.int64), np.zeros((n, 0), dtype=np.float32))
    rows = np.argpartition(similarity, m - k, axis=1)[:, m - k :]
    scores = _usable(np.take_along_axis(similarity, rows, axis=1))
    # argpartition picks any of several equal entries at the border; there the smallest columns are owed.
    border = scores.min(axis=1, initial=np.inf, keepdims=True)
    for i in np.flatnonzero((similarity >= border).sum(axis=1) > k):
        above = np.flatnonzero(similarity[i] > border[i])
        equal = np.flatnonzero(similarity[i] == border[i])[: k - len(above)]
        rows[i] = np.concatenate([above, equal])
        scores[i] = similarity[i, rows[i]]
    order = np.lexsort((rows, -scores))
    return Neighbours(np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1))


def csls_neighbours(queries: F32, targets: F32, hubness: F32, k: int, *, neighbours: int = NEIGHBOURS) -> Neighbours:
    """The k best targets (m, dim) of each query (n, dim) by CSLS; `hubness` (m,) is r_S of the targets.

    `hubness` is `neighbourhood(targets, mapped source vocabulary)`; r_T(x) is taken from the targets given here.
    Raises InputError `api.bad_k`, `api.bad_vector`.
    """
    _check_sides(queries, targets)
    k = min(check_k(k), len(targets))
    if k == 0:
        return Neighbours(np.zeros((len(queries), 0), dtype=np.int64), np.zeros((len(queries), 0), dtype=np.float32))

    def block(start: int, stop: int) -> Neighbours:
        return top_k(csls(_products(queries[start:stop], targets), hubness, neighbours), k)

    found = list(_blocks(block, len(queries), len(targets)))
    if not found:
        return Neighbours(np.zeros((0, k), "i8"), np.zeros((0, k), "f4"))
    return Neighbours(np.concatenate([f.rows for f in found]), np.concatenate([f.scores for f in found]))


def csls(similarity: F32, hubness: F32, neighbours: int = NEIGHBOURS) -> F32:
    """CSLS scores (n, m) from cosines (n, m) of n queries and all m targets, and the targets' `hubness` (m,).

    Raises InputError `api.bad_k`, `api.bad_vector`.
    """
    if rows_of(similarity, "similarity").shape[1:] != numbers(hubness, "hubness").shape:
        shapes = f"{np.shape(similarity)} cosines and hubness {np.shape(hubness)}"
        raise InputError("api.bad_vector", f"{shapes}; one number for each target is needed")
    return np.asarray(2 * similarity - mean_of_largest(similarity, neighbours)[:, None] - hubness, dtype=np.float32)


def mutual_neighbours(source: F32, target: F32, k: int = NEIGHBOURS) -> tuple[I64, I64, F32]:
    """Rows i of `source` (n, dim) and j of `target` (m, dim) that are each other's best by CSLS, with their cosines.

    Holds as much as `best_neighbours`. Raises InputError `api.bad_k`, `api.bad_vector`.
    """
    forward, backward = best_neighbours(source, target, k)
    if not len(forward) or not len(backward):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    i = np.flatnonzero(backward[forward] == np.arange(len(forward)))
    j = forward[i]
    return i, j, np.einsum("ij,ij->i", source[i], target[j])


def best_neighbours(source: F32, target: F32, k: int = NEIGHBOURS) -> tuple[I64, I64]:
    """By CSLS the best target (n,) of every row of `source` (n, dim) and the best source (m,) of every `target` (m, dim).

    Holds at most 256 MiB of cosines (see `align.memory`): where there are more they are computed twice, once for both neighbourhoods and once
    for the scores. Empty where a side is. Raises InputError `api.bad_k`, `api.bad_vector`.
    """
    _check_sides(source, target)
    k = check_k(k)
    n, m = len(source), len(target)
    if not n or not m:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    rows = -(-n // -(-4 * n * m // block_bytes(HELD_BYTES)))  # of a part: all parts alike, none above the limit
    starts = range(0, n, rows)
    from_target: list[F32] = []
    nearest: list[F32] = []
    for start in starts:
        cosine = _products(source[start : start + rows], target)
        from_target += _blocks(lambda a, z: mean_of_largest(cosine[a:z], k), len(cosine), m)  # noqa: B023
        nearest.append(_largest_of_columns(cosine, k))
    merged = np.concatenate(nearest, axis=1)
    top = min(k, n)
    from_source = _mean(np.partition(merged, merged.shape[1] - top, axis=1)[:, -top:])
    hubness = np.concatenate(from_target)
    forward, highest, back = np.zeros(n, np.int64), np.full(m, -np.inf, "f4"), np.zeros(m, np.int64)
    for start in reversed(starts):  # the last part is still there
        if start != starts[-1]:
            cosine = _products(source[start : start + rows], target)
        found, backward, score = _best(cosine, hubness[start : start + rows], from_source)
        forward[start : start + rows] = found
        better = score >= highest  # of equals the earlier row
        highest[better], back[better] = score[better], backward[better] + start
    return forward, back


def _largest_of_columns(cosine: F32, k: int) -> F32:
    """(m, k) the k largest entries of every column of `cosine` (n, m); all of them where n is less than k."""
    n, m = cosine.shape
    k = min(k, n)
    width = n // GROUP

    def block(start: int, stop: int) -> F32:
        part = cosine[:, start:stop]
        if width < 4 * k:
            return _largest(np.ascontiguousarray(part.T), k)
        # As in `_largest`, but down the rows as they lie: only the maxima are turned, a sixteenth of the whole.
        maxima = np.ascontiguousarray(part[: GROUP * width].reshape(GROUP, width, -1).max(axis=0).T)
        best = np.argpartition(maxima, width - k, axis=1)[:, width - k :]
        rows = (best[:, None, :] + width * np.arange(GROUP)[:, None]).reshape(-1, GROUP * k)
        candidates = part[rows, np.arange(stop - start)[:, None]]
        candidates = np.concatenate([candidates, part[GROUP * width :].T], axis=1)
        return np.asarray(np.partition(candidates, candidates.shape[1] - k, axis=1)[:, -k:])

    return np.concatenate(list(_blocks(block, m, n)))


def _best(cosine: F32, from_target: F32, from_source: F32) -> tuple[I64, I64, F32]:
    """By CSLS the best column (n,) of every row of `cosine` (n, m), the best row (m,) of every column, and its score."""
    n, m = cosine.shape

    def block(start: int, stop: int) -> tuple[I64, I64, F32]:
        score = 2 * cosine[start:stop] - from_target[start:stop, None] - from_source
        backward = score.argmax(axis=0)
        return score.argmax(axis=1), backward + start, score[backward, np.arange(m)]

    forward, highest, back = [], np.full(m, -np.inf, "f4"), np.zeros(m, np.int64)
    for best_target, best_source, score in _blocks(block, n, m):
        forward.append(best_target)
        better = score > highest
        highest[better], back[better] = score[better], best_source[better]
    return np.concatenate(forward), back, highest


def check_k(k: int) -> int:
    """`k` if it is an integer from 1 to a million, else InputError `api.bad_k`."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= 1_000_000:
        raise InputError("api.bad_k", f"k={str(k)[:20]!r}; an integer from 1 to 1,000,000")
    return int(k)


def _check_sides(queries: F32, targets: F32) -> None:
    n, m = rows_of(queries, "queries").shape, rows_of(targets, "targets").shape
    if n[1] != m[1] and n[0] and m[0]:
        raise InputError("api.bad_vector", f"queries are {n}, targets {m}; both must be (n, dim)")


def _products(queries: F32, targets: F32) -> F32:
    """Dot products (n, m); those that are infinite or no numbers are refused where the largest are taken."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(queries @ targets.T)


def _usable(largest: F32) -> F32:
    """The largest entries of each row, among which every NaN sorts."""
    if not (largest < LARGEST).all():
        raise InputError(
            "api.bad_vector", "a similarity is infinite or not a number; leave out vectors that are not finite"
        )
    return largest


def _blocks(work: Callable[[int, int], T], n: int, width: int) -> Iterator[T]:
    """`work(start, stop)` over ranges of 0..n whose similarities fit a block, in order, on all cores.

    A selection follows each product, which BLAS does not share among threads: blocks side by side keep the cores busy.
    """
    step = max(1, block_bytes(BLOCK_BYTES) // (4 * max(width, 1)))
    return in_parallel(lambda start: work(start, min(start + step, n)), range(0, n, step))
