"""Vectors of several languages and dictionaries between them to one SharedSpace."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from align.arguments import expect, listed
from align.dictionary import PairRows, WordPairs
from align.errors import AlignmentError, InputError, printable
from align.language import canonical_language
from align.normalize import Normalization, fit_normalization
from align.procrustes import Rotation, fit_rotation
from align.refine import FREQUENT as CANDIDATES
from align.refine import ROUNDS, refine
from align.space import SharedSpace, rotate
from align.spelling import Spelling, fit_spelling
from align.vectors import F32, I64, WordVectors
from align.whitening import Reweighting
from align.word_retrieval import Bilinear, WordRetrieval, word_hubness

Method = Literal["auto", "procrustes", "refine", "reweight"]
METHODS: tuple[Method, ...] = ("procrustes", "refine", "reweight")  # the simpler first
Progress = Callable[[int, int], None]

HELD_OUT = 0.2  # share of the training dictionary on which `auto` chooses
FREQUENT = 25_000  # words a side that compete while `auto` chooses
JUDGED = 1_000  # held-out words at most, each time
ENOUGH_WORDS, HELD_OUT_TIMES = 400, 3  # words held out in all before `auto` trusts their mean, and times at most
TRIED_ROUNDS = 3  # of refinement while `auto` chooses,
TRIED_WORDS = 5_000  # among so many words: enough to tell the methods apart, in a fifth of the time
FEWEST = 100  # usable pairs from which refinement may start, or dim where that is smaller


def fit(
    vectors: Sequence[WordVectors],
    dictionaries: Iterable[WordPairs],
    *,
    pivot: str | None = None,
    method: Method = "auto",
    min_pairs: int | None = None,
    allow_rank_deficient: bool = False,
    progress: Progress | None = None,
) -> SharedSpace:
    """Map every language onto the frame of `pivot` (default: the first) by one orthogonal rotation each.

    `method`: "procrustes" fits the dictionary alone; "refine" adds, five times over, the CSLS neighbours that the map
    finds; "reweight" does so under a re-weighting (`align.whitening`), which also serves to translate between the two
    languages; the rotation stays orthogonal. "auto" fits all three (with three rounds among 5,000 words) on four fifths
    of each language's pairs, takes the best mean reciprocal rank on the last fifth (the simpler on a tie; up to three
    such splits where a fifth is few words), then fits that on all. A language without a dictionary to the pivot is
    reached over the languages that have one. `progress(done, total)` counts languages.

    Raises AlignmentError `align.dim_mismatch`, `align.no_dictionary` (a language no dictionary reaches), `dict.coverage`
    (too few usable pairs: fewer than `min_pairs`, by default dim for "procrustes", min(dim, 100) otherwise, any number
    with `allow_rank_deficient`); InputError `align.bad_method`, `align.bad_min_pairs`, `align.no_languages`,
    `space.no_language`, `api.bad_type`.

    >>> space = fit([en, fr], [pairs], pivot="en")           # doctest: +SKIP
    >>> space.fits["fr"]["method"]                           # doctest: +SKIP
    'reweight'
    """
    _check(method, min_pairs, allow_rank_deficient, progress)
    vectors, dictionaries = listed(WordVectors, vectors=vectors), listed(WordPairs, dictionaries=dictionaries)
    by_lang = _by_language(vectors)
    pivot = canonical_language(pivot) if pivot is not None else vectors[0].lang
    if pivot not in by_lang:
        raise InputError("space.no_language", f"pivot {pivot} has no vectors; there are {', '.join(by_lang)}")
    pairs = [p for p in dictionaries if p.source in by_lang and p.target in by_lang]
    dim = by_lang[pivot].dim
    fewest = min_pairs if min_pairs is not None else dim if method == "procrustes" else min(dim, FEWEST)
    if allow_rank_deficient:
        fewest = 1

    steps = {lang: fit_normalization(v.matrix) for lang, v in by_lang.items()}
    frames = {pivot: steps[pivot].apply(by_lang[pivot].matrix)}
    rotations = {pivot: Rotation.identity(dim)}
    fits: dict[str, dict[str, Any]] = {pivot: {"method": "pivot"}}
    reweightings: dict[tuple[str, str], Reweighting] = {}
    spellings: dict[tuple[str, str], Spelling] = {}
    while len(frames) < len(by_lang):
        lang, towards = _next_language(by_lang, frames, pairs)
        evidence = [_Evidence(p, p.rows(by_lang[lang], by_lang[p.target]), frames[p.target]) for p in towards]
        if sum(len(e.rows) for e in evidence) < fewest or not any(len(e.rows) for e in evidence):
            towards[0].check_coverage(by_lang[lang], by_lang[towards[0].target], min_pairs=fewest)
        source = steps[lang].apply(by_lang[lang].matrix)
        choice = _choose(source, evidence, by_lang) if method == "auto" else _Choice(method)
        found = _map(source, evidence, choice.method)
        rotations[lang], fits[lang] = found.rotation, _report(found.rotation, evidence, choice)
        if found.reweighting is not None:
            reweightings[lang, towards[0].target] = found.reweighting
        if choice.spelling is not None:
            spellings[lang, towards[0].target] = choice.spelling
        frames[lang] = rotate(source, rotations[lang])
        if progress is not None:
            progress(len(frames), len(by_lang))
    return _space(pivot, by_lang, frames, steps, rotations, fits, pairs, reweightings, spellings)


def _check(method: object, min_pairs: object, allow_rank_deficient: object, progress: object) -> None:
    if not isinstance(method, str) or method not in get_args(Method):
        raise InputError("align.bad_method", f"method {printable(repr(method))}; one of {', '.join(get_args(Method))}")
    if min_pairs is not None and (isinstance(min_pairs, bool) or not isinstance(min_pairs, int) or min_pairs < 0):
        raise InputError("align.bad_min_pairs", f"min_pairs={printable(repr(min_pairs))}; a whole number, or None")
    if progress is not None and not callable(progress):
        raise InputError(
            "api.bad_type", f"progress is of type {type(progress).__name__}; a function of (done, total), or None"
        )
    expect((bool, np.bool_), allow_rank_deficient=allow_rank_deficient)


def _by_language(vectors: list[WordVectors]) -> dict[str, WordVectors]:
    by_lang = {v.lang: v for v in vectors}
    if not by_lang or len(by_lang) != len(vectors):
        raise InputError(
            "align.no_languages", f"{len(vectors)} vectors of {len(by_lang)} languages; one set each is needed"
        )
    if len({v.dim for v in vectors}) > 1:
        found = " ".join(f"{v.lang}={v.dim}" for v in vectors)
        raise AlignmentError("align.dim_mismatch", f"{found}; vectors of one space have one number of dimensions")
    return by_lang


@dataclass(frozen=True, eq=False)
class _Evidence:
    """A dictionary towards a language that is already in the shared frame, and its usable rows there."""

    pairs: WordPairs
    rows: PairRows
    frame: F32


def _next_language(
    by_lang: dict[str, WordVectors], frames: dict[str, F32], pairs: list[WordPairs]
) -> tuple[str, list[WordPairs]]:
    """The language with most pairs towards languages already mapped, and those dictionaries turned that way."""
    towards: dict[str, list[WordPairs]] = {}
    for p in pairs:
        if p.source not in frames and p.target in frames:
            towards.setdefault(p.source, []).append(p)
        elif p.target not in frames and p.source in frames:
            towards.setdefault(p.target, []).append(p.reversed())
    if not towards:
        missing = sorted(set(by_lang) - set(frames))
        raise AlignmentError(
            "align.no_dictionary",
            f"no dictionary leads from {', '.join(missing)} to {', '.join(frames)}; give one between any of them",
        )
    lang = max(towards, key=lambda code: (sum(len(p) for p in towards[code]), code))
    return lang, sorted(towards[lang], key=len, reverse=True)


@dataclass(frozen=True, eq=False)
class _Map:
    """A language's rotation into the shared frame and, from there, the re-weighting towards its largest dictionary."""

    rotation: Rotation
    reweighting: Reweighting | None = None


