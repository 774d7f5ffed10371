"""The documents of a snapshot in memory, and exact CSLS search among them."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import polars as pl

from align.retrieval import csls, top_k
from align.vectors import F32, I64
from warehouse.documents import distinct, read_hubness, read_vectors
from warehouse.metadata import expand_metadata, matching

BLOCK_BYTES = 256 << 20  # similarities held at once


class DocumentIndex:
    """Vectors, hubness, titles and metadata of every document that has a vector; each part is read when first needed.

    Documents are numbered in the order of (lang, doc_id), which is also the order of equal scores.
    """

    def __init__(self, connection: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._connection = connection  # called at every use, for the thread that asks
        self._vectors: dict[str, tuple[list[str], F32, I64]] = {}
        self._hubness: dict[tuple[str, str], F32] = {}

    @cached_property
    def cards(self) -> pl.DataFrame:
        """lang, doc_id, title and a column per metadata key, a row per document."""
        found = (
            self._connection()
            .sql(
                "SELECT lang, doc_id, title, metadata FROM documents JOIN document_vectors USING (lang, doc_id) "
                "WHERE vector IS NOT NULL ORDER BY lang, doc_id"
            )
            .pl()
        )
        return expand_metadata(found)

    @cached_property
    def _ranges(self) -> dict[str, range]:
        """The numbers of each language's documents."""
        counted = self.cards.group_by("lang", maintain_order=True).len().rows()
        ends = np.cumsum([0] + [n for _, n in counted]).tolist()
        return {lang: range(start, start + n) for (lang, n), start in zip(counted, ends, strict=False)}

    def vector(self, lang: str, doc_id: str) -> F32 | None:
        """(1, dim) vector of one document, or None."""
        if lang not in self._ranges:
            return None
        ids, vectors, place = self._of(lang)
        return vectors[place[ids.index(doc_id)]][None] if doc_id in ids else None

    def nearest(
        self, queries: F32, lang: str, wanted: list[str], k: int, where: Mapping[str, Any] | None
    ) -> pl.DataFrame:
        """The k best documents in the languages `wanted` for every row of `queries` (n, dim) in `lang`.

        Columns query (row of `queries`), rank (from 1), score, then those of `cards`. Raises QueryError as `matching`.
        """
        searched = [code for code in sorted(wanted) if code in self._ranges]
        ranges = [np.arange(numbers.start, numbers.stop) for numbers in map(self._ranges.__getitem__, searched)]
        numbers = np.concatenate(ranges or [np.zeros(0, dtype=np.int64)])
        refused = None if where is None else ~matching(self.cards, where)[numbers]
        rows: list[I64] = [np.zeros(0, dtype=np.int64)]
        hits, scores = [rows[0]], [np.zeros(0, dtype=np.float32)]
        step = max(1, BLOCK_BYTES // (4 * max(len(numbers), 1)))
        for start in range(0, len(queries) if len(numbers) else 0, step):
            block = queries[start : start + step]
            score = np.hstack([csls(_cosines(block, *self._of(code)[1:]), self._hub(lang, code)) for code in searched])
            if refused is not None:
                score[:, refused] = -np.inf
            found = top_k(score, min(k, len(numbers)))
            kept = found.scores > -np.inf
            rows.append(start + np.repeat(np.arange(len(block)), kept.sum(axis=1)))
            hits.append(numbers[found.rows[kept]])
            scores.append(found.scores[kept])
        query = np.concatenate(rows)
        rank = np.arange(len(query)) - np.searchsorted(query, query) + 1
        head = pl.DataFrame({"query": query, "rank": rank, "score": np.concatenate(scores)})
        return pl.concat([head, self.cards[np.concatenate(hits)]], how="horizontal")

    def _of(self, lang: str) -> tuple[list[str], F32, I64]:
        """Ids (n), different vectors (m, dim), and which of these each document has (n,)."""
        if lang not in self._vectors:
            ids, vectors = read_vectors(self._connection(), lang)
            self._vectors[lang] = (ids, *distinct(vectors))
        return self._vectors[lang]

    def _hub(self, query_lang: str, lang: str) -> F32:
        key = (query_lang, lang)
        if key not in self._hubness:
            self._hubness[key] = read_hubness(self._connection(), query_lang, lang)
        return self._hubness[key]


def _cosines(queries: F32, vectors: F32, place: I64) -> F32:
    # One query as a matrix-vector product: a product of matrices is shared among threads, and waits for the slowest core.
    cosines = (vectors @ queries[0])[None] if len(queries) == 1 else queries @ vectors.T
    return cosines if len(vectors) == len(place) else cosines[:, place]
