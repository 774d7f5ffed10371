"""The documents of a snapshot in memory, and exact CSLS search among them."""

from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from align.measures import Measure, similarity
from align.memory import block_bytes
from align.parallel import in_parallel
from align.passages import Passage
from align.retrieval import Neighbours, csls, top_k
from align.vectors import F32, F64, I64
from warehouse.metadata import expand_metadata, matching
from warehouse.passages import Units, read_unit_hubness, read_units
from warehouse.reranking import CANDIDATES, NEAREST
from warehouse.spaces import matrix, select

BLOCK_BYTES = 256 << 20  # similarities held at once

Lexical = Callable[[int, int, str], F32]  # first and last query, language → (n, n_known) scores
Aligned = Callable[[int, str, I64, I64], F64]  # query, language, c of its documents, its nearest → (c,) scores
Bools = npt.NDArray[np.bool_]


class DocumentIndex:
    """Vectors, hubness, titles and metadata of every document that has a vector; each part is read when first needed.

    Documents are numbered in the order of (lang, doc_id), which is also the order of equal scores.
    """

    def __init__(self, connection: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._connection = connection  # called at every use, for the thread that asks
        self._units: dict[str, Units] = {}
        self._hubness: dict[tuple[str, str], F32] = {}
        self._numbers: dict[str, dict[str, int]] = {}

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
        sql = "SELECT vector FROM document_vectors WHERE lang = ? AND doc_id = ? AND vector IS NOT NULL"
        found = matrix(select(self._connection(), sql, [lang, doc_id])["vector"])
        return found if len(found) else None

    @cached_property
    def cut(self) -> bool:
        """Whether documents of this store are cut into passages."""
        return bool(self._connection().execute("SELECT count(*) FROM passages").fetchall()[0][0])

    def passage(
        self,
        query: F32,
        lang: str,
        code: str,
        number: int,
        measure: tuple[Measure, float] | None = None,
        part: bool = False,
    ) -> Passage | None:
        """What makes the pooled score of a document of `code` for `query` (dim,): a passage, or None for the whole of it.

        With `part` the best of its passages, None only where it is not cut.
        """
        units = self._of(code)
        own = units.of(number)
        if part and own.stop - own.start > 1:
            own = slice(own.start + 1, own.stop)
        vectors = units.vectors[units.place[own]]
        if measure is None:
            scores = 2 * (vectors @ query) - self._hub(lang, code)[own]
        else:
            scores = similarity(query[None], vectors, *measure)[0]
        return units.passage(own.start + int(scores.argmax()))

    def number(self, lang: str, doc_id: str) -> int:
        """Place of a document among those of its language that have a vector; -1 where it has none."""
        if lang not in self._ranges:
            return -1
        if lang not in self._numbers:
            self._numbers[lang] = {doc_id: number for number, doc_id in enumerate(self._of(lang).ids)}
        return self._numbers[lang].get(doc_id, -1)

    def nearest(
        self,
        queries: F32,
        lang: str,
        wanted: list[str],
        k: int,
        where: Mapping[str, Any] | None,
        lexical: Lexical | None = None,
        rerank: Aligned | None = None,
        measure: tuple[Measure, float] | None = None,
    ) -> tuple[pl.DataFrame, F32]:
        """The k best documents in the languages `wanted` for every row of `queries` (n, dim) in `lang`.

        score = CSLS of the pooled vectors, of a document that is cut the best of the whole and its passages, 0 for a row of zeros, +
        weighted CSLS of the terms (`lexical`) + the aligned score (`rerank`), which is asked for the 100 best of every language,
        or k where that is more; only these are ranked then.
        With a `measure` and its p, score is that of `align.similarity` instead of CSLS.
        Columns query (row of `queries`), rank (from 1), score, then those of `cards`; and of every hit the aligned score, 0
        without one. Raises QueryError as `matching`.
        """
        searched = self.searched(wanted)
        ranges = [np.arange(numbers.start, numbers.stop) for numbers in map(self._ranges.__getitem__, searched)]
        numbers = np.concatenate(ranges or [np.zeros(0, dtype=np.int64)])
        refused = None if where is None else ~matching(self.cards, where)[numbers]
        k = min(k, len(numbers))
        found: list[tuple[Neighbours, F32]] = []
        held = sum(len(self._of(code).documents) for code in searched)
        step = max(1, block_bytes(BLOCK_BYTES) // (4 * max(held, 1)))
        for start in range(0, len(queries) if len(numbers) else 0, step):
            block = queries[start : start + step]
            score = np.hstack([self._pooled(block, lang, code, measure) for code in searched])
            score[~block.any(axis=1)] = 0
            if lexical is not None:
                score += np.hstack([lexical(start, start + len(block), code) for code in searched])
            if rerank is not None:
                found += self._reranked(score, start, searched, k, rerank, refused)
                continue
            if refused is not None:
                score[:, refused] = -np.inf
            best = top_k(score, k)
            found.append((best, best.scores))
        nothing = np.zeros((0, k), dtype=np.float32)
        values = np.concatenate([nothing, *(best.scores for best, _ in found)])
        kept = values > -np.inf
        hits = np.concatenate([nothing.astype(np.int64), *(best.rows for best, _ in found)])[kept]
        first = np.concatenate([nothing, *(before for _, before in found)])[kept]
        query = np.nonzero(kept)[0]
        rank = np.arange(len(query)) - np.searchsorted(query, query) + 1
        head = pl.DataFrame({"query": query, "rank": rank, "score": values[kept]})
        cards: pl.DataFrame = self.cards[numbers[hits]]
        return pl.concat([head, cards], how="horizontal"), values[kept] - first

    def searched(self, wanted: list[str]) -> list[str]:
        """Those of the languages `wanted` that have documents, in order."""
        return [code for code in sorted(wanted) if code in self._ranges]

    def _reranked(
        self, score: F32, first: int, searched: list[str], k: int, rerank: Aligned, refused: Bools | None
    ) -> list[tuple[Neighbours, F32]]:
        """The k best of every row of `score` (n, m) once the aligned scores of its candidates are added, and `score` of each."""
        ends = np.cumsum([0] + [len(self._ranges[code]) for code in searched])
        parts = list(zip(searched, pairwise(ends.tolist()), strict=True))
        nearest = [top_k(score[:, a:b], NEAREST).rows for _, (a, b) in parts]
        if refused is not None:
            score[:, refused] = -np.inf
        candidates = [top_k(score[:, a:b], max(k, CANDIDATES)) for _, (a, b) in parts]

        def one(row: int) -> tuple[Neighbours, F32]:
            found = np.full((1, score.shape[1]), -np.inf, dtype=np.float32)
            for (code, (a, _)), near, chosen in zip(parts, nearest, candidates, strict=True):
                own = chosen.rows[row][chosen.scores[row] > -np.inf]
                found[0, own + a] = score[row, own + a] + rerank(first + row, code, own, near[row])
            best = top_k(found, k)
            return best, score[row, best.rows]

        return list(in_parallel(one, range(len(score))))

    def _pooled(self, queries: F32, lang: str, code: str, measure: tuple[Measure, float] | None) -> F32:
        """(n, n_known) scores of all documents of `code` by their vectors alone."""
        units = self._of(code)
        if measure is not None:
            return units.best(np.asarray(similarity(queries, units.vectors, *measure)[:, units.place]))
        return units.best(csls(_cosines(queries, units.vectors, units.place), self._hub(lang, code)))

    def _of(self, lang: str) -> Units:
        if lang not in self._units:
            self._units[lang] = read_units(self._connection(), lang)
        return self._units[lang]

    def _hub(self, query_lang: str, lang: str) -> F32:
        key = (query_lang, lang)
        if key not in self._hubness:
            self._hubness[key] = read_unit_hubness(self._connection(), self._of(lang), query_lang)
        return self._hubness[key]


def _cosines(queries: F32, vectors: F32, place: I64) -> F32:
    # One query as a matrix-vector product: a product of matrices is shared among threads, and waits for the slowest core.
    cosines = (vectors @ queries[0])[None] if len(queries) == 1 else queries @ vectors.T
    return cosines if len(vectors) == len(place) else cosines[:, place]
