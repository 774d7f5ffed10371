"""How much terms count beside pooled vectors: fitted per pair of languages on stored documents, without parallel texts.

Documents that find each other are right far more often than others, so the weight under which most do is a good one: on manual
pages it follows R@1 from 0 to 2 (benchmarks/README.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import duckdb
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from align.lexical import tfidf
from align.retrieval import csls
from align.vectors import F32, I64
from warehouse.spaces import insert
from warehouse.terms import DocumentTerms

LEXICAL = 0.5  # where too few documents tell, or none better
WEIGHTS = (0.0, 0.25, LEXICAL, 1.0, 2.0)
FEWEST, MOST = 30, 400  # documents of a language that are searched with
BLOCK = 128

Hubness = Mapping[tuple[str, str], F32]  # language of queries, language of documents → (n_known,)
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LexicalWeight:
    """What the CSLS of terms is multiplied by for texts in `query_lang` and documents in `lang`.

    Of `queries` documents, `found` was the share that found each other under this weight, `found_without` that without
    terms. With `queries` 0 nothing was fitted.
    """

    query_lang: str
    lang: str
    weight: float = LEXICAL
    queries: int = 0
    found: float | None = None
    found_without: float | None = None


def fit_lexical_weights(
    vectors: Mapping[str, F32], terms: DocumentTerms, pooled: Hubness, lexical: Hubness
) -> list[LexicalWeight]:
    """For every two languages with documents, one of 0, ¼, ½, 1 and 2.

    `vectors`: language → (n_known, dim); `pooled` and `lexical`: hubness of documents by vectors and by terms. Another weight
    than ½ is taken where more of at most 400 documents find each other under it, by more than two standard errors.
    """
    rows = {lang: tfidf(counts, terms.idf(lang)) for lang, counts in terms.counts.items()}
    fitted = []
    for source, target in permutations(vectors, 2):
        if min(len(vectors[source]), len(vectors[target])) < FEWEST:
            continue
        asked = np.unique(np.linspace(0, len(vectors[source]) - 1, MOST).astype(np.int64))

        def scores(lang: str, into: str, some: I64) -> tuple[F32, F32]:
            by_terms = (csr_matrix(rows[lang][some]) @ rows[into].T).toarray()
            told = csls(by_terms, lexical[lang, into])
            told[~by_terms.any(axis=1)] = 0
            return csls(vectors[lang][some] @ vectors[into].T, pooled[lang, into]), told

        mutual = np.zeros((len(WEIGHTS), len(asked)), dtype=bool)
        for start in range(0, len(asked), BLOCK):
            block = asked[start : start + BLOCK]
            there = scores(source, target, block)
            best = np.array([(there[0] + np.float32(w) * there[1]).argmax(axis=1) for w in WEIGHTS])
            several, place = np.unique(best, return_inverse=True)
            back = scores(target, source, several)
            for i, w in enumerate(WEIGHTS):
                returned = (back[0] + np.float32(w) * back[1]).argmax(axis=1)
                mutual[i, start : start + BLOCK] = returned[place.reshape(best.shape)[i]] == block
        chosen = _choose(mutual)
        shares = mutual.mean(axis=1)
        fitted.append(
            LexicalWeight(source, target, WEIGHTS[chosen], len(asked), float(shares[chosen]), float(shares[0]))
        )
    return fitted


def write_lexical_weights(connection: duckdb.DuckDBPyConnection, space_id: str, fitted: list[LexicalWeight]) -> None:
    """Fill `lexical_weights`. Writes."""
    columns = {name: [getattr(one, name) for one in fitted] for name in LexicalWeight.__dataclass_fields__}
    if fitted:
        insert(connection, "lexical_weights", {"space_id": [space_id] * len(fitted), **columns})


def read_lexical_weight(connection: duckdb.DuckDBPyConnection, query_lang: str, lang: str) -> np.float32:
    """That of a pair of languages, ½ where none was fitted."""
    sql = "SELECT weight FROM lexical_weights WHERE query_lang = ? AND lang = ?"
    rows = connection.execute(sql, [query_lang, lang]).fetchall()  # DuckDB 2 refuses the next statement after fetchone
    return np.float32(rows[0][0] if rows else LEXICAL)


def _choose(mutual: Bools) -> int:
    """Number of the weight, of `mutual` (w, n), that stands out from ½; equal shares go to the one nearer to it."""
    usual = WEIGHTS.index(LEXICAL)
    shares = mutual.mean(axis=1)
    best = min(range(len(WEIGHTS)), key=lambda i: (-shares[i], abs(i - usual)))
    gain = mutual[best].astype(np.float64) - mutual[usual]
    return best if gain.mean() > 2 * gain.std() / np.sqrt(len(gain)) else usual
