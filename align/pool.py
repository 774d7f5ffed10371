"""Texts to unit vectors: the vectors of their words reduced to one, centred per language, without common components.

What is fitted (word weights, a mean and components per language) is frozen in a Pooler and replayed on every later text,
so a query and an old document get the same treatment, and a text the same vector whatever is pooled beside it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from align.arguments import expect, listed, rows_of
from align.errors import InputError, printable
from align.language import canonical_language
from align.normalize import unit_rows
from align.pool_choice import Tried, choose
from align.pool_reduce import BATCH, Reduction, check_reduction, remove_components
from align.pool_reduce import SHORTEST as SHORTEST
from align.pool_state import ComponentsOf, PoolingState, Recipe, fit_states, pool_rows, pooling_identity
from align.pool_weights import SIF_A, Weighting, term_frequency
from align.space import SharedSpace
from align.tokens import tokenize
from align.unknown_words import ROUTES
from align.vectors import F32, F64, I64, WordVectors

MOST_COMPONENTS = 100


@dataclass(frozen=True, eq=False)
class Pooled:
    """`vectors` (n, dim) float32: unit rows, or zero where the text has no vector (see `known`).

    `tokens` (n,) int64 counts all tokens, `routes` (n, 4) those that known words stand for, by each of
    `align.unknown_words.ROUTES`: "exact", "variant", "parts", "subwords".
    """

    vectors: F32
    tokens: I64
    routes: I64

    @property
    def known_tokens(self) -> I64:
        """(n,) tokens that known words stand for."""
        return np.asarray(self.routes.sum(axis=1))

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
class Pooler:
    """Pools texts of any language of its space. Made by `fit_pooler`; nothing in it changes afterwards.

    `pooling_id`: SHA-256 over the parameters and the states (numbers to 6 decimals) of all languages of the space; equal
    fits have equal ones. `tried`: what `weighting="auto"` tried, empty where nothing was: per candidate weighting, a,
    components, mrr, gain over the first, standard_error of that, texts.

    A text's vector before it is scaled to 1 is, where `linear`, project(Σᵢ sharesᵢ · (xᵢ − mean)), with the shares of
    `token_weights`. A maximum cannot be taken apart so.
    """

    space_id: str
    weighting: Weighting
    a: float
    vectors: Mapping[str, WordVectors] = field(repr=False)
    states: Mapping[str, PoolingState] = field(repr=False)
    reduce: Reduction = "mean"
    components: int = 0
    components_of: ComponentsOf = "language"
    pooling_id: str = ""
    tried: Tried = field(default=(), repr=False)

    @property
    def linear(self) -> bool:
        """Whether a pooled text is a sum over its words; not with `reduce="max"`."""
        return self.reduce != "max"

    @property
    def fitted_on(self) -> dict[str, dict[str, int | str]]:
        """Per language how many `documents` it was fitted on, and their `digest`, a SHA-256 that no order changes."""
        return {lang: {"documents": s.documents, "digest": s.digest} for lang, s in self.states.items()}

    def pool(
        self, texts: Sequence[str], lang: str, *, unit: bool = True
    ) -> np.ma.MaskedArray[tuple[int, int], np.dtype[np.float32]]:
        """(n, dim) float32 masked array: unit rows; the rows of texts without a vector are masked.

        `unit=False`: not scaled to 1. Only there "mean_sqrt_len" is another than "mean": √(sum of weights) times as long.
        Raises InputError `space.no_language`, `api.bad_text`, `api.bad_type`.

        >>> pooler.pool(["the white house", "qqqq"], lang="en").mask[:, 0]     # doctest: +SKIP
        array([False,  True])
        """
        expect((bool, np.bool_), unit=unit)
        pooled = self._pooled(texts, lang, unit=bool(unit))
        mask = np.repeat(~pooled.known[:, None], pooled.vectors.shape[1], axis=1)
        return np.ma.MaskedArray(pooled.vectors, mask=mask)

    def pool_counted(self, texts: Sequence[str], lang: str) -> Pooled:
        """As `pool`, as plain arrays together with the numbers of tokens and of known tokens."""
        return self._pooled(texts, lang, unit=True)

    def project(self, rows: npt.NDArray[np.floating], lang: str) -> F64:
        """`rows` (n, dim), centred, without the common components of `lang`: a linear map; float64.

        Raises InputError `space.no_language`, `api.bad_vector`.
        """
        vectors, state = self.of(lang)
        centred = np.asarray(rows_of(rows, "rows", vectors.dim), dtype=np.float64)
        return remove_components(centred, state.components, state.removal)

    def token_weights(self, text: str, lang: str) -> tuple[list[str], I64, F64]:
        """Distinct known words of `text`, or that stand for its tokens, their rows (m,) and shares (m,) of its mean, summing to 1."""
        vectors, state = self.of(lang)
        counts: dict[int, float] = {}
        for resolved in map(vectors.known.resolve, tokenize(text, vectors.lang)):
            for row, share in zip(resolved.rows, resolved.shares, strict=True):
                counts[row] = counts.get(row, 0.0) + share
        rows = np.fromiter(counts, dtype=np.int64)
        times = term_frequency(np.fromiter(counts.values(), dtype=np.float64), self.weighting)
        shares = state.weights[rows] * times
        return [vectors.words[row] for row in rows], rows, shares / shares.sum() if len(rows) else shares

    def routes(self, text: str, lang: str) -> pl.DataFrame:
        """How each distinct token of `text` is known: columns token, count, route, words, in the order of first mention.

        `route`: "exact"; "variant", a word written with other accents; "parts", words of which it is composed;
        "subwords", in a language with n-grams, words whose vectors are nearest to that of its n-grams; null, and no `words`, where nothing stands for it. Raises InputError `space.no_language`, `api.bad_text`.

        >>> pooler.routes("das Haustier", "de")["words"].to_list()      # doctest: +SKIP
        [['das'], ['haus', 'tier']]
        """
        vectors, _ = self.of(lang)
        counts = Counter(tokenize(text, vectors.lang))
        found = [vectors.known.resolve(token) for token in counts]
        words = [[vectors.words[row] for row in resolved.rows] for resolved in found]
        routes = [resolved.route for resolved in found]
        columns = {"token": [*counts], "count": [*counts.values()], "route": routes, "words": words}
        return pl.DataFrame(
            columns, {"token": pl.String, "count": pl.Int64, "route": pl.String, "words": pl.List(pl.String)}
        )

    def of(self, lang: str) -> tuple[WordVectors, PoolingState]:
        """Vectors and state of `lang`. Raises InputError `space.no_language`."""
        code = canonical_language(lang)
        if code not in self.states:
            raise InputError("space.no_language", f"no {code} in this space; it holds {', '.join(self.states)}")
        return self.vectors[code], self.states[code]

    def identity(self) -> str:
        """What `pooling_id` has to be, taken anew; of some languages only, another."""
        how = (self.weighting, self.a, self.reduce, self.components, self.components_of)
        return pooling_identity(self.space_id, how, self.states, self.vectors)

    def _pooled(self, texts: Sequence[str], lang: str, *, unit: bool) -> Pooled:
        vectors, state = self.of(lang)
        texts = listed(str, "api.bad_text", texts=texts)
        n = len(texts)
        out = Pooled(np.zeros((n, vectors.dim), "f4"), np.zeros(n, "i8"), np.zeros((n, len(ROUTES)), "i8"))
        for start in range(0, n, BATCH):  # in float64 only so many at once
            part = slice(start, start + BATCH)
            found = pool_rows(texts[part], vectors, state, self.weighting, self.reduce)
            rows, out.tokens[part], out.routes[part] = found.rows, found.tokens, found.routes
            has = (found.known > 0) & (np.einsum("ij,ij->i", rows, rows) > SHORTEST**2)
            if has.any() and unit:
                out.vectors[start + np.flatnonzero(has)] = unit_rows(rows[has])
            elif has.any():
                length = np.sqrt(found.totals[has, None]) if self.reduce == "mean_sqrt_len" else 1
                out.vectors[start + np.flatnonzero(has)] = rows[has] * length
        return out


def fit_pooler(
    space: SharedSpace,
    texts: Mapping[str, Sequence[str]],
    *,
    weighting: Weighting | Literal["auto"] = "sif",
    a: float = SIF_A,
    reduce: Reduction = "mean",
    centre: bool = True,
    components: int = 0,
    components_of: ComponentsOf = "language",
) -> Pooler:
    """A Pooler for every language of `space`, fitted on `texts` (language → documents).

    `weighting`, see `align.pool_weights.word_weights`: "sif" with its constant `a`; "usif", whose constant follows from the
    vocabulary and the texts; "idf"; "tfidf", every distinct word once with (1 + ln tf) · idf; "uniform", the plain mean.
    "auto": SIF with `a`, unless another candidate, with or without a component, is clearly better at what
    `align.pool_choice.choose` tries without parallel texts; the Pooler's `weighting`, `a` and `components` are those chosen.

    `reduce`, see `align.pool_reduce.reduce_tokens`: "mean"; "max"; "mean_sqrt_len", of whose two definitions, mean / √n and
    sum / √n, the second is meant. Centre and components are taken from the mean, then √n is put to it, so that pooled rows
    of length 1 are those of "mean", and `pool(unit=False)` shows the difference. "cls" is refused: no word vector is one.

    `centre` takes from every pooled vector the mean of the language's documents: languages differ by a constant that hides
    the topic. A language with fewer than 20 documents that hold a known word is centred on the mean its word frequencies
    lead one to expect ("max": not centred).

    `components` = m: the projections on the m first right singular vectors of the pooled, centred documents are taken out
    (Arora et al. 2017; with `centre=False` exactly theirs), "language" by "language" or those of all together, "joint",
    every language counting alike. With "usif" each is taken out by its share s² / Σ s² (Ethayarajh 2018), else wholly. A
    language with fewer than 20 such documents has none of its own.

    Raises InputError `pool.bad_value`, `pool.no_cls`, `space.no_language`, `api.bad_text`, `api.bad_type`.
    """
    expect(SharedSpace, space=space)
    expect((bool, np.bool_), centre=centre)
    expect(Mapping, texts=texts)
    _one_of(("auto", *get_args(Weighting)), weighting=weighting)
    _one_of(get_args(ComponentsOf), components_of=components_of)
    if isinstance(a, bool) or not isinstance(a, int | float) or not 1e-12 <= a <= 1e12:
        raise InputError("pool.bad_value", f"a={printable(repr(a))}; a number from 1e-12 to 1e12, such as 0.01")
    most = min(space.dim - 1, MOST_COMPONENTS)
    if isinstance(components, bool) or not isinstance(components, int | np.integer) or not 0 <= components <= most:
        found = printable(repr(components))
        raise InputError("pool.bad_value", f"components={found}; a whole number from 0 to {most}, here")
    given = {
        space.vectors(lang).lang: listed(str, "api.bad_text", texts=documents) for lang, documents in texts.items()
    }
    if len(given) != len(texts):
        raise InputError(
            "pool.bad_value", f"{len(texts)} lists of texts for {len(given)} languages; give one list each"
        )
    recipe = Recipe(
        "sif" if weighting == "auto" else weighting, float(a), check_reduction(reduce), int(components),
        components_of, bool(centre),
    )  # fmt: skip
    tried: Tried = ()
    if weighting == "auto":
        recipe, tried = choose(space, given, recipe)
    states = fit_states(space, given, recipe)
    vectors = {lang: space.vectors(lang) for lang in states}
    how = (recipe.weighting, recipe.a, recipe.reduce, recipe.components, recipe.components_of)
    pooling_id = pooling_identity(space.space_id, how, states, vectors)
    return Pooler(space.space_id, how[0], how[1], vectors, states, how[2], how[3], how[4], pooling_id, tried)


def _one_of(known: tuple[str, ...], /, **given: object) -> None:
    for name, value in given.items():
        if not isinstance(value, str) or value not in known:
            raise InputError("pool.bad_value", f"{name} {printable(repr(value))}; one of {', '.join(known)}")
