"""Documents, their pooled vectors and their hubness to tables and back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from align.compressed import open_bytes, replacing
from align.pool import Pooled, Pooler
from align.retrieval import NEIGHBOURS, neighbourhood
from align.unknown_words import ROUTES
from align.vectors import F32, I64
from warehouse.spaces import insert, matrix, select, vector_column

COUNTED = {route: f"{route}_tokens" for route in ROUTES} | {"subwords": "subword_tokens"}
SAMPLE = 10_000  # documents of a query's language against which hubness is taken


@dataclass(frozen=True, eq=False)
class IndexedDocuments:
    """Documents of one language in the order of their ids, and what pooling made of them.

    `frame` has the columns of `align.read_documents`; `pooled` one row for each of them.
    """

    lang: str
    frame: pl.DataFrame
    pooled: Pooled

    @property
    def vectors(self) -> F32:
        """(n_known, dim) vectors of the documents that have one, in order."""
        known = self.pooled.known
        return self.pooled.vectors if known.all() else self.pooled.vectors[known]

    @property
    def known_ids(self) -> pl.Series:
        """Ids of the documents that have a vector, in order."""
        return self.frame["doc_id"].filter(pl.Series(self.pooled.known))


def index_documents(frame: pl.DataFrame, pooler: Pooler) -> list[IndexedDocuments]:
    """Pool every document of `frame`, a language at a time. Raises InputError `space.no_language`."""
    indexed = []
    for lang in sorted(frame["lang"].unique()):
        part = frame.filter(pl.col("lang") == lang).sort("doc_id")
        indexed.append(IndexedDocuments(lang, part, pooler.pool_counted(part["text"].to_list(), lang)))
    return indexed


def save_indexed(indexed: list[IndexedDocuments], path: Path) -> None:
    """Write pooled documents to one Parquet file. Writes."""
    columns = [
        part.frame.with_columns(
            pl.Series("tokens", part.pooled.tokens),
            *(pl.Series(name, part.pooled.routes[:, i]) for i, name in enumerate(COUNTED.values())),
            pl.from_arrow(pa.table({"vector": vector_column(part.pooled.vectors)})).to_series(),  # type: ignore[union-attr]
        )
        for part in indexed
    ]
    with replacing(path) as file:
        (pl.concat(columns) if columns else pl.DataFrame({"lang": []}, {"lang": pl.String})).write_parquet(file)


def load_indexed(path: Path) -> list[IndexedDocuments]:
    """What `save_indexed` wrote, a language at a time. Raises InputError `file.missing`, `file.unreadable`."""
    indexed = []
    with open_bytes(path) as file:
        frame = pl.read_parquet(file)
    for part in frame.partition_by("lang", maintain_order=True):
        vectors = np.ascontiguousarray(part["vector"].to_numpy(), dtype=np.float32)
        routes = [*COUNTED.values()]
        pooled = Pooled(vectors, part["tokens"].to_numpy(), part.select(routes).to_numpy())
        frame = part.drop("vector", "tokens", routes)
        indexed.append(IndexedDocuments(frame["lang"][0], frame, pooled))
    return indexed


def document_hubness(indexed: list[IndexedDocuments], query_lang: str) -> dict[str, F32]:
    """Per language, r (n_known,) of every document: mean cosine to its 10 nearest documents in `query_lang`.

    A document does not count as its own neighbour. Where `query_lang` has fewer than 10 documents, those of all
    languages stand in for the questions that may come.
    """
    own = next((i for i in indexed if i.lang == query_lang and len(i.vectors) >= NEIGHBOURS), None)
    result = {}
    for target in indexed:
        rows, place = distinct(target.vectors)
        if own is not None and own is not target:
            r = neighbourhood(rows, _sample(own.vectors))
        else:
            everything = own.vectors if own is not None else np.concatenate([i.vectors for i in indexed])
            r = _neighbourhood_without_self(rows, _sample(everything))
        result[target.lang] = r[place]
    return result


def distinct(vectors: F32) -> tuple[F32, I64]:
    """The different rows (m, dim) among `vectors` (n, dim), in order of first mention, and the place (n,) of each row in them.

    BLAS gives equal rows products that differ in the last bit, by where they stand. Taken once for all, they tie.
    """
    first: dict[bytes, int] = {}
    place = np.fromiter(
        (first.setdefault(row.tobytes(), len(first)) for row in vectors), dtype=np.int64, count=len(vectors)
    )
    if len(first) == len(vectors):
        return vectors, place
    return vectors[np.unique(place, return_index=True)[1]], place


def write_documents(connection: duckdb.DuckDBPyConnection, space_id: str, indexed: list[IndexedDocuments]) -> None:
    """Fill `documents` and `document_vectors`. Writes."""
    for part in indexed:
        frame, pooled, n = part.frame, part.pooled, part.frame.height
        hashes = [content_hash(row) for row in frame.iter_rows(named=True)]
        insert(
            connection,
            "documents",
            {**{name: frame[name].to_arrow() for name in frame.columns}, "content_hash": hashes},
        )
        insert(
            connection,
            "document_vectors",
            {
                "space_id": [space_id] * n, "doc_id": frame["doc_id"].to_arrow(), "lang": [part.lang] * n,
                "vector": vector_column(pooled.vectors, pooled.known), "tokens": pooled.tokens,
                "known_tokens": pooled.known_tokens,
                **{COUNTED[route]: pooled.routes[:, i] for i, route in enumerate(ROUTES) if route != "exact"},
                "reason": pa.array(pooled.reasons(), pa.string()),
            },
        )  # fmt: skip


def read_vectors(connection: duckdb.DuckDBPyConnection, lang: str) -> tuple[list[str], F32]:
    """Ids and vectors (n_known, dim) of the documents of `lang` that have one, in the order of ids."""
    sql = "SELECT doc_id, vector FROM document_vectors WHERE lang = ? AND vector IS NOT NULL"
    table = select(connection, sql, [lang])
    ids = table["doc_id"].to_pylist()
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return [ids[row] for row in order], matrix(table["vector"])[order]


def read_hubness(connection: duckdb.DuckDBPyConnection, query_lang: str, lang: str) -> F32:
    """r (n_known,) of the documents of `lang` for queries in `query_lang`, in the order of `read_vectors`."""
    sql = "SELECT hubness FROM document_hubness WHERE query_lang = ? AND lang = ? ORDER BY doc_id"
    return np.asarray(select(connection, sql, [query_lang, lang])["hubness"].to_numpy(), dtype=np.float32)


def content_hash(document: Mapping[str, str | None]) -> str:
    """SHA-256 of what a document says: title, text and metadata."""
    parts = (document["title"] or "", document["text"] or "", document["metadata"] or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def sample_rows(n: int) -> I64:
    """Numbers of the documents, of n, that stand for all: at most 10,000, evenly spread."""
    return np.arange(n) if n <= SAMPLE else np.linspace(0, n - 1, SAMPLE).astype(np.int64)


def _sample(vectors: F32) -> F32:
    return vectors if len(vectors) <= SAMPLE else vectors[sample_rows(len(vectors))]


def _neighbourhood_without_self(vectors: F32, sample: F32) -> F32:
    """r against a sample in which a document may or may not be: an exact copy of it is taken to be the document."""
    r = neighbourhood(vectors, sample)
    k = min(NEIGHBOURS + 1, len(sample))
    rows = {row.tobytes() for row in sample}
    inside: npt.NDArray[np.bool_] = np.fromiter(
        (row.tobytes() in rows for row in vectors), dtype=bool, count=len(vectors)
    )
    if inside.any():
        r[inside] = (neighbourhood(vectors[inside], sample, k) * k - 1) / (k - 1) if k > 1 else 0
    return r
