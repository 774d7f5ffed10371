"""Words nearest to a word, or to a sum of words, of one language or of several: the space is shared, so they mix."""

from collections.abc import Callable, Iterable, Sequence
from typing import get_args

import numpy as np
import polars as pl

from align.analogies import EPSILON, Method
from align.arguments import expect, listed, numbers, rows_of
from align.errors import AlignmentError, InputError, printable
from align.normalize import unit_rows
from align.retrieval import check_k, top_k
from align.unseen_words import row_and_vector
from align.vectors import F32, F64, WordVectors
from align.word_expression import Term

CANCELLED = 1e-6  # length of a sum of unit vectors in float32 that says nothing

_SCHEMA = {"rank": pl.Int64, "lang": pl.String, "word": pl.String, "score": pl.Float64}


def word_algebra(
    terms: Sequence[Term],
    vectors: Callable[[str], WordVectors],
    into: Iterable[str],
    k: int = 10,
    *,
    method: Method = "add",
) -> pl.DataFrame:
    """The k words of the languages `into` nearest to a sum of words: king − man + woman, fr:roi − fr:homme + en:woman.

    `vectors`: those of a language in one space, `SharedSpace.vectors` or `Warehouse.words`. Columns rank (from 1), lang, word,
    score. `add`: score is the cosine of the word with the sum of the unit vectors; the order is that of 3CosAdd, whose
    score is this cosine times the length of the sum. `mul`: 3CosMul, the product of the cosines, moved to [0, 1], with the
    words added, over that with the words taken away, each plus 0.001. The words of the sum are no answers in their own
    language; with n-grams, they may be words that no text held. Equal scores stand in the order of `into`, then of frequency. One term asks for the nearest words.

    Sources: Mikolov et al. 2013; Levy and Goldberg 2014; `evaluate_analogies` judges the same scores on lists of questions.
    Raises UnknownWordError `space.unknown_word`; InputError `words.no_direction` where the words cancel out,
    `words.no_words`, `words.bad_method`, `space.no_language`, `api.bad_k`, `api.bad_type`; AlignmentError `align.dim_mismatch`.

    >>> words = WordVectors("en", ["man", "woman", "king", "queen"], np.array([[1, 0], [1, 1], [3, 0], [3, 3]], "f4"))
    >>> terms = Term("king", "en"), Term("man", "en", -1), Term("woman", "en")
    >>> word_algebra(terms, {"en": words}.__getitem__, ["en"], k=1).row(0)
    (1, 'en', 'queen', 1.0)
    """
    _check_method(method)
    k, terms = check_k(k), listed(Term, terms=terms)
    if not terms:
        raise InputError("words.no_words", "no words to add; give some")
    asked = [(term, vectors_of(vectors, term.lang)) for term in terms]
    sides = {side.lang: side for side in (vectors_of(vectors, lang) for lang in listed(str, into=into))}
    check_one_space([side for _, side in asked] + list(sides.values()))
    rows, each = zip(*(row_and_vector(term.word, side) for term, side in asked), strict=True)
    parts = np.vstack(each)
    signs = np.array([term.sign for term in terms])
    scored = []
    for lang, side in sides.items():
        score = offset_scores(parts, signs, side.matrix, method)
        score[[row for row, (_, of) in zip(rows, asked, strict=True) if of.lang == lang and row >= 0]] = -np.inf
        scored.append((side, score))
    return best_words(scored, k)


