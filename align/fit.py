"""Vectors of several languages and dictionaries between them to one SharedSpace."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from align.dictionary import WordPairs
from align.errors import AlignmentError, InputError, printable
from align.evaluate import translation_ranks
from align.language import canonical_language
from align.normalize import Normalization, fit_normalization
from align.procrustes import Rotation, fit_rotation
from align.refine import refine
from align.retrieval import neighbourhood
from align.space import SharedSpace, rotate
from align.vectors import F32, F64, WordVectors

Method = Literal["auto", "procrustes", "refine"]
Progress = Callable[[int, int], None]

HELD_OUT = 0.2  # share of the training dictionary on which `auto` chooses
FREQUENT = 25_000  # words a side that compete while `auto` chooses
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

    `method`: "procrustes" fits the dictionary alone; "refine" adds, five times over, the mutual CSLS neighbours the map
    finds; "auto" fits both on four fifths of each language's pairs, takes the better P@1 on the last fifth (the simpler
    on a tie), then fits that on all. A language without a dictionary to the pivot is reached over the languages that have
    one. `progress(done, total)` counts languages.

    Raises AlignmentError `align.dim_mismatch`, `align.no_dictionary` (a language no dictionary reaches), `dict.coverage`
    (too few usable pairs: fewer than `min_pairs`, by default dim for "procrustes", min(dim, 100) otherwise, any number
    with `allow_rank_deficient`); InputError `align.bad_method`, `align.no_languages`, `space.no_language`.

    >>> space = fit([en, fr], [pairs], pivot="en")           # doctest: +SKIP
    >>> space.fits["fr"]["method"]                           # doctest: +SKIP
    'refine'
    """
    if method not in get_args(Method):
        raise InputError("align.bad_method", f"method {printable(repr(method))}; one of {', '.join(get_args(Method))}")
    by_lang = {v.lang: v for v in vectors}
    if not by_lang or len(by_lang) != len(vectors):
        raise InputError("align.no_languages", f"{len(vectors)} vectors of {len(by_lang)} languages; one set each is needed")
    dims = {v.lang: v.dim for v in vectors}
    if len(set(dims.values())) > 1:
        listed = " ".join(f"{lang}={dim}" for lang, dim in dims.items())
        raise AlignmentError("align.dim_mismatch", f"{listed}; vectors of one space have one number of dimensions")
    pivot = canonical_language(pivot) if pivot is not None else vectors[0].lang
    if pivot not in by_lang:
        raise InputError("space.no_language", f"pivot {pivot} has no vectors; there are {', '.join(by_lang)}")
    pairs = [p for p in dictionaries if p.source in by_lang and p.target in by_lang]
    dim = dims[pivot]
    fewest = min_pairs if min_pairs is not None else dim if method == "procrustes" else min(dim, FEWEST)
    if allow_rank_deficient:
        fewest = 1

    steps = {lang: fit_normalization(v.matrix) for lang, v in by_lang.items()}
    frames = {pivot: steps[pivot].apply(by_lang[pivot].matrix)}
    rotations = {pivot: Rotation.identity(dim)}
    fits: dict[str, dict[str, Any]] = {pivot: {"method": "pivot"}}
    while len(frames) < len(by_lang):
        lang, towards = _next_language(by_lang, frames, pairs)
        evidence = [_Evidence.of(p, by_lang, frames, fewest) for p in towards]
        source = steps[lang].apply(by_lang[lang].matrix)
        rotations[lang], fits[lang] = _fit_language(source, evidence, method)
        frames[lang] = rotate(source, rotations[lang])
        if progress is not None:
            progress(len(frames), len(by_lang))
    return _space(pivot, by_lang, frames, steps, rotations, fits, pairs)


