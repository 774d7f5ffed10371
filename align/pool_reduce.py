"""Many token vectors to one vector per text, and what is taken out of it before it is compared."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from align.arguments import numbers, rows_of
from align.errors import InputError, printable
from align.pool_weights import Weighting, term_frequency
from align.tokens import tokenize
from align.unknown_words import ROUTES
from align.vectors import F64, I64, WordVectors

Reduction = Literal["mean", "max", "mean_sqrt_len"]

BATCH, CHARACTERS = 4096, 4 << 20  # texts that are taken apart together, and about how long they are in all, at most
SHORTEST = 1e-9  # a pooled text nearer than this to its language's centre has no direction
NO_CLS = (
    "cls is the vector a contextual model gives its first token, [CLS]; word vectors know no such token; use mean, max "
    "or mean_sqrt_len"
)
ROUNDING = 1e-12  # share of all variance below which a direction is rounding, not a component


def check_reduction(how: object) -> Reduction:
    """`how` if it names a reduction, else InputError `pool.bad_value`, for "cls" `pool.no_cls` with the reason."""
    if isinstance(how, str) and how == "cls":
        raise InputError("pool.no_cls", NO_CLS)
    for known in get_args(Reduction):
        if isinstance(how, str) and how == known:
            return known  # type: ignore[no-any-return]
    raise InputError("pool.bad_value", f"reduce {printable(repr(how))}; one of {', '.join(get_args(Reduction))}")


def reduce_tokens(
    matrix: npt.NDArray[np.floating], weights: npt.NDArray[np.floating] | None = None, how: Reduction = "mean"
) -> F64:
    """One vector (dim,) float64 for the n ≥ 1 token vectors `matrix` (n, dim); not centred, not scaled.

    With `weights` (n,) > 0, default 1, and W their sum (n where all are 1):

    - "mean": Σ wᵢ xᵢ / W.
    - "max": the largest wᵢ xᵢ in every dimension; sign and size of single dimensions count, so it is not linear.
    - "mean_sqrt_len": two things go by this name, mean / √n and sum / √n. This is the second, Σ wᵢ xᵢ / √W, as in
      sentence-transformers: √W times the mean. Scaled to length 1 the two are one; they differ only before.
    - "cls" is defined for the token matrix of a contextual model alone, and is refused.

    Raises InputError `pool.no_cls`, `pool.bad_value` (also for no token), `api.bad_vector`.

    >>> reduce_tokens(np.array([[1.0, 0.0], [3.0, 4.0]]), how="mean_sqrt_len") * np.sqrt(2)
    array([4., 4.])
    """
    how = check_reduction(how)
    rows = rows_of(matrix, "the token matrix").astype(np.float64)
    w = np.ones(len(rows)) if weights is None else numbers(weights, "weights").astype(np.float64)
    if not len(rows) or not np.isfinite(rows).all():
        raise InputError("pool.bad_value", f"a token matrix {rows.shape}; give one finite row or more")
    if w.shape != (len(rows),) or not np.isfinite(w).all() or not (w > 0).all():
        raise InputError("pool.bad_value", f"weights {w.shape} for {len(rows)} tokens; one finite number > 0 each")
    if how == "max":
        return np.asarray((w[:, None] * rows).max(axis=0))
    return np.asarray(w @ rows / (w.sum() if how == "mean" else np.sqrt(w.sum())))


@dataclass(frozen=True, eq=False)
class ReducedTexts:
    """`rows` (n, dim) float64, the weighted mean or maximum of every text, zero where no token is known.

    `totals` (n,) float64 sums the weights; `tokens` (n,) int64 counts all tokens, `routes` (n, 4) those that known words stand
    for, by each of `align.unknown_words.ROUTES`.
    """

    rows: F64
    totals: F64
    tokens: I64
    routes: I64

    @property
    def known(self) -> I64:
        """(n,) tokens that known words stand for."""
        return np.asarray(self.routes.sum(axis=1))


def reduce_texts(
    texts: Sequence[str], vectors: WordVectors, weights: F64, weighting: Weighting, how: Reduction
) -> ReducedTexts:
    """`reduce_tokens` of every text, except that for "mean_sqrt_len" the rows are means, to be multiplied by √totals.

    Every token is a row with the weight of its word; under "tfidf" every distinct word is one, with (1 + ln tf) times it. A
    token without a vector is the words that stand for it, each so many times as its share says; in a maximum, whole.
    """
    n = len(texts)
    tokens, routes = np.zeros(n, dtype=np.int64), np.zeros((n, len(ROUTES)), dtype=np.int64)
    out = ReducedTexts(np.zeros((n, vectors.dim)), np.zeros(n), tokens, routes)
    for start, end in _batches(texts):
        rows: list[int] = []
        times: list[float] = []
        ends = [0]
        tokenized = [tokenize(text, vectors.lang) for text in texts[start:end]]
        vectors.known.learn(chain.from_iterable(tokenized))
        for i, each in enumerate(tokenized, start):
            found = [vectors.known.resolve(token) for token in each]
            for resolved in found:
                rows += resolved.rows
                times += resolved.shares
            ends.append(len(rows))
            routed = Counter(resolved.route for resolved in found)
            tokens[i], routes[i] = len(found), [routed[route] for route in ROUTES]
        if not rows:
            continue
        stop = start + len(ends) - 1
        used, columns = np.unique(rows, return_inverse=True)
        counts = np.ones(len(rows)) if how == "max" and weighting != "tfidf" else np.array(times)
        shares = _shares(counts, columns, ends, weights[used], weighting)
        total = np.asarray(shares.sum(axis=1)).reshape(-1, 1)
        out.totals[start:stop] = total[:, 0]
        matrix = vectors.matrix[used].astype(np.float64)
        if how == "max":
            for i, (a, b) in enumerate(zip(shares.indptr[:-1], shares.indptr[1:], strict=True), start):
                if a < b:
                    out.rows[i] = (shares.data[a:b, None] * matrix[shares.indices[a:b]]).max(axis=0)
        else:
            out.rows[start:stop] = (shares @ matrix) / np.where(total > 0, total, 1)
    return out


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    start = length = 0
    for end, text in enumerate(texts):
        if end - start == BATCH or (length and length + len(text) > CHARACTERS):
            yield start, end
            start, length = end, 0
        length += len(text)
    if start < len(texts):
        yield start, len(texts)


def _shares(times: F64, columns: I64, ends: list[int], weights: F64, weighting: Weighting) -> csr_matrix:
    """(texts, words) weights, an entry for every mention; under "tfidf" one for every distinct word of a text."""
    shape = (len(ends) - 1, len(weights))
    if weighting != "tfidf":
        return csr_matrix((times * weights[columns], columns, ends), shape=shape)
    counts = csr_matrix((times, columns, ends), shape=shape)
    counts.sum_duplicates()
    counts.data = term_frequency(counts.data, weighting) * weights[counts.indices]
    return counts


def fit_components(scatter: F64, m: int) -> tuple[F64, F64]:
    """The m first right singular vectors (m, dim) of rows X with `scatter` X'X (dim, dim), and s² (m,), falling.

    Fewer where X has fewer directions. Signs are such that the largest coordinate of each is positive.
    """
    values, axes = np.linalg.eigh((scatter + scatter.T) / 2)
    order = np.argsort(-values, kind="stable")[:m]
    order = order[values[order] > ROUNDING * max(values.sum(), 0)]
    found = axes[:, order].T
    signs = np.sign(found[np.arange(len(found)), np.abs(found).argmax(axis=1)])
    return np.ascontiguousarray(found * signs[:, None]), values[order]


def remove_components(rows: F64, components: F64, removal: F64) -> F64:
    """`rows` (n, dim) minus `removal` (m,), 1 for all of it, of their projections on orthonormal `components` (m, dim)."""
    return rows - (rows @ components.T * removal) @ components if len(components) else rows
