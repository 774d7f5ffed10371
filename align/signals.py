"""How good an alignment is, told without gold translations.

What tells a right map from one that merely agrees with itself is `agreement`: self-learning can make any two clouds
agree with one another word by word, but not so that one half of the pairs foretells the other.
"""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import skew

from align.arguments import check_seed, rows_of
from align.errors import AlignmentError
from align.procrustes import fit_rotation
from align.retrieval import NEIGHBOURS, best_neighbours, check_k, mutual_neighbours
from align.vectors import F32, I64

FREQUENT = 4_000
AGREES = 0.5  # refined, right maps reach 0.57 to 0.7, half-right ones 0.35, wrong ones 0.2 (benchmarks/README.md)
LEAST = 1.0  # pairs in a half, for each dimension, below which a half cannot foretell anything,
MOST = 3.0  # and beyond which it would foretell noise: mutual neighbours under a wrong map determine that map too
ASKED = 1_000  # words, evenly spread, whose nearest are counted for the skewness
SPECTRUM = 40  # largest singular values that are compared


@dataclass(frozen=True)
class Signals:
    """Label-free measures of two languages in one frame, over their `n_words` most frequent words a side.

    `agreement`: share of the mutual neighbours of one half that a map fitted on the other half alone finds again; None
    where there are too few pairs to tell. `mutual_rate`: share of words that have a mutual CSLS neighbour.
    `mutual_cosine`: mean cosine of these pairs. `hubness`: skewness of how often each target word is among the 10 nearest
    by cosine of about 1,000 source words; 0 is none. `isometry_gap`: mean squared difference of the logarithms of the languages' 40
    largest singular values; 0 where both clouds are of one shape, and the same whatever the map.
    """

    agreement: float | None
    mutual_rate: float
    mutual_cosine: float
    hubness: float
    isometry_gap: float
    n_words: int

    @property
    def aligned(self) -> bool:
        """False where the map is no better than one between unrelated clouds: agreement below 0.5."""
        return self.agreement is None or self.agreement >= AGREES

    def as_dict(self) -> dict[str, float | int | None]:
        return asdict(self)


def alignment_signals(source: F32, target: F32, *, frequent: int = FREQUENT, seed: int = 0) -> Signals:
    """Signals of `source` (n, dim) and `target` (m, dim), unit rows in one frame, most frequent first.

    Raises AlignmentError `align.no_signal` where a side has no rows; InputError `api.bad_k`, `api.bad_vector`,
    `align.bad_seed`.

    Source: mutual neighbours and hubness as in Conneau et al. 2018 and Radovanović et al. 2010; singular values as in
    Dubossarsky et al. 2020; agreement is this project's own.

    >>> cloud = np.eye(8, dtype="f4")
    >>> alignment_signals(cloud, cloud).mutual_rate
    1.0
    """
    seed = check_seed(seed)
    frequent = check_k(frequent)
    source = rows_of(source, "source")[:frequent]
    target = rows_of(target, "target", source.shape[1])[:frequent]
    if not len(source) or not len(target):
        raise AlignmentError("align.no_signal", f"{len(source)} and {len(target)} words; give some of both languages")
    i, j, cosine = mutual_neighbours(source, target)
    gap = np.log(_singular_values(source)) - np.log(_singular_values(target))
    return Signals(
        agreement=_agreement(source, target, i, j, seed),
        mutual_rate=len(i) / min(len(source), len(target)),
        mutual_cosine=float(cosine.mean()) if len(i) else 0.0,
        hubness=_occurrence_skewness(source, target),
        isometry_gap=float((gap**2).mean()),
        n_words=min(len(source), len(target)),
    )


def _agreement(source: F32, target: F32, i: I64, j: I64, seed: int) -> float | None:
    first = np.random.default_rng(seed).permutation(len(i)) < len(i) // 2
    if min(first.sum(), (~first).sum()) < LEAST * source.shape[1]:
        return None
    again, most = 0, int(MOST * source.shape[1])
    for shown in (first, ~first):
        fitted = np.flatnonzero(shown)[np.random.default_rng(seed).permutation(shown.sum())[:most]]
        turn = fit_rotation(source[i[fitted]], target[j[fitted]]).matrix.astype(np.float32)
        found, _ = best_neighbours(source @ turn, target)
        again += int((found[i[~shown]] == j[~shown]).sum())
    return again / len(i)


def _occurrence_skewness(source: F32, target: F32) -> float:
    k, counts = min(NEIGHBOURS, len(target)), np.zeros(len(target))
    source = source[:: max(1, len(source) // ASKED)]
    for start in range(0, len(source), 1_000):
        cosine = source[start : start + 1_000] @ target.T
        nearest = np.argpartition(cosine, len(target) - k, axis=1)[:, len(target) - k :]
        counts += np.bincount(nearest.ravel(), minlength=len(target))
    return float(skew(counts)) if counts.std() > 0 else 0.0


def _singular_values(side: F32) -> F32:
    """The largest, of which the sum of squares is 1, so that the number of words does not matter."""
    values = np.sqrt(np.linalg.eigvalsh(side.T.astype(np.float64) @ side)[::-1][:SPECTRUM].clip(min=1e-12))
    return np.asarray(values / np.linalg.norm(values))
