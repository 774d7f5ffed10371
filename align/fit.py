"""Vectors of several languages and dictionaries between them to one SharedSpace."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from align.arguments import expect, listed
from align.dictionary import PairRows, WordPairs
from align.errors import AlignmentError, InputError, printable
from align.evaluate import gold_ranks
from align.language import canonical_language
from align.normalize import Normalization, fit_normalization
from align.procrustes import Rotation, fit_rotation
from align.refine import ROUNDS, refine
from align.space import SharedSpace, rotate
from align.spelling import Spelling, fit_spelling
from align.vectors import F32, WordVectors
from align.whitening import Reweighting
from align.word_retrieval import Bilinear, WordRetrieval, word_hubness

Method = Literal["auto", "procrustes", "refine", "reweight"]
METHODS: tuple[Method, ...] = ("procrustes", "refine", "reweight")  # the simpler first
Progress = Callable[[int, int], None]

HELD_OUT = 0.2  # share of the training dictionary on which `auto` chooses
FREQUENT = 25_000  # words a side that compete while `auto` chooses
SPELLED = 1_000  # held-out words at most on which the weight of spelling is fitted
TRIED_ROUNDS = 3  # of refinement while `auto` chooses: nearly all of its gain comes with these
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
    languages; the rotation stays orthogonal. "auto" fits all three (with three rounds) on four fifths of each language's
    pairs, takes the best mean reciprocal rank on the last fifth (the simpler on a tie), then fits that on all. A language
    without a dictionary to the pivot is reached over the languages that have one. `progress(done, total)` counts
    languages.

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


def _map(source: F32, evidence: list[_Evidence], method: Method, rounds: int = ROUNDS) -> _Map:
    X = np.concatenate([source[e.rows.source] for e in evidence]).astype(np.float64)
    Y = np.concatenate([e.frame[e.rows.target] for e in evidence]).astype(np.float64)
    weights = np.concatenate([e.rows.weights for e in evidence])
    if method == "procrustes":
        return _Map(fit_rotation(X, Y, weights))
    refined = refine(X, Y, weights, source, evidence[0].frame, rounds=rounds, reweight=method == "reweight")
    if method == "refine":
        return _Map(refined.rotation)
    turn = refined.rotation.matrix
    return _Map(refined.rotation, Reweighting(turn.T @ refined.reweighting.source, refined.reweighting.target))


def _choose(source: F32, evidence: list[_Evidence], by_lang: dict[str, WordVectors]) -> _Choice:
    """The method with the best mean reciprocal rank on held-out source words of the largest dictionary.

    The words held out are taken from every dictionary. Too few pairs to determine a map by themselves, or to judge one:
    the last of METHODS, untried.
    """
    first = evidence[0].pairs
    held = first.split(HELD_OUT)[1]
    sides = by_lang[first.source], by_lang[first.target]
    gold = held.rows(*sides)
    near = (gold.source < FREQUENT) & (gold.target < FREQUENT)
    training = []
    for e in evidence:
        rest = e.pairs.without_source_words(held.gold())
        training.append(replace(e, pairs=rest, rows=rest.rows(sides[0], by_lang[rest.target])))
    if sum(len(e.rows) for e in training) < source.shape[1] or not near.any():
        return _Choice(METHODS[-1])
    target = evidence[0].frame[:FREQUENT]
    tried: dict[str, dict[str, float]] = {}
    by: dict[str, WordRetrieval] = {}
    for method in METHODS:
        found = _map(source, training, method, TRIED_ROUNDS)
        mapped = rotate(source[:FREQUENT], found.rotation)
        bilinear = Bilinear.of(found.reweighting, target) if found.reweighting else None
        by[method] = WordRetrieval(mapped, target, word_hubness(mapped, target, found.reweighting), bilinear)
        ranks = gold_ranks(by[method].scores, gold.source[near], gold.target[near], len(target))
        tried[method] = {"mrr": float((1 / ranks).mean()), "precision_at_1": float((ranks == 1).mean())}
    best = max(METHODS, key=lambda method: tried[method]["mrr"])  # the first of equals is the simpler
    rows = np.unique(gold.source[near])
    rows = rows[:: -(-len(rows) // SPELLED)]
    spelling = fit_spelling(
        training[0].pairs.pairs, [sides[0].words[row] for row in rows], sides[1].words[:FREQUENT], by[best].scores(rows),
        [gold.target[near & (gold.source == row)] for row in rows],
    )  # fmt: skip
    return _Choice(best, tried, spelling)


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
