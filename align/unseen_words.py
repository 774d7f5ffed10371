"""Vectors and translations of single words, of those too that have no row in a vocabulary."""

from dataclasses import replace

import numpy as np
import polars as pl

from align.arguments import expect
from align.errors import UnknownWordError, printable
from align.near_spellings import word_row
from align.normalize import unit_rows
from align.retrieval import check_k
from align.tokens import fold
from align.vectors import F32, WordVectors
from align.word_retrieval import WordRetrieval


def word_vector(word: str, vectors: WordVectors) -> F32:
    """Unit vector (dim,) of any word by mapped `vectors`: its own; that of the word it is with other accents; by its n-grams,
    where `vectors` have them; of the words it is composed of, their mean.

    Raises UnknownWordError `space.unknown_word` where there is none of these; InputError `api.bad_text`, `api.bad_type`.

    >>> word_vector("unseeable", space.vectors("en")).shape       # doctest: +SKIP
    (300,)
    """
    expect(WordVectors, vectors=vectors)
    row = vectors.row(word)
    if row >= 0:
        return np.array(vectors.matrix[row])
    found = vectors.known.resolve(fold(word, vectors.lang))
    if found.route != "variant" and vectors.ngrams is not None:
        unseen = vectors.ngrams.vector(word)
        if unseen is not None:
            return unseen
    mean = np.array(found.shares) @ vectors.matrix[list(found.rows)] if found.rows else np.zeros(vectors.dim)
    if not mean.any():
        raise UnknownWordError(
            "space.unknown_word", f"{printable(repr(word))} has no vector in {vectors.lang}; check its spelling"
        )
    return np.asarray(unit_rows(mean[None].astype(np.float32))[0])


def row_and_vector(word: str, vectors: WordVectors) -> tuple[int, F32]:
    """Row of a word and its unit vector (dim,); with n-grams, of a word that has no row, −1 and its `word_vector`.

    Raises as `align.near_spellings.word_row`.
    """
    expect(WordVectors, vectors=vectors)
    if vectors.ngrams is not None and vectors.row(word) < 0:
        try:
            return -1, word_vector(word, vectors)
        except UnknownWordError:
            pass  # told by word_row, with what is written like it
    row = word_row(word, vectors)
    return row, np.asarray(unit_rows(vectors.matrix[[row]])[0])


def translate_word(word: str, source: WordVectors, target: WordVectors, by: WordRetrieval, k: int) -> pl.DataFrame:
    """The k best words of `target` by how `source` finds them: columns rank (from 1), word, score.

    With n-grams of `source`, a word that no text held is found by `word_vector`. Raises UnknownWordError
    `space.unknown_word`; InputError `api.bad_k`, `api.bad_type`.
    """
    expect(WordVectors, source=source, target=target)
    expect(WordRetrieval, by=by)
    k = check_k(k)
    row = source.row(word) if isinstance(word, str) else -1
    if row < 0 and (source.ngrams is None or not isinstance(word, str)):
        raise UnknownWordError(
            "space.unknown_word", f"{printable(repr(word))} has no vector in {source.lang}; check its spelling"
        )
    if row < 0:  # a word of its own, written as it is
        row, spelled = 0, by.spelled and replace(by.spelled, source_words=[word])
        by = replace(by, source=word_vector(word, source)[None], spelled=spelled)
    found = by.best(np.array([row]), k)
    words = [target.words[i] for i in found.rows[0]]
    return pl.DataFrame({"rank": np.arange(1, len(words) + 1), "word": words, "score": found.scores[0]})
