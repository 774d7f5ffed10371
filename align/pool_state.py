"""What pooling learns from documents: weights, a centre and common components per language, frozen."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from align.pool_reduce import ReducedTexts, Reduction, fit_components, reduce_texts, remove_components
from align.pool_weights import Weighting, word_weights
from align.space import SharedSpace
from align.unknown_words import RULES, SUBWORD_RULES
from align.vectors import F64, WordVectors

ComponentsOf = Literal["language", "joint"]

FEWEST_DOCUMENTS = 20  # below this a language is centred on what its word frequencies lead one to expect
ID_DECIMALS = 6  # of states in a pooling's identity: what rounding moves does not make another pooling


@dataclass(frozen=True)
class Recipe:
    """How texts are pooled, before anything is fitted; the arguments of `fit_pooler`."""

    weighting: Weighting
    a: float
    reduce: Reduction = "mean"
    components: int = 0
    components_of: ComponentsOf = "language"
    centre: bool = True


@dataclass(frozen=True, eq=False)
class PoolingState:
    """What was fitted for one language, from how many `documents`, whose `digest` is a SHA-256 that no order changes.

    `weights` (n_words,), `mean` (dim,) float64. `centre` says where the mean is from: "documents", "word frequencies" where
    there were too few of them, "none". `components` (m, dim) are orthonormal rows, of which `removal` (m,) is taken out:
    1, or for uSIF the component's share of s². `a` is the constant behind the weights, 0 where there is none.
    """

    weights: F64
    mean: F64
    documents: int
    centre: str
    a: float
    digest: str
    components: F64
    removal: F64


def fit_states(space: SharedSpace, given: Mapping[str, Sequence[str]], recipe: Recipe) -> dict[str, PoolingState]:
    """The state of every language of `space`, fitted on the documents in `given`."""
    fitted = {lang: _centred(space.vectors(lang), given.get(lang, []), recipe) for lang in space.languages}
    scatters = {lang: scatter for lang, (_, scatter) in fitted.items() if scatter is not None}
    # Every language counts alike in what they share, however many documents it has.
    joint = sum(scatters.values()) if scatters and recipe.components_of == "joint" else None
    states = {}
    for lang, (state, _) in fitted.items():
        scatter = scatters.get(lang) if recipe.components_of == "language" else joint
        states[lang] = state if scatter is None else _with_components(state, np.asarray(scatter), recipe)
    return states


def pool_rows(
    texts: Sequence[str], vectors: WordVectors, state: PoolingState, weighting: Weighting, how: Reduction
) -> ReducedTexts:
    """Reduced, centred and without the common components: what a pooled text is before it is scaled."""
    found = reduce_texts(texts, vectors, state.weights, weighting, how)
    rows = remove_components(found.rows - state.mean, state.components, state.removal)
    rows[found.known == 0] = 0
    return ReducedTexts(rows, found.totals, found.tokens, found.routes)


def pooling_identity(
    space_id: str, recipe: tuple[object, ...], states: Mapping[str, PoolingState], vectors: Mapping[str, WordVectors]
) -> str:
    """SHA-256 over parameters and states, numbers to 6 decimals, and the rules by which words are known."""
    digest = hashlib.sha256(repr((space_id, RULES, *recipe)).encode())
    for lang, state in sorted(states.items()):
        about = (lang, state.documents, state.centre, state.digest, state.components.shape)
        digest.update(repr(about).encode())
        ngrams = vectors[lang].ngrams
        if ngrams is not None:
            digest.update((SUBWORD_RULES + ngrams.content).encode())
        for array in (state.weights, state.mean, state.removal, state.components):
            digest.update((np.round(array, ID_DECIMALS) + 0.0).astype("<f8").tobytes())  # + 0.0: no negative zero
    return digest.hexdigest()


def _centred(vectors: WordVectors, texts: Sequence[str], recipe: Recipe) -> tuple[PoolingState, F64 | None]:
    """A state without components, and X'X / n of the centred texts where components are wanted and there are enough."""
    weights, a = word_weights(vectors, texts, recipe.weighting, recipe.a)
    mean, source, rows = np.zeros(vectors.dim), "none", None
    if len(texts) >= FEWEST_DOCUMENTS and (recipe.centre or recipe.components):
        found = reduce_texts(texts, vectors, weights, recipe.weighting, recipe.reduce)
        if (found.known > 0).sum() >= FEWEST_DOCUMENTS:
            rows = found.rows if found.known.all() else found.rows[found.known > 0]
    if recipe.centre and rows is not None:
        mean, source = rows.mean(axis=0), "documents"
    elif recipe.centre and recipe.reduce != "max":  # of a maximum frequencies tell nothing
        shares = vectors.probabilities() * weights
        mean, source = (shares / shares.sum()) @ vectors.matrix.astype(np.float64), "word frequencies"
    no_components = np.zeros((0, vectors.dim)), np.zeros(0)
    state = PoolingState(weights, mean, len(texts), source, a, texts_digest(texts), *no_components)
    if rows is None or not recipe.components:
        return state, None
    centred = rows - mean
    return state, np.asarray(centred.T @ centred / len(centred))


def _with_components(state: PoolingState, scatter: F64, recipe: Recipe) -> PoolingState:
    components, power = fit_components(scatter, recipe.components)
    removal = power / power.sum() if recipe.weighting == "usif" and len(power) else np.ones(len(power))
    return PoolingState(
        state.weights, state.mean, state.documents, state.centre, state.a, state.digest, components, removal
    )


def texts_digest(texts: Sequence[str]) -> str:
    """SHA-256 of texts, the same in any order."""
    each = sorted(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts)
    return hashlib.sha256(b"".join(each)).hexdigest()
