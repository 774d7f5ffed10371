"""Two-stage search among the documents of a snapshot: pooled vectors and terms find, words aligned one by one rank."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import numpy as np
import polars as pl

from align.arguments import expect
from align.errors import QueryError, printable
from align.measures import Measure
from align.passages import Passage, cut_passages
from align.pool import Pooler
from align.terms import count_terms
from align.vectors import F32
from warehouse.index import DocumentIndex
from warehouse.lexical_index import LexicalIndex
from warehouse.passages import read_places
from warehouse.reranking import Match, Reranker
from warehouse.why import pooled_pairs, take_apart


class DocumentSearch:
    """The three indexes of a store and what they say together; languages and k are given as they are stored and checked.

    `pooler` gives the Pooler of one language, `match` how alike words of two are; both are called at every use.
    """

    def __init__(
        self, connection: Callable[[], duckdb.DuckDBPyConnection], pooler: Callable[[str], Pooler], match: Match
    ) -> None:
        self._connection, self._pooler = connection, pooler
        self.index = DocumentIndex(connection)
        self._lexical = LexicalIndex(connection)
        self._reranker = Reranker(
            connection, lambda: self._lexical.terms, lambda lang: pooler(lang).vectors[lang], match
        )

    def hits(
        self,
        texts: list[str],
        lang: str,
        wanted: list[str],
        k: int,
        where: Mapping[str, Any] | None,
        rerank: bool | None,
        lexical: bool | None,
        measure: tuple[Measure, float] | None = None,
    ) -> tuple[pl.DataFrame, F32]:
        """The rows of `Warehouse.search` without why, and the aligned score of each."""
        expect((bool, type(None)), rerank=rerank, lexical=lexical)
        pooled = self._pooler(lang).pool_counted(texts, lang)
        by_terms = None if lexical is False else self._lexical.ask(texts, lang)
        found = pooled.known if by_terms is None else pooled.known | by_terms.known
        if texts and not found.any():
            raise QueryError("search.no_known_word", f"no word of {printable(repr(texts[0]))} has a vector in {lang}")
        known, by_words = np.flatnonzero(found), None
        if rerank is not False:
            by_words = self._reranker.ask([texts[query] for query in known], lang, self.index.searched(wanted))
        hits, aligned = self.index.nearest(
            pooled.vectors[known], lang, wanted, k, where, by_terms and by_terms.of(known), by_words, measure
        )
        return hits.with_columns(query=known[hits["query"].to_numpy()]), aligned

    def passages(
        self, texts: list[str], lang: str, hits: pl.DataFrame, measure: tuple[Measure, float] | None = None
    ) -> list[tuple[str, int, int]]:
        """The passage of every hit that is nearest to its query, and where it begins and ends in the text of the document.

        In a store of passages, the one with the best pooled score. Else by cosine among those the text is cut into here. For
        a text of unknown words that which shares most terms with it.
        """
        asked, found = self._pooler(lang).pool_counted(texts, lang).vectors, []
        for query, code, doc_id in hits.select("query", "lang", "doc_id").iter_rows():
            document, vector = self._text(code, doc_id), asked[query]
            best = None
            if self.index.cut and vector.any():
                best = self.index.passage(vector, lang, code, self.index.number(code, doc_id), measure, part=True)
            else:
                stored = self.index.cut
                cut = read_places(self._connection(), code, doc_id) if stored else cut_passages(document, code)
                if len(cut) > 1:
                    pieces = [document[place.start : place.stop] for place in cut]
                    best = cut[self._nearest(texts[query], vector, lang, pieces, code)]
            best = best or Passage(0, len(document))
            found.append((document[best.start : best.stop], best.start, best.stop))
        return found

    def _nearest(self, text: str, vector: F32, lang: str, pieces: list[str], code: str) -> int:
        """Which of some texts of `code` is nearest to one of `lang`, whose vector may be of zeros."""
        if vector.any():
            pooled = self._pooler(code).pool_counted(pieces, code)
            return int(np.where(pooled.known, pooled.vectors @ vector, -2).argmax())
        terms = count_terms(text, lang)
        return int(np.argmax([(terms & count_terms(piece, code)).total() for piece in pieces]))

    def similar(
        self, doc_id: str, lang: str, wanted: list[str], k: int, where: Mapping[str, Any] | None
    ) -> pl.DataFrame:
        """The rows of `Warehouse.similar`."""
        vector = self.index.vector(lang, doc_id)
        if vector is None:
            raise self._no_vector(lang, doc_id)
        hits, _ = self.index.nearest(vector, lang, wanted, k + 1, where)
        hits = hits.filter(~((pl.col("doc_id") == doc_id) & (pl.col("lang") == lang))).head(k)
        return hits.with_columns(rank=pl.int_range(1, hits.height + 1, dtype=pl.Int64))

    def explain(
        self, text: str, lang: str, doc_id: str, code: str, rerank: bool | None, lexical: bool | None
    ) -> pl.DataFrame:
        """All rows of `Warehouse.explain`."""
        if self.index.number(code, doc_id) < 0:
            raise self._no_vector(code, doc_id)
        hit, aligned = self.hits([text], lang, [code], 1, {"doc_id": doc_id}, rerank, lexical)
        by_words = None if rerank is False else float(aligned[0])
        return self.apart(text, lang, code, doc_id, hit["score"][0], by_words, lexical is not False)

    def apart(
        self, text: str, lang: str, code: str, doc_id: str, score: float, aligned: float | None, lexical: bool
    ) -> pl.DataFrame:
        """The whole explanation of a hit with this `score`, of which `aligned` is by words, None without reranking."""
        number = self.index.number(code, doc_id)
        document, ours, theirs = self._text(code, doc_id), self._pooler(lang), self._pooler(code)
        place = self.index.passage(ours.pool_counted([text], lang).vectors[0], lang, code, number)
        said = document if place is None else document[place.start : place.stop]
        pooled = pooled_pairs(ours, text, theirs, said)
        matched = [] if aligned is None else self._reranker.pairs(text, lang, code, number, aligned)
        written = self._lexical.shared(text, lang, code, number) if lexical else {}
        return take_apart(score, (ours.vectors[lang], theirs.vectors[code]), pooled, matched, written)

    def _text(self, lang: str, doc_id: str) -> str:
        sql = "SELECT text FROM documents WHERE lang = ? AND doc_id = ?"
        ((text,),) = self._connection().execute(sql, [lang, doc_id]).fetchall()
        return str(text)

    def _no_vector(self, lang: str, doc_id: str) -> QueryError:
        sql = "SELECT reason FROM document_vectors WHERE lang = ? AND doc_id = ?"
        rows = self._connection().execute(sql, [lang, doc_id]).fetchall()
        if rows:
            return QueryError("search.no_vector", f"document {printable(repr(doc_id))} has no vector: {rows[0][0]}")
        return QueryError("search.no_document", f"no document {printable(repr(doc_id))} in {lang}")
