"""A SharedSpace and its Pooler to tables and back."""

import json
from collections.abc import Iterable
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from align.dictionary import WordPairs
from align.failpoints import reach
from align.ngrams import Ngrams
from align.normalize import Normalization
from align.pool import Pooler
from align.pool_state import PoolingState
from align.procrustes import Rotation
from align.space import SharedSpace
from align.spelling import Spelling
from align.vectors import F32, WordVectors
from align.word_retrieval import Bilinear, SpellingChoice, WordRetrieval, check_spelling, spelled_words
from warehouse.connection import know_ngrams


def write_space(connection: duckdb.DuckDBPyConnection, space: SharedSpace, pooler: Pooler) -> None:
    """Fill `spaces`, `rotations`, `words`, `word_hubness`, `word_maps`, `spellings` and `ngrams`. Writes."""
    space_id = space.space_id
    insert(
        connection,
        "spaces",
        {
            "space_id": [space_id], "pivot_lang": [space.pivot], "dim": [space.dim], "tokenizer": [space.tokenizer],
            "fingerprints": [json.dumps(dict(space.fingerprints), sort_keys=True)], "weighting": [pooler.weighting],
            "sif_a": [pooler.a], "reduce": [pooler.reduce], "components": [pooler.components],
            "components_of": [pooler.components_of], "pooling_id": [pooler.pooling_id],
            "pooling_tried": [json.dumps([dict(one) for one in pooler.tried])],
        },
    )  # fmt: skip
    for lang in space.languages:
        rotation, steps, state = space.rotations[lang], space.normalizations[lang], pooler.states[lang]
        rows = pa.list_(pa.list_(pa.float64(), space.dim))
        # As Arrow: DuckDB takes a Python list apart number by number, and looks for pandas at each.
        insert(
            connection,
            "rotations",
            {
                "space_id": [space_id], "lang": [lang], "matrix": pa.array([list(rotation.matrix)], rows),
                "steps": pa.array([steps.steps]), "means": pa.array([list(steps.means)], rows),
                "method": [space.fits[lang]["method"]], "n_pairs": [rotation.n_pairs], "rank": [rotation.rank],
                "residual": [rotation.residual], "determinant": [rotation.determinant],
                "report": [json.dumps(dict(space.fits[lang]))],
                "pooling_mean": pa.array([state.mean], pa.list_(pa.float64(), space.dim)),
                "pooling_documents": [state.documents], "pooling_centre": [state.centre],
                "pooling_digest": [state.digest], "pooling_a": [state.a],
                "pooling_components": pa.array([list(state.components)], rows),
                "pooling_removal": pa.array([state.removal.tolist()], pa.list_(pa.float64())),
            },
        )  # fmt: skip
        if lang in space.ngrams:
            write_ngrams(connection, space_id, space.ngrams[lang])
        _write_words(connection, space_id, space.vectors(lang), state)
    for source in space.languages:
        for target in space.languages:
            if source != target:
                _write_retrieval(connection, space_id, source, target, space.retrieval(source, target))
    _write_spellings(connection, space)
    if space.ngrams:
        know_ngrams(connection, space.dim)


def write_ngrams(connection: duckdb.DuckDBPyConnection, space_id: str, ngrams: Ngrams) -> None:
    """Fill `ngrams`, and what `rotations` says of them. Writes."""
    n, means = len(ngrams.buckets), iter(ngrams.normalization.means)
    steps = [[] if step == "unit" else next(means).tolist() for step in ngrams.normalization.steps]
    connection.execute(
        "UPDATE rotations SET ngram_buckets = ?, ngram_min = ?, ngram_max = ?, ngram_steps = ? WHERE lang = ?",
        [ngrams.n_buckets, ngrams.min_n, ngrams.max_n, steps, ngrams.lang],
    )
    insert(
        connection,
        "ngrams",
        {"space_id": [space_id] * n, "lang": [ngrams.lang] * n, "bucket": ngrams.buckets, "vector": ngrams.matrix},
    )


def read_ngrams(connection: duckdb.DuckDBPyConnection, lang: str) -> Ngrams | None:
    """The stored n-grams of `lang`, or None where it has none."""
    sql = "SELECT ngram_buckets, ngram_min, ngram_max, ngram_steps FROM rotations WHERE lang = ? AND ngram_buckets IS NOT NULL"
    told = connection.execute(sql, [lang]).fetchall()
    if not told:
        return None
    n_buckets, min_n, max_n, steps = told[0]
    normalization = Normalization(
        tuple("center" if step else "unit" for step in steps), tuple(np.array(step) for step in steps if step)
    )
    table = select(connection, "SELECT bucket, vector FROM ngrams WHERE lang = ?", [lang])
    buckets = table["bucket"].to_numpy().astype(np.int64)
    order = np.argsort(buckets, kind="stable")
    return Ngrams(lang, matrix(table["vector"])[order], buckets[order], n_buckets, min_n, max_n, normalization)


