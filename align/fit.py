"""Vectors of several languages and dictionaries between them to one SharedSpace."""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Literal, get_args

import numpy as np

from align.arguments import expect, listed
from align.assembly import Assembly
from align.dictionary import WordPairs
from align.errors import AlignmentError, InputError, printable
from align.language import canonical_language
from align.space import SharedSpace
from align.vectors import WordVectors

Method = Literal["auto", "procrustes", "refine", "reweight", "self-learning", "unsupervised"]
Progress = Callable[[int, int], None]

FEWEST = 100  # usable pairs from which refinement may start,
FEWEST_LEARNT = 10  # and from which self-learning may; or dim where that is smaller


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

    `method`, for each language towards those that are in the frame already:

    - "procrustes" fits the dictionary alone;
    - "refine" adds, several times over, the CSLS neighbours that the map finds under a re-weighting (`align.whitening`);
    - "reweight" translates between the two languages under that re-weighting too; the rotation stays orthogonal;
    - "self-learning" starts from as few as ten pairs (`align.self_learning`) and goes on as "reweight";
    - "unsupervised" starts from no pair at all (`align.similarity_profile`);
    - "auto" fits the first three on four fifths of the pairs and takes the best mean reciprocal rank on the last fifth
      (the simpler on a tie, see `align.choice`), then fits that on all; self-learning where there are too few pairs.

    Of three languages and more, all pairs of languages are then brought together: those that "procrustes" did not fit are
    searched for pairs of words too, with a dictionary or without, and all rotations are fitted to all of it at once
    (`align.joint`). Languages need no dictionary to the pivot, only a way to it; `pivot` decides the frame and nothing else.

    `progress(done, total)` counts languages, then pairs of languages.

    Raises AlignmentError `align.dim_mismatch`, `align.no_dictionary` (a language no dictionary reaches), `dict.coverage`
    (too few usable pairs: fewer than `min_pairs`, by default dim for "procrustes", min(dim, 10) for "auto" and
    "self-learning", min(dim, 100) otherwise; or less than 1 %), `align.not_aligned` ("auto", "self-learning", "unsupervised": the map would
    be noise); `allow_rank_deficient` forbids the last two. InputError `align.bad_method`, `align.bad_min_pairs`,
    `align.no_languages`, `space.no_language`, `api.bad_type`.

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
    fewest = 1 if allow_rank_deficient else _fewest(method, by_lang[pivot].dim) if min_pairs is None else min_pairs
    between = list(combinations(sorted(by_lang), 2)) if len(by_lang) > 2 else []
    total = len(by_lang) + len(between)

    space = Assembly(by_lang, pivot, pairs)
    while len(space.frames) < len(by_lang):
        space.add_language(method, fewest, unchecked=bool(allow_rank_deficient))
        if progress is not None:
            progress(len(space.frames), total)
    for done, (one, other) in enumerate(between, len(by_lang) + 1):
        space.connect(one, other)
        if progress is not None:
            progress(done, total)
    if between:
        space.turn_together()
    return space.finished()


def _fewest(method: Method, dim: int) -> int:
    if method == "procrustes":
        return dim
    return min(dim, FEWEST_LEARNT if method in ("auto", "self-learning") else FEWEST)


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
