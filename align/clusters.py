"""Clusters of unit vectors: do they part by what a text is about, or by the language it is in?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from align.arguments import listed, numbers
from align.errors import InputError
from align.evaluate import checked_count
from align.normalize import unit_rows
from align.retrieval import check_k
from align.vectors import F32, I64

BLOCK_BYTES = 64 << 20  # of cosines held at once
ROUNDS = 100
RESTARTS = 10
SHUFFLES = 200  # of the labels, for what chance would give


@dataclass(frozen=True, eq=False)
class Clusters:
    """`assigned` (n,): cluster of each row. `centres` (k, dim) float32, unit rows. `cohesion`: mean cosine to its centre."""

    assigned: I64
    centres: F32
    cohesion: float


@dataclass(frozen=True)
class ClusterPurity:
    """How far clusters are of one label, and of one language, one row.

    `label_purity`: share of the n rows that have the most common label of their cluster; `label_chance`: what it is on
    average with the labels shuffled; `by_label` = (purity − chance) / (1 − chance): 1 where clusters are labels, about 0 where they
    ignore them. The same of languages, None where none were given, as `by_…` is where chance itself is 1. In a space that
    is shared `by_label` is high and `by_language` about 0; where languages are islands it is the other way round.
    """

    n: int
    n_clusters: int
    cohesion: float
    n_labels: int
    label_purity: float
    label_chance: float
    by_label: float | None
    n_languages: int | None
    language_purity: float | None
    language_chance: float | None
    by_language: float | None

    def as_dict(self) -> dict[str, float | int | None]:
        return asdict(self)

    def frame(self) -> pl.DataFrame:
        """One row, a column for each field, of types that do not depend on what is unknown."""
        real = ("by_label", "language_purity", "language_chance", "by_language")
        return pl.DataFrame(
            [self.as_dict()], schema_overrides={**dict.fromkeys(real, pl.Float64), "n_languages": pl.Int64}
        )


def cluster_purity(
    vectors: F32,
    labels: Sequence[str],
    languages: Sequence[str] | None = None,
    *,
    n_clusters: int | None = None,
    seed: int = 0,
) -> ClusterPurity:
    """Purity by label and by language of `n_clusters` spherical k-means clusters; as many as there are labels by default.

    `vectors`: (n, dim), brought to unit length; `labels`, `languages`: n strings. `seed` fixes starts and shuffles.
    Source: Manning, Raghavan and Schütze 2008, chapter 16, on purity. Raises InputError `clusters.count_mismatch`,
    `api.bad_type`, `api.bad_k` for no number of clusters from 1 to n, `api.bad_vector`, `evaluate.bad_count` for the seed;
    AlignmentError `align.no_signal` for a zero row, `align.nonfinite`.

    >>> found = cluster_purity(np.eye(4)[[0, 0, 1, 1]], ["law", "law", "art", "art"], ["en", "fr", "en", "fr"])
    >>> found.label_purity, found.language_purity
    (1.0, 0.5)
    """
    X, topics = unit_rows(vectors), _codes(listed(str, labels=labels))
    tongues = None if languages is None else _codes(listed(str, languages=languages))
    for name, codes in (("labels", topics), ("languages", tongues)):
        if codes is not None and len(codes) != len(X):
            raise InputError("clusters.count_mismatch", f"{len(codes)} {name} for {len(X)} rows; one each is needed")
    k = len(np.unique(topics)) if n_clusters is None else n_clusters
    found, rng = spherical_kmeans(X, k, seed=seed), np.random.default_rng(seed)
    n_labels, purity_of, chance, by = _judged(found.assigned, topics, rng)
    about = (None, None, None, None) if tongues is None else _judged(found.assigned, tongues, rng)
    return ClusterPurity(len(X), k, found.cohesion, n_labels, purity_of, chance, by, *about)


def purity(assigned: I64, labels: Sequence[str]) -> float:
    """Share of the rows that have the most common label of their cluster; `assigned` (n,) clusters from 0, n `labels`.

    Raises InputError `clusters.count_mismatch`, also for no rows, `api.bad_type`, `api.bad_rows`.

    >>> purity(np.array([0, 0, 1, 1]), ["a", "a", "a", "b"])
    0.75
    """
    clusters, codes = numbers(assigned, "assigned"), _codes(listed(str, labels=labels))
    if clusters.shape != (len(codes),) or not len(codes):
        what = f"clusters of shape {clusters.shape} for {len(codes)} labels"
        raise InputError("clusters.count_mismatch", f"{what}; one each is needed")
    if clusters.dtype.kind == "f" or clusters.min() < 0:
        raise InputError("api.bad_rows", "a cluster is no whole number from 0; number them so")
    return _purity(np.unique(clusters, return_inverse=True)[1], codes)


def spherical_kmeans(vectors: F32, k: int, *, seed: int = 0, restarts: int = RESTARTS) -> Clusters:
    """`k` clusters of rows (n, dim) that maximise Σ cos(row, centre of its cluster), the best of `restarts` from k-means++.

    Centres are means brought to unit length; a cluster that loses all rows keeps its centre. Sources: Dhillon and Modha
    2001; Arthur and Vassilvitskii 2007 for the starts. Raises InputError `api.bad_k` unless 1 ≤ k ≤ n, `api.bad_vector`,
    `evaluate.bad_count`; AlignmentError `align.no_signal`, `align.nonfinite`.

    >>> spherical_kmeans(np.array([[1, 0], [2, 0.1], [0, 1]]), 2).assigned.tolist() in ([0, 0, 1], [1, 1, 0])
    True
    """
    X, k = unit_rows(vectors), check_k(k)
    if k > len(X):
        raise InputError("api.bad_k", f"{k} clusters of {len(X)} rows; no more than there are rows")
    rng = np.random.default_rng(checked_count(seed, "seed", 0))
    runs = [_run(X, _start(X, k, rng)) for _ in range(checked_count(restarts, "restarts", 1, 1_000))]
    return max(runs, key=lambda run: run.cohesion)


def _start(X: F32, k: int, rng: np.random.Generator) -> F32:
    """k rows, each drawn by its distance 1 − cos, which is half the squared one, from the nearest before it."""
    rows = [int(rng.integers(len(X)))]
    distance = np.full(len(X), np.inf)
    while len(rows) < k:
        distance = np.minimum(distance, np.maximum(1 - X @ X[rows[-1]].astype(np.float64), 0))
        distance[rows[-1]] = 0
        total = distance.sum()
        rows.append(int(rng.choice(len(X), p=distance / total if total > 0 else None)))
    return X[rows]


def _run(X: F32, centres: F32) -> Clusters:
    assigned, cosine = _nearest(X, centres)
    for _ in range(ROUNDS):
        members = csr_matrix((np.ones(len(X)), (assigned, np.arange(len(X)))), shape=(len(centres), len(X)))
        sums = np.asarray(members @ X, dtype=np.float64)
        lengths = np.linalg.norm(sums, axis=1)
        moved = lengths > 1e-9
        centres = centres.copy()
        centres[moved] = sums[moved] / lengths[moved, None]
        before, (assigned, cosine) = assigned, _nearest(X, centres)
        if np.array_equal(before, assigned):
            break
    return Clusters(assigned, centres, float(cosine.mean(dtype=np.float64)))


def _nearest(X: F32, centres: F32) -> tuple[I64, F32]:
    """The centre with the highest cosine for each row, and that cosine."""
    step = max(1, BLOCK_BYTES // (4 * len(centres)))
    found = []
    for start in range(0, len(X), step):
        cosines = X[start : start + step] @ centres.T
        best = cosines.argmax(axis=1)
        found.append((best, cosines[np.arange(len(best)), best]))
    return np.concatenate([best for best, _ in found]), np.concatenate([cosine for _, cosine in found])


def _codes(labels: list[str]) -> I64:
    return np.unique(np.array(labels, dtype=object), return_inverse=True)[1] if labels else np.zeros(0, dtype=np.int64)


def _purity(clusters: I64, codes: I64) -> float:
    wide = int(codes.max()) + 1
    pairs, counts = np.unique(clusters * wide + codes, return_counts=True)
    most = np.zeros(int(clusters.max()) + 1, dtype=np.int64)
    np.maximum.at(most, pairs // wide, counts)
    return float(most.sum() / len(codes))


def _judged(clusters: I64, codes: I64, rng: np.random.Generator) -> tuple[int, float, float, float | None]:
    found = _purity(clusters, codes)
    chance = float(np.mean([_purity(clusters, rng.permutation(codes)) for _ in range(SHUFFLES)]))
    return int(codes.max()) + 1, found, chance, (found - chance) / (1 - chance) if chance < 1 else None