def _write_spellings(connection: duckdb.DuckDBPyConnection, space: SharedSpace) -> None:
    for (source, lang), spelling in space.spellings.items():
        row = [space.space_id, source, lang, spelling.weight, json.dumps(spelling.as_dict())]
        connection.execute("INSERT INTO spellings VALUES (?, ?, ?, ?, ?)", row)


def write_pairs(connection: duckdb.DuckDBPyConnection, pairs: Iterable[WordPairs], part: str) -> None:
    """Fill `dictionary_pairs` with one `part`, "train" or "test". Writes."""
    for p in pairs:
        n = len(p)
        origins = list(p.origins) if p.origins is not None else [p.name] * n
        insert(
            connection,
            "dictionary_pairs",
            {
                "source": [p.source] * n, "target": [p.target] * n, "source_word": [s for s, _ in p.pairs],
                "target_word": [t for _, t in p.pairs], "weight": p.weights, "origin": origins, "part": [part] * n,
            },
        )  # fmt: skip


def read_pooler(connection: duckdb.DuckDBPyConnection, langs: Iterable[str] | None = None) -> Pooler:
    """The Pooler of the stored space, for all languages or for `langs`."""
    sql = (
        "SELECT space_id, weighting, sif_a AS a, reduce, components, components_of, pooling_id, pooling_tried AS tried "
        "FROM spaces"
    )
    how: dict[str, Any] = select(connection, sql).to_pylist()[0]
    how["tried"] = tuple(json.loads(how["tried"]))
    vectors, states = {}, {}
    for lang in stored_languages(connection) if langs is None else langs:
        vectors[lang], weights = read_words(connection, lang)
        states[lang] = _read_state(connection, lang, weights)
    return Pooler(vectors=vectors, states=states, **how)


def _read_state(connection: duckdb.DuckDBPyConnection, lang: str, weights: npt.NDArray[np.float64]) -> PoolingState:
    mean, documents, centre, a, digest, components, removal = connection.execute(
        "SELECT pooling_mean, pooling_documents, pooling_centre, pooling_a, pooling_digest, pooling_components, "
        "pooling_removal FROM rotations WHERE lang = ?",
        [lang],
    ).fetchall()[0]
    found = np.array(components, dtype=np.float64).reshape(-1, len(mean))
    return PoolingState(weights, np.array(mean), documents, centre, a, digest, found, np.array(removal, np.float64))


def read_words(connection: duckdb.DuckDBPyConnection, lang: str) -> tuple[WordVectors, npt.NDArray[np.float64]]:
    """Mapped vectors of `lang` and the weight (n,) of every word in a text."""
    table = select(connection, "SELECT rank, word, count, weight, vector FROM words WHERE lang = ?", [lang])
    order = np.argsort(table["rank"].to_numpy(), kind="stable")  # sorting rows of vectors in SQL takes ten times longer
    words = table["word"].to_pylist()
    counts = None if table["count"].null_count else table["count"].to_numpy()[order]
    rows, ngrams = matrix(table["vector"])[order], read_ngrams(connection, lang)
    vectors = WordVectors(lang, tuple(words[row] for row in order), rows, counts, ngrams=ngrams)
    return vectors, table["weight"].to_numpy()[order]


def read_rotation(connection: duckdb.DuckDBPyConnection, lang: str) -> tuple[Normalization, Rotation]:
    """What maps raw vectors of `lang` into the stored space."""
    row = connection.execute(
        "SELECT matrix, n_pairs, rank, residual, determinant, steps, means FROM rotations WHERE lang = ?", [lang]
    ).fetchall()[0]
    return Normalization(tuple(row[5]), tuple(np.array(m) for m in row[6])), Rotation(np.array(row[0]), *row[1:5])