@dataclass(frozen=True, eq=False)
class _Choice:
    """A method, what every method reached on development words, and what spelling is worth beside the chosen one."""

    method: Method
    tried: dict[str, dict[str, float]] = field(default_factory=dict)
    spelling: Spelling | None = None


def _report(rotation: Rotation, evidence: list[_Evidence], choice: _Choice) -> dict[str, Any]:
    pairs, usable = sum(len(e.pairs) for e in evidence), sum(len(e.rows) for e in evidence)
    return {
        "method": choice.method,
        "towards": [e.pairs.target for e in evidence],
        "pairs": pairs,
        "usable_pairs": usable,
        "coverage": usable / pairs,
        "tried": choice.tried,
        "spelling": choice.spelling.weight if choice.spelling else None,
        **{name: getattr(rotation, name) for name in ("n_pairs", "rank", "residual", "determinant", "underdetermined")},
        "orthogonality_error": rotation.orthogonality_error,
    }


def _map(
    source: F32, evidence: list[_Evidence], method: Method, rounds: int = ROUNDS, frequent: int = CANDIDATES
) -> _Map:
    X = np.concatenate([source[e.rows.source] for e in evidence]).astype(np.float64)
    Y = np.concatenate([e.frame[e.rows.target] for e in evidence]).astype(np.float64)
    weights = np.concatenate([e.rows.weights for e in evidence])
    if method == "procrustes":
        return _Map(fit_rotation(X, Y, weights))
    refined = refine(
        X, Y, weights, source, evidence[0].frame, rounds=rounds, frequent=frequent, reweight=method == "reweight"
    )
    if method == "refine":
        return _Map(refined.rotation)
    turn = refined.rotation.matrix
    return _Map(refined.rotation, Reweighting(turn.T @ refined.reweighting.source, refined.reweighting.target))