@dataclass(frozen=True, eq=False)
class _Evidence:
    """One dictionary towards a language that is already in the shared frame."""

    pairs: WordPairs
    vectors: WordVectors
    anchor: WordVectors
    frame: F32
    fewest: int

    @staticmethod
    def of(pairs: WordPairs, by_lang: dict[str, WordVectors], frames: dict[str, F32], fewest: int) -> "_Evidence":
        return _Evidence(pairs, by_lang[pairs.source], by_lang[pairs.target], frames[pairs.target], fewest)

    def rows(self, source: F32) -> tuple[F64, F64, F64]:
        found = self.pairs.check_coverage(self.vectors, self.anchor, min_pairs=self.fewest)
        X, Y = source[found.source].astype(np.float64), self.frame[found.target].astype(np.float64)
        return X, Y, found.weights


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


def _fit_language(source: F32, evidence: list[_Evidence], method: Method) -> tuple[Rotation, dict[str, Any]]:
    tried: dict[str, float] = {}
    usable = [e.pairs.rows(e.vectors, e.anchor) for e in evidence]
    if method == "auto":
        method, tried = _choose(source, evidence)
    rotation = _rotation(source, evidence, method)
    report = {
        "method": method,
        "towards": [e.pairs.target for e in evidence],
        "pairs": sum(len(e.pairs) for e in evidence),
        "usable_pairs": sum(len(u.source) for u in usable),
        "coverage": sum(len(u.source) for u in usable) / sum(len(e.pairs) for e in evidence),
        "tried": tried,
        **{name: getattr(rotation, name) for name in ("n_pairs", "rank", "residual", "determinant", "underdetermined")},
        "orthogonality_error": rotation.orthogonality_error,
    }
    return rotation, report


def _rotation(source: F32, evidence: list[_Evidence], method: Method) -> Rotation:
    sides = [e.rows(source) for e in evidence]
    X, Y, weights = (np.concatenate([s[i] for s in sides]) for i in range(3))
    if method == "procrustes":
        return fit_rotation(X, Y, weights)
    return refine(X, Y, weights, source, evidence[0].frame)


def _choose(source: F32, evidence: list[_Evidence]) -> tuple[Method, dict[str, float]]:
    """The method with the better P@1 on held-out source words of the largest dictionary."""
    rest, held = evidence[0].pairs.split(HELD_OUT)
    gold = held.rows(evidence[0].vectors, evidence[0].anchor)
    shown = rest.rows(evidence[0].vectors, evidence[0].anchor)
    near = (gold.source < FREQUENT) & (gold.target < FREQUENT)
    dim = source.shape[1]
    if len(shown.source) < dim or not near.any():
        return "refine", {}  # too few pairs to determine a map by themselves, or to judge one
    training = [replace(evidence[0], pairs=rest, fewest=1), *evidence[1:]]
    target = evidence[0].frame[:FREQUENT]
    scores: dict[str, float] = {}
    best: Method = "procrustes"
    for method in ("procrustes", "refine"):
        mapped = rotate(source[:FREQUENT], _rotation(source, training, method))
        hubness = neighbourhood(target, mapped)
        ranks = translation_ranks(mapped, target, hubness, gold.source[near], gold.target[near])
        scores[method] = float((ranks == 1).mean())
        if scores[method] > scores[best]:
            best = method
    return best, scores


def _space(
    pivot: str,
    by_lang: dict[str, WordVectors],
    frames: dict[str, F32],
    steps: dict[str, Normalization],
    rotations: dict[str, Rotation],
    fits: dict[str, dict[str, Any]],
    pairs: list[WordPairs],
) -> SharedSpace:
    prints = {f"vectors:{lang}": v.fingerprint for lang, v in by_lang.items()}
    for number, p in enumerate(pairs):
        prints[f"dictionary:{number}:{p.source}-{p.target}"] = p.fingerprint
    mapped = {lang: replace(v, matrix=frames[lang], subwords=None) for lang, v in by_lang.items()}
    return SharedSpace(
        pivot, mapped, {lang: steps[lang] for lang in by_lang}, {lang: rotations[lang] for lang in by_lang},
        {lang: fits[lang] for lang in by_lang}, prints,
    )  # fmt: skip