def stored_languages(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Languages of the stored space, the pivot first."""
    rows = connection.execute(
        "SELECT lang FROM rotations JOIN spaces USING (space_id) ORDER BY lang <> pivot_lang, lang"
    ).fetchall()
    return [lang for (lang,) in rows]


def select(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> pa.Table:
    """The result of one SELECT as an Arrow table."""
    # Not sql(): with parameters a relation collects its result a row at a time, fifty times slower for vectors.
    return connection.execute(sql, parameters or []).to_arrow_table()


def insert(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, Any]) -> None:
    """Insert columns (lists, arrays, or (n, dim) float32 matrices) into a table of this project by name. Writes."""
    arrays = {name: _arrow(values) for name, values in columns.items()}
    connection.register("incoming_rows", pa.table(arrays))
    try:
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming_rows")
        reach("fill.inserted")
    finally:
        connection.unregister("incoming_rows")


def matrix(column: pa.ChunkedArray) -> F32:
    """A FLOAT[dim] column without NULLs as (n, dim) float32."""
    dim = column.type.list_size
    if column.null_count:
        raise ValueError(f"{column.null_count} NULL vectors: flattening would shift the rows")
    parts = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    flat = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    return np.asarray(flat, dtype=np.float32).reshape(-1, dim)


def vector_column(vectors: F32, known: npt.NDArray[np.bool_] | None = None) -> pa.FixedSizeListArray:
    """(n, dim) float32 as an Arrow column, NULL where not `known`."""
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1))
    mask = None if known is None else pa.array(~known)
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1], mask=mask)


def word_names(vectors: WordVectors) -> dict[str, pa.Array]:
    """The tokens that every word answers to, NULL where another does: `form`, folded, and `plain`, without accents."""
    columns = {}
    for name, index in (("form", vectors.folded_index), ("plain", vectors.known.plain)):
        names: list[str | None] = [None] * len(vectors)
        for token, row in index.items():
            names[row] = token
        columns[name] = pa.array(names, pa.string())
    return columns


def _write_words(
    connection: duckdb.DuckDBPyConnection, space_id: str, vectors: WordVectors, state: PoolingState
) -> None:
    insert(
        connection,
        "words",
        {
            "space_id": [space_id] * len(vectors), "lang": [vectors.lang] * len(vectors), "word": list(vectors.words),
            **word_names(vectors), "rank": np.arange(1, len(vectors) + 1, dtype=np.int32),
            "count": pa.nulls(len(vectors), pa.int64()) if vectors.counts is None else vectors.counts,
            "weight": state.weights, "vector": vectors.matrix,
        },
    )  # fmt: skip


def _write_retrieval(
    connection: duckdb.DuckDBPyConnection, space_id: str, source: str, target: str, found: WordRetrieval
) -> None:
    n = len(found.hubness)
    insert(
        connection,
        "word_hubness",
        {
            "space_id": [space_id] * n, "source": [source] * n, "lang": [target] * n,
            "rank": np.arange(1, n + 1, dtype=np.int32), "hubness": found.hubness,
            "scale": found.by.scale if found.by else np.ones(n, dtype=np.float32),
        },
    )  # fmt: skip
    if found.by is not None:
        dim = len(found.by.product)
        insert(
            connection,
            "word_maps",
            {
                "space_id": [space_id] * dim, "source": [source] * dim, "lang": [target] * dim,
                "axis": np.arange(1, dim + 1, dtype=np.int32), "product": np.ascontiguousarray(found.by.product.T),
                "source_map": np.ascontiguousarray(found.by.source_map.T),
            },
        )  # fmt: skip


def read_retrieval(
    connection: duckdb.DuckDBPyConnection, source: WordVectors, target: WordVectors, spelling: SpellingChoice = "off"
) -> WordRetrieval:
    """How the stored words of one language find those of another; both as `read_words` gives them."""
    check_spelling(spelling)
    if source.lang == target.lang:
        return WordRetrieval(source.matrix, target.matrix, np.zeros(len(target), dtype=np.float32))
    sql = "SELECT hubness, scale FROM word_hubness WHERE source = ? AND lang = ? ORDER BY rank"
    found = select(connection, sql, [source.lang, target.lang])
    hubness, scale = (np.asarray(found[name].to_numpy(), dtype=np.float32) for name in ("hubness", "scale"))
    sql = "SELECT product, source_map FROM word_maps WHERE source = ? AND lang = ? ORDER BY axis"
    axes = select(connection, sql, [source.lang, target.lang])
    by, spelled = None, None
    if len(axes):
        product, source_map = (np.ascontiguousarray(matrix(axes[name]).T) for name in ("product", "source_map"))
        by = Bilinear(product, source_map, scale)
    if spelling == "auto":
        rows = connection.execute("SELECT source, lang, content FROM spellings").fetchall()
        stored = {(a, b): Spelling.of(json.loads(content)) for a, b, content in rows}
        spelled = spelled_words(stored, source, target)
    return WordRetrieval(source.matrix, target.matrix, hubness, by, spelled)


def _arrow(values: Any) -> Any:
    if isinstance(values, np.ndarray) and values.ndim == 2:
        return vector_column(values)
    return values if isinstance(values, pa.Array) else pa.array(values)