@dataclass(frozen=True, eq=False)
class _Trial:
    """Words held out from every dictionary, as rows of the source with their gold rows, and what is left to fit on."""

    rows: I64
    gold: list[I64]
    training: list[_Evidence]


def _choose(source: F32, evidence: list[_Evidence], by_lang: dict[str, WordVectors]) -> _Choice:
    """The method with the best mean reciprocal rank on held-out source words of the largest dictionary.

    A fifth is held out, up to three times where that is few words: one look at 100 words tells no methods apart. Too few
    pairs to determine a map by themselves, or to judge one: the last of METHODS, untried.
    """
    trials: list[_Trial] = []
    while len(trials) < HELD_OUT_TIMES and sum(len(trial.rows) for trial in trials) < ENOUGH_WORDS:
        trial = _hold_out(evidence, by_lang, seed=len(trials))
        if sum(len(e.rows) for e in trial.training) < source.shape[1] or not len(trial.rows):
            return _Choice(METHODS[-1])
        trials.append(trial)
    gold = [rows for trial in trials for rows in trial.gold]
    scores = {method: np.concatenate([_scores(source, trial, method) for trial in trials]) for method in METHODS}
    tried: dict[str, dict[str, float]] = {method: _reached(scores[method], gold) for method in METHODS}
    best = max(METHODS, key=lambda method: tried[method]["mrr"])  # the first of equals is the simpler
    first = evidence[0].pairs
    words = [by_lang[first.source].words[row] for trial in trials for row in trial.rows]
    targets, pairs = by_lang[first.target].words[:FREQUENT], first.without_source_words(words).pairs
    return _Choice(best, tried, fit_spelling(pairs, words, targets, scores[best], gold))


def _hold_out(evidence: list[_Evidence], by_lang: dict[str, WordVectors], seed: int) -> _Trial:
    first = evidence[0].pairs
    held = first.split(HELD_OUT, seed)[1]
    sides = by_lang[first.source], by_lang[first.target]
    pairs = held.rows(*sides)
    near = (pairs.source < FREQUENT) & (pairs.target < FREQUENT)
    rows = np.unique(pairs.source[near])
    rows = rows[:: max(1, -(-len(rows) // JUDGED))]
    training = []
    for e in evidence:
        rest = e.pairs.without_source_words(held.gold())
        training.append(replace(e, pairs=rest, rows=rest.rows(sides[0], by_lang[rest.target])))
    return _Trial(rows, [pairs.target[near & (pairs.source == row)] for row in rows], training)


def _scores(source: F32, trial: _Trial, method: Method) -> F32:
    """Scores (n, m) of the trial's words against the frequent words of the target."""
    target = trial.training[0].frame[:FREQUENT]
    found = _map(source, trial.training, method, TRIED_ROUNDS, TRIED_WORDS)
    mapped = rotate(source[:FREQUENT], found.rotation)
    bilinear = Bilinear.of(found.reweighting, target) if found.reweighting else None
    hubness = word_hubness(mapped[:TRIED_WORDS], target, found.reweighting)
    return WordRetrieval(mapped, target, hubness, bilinear).scores(trial.rows)


def _reached(scores: F32, gold: list[I64]) -> dict[str, float]:
    """Mean reciprocal rank and P@1 of the best gold target of every row; ties count against it."""
    best = [score[rows].max() for score, rows in zip(scores, gold, strict=True)]
    no_less = [int((score >= top).sum()) for score, top in zip(scores, best, strict=True)]
    own = [int((score[rows] >= top).sum()) for score, rows, top in zip(scores, gold, best, strict=True)]
    ranks = 1 + np.array(no_less) - np.array(own)
    return {"mrr": float((1 / ranks).mean()), "precision_at_1": float((ranks == 1).mean())}


def _space(
    pivot: str,
    by_lang: dict[str, WordVectors],
    frames: dict[str, F32],
    steps: dict[str, Normalization],
    rotations: dict[str, Rotation],
    fits: dict[str, dict[str, Any]],
    pairs: list[WordPairs],
    reweightings: dict[tuple[str, str], Reweighting],
    spellings: dict[tuple[str, str], Spelling],
) -> SharedSpace:
    prints = {f"vectors:{lang}": v.fingerprint for lang, v in by_lang.items()}
    for number, p in enumerate(pairs):
        prints[f"dictionary:{number}:{p.source}-{p.target}"] = p.fingerprint
    mapped = {lang: replace(v, matrix=frames[lang], subwords=None) for lang, v in by_lang.items()}
    return SharedSpace(
        pivot, mapped, {lang: steps[lang] for lang in by_lang}, {lang: rotations[lang] for lang in by_lang},
        {lang: fits[lang] for lang in by_lang}, prints, reweightings=reweightings, spellings=spellings,
    )  # fmt: skip
