"""Orthogonal Procrustes that wrong pairs do not turn.

Every pair gets the probability that it is right, judged by a map fitted without it; then the map minimises distances
instead of their squares, so that what is still wrong pulls no harder for being far away.
"""

from dataclasses import dataclass

import numpy as np

from align.procrustes import Floats, Rotation, fit_rotation
from align.retrieval import check_k
from align.vectors import F64

ROUNDS = 30
LOOKS = 10  # times at most that the map and the judgement of the pairs may improve each other
EM_ROUNDS = 50
SETTLED = 1e-3  # change of every trust below which another look is not worth a fit
STALLED = 1e-6  # share of the objective below which another round is not worth a fit
NEAR = 1e-10  # eps: a pair nearer than this, in lengths of a typical row, is met exactly
SURE = 50.0  # log odds beyond which nothing is surer


@dataclass(frozen=True, eq=False)
class RobustRotation:
    """`rotation`, and `trust` (n_pairs,) in [0, 1]: how probable it is that each pair is right.

    1 is as good as the typical right pair, 0 is no better than two words taken at random. A pair of weight 0 is judged
    like every other. Trust tells the pairs of a list apart and not whether the list is any good: with only a few pairs
    for each dimension a map fits noise too.
    """

    rotation: Rotation
    trust: F64


def fit_robust_rotation(X: Floats, Y: Floats, weights: Floats | None = None, *, rounds: int = ROUNDS) -> RobustRotation:
    """The orthogonal W that minimises Σ wᵢ tᵢ ‖xᵢW − yᵢ‖, distances unsquared, with tᵢ the trust in pair i.

    `X`, `Y`: (n_pairs, dim), Y scaled so that in the median pair both rows are of one length. `weights`: (n_pairs,) ≥ 0,
    default 1.

    Trust: a pair's cosine under the map fitted without it (`held_out_cosines`) comes from one of two normal
    distributions, that of mismatched pairs, whose mean and variance over all xᵢ, yⱼ with i ≠ j are known in closed form,
    or that of right pairs, whose share, mean and variance EM finds. t is the posterior of the second, made monotone in
    the cosine. Map and trust are fitted in turns until they settle.

    Then, with t fixed, at most `rounds` times W = polar(X' diag(w t / max(‖xᵢW − yᵢ‖, eps)) Y), which never raises the
    objective and meets a majority of exact pairs exactly.

    Raises as `fit_rotation`; InputError `api.bad_k` for `rounds`.

    Source: mixture of right and random matches as in Fellegi and Sunter 1969, "A Theory for Record Linkage"; reweighting
    for distances as in Weiszfeld 1937; their combination, and the held-out cosines, are this project's own.

    >>> turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> X = np.random.default_rng(0).standard_normal((20, 2))
    >>> Y = X @ turn
    >>> Y[:4] = X[:4]                                       # wrong pairs
    >>> fit = fit_robust_rotation(X, Y)
    >>> np.allclose(fit.rotation.matrix, turn), fit.trust[:5].round(2).tolist()
    (True, [0.0, 0.0, 0.0, 0.0, 1.0])
    """
    rounds = check_k(rounds)
    fit_rotation(X, Y, weights)
    X, Y, w = _alike(X, Y, weights)
    trust = np.ones(len(X))
    for _ in range(LOOKS):
        before = trust
        cosine, W = _held_out(X, Y, w * trust)
        trust = _posterior(cosine, w, *_mismatched(X, Y, w, W))
        if np.abs(w * (trust - before)).max() < SETTLED:
            break
    weights = w * trust
    rotation = fit_rotation(X, Y, weights)
    reached = np.inf
    for _ in range(rounds):
        distance = np.linalg.norm(X @ rotation.matrix - Y, axis=1)
        objective = float(weights @ distance)
        if objective >= reached * (1 - STALLED):
            break
        reached = objective
        rotation = fit_rotation(X, Y, weights / np.maximum(distance, NEAR))
    return RobustRotation(rotation, trust)


def held_out_cosines(X: Floats, Y: Floats, weights: Floats | None = None) -> F64:
    """(n_pairs,) cosine of each xᵢW and yᵢ, where W is fitted on all pairs but that one, to first order.

    With X' diag(w) Y = U S V', a = xᵢU and b = yᵢV, leaving pair i out changes xᵢW · yᵢ by
    −wᵢ Σ_{p<q} (a_p b_q − a_q b_p)² / (s_p + s_q), the derivative of the polar factor. A pair with a row of zeros has 0.

    `X`, `Y`: (n_pairs, dim). `weights`: (n_pairs,) ≥ 0, default 1. Raises as `fit_rotation`.

    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> held_out_cosines(X, X).round(12)
    array([1., 1., 1.])
    """
    fit_rotation(X, Y, weights)
    return _held_out(*_alike(X, Y, weights))[0]


