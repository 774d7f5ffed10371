"""Passages of long documents, their vectors and hubness, to tables and back: what pooled scores are taken of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from align.passages import Passage, cut_passages
from align.pool import Pooled, Pooler
from align.retrieval import NEIGHBOURS, neighbourhood
from align.vectors import F32, I64
from warehouse.documents import IndexedDocuments, distinct, read_hubness, read_vectors, sample_rows
from warehouse.spaces import insert, matrix, select, vector_column


@dataclass(frozen=True, eq=False)
class IndexedPassages:
    """The m passages of those documents of one language that are cut into several, in order.

    `documents` (m,): the document of each, as a row of `IndexedDocuments.vectors`; `numbers` (m,) from 0 in each document;
    `places` (m, 2): first character, and the one after the last; `pooled`: m rows.
    """

    lang: str
    documents: I64
    numbers: I64
    places: I64
    pooled: Pooled


@dataclass(frozen=True, eq=False)
class Units:
    """What the pooled vectors of n documents of a language stand for: u units, which are of each document in order the whole
    of it, then its passages with a vector. Whole pages find whole pages, short texts find passages (benchmarks/README.md).

    `ids` (n,) of the documents, in order; `documents` (u,) the row of each unit among them; `places` (u, 2) as in
    `IndexedPassages`, -1 for a whole document; `vectors` (m, dim), all different, of which a unit has that of `place` (u,).
    """

    lang: str
    ids: list[str]
    documents: I64
    places: I64
    vectors: F32
    place: I64

    @cached_property
    def starts(self) -> I64:
        """(n,) the first unit of each document."""
        return np.searchsorted(self.documents, np.arange(len(self.ids)))

    def best(self, scores: F32) -> F32:
        """(q, n) the best of every document, of `scores` (q, u)."""
        if len(self.ids) == len(self.documents):
            return scores
        return np.asarray(np.maximum.reduceat(scores, self.starts, axis=1))

    def of(self, document: int) -> slice:
        """The units of a document."""
        first, last = np.searchsorted(self.documents, [document, document + 1])
        return slice(int(first), int(last))

    def passage(self, unit: int) -> Passage | None:
        """Where a unit is in its text, None where it is all of it."""
        start, stop = self.places[unit].tolist()
        return None if start < 0 else Passage(start, stop)


def index_passages(
    indexed: Sequence[IndexedDocuments], pooler: Pooler, tokens: int, overlap: int | None = None
) -> list[IndexedPassages]:
    """Cut every document that has a vector, see `align.passages.cut_passages`, and pool what it is cut into.

    A document of one passage, or none of whose passages has a vector, stays as it is. Raises as `cut_passages`.
    """
    return [
        pool_passages(part, pooler, (cut_passages(text, part.lang, tokens, overlap) for text in known_texts(part)))
        for part in indexed
    ]


def pool_passages(part: IndexedDocuments, pooler: Pooler, cuts: Iterable[Sequence[Passage]]) -> IndexedPassages:
    """The passages of one language as `cuts` has them, for each of its documents that have a vector."""
    owners: list[int] = []
    numbers: list[int] = []
    places: list[tuple[int, int]] = []
    pieces: list[str] = []
    for row, (text, cut) in enumerate(zip(known_texts(part), cuts, strict=True)):
        if len(cut) > 1:
            owners += [row] * len(cut)
            numbers += range(len(cut))
            places += [(place.start, place.stop) for place in cut]
            pieces += [text[place.start : place.stop] for place in cut]
    pooled = pooler.pool_counted(pieces, part.lang)
    documents = np.array(owners, dtype=np.int64)
    kept = np.isin(documents, documents[pooled.known])
    return IndexedPassages(
        part.lang,
        documents[kept],
        np.array(numbers, dtype=np.int64)[kept],
        np.array(places, dtype=np.int64).reshape(-1, 2)[kept],
        Pooled(pooled.vectors[kept], pooled.tokens[kept], pooled.routes[kept]),
    )


def known_texts(part: IndexedDocuments) -> pl.Series:
    """Texts of the documents that have a vector, in order."""
    return part.frame["text"].filter(pl.Series(part.pooled.known))


def passage_hubness(
    indexed: Sequence[IndexedDocuments], passages: Sequence[IndexedPassages], query_lang: str
) -> dict[str, F32]:
    """Per language, r of every passage with a vector: mean cosine to its 10 nearest documents in `query_lang`.

    `passages`: one for each of `indexed`. The documents are those of `warehouse.documents.document_hubness`, whole, as they
    are all that is known of texts that may come; that of which a passage is a part does not count.
    """
    own = [part for part in indexed if part.lang == query_lang and len(part.vectors) >= NEIGHBOURS]
    asked = own or list(indexed)
    starts = dict(zip((part.lang for part in asked), np.cumsum([0, *(len(p.vectors) for p in asked)]), strict=False))
    if not asked:
        return {}
    everything = asked[0].vectors if len(asked) == 1 else np.concatenate([part.vectors for part in asked])
    chosen = sample_rows(len(everything))
    sample = everything[chosen]
    result = {}
    for target, cut in zip(indexed, passages, strict=True):
        vectors, documents = cut.pooled.vectors[cut.pooled.known], cut.documents[cut.pooled.known]
        rows, place = distinct(vectors)
        r = neighbourhood(rows, sample)[place]
        at = documents + starts[target.lang] if target.lang in starts else np.full(len(documents), -1)
        inside = np.isin(at, chosen)
        k = min(NEIGHBOURS, len(chosen) - 1)
        if inside.any() and k:
            nearest = neighbourhood(rows, sample, k)[place] * k
            with_one_more = neighbourhood(rows, sample, k + 1)[place] * (k + 1)
            cosine = np.einsum("ij,ij->i", vectors[inside], everything[at[inside]])
            # Without its own document, if that is among the k + 1 nearest: else what is left would be more than the k nearest.
            r[inside] = np.minimum(with_one_more[inside] - cosine, nearest[inside]) / k
        elif inside.any():
            r[inside] = 0
        result[target.lang] = np.asarray(r, dtype=np.float32)
    return result


def write_passages(
    connection: duckdb.DuckDBPyConnection,
    space_id: str,
    indexed: Sequence[IndexedDocuments],
    passages: Sequence[IndexedPassages],
    languages: Sequence[str],
) -> None:
    """Fill `passages` and, for queries in each of `languages`, `passage_hubness`. Writes."""
    for part, cut in zip(indexed, passages, strict=True):
        pooled, m = cut.pooled, len(cut.documents)
        who = {"space_id": [space_id] * m, "lang": [part.lang] * m, "doc_id": _ids(part, cut.documents)}
        about = {"tokens": pooled.tokens, "known_tokens": pooled.known_tokens}
        places = {"passage": cut.numbers, "start": cut.places[:, 0], "stop": cut.places[:, 1]}
        vectors = vector_column(pooled.vectors, pooled.known)
        insert(connection, "passages", {**who, **places, **about, "vector": vectors})
    for query_lang in languages:
        hubness = passage_hubness(indexed, passages, query_lang)
        for part, cut in zip(indexed, passages, strict=True):
            known, n = cut.pooled.known, len(hubness[part.lang])
            who = {"space_id": [space_id] * n, "query_lang": [query_lang] * n, "lang": [part.lang] * n}
            which = {"doc_id": _ids(part, cut.documents[known]), "passage": cut.numbers[known]}
            insert(connection, "passage_hubness", {**who, **which, "hubness": hubness[part.lang]})


def read_units(connection: duckdb.DuckDBPyConnection, lang: str) -> Units:
    """What was stored of the documents of `lang` that have a vector."""
    ids, vectors = read_vectors(connection, lang)
    sql = "SELECT doc_id, start, stop, vector FROM passages WHERE lang = ? AND vector IS NOT NULL"
    table = select(connection, sql, [lang])
    numbers = {doc_id: number for number, doc_id in enumerate(ids)}
    owners = np.array([numbers[doc_id] for doc_id in table["doc_id"].to_pylist()], dtype=np.int64)
    cut = np.stack([np.asarray(table[name].to_numpy(), dtype=np.int64) for name in ("start", "stop")], axis=1)
    documents = np.concatenate([np.arange(len(ids)), owners])
    places = np.concatenate([np.full((len(ids), 2), -1), cut])
    order = np.lexsort((places[:, 0], documents))
    rows = np.concatenate([vectors, matrix(table["vector"])])[order] if len(owners) else vectors
    return Units(lang, ids, documents[order], places[order], *distinct(rows))


def read_unit_hubness(connection: duckdb.DuckDBPyConnection, units: Units, query_lang: str) -> F32:
    """r (u,) of `units` for queries in `query_lang`."""
    whole = read_hubness(connection, query_lang, units.lang)
    sql = "SELECT hubness FROM passage_hubness WHERE query_lang = ? AND lang = ? ORDER BY doc_id, passage"
    parts = select(connection, sql, [query_lang, units.lang])["hubness"]
    if not len(parts):
        return whole
    r = np.empty(len(units.documents), dtype=np.float32)
    r[units.places[:, 0] < 0] = whole
    r[units.places[:, 0] >= 0] = parts.to_numpy()
    return r


def read_places(connection: duckdb.DuckDBPyConnection, lang: str, doc_id: str) -> list[Passage]:
    """The stored passages of a document, empty where it has one only."""
    sql = "SELECT start, stop FROM passages WHERE lang = ? AND doc_id = ? ORDER BY passage"
    return [Passage(*row) for row in connection.execute(sql, [lang, doc_id]).fetchall()]


def _ids(part: IndexedDocuments, documents: I64) -> pa.Array:
    return part.known_ids.gather(documents).to_arrow()
