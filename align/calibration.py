"""How likely an induced entry is right, learned from words whose translations are known."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from align.arguments import numbers
from align.dictionary import WordPairs
from align.errors import InputError
from align.logistic import Logistic, fit_logistic
from align.round_trip import Entries, round_trips
from align.tokens import fold
from align.vectors import F32, F64, I64, WordVectors
from align.word_retrieval import SpellingChoice, WordRetrieval

ENOUGH = 50  # known words below which no probability is told
MOST = 2_000  # known words of a direction that are asked
POOLED = 4  # dictionaries of other languages, at most, that stand in for one that is missing
FOLDS = 5
BINS = 10
RIDGE = 1.0  # a standard normal prior of the standardised slopes
SMALLEST = 0.01  # margins below this are as good as none
SEEN = (0.05, 0.95)  # quantiles of a feature between which the known words speak
HEAD = 10  # ranks among the first few words differ by less than their ratio says
SIGNS = (1, 1, -1, 1, 0, 0, 0)  # of the features: whichever way frequency and spelling may count, the rest is evidence

PARTS = {"test": "held-out", "train": "training"}

Bools = npt.NDArray[np.bool_]
Dictionaries = Sequence[WordPairs]


@runtime_checkable
class LexiconSpace(Protocol):
    """Whatever holds mapped vectors of languages and knows how their words find each other, as `SharedSpace` does."""

    @property
    def languages(self) -> Sequence[str]: ...

    @property
    def fingerprints(self) -> Mapping[str, str]: ...

    def vectors(self, lang: str) -> WordVectors: ...

    def hubness(self, source: str, target: str) -> F32: ...

    def retrieval(self, source: str, target: str, *, spelling: SpellingChoice = "off") -> WordRetrieval: ...


@dataclass(frozen=True)
class Calibration:
    """What the probabilities of a lexicon rest on.

    `calibrated_on`: the pairs of languages whose known words it was, such as `fr-de`, or `en-fr, en-de (no dictionary
    fr-de)`; empty where there is no probability, and `note` says why. `part`: "test" for words held out from the
    alignment, "train" for words that it was fitted on, of which probabilities may come out too good. `n_words` known source
    words had an entry, `n_right` of them one that the dictionary lists. `brier`, mean squared error of the probabilities,
    and `calibration_error`, their mean distance from the share that is right in ten bins of equal width, weighted by
    size (Naeini et al. 2015): each of the `n_words` is judged by a model that has not seen it (five folds).
    """

    calibrated_on: str = ""
    part: str | None = None
    n_words: int = 0
    n_right: int = 0
    brier: float | None = None
    calibration_error: float | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Direction:
    """Two vocabularies, and how the words of either find those of the other."""

    source: WordVectors
    target: WordVectors
    forward: WordRetrieval
    backward: WordRetrieval

    @property
    def kind(self) -> tuple[bool, bool]:
        """Whether by a re-weighting, whether with spelling: scores of one kind are comparable between languages."""
        return self.forward.by is not None, self.forward.spelled is not None

    def entries(self, rows: I64) -> Entries:
        return round_trips(self.forward, self.backward, rows)

    def features(self, found: Entries) -> F64:
        """(n, 7) evidence: score, log margin, log rank and log margin of the way back, log ranks of both, spelling."""
        margins = (np.log(np.maximum(margin, 0) + SMALLEST) for margin in (found.margin, found.back_margin))
        margin, back_margin = margins
        ranks = (np.log(HEAD + rows) for rows in (found.rows, found.target))
        columns = (found.score, margin, np.log(found.way_back), back_margin, *ranks, self._alike(found))
        return np.column_stack(columns).astype(np.float64)

    def _alike(self, found: Entries) -> F64:
        """(n,) similarity of the spellings; 0 where spelling is not in use."""
        spelled = self.forward.spelled
        if spelled is None:
            return np.zeros(len(found))
        similarity = spelled.spelling.similarity
        words = [(self.source.words[i], self.target.words[j]) for i, j in zip(found.rows, found.target, strict=True)]
        words = [pair[::-1] for pair in words] if spelled.backwards else words
        return np.array([similarity([left], [right])[0, 0] for left, right in words], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Odds:
    """A `Logistic` that is asked for nothing beyond `low` and `high` (k,), between which nine tenths of its words lay.

    The most frequent words of a language are like no word of a dictionary's test part: a line drawn on to them would be
    sure of itself for no reason. Nor does it come nearer to 0 or 1 than `doubt`.
    """

    logistic: Logistic
    low: F64
    high: F64
    doubt: float

    def probability(self, features: F64) -> F64:
        """(n,) in (0, 1) for `features` (n, k)."""
        return self.logistic.probability(np.clip(features, self.low, self.high)).clip(self.doubt, 1 - self.doubt)


def direction_of(space: LexiconSpace, source: str, target: str, spelling: SpellingChoice) -> Direction:
    """As `space` translates between the two. Raises InputError `space.no_language`, `api.bad_spelling`."""
    there, back = (space.retrieval(*pair, spelling=spelling) for pair in ((source, target), (target, source)))
    return Direction(space.vectors(source), space.vectors(target), there, back)


def calibrate(
    space: LexiconSpace,
    asked: Direction,
    known: Dictionaries,
    train: Dictionaries,
    *,
    spelling: SpellingChoice,
    round_trip: bool,
) -> tuple[Odds | None, Calibration]:
    """The model of the probabilities of `asked`, None where too few words are known; and what it rests on.

    Held-out words (`known` without those of `train`) come before words of `train`, and the pair's own dictionary before
    those of other languages, which are asked both ways round and by the same kind of scores. `round_trip`: judge, as the
    lexicon will, only entries that come back.
    """
    source, target = asked.source.lang, asked.target.lang
    counts: list[str] = []
    for part, right, wrong in (("test", known, train), ("train", train, ())):
        own = _Known.of(asked, right, wrong, round_trip)
        if len(own) >= ENOUGH:
            return _fitted(own, f"{source}-{target}", part)
        pool, used = own, list[str]()
        for a, b in islice(_pairs_known(space, right, source, target), POOLED):
            two = [_like(space, asked, *sides, spelling) for sides in ((a, b), (b, a))]
            more = [_Known.of(way, right, wrong, round_trip) for way in two if way is not None]
            if any(len(one) for one in more):
                pool, used = pool.and_of(more), [*used, f"{a}-{b}"]
        if len(pool) >= ENOUGH:
            own_words = f"{len(own)} {PARTS[part]} words of"
            missing = own_words if _gold([*known, *train], asked) else "no dictionary"
            return _fitted(pool, f"{', '.join(used)} ({missing} {source}-{target})", part)
        counts.append(f"{len(pool)} {PARTS[part]} words")
    few = f"no probability: {' and '.join(counts)} with a known translation have an entry"
    return None, Calibration(note=f"{few}; at least {ENOUGH} are needed")


def calibration_error(probability: F64, right: Bools) -> float:
    """Mean |probability − share that is right| over ten bins of equal width, weighted by size; 0 for no entries.

    `probability` (n,) in [0, 1], `right` (n,). Raises InputError `api.bad_vector`.

    >>> calibration_error(np.array([0.25, 0.25, 0.75, 0.75]), np.array([False, True, True, True]))
    0.25
    """
    if isinstance(right, np.ndarray) and right.dtype == np.bool_:
        right = right.astype(np.int64)
    chance, share = numbers(probability, "probability"), numbers(right, "right")
    if chance.shape != share.shape or chance.ndim != 1 or not ((chance >= 0) & (chance <= 1)).all():
        raise InputError(
            "api.bad_vector", f"shapes {chance.shape} and {share.shape}; as many probabilities as outcomes"
        )
    if not len(chance):
        return 0.0
    within = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
    off = np.bincount(within, chance, BINS) - np.bincount(within, share, BINS)
    return float(np.abs(off).sum() / len(chance))


@dataclass(frozen=True, eq=False)
class _Known:
    """Entries whose answer is known: `features` (n, k), `right` (n,), and the `word` (n,) of each as a number."""

    features: F64
    right: Bools
    word: I64

    def __len__(self) -> int:
        return len(self.right)

    @staticmethod
    def of(way: Direction, right: Dictionaries, wrong: Dictionaries, round_trip: bool) -> "_Known":
        """The words of the dictionaries `right` that are not in `wrong`, as they come out `way`."""
        gold, seen = _gold(right, way), _gold(wrong, way)
        rows = way.source.rows(word for word in gold if word not in seen)
        rows = np.unique(rows[rows >= 0])
        rows = rows[:: max(1, -(-len(rows) // MOST))]
        found = way.entries(rows)
        found = found.where(found.mutual) if round_trip else found
        lefts = [fold(way.source.words[row], way.source.lang) for row in found.rows]
        listed = [
            fold(way.target.words[best], way.target.lang) in gold.get(left, ())
            for left, best in zip(lefts, found.target, strict=True)
        ]
        words = [zlib.crc32(left.encode("utf-8", "surrogatepass")) for left in lefts]
        return _Known(way.features(found), np.array(listed, dtype=np.bool_), np.array(words, dtype=np.int64))

    def and_of(self, others: list["_Known"]) -> "_Known":
        every = [self, *others]
        return _Known(
            np.concatenate([one.features for one in every]),
            np.concatenate([one.right for one in every]),
            np.concatenate([one.word for one in every]),
        )


def _fitted(known: _Known, calibrated_on: str, part: str) -> tuple[Odds, Calibration]:
    judged = np.empty(len(known))
    fold = np.unique(known.word, return_inverse=True)[1] % FOLDS
    for n in range(min(FOLDS, fold.max() + 1)):
        held = fold == n
        judged[held] = _model(known, ~held).probability(known.features[held])
    brier = float(((judged - known.right) ** 2).mean())
    note = "" if part == "test" else "these words served to fit the alignment: probabilities may be too good"
    about = Calibration(
        calibrated_on, part, len(known), int(known.right.sum()), brier, calibration_error(judged, known.right), note
    )
    return _model(known, np.ones(len(known), dtype=np.bool_)), about


def _model(known: _Known, at: Bools) -> Odds:
    """Fitted to the words `at`, one answer of either kind made up, so that none is ever certain (Platt 1999)."""
    low, high = np.quantile(known.features[at], SEEN, axis=0)
    yes, no = int(known.right[at].sum()), int((~known.right[at]).sum())
    target = np.where(known.right[at], (yes + 1) / (yes + 2), 1 / (no + 2))
    logistic = fit_logistic(known.features[at].clip(low, high), target, signs=SIGNS, ridge=RIDGE)
    return Odds(logistic, low, high, 1 / (yes + no + 2))


def _gold(dictionaries: Dictionaries, way: Direction) -> dict[str, set[str]]:
    """Folded source words to their folded translations, from dictionaries of either direction."""
    source, target = way.source.lang, way.target.lang
    gold: dict[str, set[str]] = {}
    for pairs in dictionaries:
        between = _primary(pairs.source), _primary(pairs.target)
        if between == (_primary(source), _primary(target)):
            both: Iterable[tuple[str, str]] = pairs.pairs
        elif between == (_primary(target), _primary(source)):
            both = (pair[::-1] for pair in pairs.pairs)
        else:
            continue
        for left, right in both:
            gold.setdefault(fold(left, source), set()).add(fold(right, target))
    return gold


def _pairs_known(
    space: LexiconSpace, dictionaries: Dictionaries, source: str, target: str
) -> Iterator[tuple[str, str]]:
    """Pairs of languages of the space that have a dictionary, but for the one asked; those that share a language first."""
    size: dict[frozenset[str], int] = {}
    for pairs in dictionaries:
        between = frozenset((_primary(pairs.source), _primary(pairs.target)))
        size[between] = size.get(between, 0) + len(pairs)
    others = [pair for pair in combinations(space.languages, 2) if {*pair} != {source, target}]
    found = [pair for pair in others if size.get(frozenset(map(_primary, pair)))]
    yield from sorted(found, key=lambda pair: (-len({*pair} & {source, target}), -size[frozenset(map(_primary, pair))]))


def _like(
    space: LexiconSpace, asked: Direction, source: str, target: str, spelling: SpellingChoice
) -> Direction | None:
    """Another pair of languages by the kind of scores that serves `asked`; None where it has no such scores."""
    if asked.kind != (False, False):
        found = direction_of(space, source, target, spelling)
        return found if found.kind == asked.kind else None
    ours, theirs = space.vectors(source), space.vectors(target)
    there = WordRetrieval(ours.matrix, theirs.matrix, space.hubness(source, target))
    back = WordRetrieval(theirs.matrix, ours.matrix, space.hubness(target, source))
    return Direction(ours, theirs, there, back)


def _primary(lang: str) -> str:
    return lang.split("-")[0]