def _held_out(X: F64, Y: F64, w: F64) -> tuple[F64, F64]:
    """The held-out cosines (n_pairs,) and the map W (dim, dim) of all pairs."""
    U, S, Vt = np.linalg.svd(X.T @ (w[:, None] * Y))
    A, B = X @ U, Y @ Vt.T
    rounding = float(S[0]) * max(X.shape) * np.finfo(np.float64).eps
    inverse = 1 / np.maximum(S[:, None] + S, max(rounding, np.finfo(np.float64).tiny))
    AB = A * B
    change = ((A**2 @ inverse) * B**2).sum(axis=1) - ((AB @ inverse) * AB).sum(axis=1)
    lengths = np.linalg.norm(X, axis=1) * np.linalg.norm(Y, axis=1)
    cosine = (AB.sum(axis=1) - w * change) / np.where(lengths > 0, lengths, np.inf)
    return np.asarray(cosine.clip(-1, 1)), np.asarray(U @ Vt)


def _posterior(cosine: F64, w: F64, null_mean: float, null_deviation: float) -> F64:
    """(n_pairs,) probability that each cosine is a right pair's; `w` (n_pairs,) says how much each counts."""
    w = w / w.sum()
    high = float(np.quantile(cosine[w > 0], 0.9))
    right = ((cosine - null_mean) / max(high - null_mean, NEAR)).clip(0.01, 0.99)
    for _ in range(EM_ROUNDS):
        share = float(w @ right)
        mean = max(float(w * right @ cosine) / share, null_mean)
        deviation = max(float(np.sqrt(w * right @ (cosine - mean) ** 2 / share)), NEAR)
        # The log odds are a parabola of the cosine; beyond its vertex they would turn back.
        curvature = null_deviation**-2 - deviation**-2
        shown = cosine
        if curvature:
            vertex = (null_mean * null_deviation**-2 - mean * deviation**-2) / curvature
            shown = np.maximum(cosine, vertex) if curvature > 0 else np.minimum(cosine, vertex)
        odds = np.log(share / max(1 - share, NEAR) * null_deviation / deviation) + 0.5 * (
            ((shown - null_mean) / null_deviation) ** 2 - ((shown - mean) / deviation) ** 2
        )
        right = 1 / (1 + np.exp(-odds.clip(-SURE, SURE)))
    return np.asarray(right)


def _mismatched(X: F64, Y: F64, w: F64, W: F64) -> tuple[float, float]:
    """Mean and standard deviation of the cosines of xᵢW and yⱼ over all i ≠ j, weighted by wᵢwⱼ."""
    w = w / w.sum()
    M, N = _directions(X) @ W, _directions(Y)
    own = (M * N).sum(axis=1)
    others = 1 - float(w @ w)
    if others < NEAR:
        return 0.0, 1.0
    mean = (float((w @ M) @ (w @ N)) - float(w**2 @ own)) / others
    square = (float(((M.T * w) @ M * ((N.T * w) @ N)).sum()) - float(w**2 @ own**2)) / others
    return mean, max(float(np.sqrt(max(square - mean**2, 0.0))), NEAR)


def _directions(side: F64) -> F64:
    lengths = np.linalg.norm(side, axis=1, keepdims=True)
    return np.asarray(side / np.where(lengths > 0, lengths, 1))


def _alike(X: Floats, Y: Floats, weights: Floats | None) -> tuple[F64, F64, F64]:
    """What `fit_rotation` accepted, in float64: the largest weight 1, in the median pair both rows of one length."""
    w = np.ones(len(X)) if weights is None else np.asarray(weights, dtype=np.float64)
    left, right = (np.asarray(side, dtype=np.float64) for side in (X, Y))
    left, right = left / np.abs(left).max(), right / np.abs(right).max()
    x, y = np.linalg.norm(left, axis=1), np.linalg.norm(right, axis=1)
    counts = (w > 0) & (x > 0) & (y > 0)
    if counts.any():
        typical = np.median(x[counts])
        ratio = np.exp(np.median(np.log(x[counts] / y[counts])))  # of logarithms: the same whichever side comes first
        left, right = left / typical, right * (ratio / typical)
    return left, right, w / w.max()
