"""Iterative Procrustes: fit, let the map find more pairs, fit again.

After Conneau et al. 2018, section 2.2, with three changes that were measured to find better pairs from small
dictionaries: pairs are taken from both directions, so that mutual ones count twice (Artetxe et al. 2018, ACL); from the
second round on they are looked for under the re-weighting of the pairs found so far; and the first rounds look among the
most frequent words only, whose vectors are the surest.
"""

import math
from dataclasses import dataclass

import numpy as np

from align.arguments import expect, numbers, rows_of
from align.procrustes import Rotation, checked_pairs, fit_rotation
from align.retrieval import best_neighbours, check_k, mutual_neighbours
from align.vectors import F32, F64, I64
from align.whitening import Reweighting, fit_reweighting

ROUNDS = 3  # two more change nothing that was measured
FREQUENT = 10_000
GROWTH = (0.4, 0.7)  # shares of the frequent words that the first rounds look among
SETTLED = 0.01  # share of new pairs below which another round would change nothing that can be measured


@dataclass(frozen=True, eq=False)
class Refined:
    """`rotation` (orthogonal, for the space), `reweighting` (for retrieval between these two languages), and the mutual
    neighbours (n,) that were found last.
    """

    rotation: Rotation
    reweighting: Reweighting
    source_rows: I64
    target_rows: I64


def refine(
    seed_X: F64, seed_Y: F64, weights: F64, source: F32, target: F32,
    *, rounds: int = ROUNDS, frequent: int = FREQUENT, start: Rotation | None = None,
) -> Refined:  # fmt: skip
    """Maps fitted on seed pairs and on the best CSLS neighbours that they induce, `rounds` times.

    `seed_X`, `seed_Y`: (n_pairs, dim) dictionary rows, kept in every round with `weights` (n_pairs,). `source`
    (n, dim), `target` (m, dim): normalised vocabularies, most frequent first, target already in the shared frame; the
    first `frequent` rows of each are candidates. `start` is the first map to look by, instead of one fitted on the seeds, of which there may then be none. Stops early when less than
    1 % of the induced pairs are new.

    Raises as `fit_rotation`; InputError `api.bad_k`, `api.bad_vector`, `api.bad_type`.
    """
    rounds, frequent = check_k(rounds), check_k(frequent)
    weights = numbers(weights, "weights")
    expect((Rotation, type(None)), start=start)
    rotation = start if start is not None else fit_rotation(seed_X, seed_Y, weights)
    dim = len(rotation.matrix)
    if len(rows_of(seed_X, "seed_X", dim)) or len(rows_of(seed_Y, "seed_Y", dim)) or weights.shape != (0,):
        checked_pairs(seed_X, seed_Y, weights)
    source, target = rows_of(source, "source", dim)[:frequent], rows_of(target, "target", dim)[:frequent]
    with np.errstate(over="ignore"):  # refused as not finite
        looks = (source @ rotation.matrix).astype(np.float32), target
    before = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    shares = [1.0] * rounds if rounds <= len(GROWTH) else [*GROWTH, *[1.0] * (rounds - len(GROWTH))]
    for share in shares:
        near, far = (side[: math.ceil(share * len(side))] for side in looks)
        forward, backward = found = best_neighbours(near, far)
        same = sum(int((old == now).sum()) for old, now in zip(before, found, strict=True) if len(old) == len(now))
        if same > (1 - SETTLED) * (len(forward) + len(backward)):
            break
        before = found
        i = np.concatenate([np.arange(len(forward)), backward])
        j = np.concatenate([forward, np.arange(len(backward))])
        X = np.vstack([seed_X, source[i].astype(np.float64)])
        Y = np.vstack([seed_Y, target[j].astype(np.float64)])
        every = np.concatenate([weights, np.ones(len(i))])
        reweighting = fit_reweighting(X, Y, every)
        looks = reweighting.apply_source(source), reweighting.apply_target(target)
    rotation = fit_rotation(X, Y, every)
    i, j, _cosine = mutual_neighbours(*looks)
    X, Y = (np.vstack([seeds, side.astype(np.float64)]) for seeds, side in ((seed_X, source[i]), (seed_Y, target[j])))
    return Refined(rotation, fit_reweighting(X, Y, np.concatenate([weights, np.ones(len(i))])), i, j)
