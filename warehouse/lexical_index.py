"""Stored documents searched by their terms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from align.lexical import tfidf
from align.retrieval import csls
from align.terms import count_terms
from align.vectors import F32, I64
from warehouse.lexical_weight import read_lexical_weight
from warehouse.spaces import select
from warehouse.terms import DocumentTerms, read_terms


class LexicalIndex:
    """Stored documents by their terms; each part is made when first needed."""

    def __init__(self, connection: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._connection = connection
        self._across: dict[str, csr_matrix] = {}
        self._hubness: dict[tuple[str, str], F32] = {}
        self._weights: dict[tuple[str, str], np.float32] = {}

    @cached_property
    def terms(self) -> DocumentTerms:
        """Of all documents that have a vector."""
        return read_terms(self._connection())

    def ask(self, texts: Sequence[str], lang: str) -> "LexicalQueries":
        """n texts of `lang`, ready to be compared."""
        rows = [self.terms.row(count_terms(text, lang), lang) for text in texts]
        empty = csr_matrix((0, len(self.terms.vocabulary)), dtype=np.float32)
        return LexicalQueries(self, csr_matrix(vstack(rows)) if rows else empty, lang)

    def scores(self, queries: csr_matrix, query_lang: str, lang: str) -> F32:
        """(n, n_known) weighted CSLS of n `queries` and all documents of `lang`, zero for a query that shares no term with any."""
        cosine = (queries @ self._of(lang)).toarray()
        score = csls(cosine, self._hub(query_lang, lang))
        score[~cosine.any(axis=1)] = 0
        return np.asarray(score * self._weight(query_lang, lang))

    def shared(self, text: str, query_lang: str, lang: str, document: int) -> dict[str, float]:
        """Terms that a text shares with one document of `lang`, and what each adds to their score."""
        product = self.ask([text], query_lang).rows.multiply(csr_matrix(self._of(lang)[:, [document]].T)).tocoo()
        names, weight = [*self.terms.vocabulary], 2 * float(self._weight(query_lang, lang))
        return {names[column]: weight * float(value) for column, value in zip(product.col, product.data, strict=True)}

    def _of(self, lang: str) -> csr_matrix:
        """(v, n_known) unit TF-IDF of the documents of `lang`, one to a column."""
        if lang not in self._across:
            counts = self.terms.counts[lang]
            self._across[lang] = csr_matrix(tfidf(counts, self.terms.idf(lang)).T)
        return self._across[lang]

    def _weight(self, query_lang: str, lang: str) -> np.float32:
        key = (query_lang, lang)
        if key not in self._weights:
            self._weights[key] = read_lexical_weight(self._connection(), query_lang, lang)
        return self._weights[key]

    def _hub(self, query_lang: str, lang: str) -> F32:
        key = (query_lang, lang)
        if key not in self._hubness:
            sql = "SELECT lexical_hubness FROM document_hubness WHERE query_lang = ? AND lang = ? ORDER BY doc_id"
            column = select(self._connection(), sql, [query_lang, lang])["lexical_hubness"]
            self._hubness[key] = np.asarray(column.to_numpy(), dtype=np.float32)
        return self._hubness[key]


@dataclass(frozen=True, eq=False)
class LexicalQueries:
    """`rows` (n, v): unit TF-IDF of n texts of `lang`; called with first and last and a language, scores of its documents."""

    index: LexicalIndex
    rows: csr_matrix
    lang: str

    def __call__(self, start: int, stop: int, code: str) -> F32:
        """(stop − start, n_known) scores."""
        return self.index.scores(self.rows[start:stop], self.lang, code)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """(n,) whether a text holds a term that some document holds."""
        return np.asarray(np.diff(self.rows.indptr) > 0)

    def of(self, texts: I64) -> "LexicalQueries":
        """Some of the texts."""
        return LexicalQueries(self.index, self.rows[texts], self.lang)
