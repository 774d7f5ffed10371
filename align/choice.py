"""`method="auto"`: the method that does best on words of the training dictionary that were held out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from align.dictionary import WordPairs
from align.errors import AlignmentError
from align.pair_map import Evidence, PairMap, PairMethod, fit_pair
from align.space import rotate
from align.spelling import Spelling, fit_spelling
from align.vectors import F32, I64
from align.word_retrieval import Bilinear, WordRetrieval, word_hubness

TRIED: tuple[PairMethod, ...] = ("procrustes", "refine", "reweight")  # the simpler first
UNTRIED: PairMethod = "self-learning"  # where there are too few pairs to try anything on
HELD_OUT = 0.2  # share of the training dictionary
FREQUENT = 25_000  # words a side that compete
JUDGED = 1_000  # held-out words at most, each time
ENOUGH_WORDS, HELD_OUT_TIMES = 400, 3  # words held out in all before their mean is trusted, and times at most
TRIED_WORDS = (
    5_000  # among which a map is refined while it is tried: enough to tell the methods apart, in a fifth of the time
)
NOISE = 0.01  # mean reciprocal rank below which a map says nothing; shuffled dictionaries reach 0.001


@dataclass(frozen=True, eq=False)
class Choice:
    """A method, what every method reached on development words, and what spelling is worth beside the chosen one."""

    method: PairMethod
    tried: dict[str, dict[str, float]] = field(default_factory=dict)
    spelling: Spelling | None = None


def choose(source: F32, evidence: Sequence[Evidence], *, unchecked: bool = False) -> Choice:
    """The method with the best mean reciprocal rank on held-out source words of the first, the largest dictionary.

    A fifth is held out, up to three times where that is few words: one look at 100 words tells no methods apart. Too few
    pairs to determine a map by themselves, or to judge one: self-learning, untried. `source` (n, dim) are the normalised
    rows of the language that all evidence is from.

    Raises AlignmentError `align.not_aligned` where no method does better than noise, unless `unchecked`.
    """
    trials: list[_Trial] = []
    while len(trials) < HELD_OUT_TIMES and sum(len(trial.rows) for trial in trials) < ENOUGH_WORDS:
        trial = _hold_out(evidence, seed=len(trials))
        if trial.pairs < source.shape[1] or not len(trial.rows):
            return Choice(UNTRIED)
        trials.append(trial)
    gold = [rows for trial in trials for rows in trial.gold]
    by_trial = [_try(source, trial) for trial in trials]
    ranks = {
        method: np.concatenate([_ranks(scored[method], t.gold) for scored, t in zip(by_trial, trials, strict=True)])
        for method in TRIED
    }
    tried: dict[str, dict[str, float]] = {method: _reached(ranks[method]) for method in TRIED}
    best = max(TRIED, key=lambda method: tried[method]["mrr"])  # the first of equals is the simpler
    if not unchecked:
        _refuse_noise(tried[best]["mrr"], by_trial[0][best].shape[1], gold, evidence[0].pairs)
    # Hundreds of megabytes each: those of the other methods go before more are made.
    parts = [scored[best] for scored in by_trial]
    del by_trial
    scores = parts[0] if len(parts) == 1 else np.concatenate(parts)
    del parts
    first = evidence[0]
    words = [first.source.words[row] for trial in trials for row in trial.rows]
    targets, pairs = first.target.words[:FREQUENT], first.pairs.without_source_words(words).pairs
    return Choice(best, tried, fit_spelling(pairs, words, targets, scores, gold))


def _refuse_noise(mrr: float, candidates: int, gold: list[I64], pairs: WordPairs) -> None:
    chance = float((1 / np.arange(1, candidates + 1)).mean())
    if mrr < min(max(NOISE, 2 * chance), 0.5):
        raise AlignmentError(
            "align.not_aligned",
            f"{len(pairs):,} pairs {pairs.source}-{pairs.target} do not align these vectors: mean reciprocal rank "
            f"{mrr:.4f} on {len(gold)} held-out words, chance {chance:.4f}; check that both files are what they should be",
        )


@dataclass(frozen=True, eq=False)
class _Trial:
    """Words held out from every dictionary, as rows of the source with their gold rows, and what is left to fit on."""

    rows: I64
    gold: list[I64]
    training: list[Evidence]

    @property
    def pairs(self) -> int:
        return sum(len(e.rows) for e in self.training)


def _hold_out(evidence: Sequence[Evidence], seed: int) -> _Trial:
    first = evidence[0]
    held = first.pairs.split(HELD_OUT, seed)[1]
    pairs, words = held.rows(first.source, first.target), held.gold()
    near = (pairs.source < FREQUENT) & (pairs.target < FREQUENT)
    rows = np.unique(pairs.source[near])
    rows = rows[:: max(1, -(-len(rows) // JUDGED))]
    gold = [pairs.target[near & (pairs.source == row)] for row in rows]
    return _Trial(rows, gold, [e.without(words) for e in evidence])


def _try(source: F32, trial: _Trial) -> dict[PairMethod, F32]:
    """Per method tried the scores (n, m) of the trial's words against the frequent words of the target."""
    reweighted = fit_pair(source, trial.training, "reweight", frequent=TRIED_WORDS)
    maps: dict[PairMethod, PairMap] = {
        "procrustes": fit_pair(source, trial.training, "procrustes"),
        "refine": reweighted.rotation_alone,
        "reweight": reweighted,
    }
    return {method: _scores(source, trial, maps[method]) for method in TRIED}


def _scores(source: F32, trial: _Trial, found: PairMap) -> F32:
    target = trial.training[0].frame[:FREQUENT]
    mapped = rotate(source[:FREQUENT], found.rotation)
    bilinear = Bilinear.of(found.reweighting, target) if found.reweighting else None
    hubness = word_hubness(mapped[:TRIED_WORDS], target, found.reweighting)
    return WordRetrieval(mapped, target, hubness, bilinear).scores(trial.rows)


def _ranks(scores: F32, gold: list[I64]) -> I64:
    """(n,) rank of the best gold target of every row; ties count against it."""
    best = [score[rows].max() for score, rows in zip(scores, gold, strict=True)]
    no_less = [int((score >= top).sum()) for score, top in zip(scores, best, strict=True)]
    own = [int((score[rows] >= top).sum()) for score, rows, top in zip(scores, gold, best, strict=True)]
    return 1 + np.array(no_less, dtype=np.int64) - np.array(own, dtype=np.int64)


def _reached(ranks: I64) -> dict[str, float]:
    """Mean reciprocal rank and P@1."""
    return {"mrr": float((1 / ranks).mean()), "precision_at_1": float((ranks == 1).mean())}