def offset_scores(parts: F32, signs: Sequence[int] | F64, targets: F32, method: Method = "add") -> F32:
    """(m,) scores of `targets` (m, dim), rows of any length, as in `word_algebra`, for unit `parts` (n, dim), `signs` (n,).

    Raises InputError `words.no_direction`, `words.bad_method`, `api.bad_vector`; AlignmentError `align.no_signal`,
    `align.nonfinite`.

    >>> offset_scores(np.eye(2, dtype="f4"), [1, -1], np.array([[3, -3], [0, 2]], "f4"))
    array([ 1.        , -0.70710677], dtype=float32)
    """
    _check_method(method)
    targets = rows_of(targets, "targets")
    parts = rows_of(parts, "parts", targets.shape[1])
    if numbers(signs, "signs").shape != (len(parts),):
        raise InputError("api.bad_vector", f"signs {np.shape(signs)} for {len(parts)} words; one each is needed")
    with np.errstate(over="ignore", under="ignore"):  # told below
        lengths = np.sqrt(np.einsum("ij,ij->i", targets, targets, dtype=np.float64)).astype(np.float32)
    if not ((lengths > 0) & (lengths < np.inf)).all():
        raise InputError("api.bad_vector", "a target is zero or not finite, and has no direction; leave it out")
    if method == "add":
        whole = np.asarray(signs, dtype=np.float64) @ parts
        if np.linalg.norm(whole) < CANCELLED:
            raise InputError("words.no_direction", "the words cancel out; leave out what is added and taken away")
        return np.asarray(targets @ unit_rows(whole[None].astype(np.float32))[0] / lengths, dtype=np.float32)
    scores = np.ones(len(targets), dtype=np.float32)
    for part, sign in zip(parts, signs, strict=True):
        moved = np.maximum((targets @ part / lengths + 1) / 2, 0)  # a cosine of −1 may be a hair below it
        if sign > 0:
            scores *= moved
        else:
            scores /= moved + np.float32(EPSILON)
    return scores


def best_words(scored: Iterable[tuple[WordVectors, F32]], k: int) -> pl.DataFrame:
    """The k best of all words, each of `scored` a language with the scores (m,) of its words; −inf is no answer.

    Columns and order of equals as in `word_algebra`. Raises InputError `api.bad_k`, `api.bad_vector`, `api.bad_type`.
    """
    k, found = check_k(k), []
    for order, side in enumerate(listed(tuple, scored=scored)):
        if len(side) != 2:
            raise InputError("api.bad_type", f"scored holds a tuple of {len(side)}; give (vectors, scores) each")
        vectors, scores = side
        expect(WordVectors, vectors=vectors)
        if numbers(scores, "scores").shape != (len(vectors),):
            raise InputError("api.bad_vector", f"scores {scores.shape} for {len(vectors)} words; one each is needed")
        best = top_k(scores[None], k)
        pairs = zip(best.rows[0].tolist(), best.scores[0].tolist(), strict=True)
        found += [(-score, order, row, vectors.lang, vectors.words[row]) for row, score in pairs if score > -np.inf]
    rows = [(rank, lang, word, -score) for rank, (score, _, _, lang, word) in enumerate(sorted(found)[:k], 1)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def vectors_of(vectors: Callable[[str], WordVectors], lang: str) -> WordVectors:
    """What `vectors` gives for `lang`. Raises InputError `api.bad_type` where that is no WordVectors, and as `vectors`."""
    if not callable(vectors):
        raise InputError("api.bad_type", f"vectors is a {type(vectors).__name__}; give what gives those of a language")
    found = vectors(lang)
    if not isinstance(found, WordVectors):
        raise InputError(
            "api.bad_type", f"vectors gives a {type(found).__name__} for {printable(lang)}; no WordVectors"
        )
    return found


def check_one_space(sides: Iterable[WordVectors]) -> None:
    """Raises AlignmentError `align.dim_mismatch` where `sides` have several numbers of dimensions; InputError `api.bad_type`."""
    dims = {side.lang: side.dim for side in listed(WordVectors, sides=sides)}
    if len(set(dims.values())) > 1:
        told = ", ".join(f"{dim} of {lang}" for lang, dim in dims.items())
        raise AlignmentError("align.dim_mismatch", f"dimensions are {told}; give vectors of one space")


def _check_method(method: object) -> None:
    if not isinstance(method, str) or method not in get_args(Method):
        raise InputError("words.bad_method", f"method is {printable(repr(method))}; give 'add' or 'mul'")
