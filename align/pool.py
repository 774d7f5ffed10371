"""Texts to unit vectors: a weighted mean of word vectors, centred per language.

What is fitted (word weights and one mean per language) is frozen in a Pooler and replayed on every later text, so a
query and an old document get the same treatment, and a text the same vector whatever is pooled beside it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from align.arguments import expect, listed
from align.errors import InputError, printable
from align.language import canonical_language
from align.normalize import unit_rows
from align.space import SharedSpace
from align.tokens import tokenize
from align.vectors import F32, F64, I64, WordVectors

Weighting = Literal["sif", "idf", "uniform"]

SIF_A = 1e-2  # best on sentences, and on manual pages after refinement (benchmarks/README.md)
FEWEST_DOCUMENTS = 20  # below this a language is centred on what its word frequencies lead one to expect
SHORTEST = 1e-9  # a pooled text nearer than this to its language's centre has no direction
BATCH = 4096


@dataclass(frozen=True, eq=False)
class Pooled:
    """`vectors` (n, dim) float32: unit rows, or zero where the text has no vector (see `known`).

    `tokens` (n,) int64 counts all tokens, `known_tokens` (n,) those with a word vector.
    """

    vectors: F32
    tokens: I64
    known_tokens: I64

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the text has a vector."""
        return np.asarray(self.vectors.any(axis=1))

    def reasons(self) -> list[str | None]:
        """Why each text has no vector, or None where it has one.

        `no_tokens`, `no_known_token`, or `no_direction` where the words cancel out.
        """
        return [
            None if known else "no_direction" if n_known else "no_known_token" if tokens else "no_tokens"
            for known, n_known, tokens in zip(self.known, self.known_tokens, self.tokens, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class PoolingState:
    """What was fitted for one language: `weights` (n_words,) and `mean` (dim,) float64, from how many `documents`.

    `centre` says where the mean is from: "documents", or "word frequencies" where there were too few of them.
    """

    weights: F64
    mean: F64
    documents: int
    centre: str


@dataclass(frozen=True, eq=False)
class Pooler:
    """Pools texts of any language of its space. Made by `fit_pooler`; nothing in it changes afterwards."""

    space_id: str
    weighting: Weighting
    a: float
    vectors: Mapping[str, WordVectors] = field(repr=False)
    states: Mapping[str, PoolingState] = field(repr=False)

    def pool(self, texts: Sequence[str], lang: str) -> np.ma.MaskedArray[tuple[int, int], np.dtype[np.float32]]:
        """(n, dim) float32 masked array: unit rows; the rows of texts without a known word are masked.

        Raises InputError `space.no_language`, `api.bad_text`.

        >>> pooler.pool(["the white house", "qqqq"], lang="en").mask[:, 0]     # doctest: +SKIP
        array([False,  True])
        """
        pooled = self.pool_counted(texts, lang)
        mask = np.repeat(~pooled.known[:, None], pooled.vectors.shape[1], axis=1)
        return np.ma.MaskedArray(pooled.vectors, mask=mask)

    def pool_counted(self, texts: Sequence[str], lang: str) -> Pooled:
        """As `pool`, as plain arrays together with the numbers of tokens and of known tokens."""
        vectors, state = self.of(lang)
        means, tokens, known = _weighted_means(listed(str, "api.bad_text", texts=texts), vectors, state.weights)
        out = np.zeros(means.shape, dtype=np.float32)
        centred = means - state.mean
        has = (known > 0) & (np.einsum("ij,ij->i", centred, centred) > SHORTEST**2)
        if has.any():
            out[has] = unit_rows(centred[has])
        return Pooled(out, tokens, known)

    def token_weights(self, text: str, lang: str) -> tuple[list[str], I64, F64]:
        """Distinct known words of `text`, their rows (m,) and their shares (m,) of the mean, summing to 1."""
        vectors, state = self.of(lang)
        counts = Counter(row for row in map(vectors.row, tokenize(text, vectors.lang)) if row >= 0)
        rows = np.fromiter(counts, dtype=np.int64)
        shares = state.weights[rows] * np.fromiter(counts.values(), dtype=np.float64)
        return [vectors.words[row] for row in rows], rows, shares / shares.sum() if len(rows) else shares

    def of(self, lang: str) -> tuple[WordVectors, PoolingState]:
        """Vectors and state of `lang`. Raises InputError `space.no_language`."""
        code = canonical_language(lang)
        if code not in self.states:
            raise InputError("space.no_language", f"no {code} in this space; it holds {', '.join(self.states)}")
        return self.vectors[code], self.states[code]


def fit_pooler(
    space: SharedSpace,
    texts: Mapping[str, Sequence[str]],
    *,
    weighting: Weighting = "sif",
    a: float = SIF_A,
    centre: bool = True,
) -> Pooler:
    """A Pooler for every language of `space`, its means fitted on `texts` (language → documents).

    `weighting`: "sif" a / (a + p(word)), Arora et al. 2017, p from the language's own counts or by Zipf's law from rank;
    "idf" ln((1 + N) / (1 + df)) + 1 over the documents; "uniform". `centre` takes from every pooled vector the mean of
    the language's documents: languages differ by a constant that hides the topic. A language with fewer than 20
    documents that hold a known word is centred on the mean its word frequencies lead one to expect.

    Raises InputError `pool.bad_value`, `space.no_language`, `api.bad_text`, `api.bad_type`.
    """
    expect(SharedSpace, space=space)
    expect((bool, np.bool_), centre=centre)
    expect(Mapping, texts=texts)
    if not isinstance(weighting, str) or weighting not in get_args(Weighting):
        raise InputError(
            "pool.bad_value", f"weighting {printable(repr(weighting))}; one of {', '.join(get_args(Weighting))}"
        )
    if isinstance(a, bool) or not isinstance(a, int | float) or not 1e-12 <= a <= 1e12:
        raise InputError("pool.bad_value", f"a={printable(repr(a))}; a number from 1e-12 to 1e12, such as 0.01")
    given = {
        space.vectors(lang).lang: listed(str, "api.bad_text", texts=documents) for lang, documents in texts.items()
    }
    if len(given) != len(texts):
        raise InputError(
            "pool.bad_value", f"{len(texts)} lists of texts for {len(given)} languages; give one list each"
        )
    states = {}
    for lang in space.languages:
        documents = given.get(lang, [])
        vectors = space.vectors(lang)
        weights = _word_weights(vectors, documents, weighting, a)
        mean, source = np.zeros(space.dim), "none"
        if centre and len(documents) >= FEWEST_DOCUMENTS:
            means, _, known = _weighted_means(documents, vectors, weights)
            if (known > 0).sum() >= FEWEST_DOCUMENTS:
                mean, source = means[known > 0].mean(axis=0), "documents"
        if centre and source == "none":
            shares = vectors.probabilities() * weights
            mean, source = (shares / shares.sum()) @ vectors.matrix.astype(np.float64), "word frequencies"
        states[lang] = PoolingState(weights, mean, len(documents), source)
    return Pooler(space.space_id, weighting, float(a), {lang: space.vectors(lang) for lang in states}, states)


def _word_weights(vectors: WordVectors, documents: Sequence[str], weighting: Weighting, a: float) -> F64:
    if weighting == "sif":
        return np.asarray(a / (a + vectors.probabilities()), dtype=np.float64)
    weights = np.ones(len(vectors))
    if weighting == "idf":
        seen = np.zeros(len(vectors))
        for text in documents:
            rows = {vectors.row(token) for token in tokenize(text, vectors.lang)} - {-1}
            seen[list(rows)] += 1
        weights = np.log((1 + len(documents)) / (1 + seen)) + 1
    return weights


def _weighted_means(texts: Sequence[str], vectors: WordVectors, weights: F64) -> tuple[F64, I64, I64]:
    """Weighted mean (n, dim) in float64, tokens (n,), known tokens (n,); a row without a known token is zero."""
    out = np.zeros((len(texts), vectors.dim))
    tokens = np.zeros(len(texts), dtype=np.int64)
    known = np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), BATCH):
        rows: list[int] = []
        ends = [0]
        for i, text in enumerate(texts[start : start + BATCH], start):
            found = tokenize(text, vectors.lang)
            rows += (row for row in map(vectors.row, found) if row >= 0)
            ends.append(len(rows))
            tokens[i], known[i] = len(found), ends[-1] - ends[-2]
        if not rows:
            continue
        used, columns = np.unique(rows, return_inverse=True)
        shares = csr_matrix((weights[used][columns], columns, ends), shape=(len(ends) - 1, len(used)))
        total = np.asarray(shares.sum(axis=1))
        sums = shares @ vectors.matrix[used].astype(np.float64)
        out[start : start + len(ends) - 1] = sums / np.where(total > 0, total, 1)
    return out, tokens, known
