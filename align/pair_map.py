"""One language onto languages that already share a frame, by any of the methods: one interface over all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from align.dictionary import PairRows, WordPairs
from align.errors import AlignmentError
from align.procrustes import Rotation, fit_rotation
from align.refine import FREQUENT, refine
from align.self_learning import self_learn
from align.signals import AGREES, Signals, alignment_signals
from align.similarity_profile import similarity_seeds
from align.space import rotate
from align.vectors import F32, F64, I64, WordVectors
from align.whitening import Reweighting

PairMethod = Literal["procrustes", "refine", "reweight", "self-learning", "unsupervised"]
REWEIGHTED: tuple[PairMethod, ...] = ("reweight", "self-learning", "unsupervised")
RESTARTS = 3  # of self-learning, each with other similarities hidden, before a pair is given up


def _no_rows() -> I64:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Evidence:
    """A dictionary towards a language that is in the shared frame: `target` its vectors as they were read, `frame` (m, dim)
    as they are there, `rows` the usable pairs from `source`.
    """

    pairs: WordPairs
    source: WordVectors
    target: WordVectors
    frame: F32
    rows: PairRows

    @staticmethod
    def of(pairs: WordPairs, source: WordVectors, target: WordVectors, frame: F32) -> "Evidence":
        return Evidence(pairs, source, target, frame, pairs.rows(source, target))

    def without(self, words: Iterable[str]) -> "Evidence":
        """The same with no pair of these source words."""
        return Evidence.of(self.pairs.without_source_words(words), self.source, self.target, self.frame)


@dataclass(frozen=True, eq=False)
class PairMap:
    """A rotation into the shared frame and, from there, the re-weighting towards the first evidence; the rows of the
    mutual neighbours that were induced, of which "procrustes" has none; and the signals by which a self-learned map was
    let pass.
    """

    rotation: Rotation
    reweighting: Reweighting | None = None
    source_rows: I64 = field(default_factory=_no_rows)
    target_rows: I64 = field(default_factory=_no_rows)
    signals: Signals | None = None

    @property
    def rotation_alone(self) -> "PairMap":
        """What "refine" makes of the pairs by which "reweight" re-weights."""
        return replace(self, reweighting=None)


def fit_pair(
    source: F32, evidence: Sequence[Evidence], method: PairMethod,
    *, frequent: int = FREQUENT, unchecked: bool = False,
) -> PairMap:  # fmt: skip
    """The map of `source` (n, dim), normalised, most frequent first, by the evidence there is; the largest comes first.

    "unsupervised" takes no pairs from it, only the first frame. `frequent` is that of `align.refine`.

    Raises as `fit_rotation`; AlignmentError `align.not_aligned` where self-learning found no map that foretells anything,
    unless `unchecked`.
    """
    X, Y, weights = pairs_of(source, [] if method == "unsupervised" else evidence)
    if method == "procrustes":
        return PairMap(fit_rotation(X, Y, weights))
    target = evidence[0].frame

    def refined(start: Rotation | None) -> PairMap:
        found = refine(
            X, Y, weights, source, target, frequent=frequent, start=start
        )  # fmt: skip
        by = Reweighting(found.rotation.matrix.T @ found.reweighting.source, found.reweighting.target)
        return PairMap(found.rotation, by, found.source_rows, found.target_rows)

    if method == "reweight":
        return refined(None)
    if method == "refine":
        return refined(None).rotation_alone
    guessed = not len(X)
    seeds = _guess(source, target) if guessed else (X, Y, weights)
    best: PairMap | None = None
    for seed in range(RESTARTS):
        learned = self_learn(*seeds, source, target, seed=seed, keep_seeds=not guessed)
        found = refined(learned.rotation)
        signals = alignment_signals(rotate(source, found.rotation), target)
        found = replace(found, signals=signals)
        if best is None or _agreement(found, guessed) > _agreement(best, guessed):
            best = found
        if _agreement(found, guessed) >= AGREES:
            break
    assert best is not None
    if _agreement(best, guessed) < AGREES and not unchecked:
        given = "no pairs" if guessed else f"{len(X)} usable pairs"
        if best.signals is None or best.signals.agreement is None:
            told = f"the {len(best.source_rows)} word pairs found are too few to judge"
        else:
            half = f"one half foretells {best.signals.agreement:.0%} of the other"
            told = f"of the word pairs found, {half}, {AGREES:.0%} is needed"
        raise AlignmentError(
            "align.not_aligned",
            f"{given} do not align these languages: {told}; give (more) dictionary pairs, or vectors from more text",
        )
    return best


def _agreement(found: PairMap, guessed: bool) -> float:
    """Of the signals; where there were too few pairs to tell, 1 for a map from a dictionary and 0 for a guessed one."""
    told = found.signals.agreement if found.signals else None
    return float(not guessed) if told is None else told


def _guess(source: F32, target: F32) -> tuple[F64, F64, F64]:
    i, j = similarity_seeds(source, target)
    return source[i].astype(np.float64), target[j].astype(np.float64), np.ones(len(i))


def pairs_of(source: F32, evidence: Sequence[Evidence]) -> tuple[F64, F64, F64]:
    """X (n_pairs, dim), Y (n_pairs, dim) in the shared frame and weights (n_pairs,) of all evidence, of which there may be
    none.
    """
    none = np.zeros((0, source.shape[1]))
    X = np.concatenate([none, *(source[e.rows.source] for e in evidence)])
    Y = np.concatenate([none, *(e.frame[e.rows.target] for e in evidence)])
    return X, Y, np.concatenate([none[:, 0], *(e.rows.weights for e in evidence)])
