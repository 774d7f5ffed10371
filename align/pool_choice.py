"""`weighting="auto"`: the weighting under which a text, translated word by word and with errors, finds itself again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from align.normalize import unit_rows
from align.pool_reduce import SHORTEST
from align.pool_state import FEWEST_DOCUMENTS, PoolingState, Recipe, fit_states, pool_rows
from align.retrieval import NEIGHBOURS, csls, mean_of_largest
from align.space import SharedSpace
from align.tokens import tokenize
from align.vectors import F32, F64, I64, WordVectors

JUDGED = 500  # documents of a language, at most, among which a text has to be found
TRANSLATIONS = 5  # nearest words by CSLS, of which one is drawn for each token
NOISE = 0.3  # share of tokens that are replaced by a word drawn by its frequency
CERTAIN = 2.0  # standard errors by which another has to beat the recipe that was asked for
BLOCK = 256
Tried = tuple[Mapping[str, str | float | int], ...]


@dataclass(frozen=True, eq=False)
class _Trial:
    """Documents of `lang` and what became of them in the words of `other`, one each."""

    lang: str
    other: str
    translated: list[str]


def choose(space: SharedSpace, given: Mapping[str, Sequence[str]], asked: Recipe) -> tuple[Recipe, Tried]:
    """`asked`, or what beats it on `given`, and what every candidate reached.

    Candidates: SIF with `asked.a`, 0.1, 0.01 and 0.001, IDF and uniform weights, each without and with common components
    (`asked.components`, or one). Each document of a sample (at most 500 a language) is translated by the space, word by
    word: one of the 5 nearest words is drawn for every token, and 3 of 10 tokens become a word drawn by frequency, for a
    translator's freedom. Judged is the mean reciprocal rank by CSLS at which that finds the document among the sample,
    between every two languages that are neighbours in the list of those with 20 documents or more. No parallel texts are
    needed. Another candidate is taken only where it is better by two standard errors of the paired difference: ties go to
    what was asked for. Nothing is tried, and `tried` is empty, where fewer than two languages have documents.

    Measured (benchmarks/README.md): it stays with SIF a = 0.01 on corpora that fit their vectors. The halves of a text
    finding each other, and mutual neighbours of the two languages' documents, were tried as evidence and are not used: both
    prefer what is worse for retrieval.
    """
    samples = {lang: _sample(space.vectors(lang), texts) for lang, texts in sorted(given.items())}
    samples = {lang: texts for lang, texts in samples.items() if len(texts) >= FEWEST_DOCUMENTS}
    if len(samples) < 2:
        return asked, ()
    langs = list(samples)
    pairs = {pair for a, b in zip(langs, [*langs[1:], langs[0]], strict=True) for pair in ((a, b), (b, a))}
    trials = [_Trial(a, b, _translated(space, samples[a], a, b)) for a, b in sorted(pairs)]
    found = [(recipe, _reciprocal_ranks(space, samples, trials, recipe)) for recipe in _candidates(asked)]
    first = found[0][1]
    best = asked
    most = 0.0
    tried = []
    for recipe, ranks in found:
        gain = ranks - first
        error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
        if gain.mean() > max(CERTAIN * error, most):
            best, most = recipe, float(gain.mean())
        tried.append(
            {
                "weighting": recipe.weighting, "a": recipe.a, "components": recipe.components,
                "mrr": round(float(ranks.mean()), 6), "gain": round(float(gain.mean()), 6),
                "standard_error": round(error, 6), "texts": len(ranks),
            }
        )  # fmt: skip
    return best, tuple(tried)


def _candidates(asked: Recipe) -> list[Recipe]:
    """The one asked for first, then the simpler before the others."""
    weights = [replace(asked, a=a) for a in dict.fromkeys((asked.a, 1e-2, 1e-1, 1e-3))]
    weights += [replace(asked, weighting="idf"), replace(asked, weighting="uniform")]
    m = asked.components or 1
    every = [replace(recipe, components=c) for c in (0, m) for recipe in weights]
    return [asked, *(recipe for recipe in every if recipe != asked)]


def _sample(vectors: WordVectors, texts: Sequence[str]) -> list[str]:
    """Different texts with a known word, at most JUDGED, drawn by their digests: no order of `texts` matters."""
    chosen: list[str] = []
    for text in sorted(set(texts), key=lambda t: hashlib.sha256(t.encode("utf-8", "surrogatepass")).digest()):
        if any(vectors.row(token) >= 0 for token in tokenize(text, vectors.lang)):
            chosen.append(text)
        if len(chosen) == JUDGED:
            break
    return chosen


def _translated(space: SharedSpace, texts: Sequence[str], lang: str, other: str) -> list[str]:
    source, target = space.vectors(lang), space.vectors(other)
    rows = [[row for row in map(source.row, tokenize(text, lang)) if row >= 0] for text in texts]
    used = np.unique(np.concatenate([np.asarray(r, dtype=np.int64) for r in rows]))
    retrieval = space.retrieval(lang, other)
    blocks = [retrieval.best(used[start : start + BLOCK], TRANSLATIONS).rows for start in range(0, len(used), BLOCK)]
    near: I64 = np.concatenate(blocks)
    rng = np.random.default_rng(0)
    p = target.probabilities()
    translated = []
    for found in rows:
        drawn = near[np.searchsorted(used, found), rng.integers(near.shape[1], size=len(found))]
        noise = rng.choice(len(target), size=len(found), p=p)
        kept = rng.random(len(found)) >= NOISE
        translated.append(" ".join(target.words[row] for row in np.where(kept, drawn, noise)))
    return translated


def _reciprocal_ranks(
    space: SharedSpace, samples: Mapping[str, list[str]], trials: Sequence[_Trial], recipe: Recipe
) -> F64:
    """(texts of all trials,) 1 / rank of the document among its language's sample; ties count against it."""
    states = fit_states(space, samples, recipe)
    own = {lang: _pooled(space, states, texts, lang, recipe) for lang, texts in samples.items()}
    ranks = []
    for trial in trials:
        queries = _pooled(space, states, trial.translated, trial.other, recipe)
        similarity = queries @ own[trial.lang].T
        scores = csls(similarity, mean_of_largest(np.ascontiguousarray(similarity.T), NEIGHBOURS))
        ranks.append((scores >= np.diag(scores)[:, None]).sum(axis=1))
    return np.asarray(1 / np.concatenate(ranks))


def _pooled(
    space: SharedSpace, states: Mapping[str, PoolingState], texts: Sequence[str], lang: str, recipe: Recipe
) -> F32:
    rows = pool_rows(texts, space.vectors(lang), states[lang], recipe.weighting, recipe.reduce).rows
    out = np.zeros(rows.shape, dtype=np.float32)
    has = np.linalg.norm(rows, axis=1) > SHORTEST
    if has.any():
        out[has] = unit_rows(rows[has])
    return out
