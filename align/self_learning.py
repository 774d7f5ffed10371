"""Self-learning: a map from a few pairs, or from many of which most are wrong.

The map finds pairs, the pairs make the next map, and so on; a part of all similarities, chosen anew in every round, is
kept out of sight, so that the search does not stay in the first corner that agrees with itself.
"""

from dataclasses import dataclass

import numpy as np

from align.arguments import check_seed, expect, numbers, rows_of
from align.errors import AlignmentError
from align.procrustes import Floats, Rotation, fit_rotation
from align.retrieval import NEIGHBOURS, check_k, mean_of_largest
from align.vectors import F32, F64, I64

FREQUENT = 2_000  # words a side: the square of it is the cost of a round
KEPT = 0.1  # share of similarities in sight at first; doubled whenever nothing improves any more
PATIENCE = 6  # rounds without improvement
IMPROVED = 1e-4  # of the objective
ROUNDS = 500  # at most
HIDDEN = -4.0  # below any CSLS score, so that what is out of sight never wins


@dataclass(frozen=True, eq=False)
class SelfLearned:
    """`rotation` of the source onto the target; the last `objective`, mean cosine of a word and its best match over both
    directions; `rounds` that it took.
    """

    rotation: Rotation
    objective: float
    rounds: int


def self_learn(
    seed_X: F64, seed_Y: F64, weights: F64, source: F32, target: F32,
    *, frequent: int = FREQUENT, seed: int = 0, keep_seeds: bool = True,
) -> SelfLearned:  # fmt: skip
    """An orthogonal map from few seed pairs, found by stochastic dictionary induction. Equal seeds, equal results.

    `seed_X`, `seed_Y`: (n_pairs, dim), as few as a dozen, with `weights` (n_pairs,); `keep_seeds=False` where they are
    only a guess to start from. `source` (n, dim), `target` (m, dim): normalised vocabularies, most frequent first, of
    which the first `frequent` rows are looked among. The first map turns the span of the seeds and sees nothing else: a
    full rotation would be arbitrary in all other directions.

    A map that agrees with itself need not be right: ask `align.signals`.

    Raises as `fit_rotation`, `align.no_signal` also where a vocabulary is empty; InputError `api.bad_k`, `api.bad_vector`,
    `api.bad_type`, `align.bad_seed`.

    Source: Artetxe et al. 2018, "A robust self-learning method for fully unsupervised cross-lingual mappings of word
    embeddings", ACL, section 3.3; the first map, and hidden scores that cannot win, are this project's own.
    """
    expect((bool, np.bool_), keep_seeds=keep_seeds)
    seed = check_seed(seed)
    frequent, weights = check_k(frequent), numbers(weights, "weights")
    first = fit_rotation(seed_X, seed_Y, weights)
    dim = len(first.matrix)
    with np.errstate(over="ignore", invalid="ignore"):  # refused as not finite
        source = rows_of(source, "source", dim)[:frequent].astype(np.float32)
        target = rows_of(target, "target", dim)[:frequent].astype(np.float32)
        known = np.asarray(seed_X, dtype=np.float64).T @ (weights[:, None] * np.asarray(seed_Y, dtype=np.float64))
    if not len(source) or not len(target):
        raise AlignmentError("align.no_signal", f"{len(source)} and {len(target)} words; give some of both languages")
    if not all(np.isfinite(array).all() for array in (source, target, known)):
        raise AlignmentError("align.nonfinite", "a vocabulary or a seed is not finite; give normalised rows")
    W = _turn(known, first.rank)
    random = np.random.default_rng(seed)
    kept, best, waited, done = KEPT, -np.inf, 0, 0
    while done < ROUNDS:
        objective, i, j = _induced(source @ W, target, kept, random)
        found = source[i].T @ target[j]
        W, done = _turn(known + found if keep_seeds else found, dim), done + 1
        if objective > best + IMPROVED:
            best, waited = objective, 0
            continue
        waited += 1
        if waited == PATIENCE:
            if kept >= 1:
                break
            kept, waited = min(1.0, 2 * kept), 0
    X, Y, every = source[i].astype(np.float64), target[j].astype(np.float64), np.ones(len(i))
    if keep_seeds:
        X, Y, every = np.vstack([seed_X, X]), np.vstack([seed_Y, Y]), np.concatenate([weights, every])
    return SelfLearned(fit_rotation(X, Y, every), objective, done)


def _induced(mapped: F32, target: F32, kept: float, random: np.random.Generator) -> tuple[float, I64, I64]:
    """The objective, and rows of source and target: by CSLS the best of every word, either way, among what is in sight."""
    cosine = mapped @ target.T
    columns = np.ascontiguousarray(cosine.T)
    objective = (cosine.max(axis=1).mean() + columns.max(axis=1).mean()) / 2
    from_target, from_source = mean_of_largest(cosine, NEIGHBOURS), mean_of_largest(columns, NEIGHBOURS)
    score = cosine
    score *= 2
    score -= from_target[:, None]
    score -= from_source
    if kept < 1:
        score[random.integers(0, 256, score.shape, dtype=np.uint8) >= round(256 * kept)] = HIDDEN
    i = np.concatenate([np.arange(len(score)), score.argmax(axis=0)])
    j = np.concatenate([score.argmax(axis=1), np.arange(score.shape[1])])
    seen = score[i, j] > HIDDEN  # of a word all of which is hidden there is no best
    return float(objective), i[seen], j[seen]


def _turn(cross: Floats, rank: int) -> F32:
    """The isometry on the first `rank` directions of X'Y, zero on the others."""
    U, _, Vt = np.linalg.svd((cross / (np.abs(cross).max() or 1.0)).astype(np.float32))
    return np.asarray(U[:, :rank] @ Vt[:rank], dtype=np.float32)
