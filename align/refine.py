"""Iterative Procrustes: fit, let the map find more pairs, fit again (Conneau et al. 2018, section 2.2)."""

import numpy as np

from align.arguments import numbers, rows_of
from align.procrustes import Rotation, fit_rotation
from align.retrieval import check_k, mutual_neighbours
from align.vectors import F32, F64

ROUNDS = 5
FREQUENT = 10_000
SETTLED = 0.01  # share of new pairs below which another round would change nothing that can be measured


def refine(
    seed_X: F64, seed_Y: F64, weights: F64, source: F32, target: F32, *, rounds: int = ROUNDS, frequent: int = FREQUENT
) -> Rotation:
    """A rotation fitted on seed pairs and on the mutual CSLS neighbours it induces, `rounds` times.

    `seed_X`, `seed_Y`: (n_pairs, dim) dictionary rows, kept in every round with `weights` (n_pairs,). `source`
    (n, dim), `target` (m, dim): normalised vocabularies, most frequent first, target already in the shared frame; the
    first `frequent` rows of each are candidates. Stops early when less than 1 % of the induced pairs are new.

    Raises as `fit_rotation`; InputError `api.bad_k`, `api.bad_vector`.
    """
    rounds, frequent = check_k(rounds), check_k(frequent)
    weights = numbers(weights, "weights")
    rotation = fit_rotation(seed_X, seed_Y, weights)
    dim = len(rotation.matrix)
    source, target = rows_of(source, "source", dim)[:frequent], rows_of(target, "target", dim)[:frequent]
    before = np.full(len(source), -1)
    for _ in range(rounds):
        with np.errstate(over="ignore"):  # refused as not finite
            mapped = (source @ rotation.matrix).astype(np.float32)
        i, j, _cosine = mutual_neighbours(mapped, target)
        new = int((before[i] != j).sum())
        if new < SETTLED * len(i):
            break
        before[:] = -1
        before[i] = j
        rotation = fit_rotation(
            np.vstack([seed_X, source[i].astype(np.float64)]),
            np.vstack([seed_Y, target[j].astype(np.float64)]),
            np.concatenate([weights, np.ones(len(i))]),
        )
    return rotation
