"""Stores of earlier schemas, published anew in the schema of this build.

A new file is filled from the old one, which nobody writes to: whatever the old tables were like, the new ones are those of
a new store, and hold what its CHECKs demand.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from align.errors import CorruptStoreError, printable
from align.passages import Passage
from align.pool import Pooler
from align.pool_state import texts_digest
from warehouse import snapshot
from warehouse.connection import SCHEMA, attach, know_ngrams, read
from warehouse.documents import IndexedDocuments, index_documents, write_documents
from warehouse.evidence import write_evidence
from warehouse.integrity import check_no_log, check_snapshot
from warehouse.lexicon import StoredSpace
from warehouse.passages import pool_passages, write_passages
from warehouse.spaces import read_pooler, select, stored_languages, word_names
from warehouse.verify import check_promises

# What was given or fitted. Columns and tables of later schemas have the defaults of their migrations, or stay empty: a space
# that was fitted without re-weighting, spelling, components or n-grams is none the worse for it.
FITTED = (
    "spaces", "rotations", "words", "word_hubness", "word_maps", "spellings", "ngrams", "dictionary_pairs", "evaluations", "runs",
)  # fmt: skip

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Upgraded:
    """`snapshot`: the name of the one that is published now; `found`: the schema that was; `published`: whether it is new."""

    snapshot: str
    found: int
    schema: int
    published: bool


def upgrade(root: str | Path, progress: Progress | None = None) -> Upgraded:
    """Publish what the warehouse at `root` holds in the schema of this build; where it is of that schema, do nothing.

    Space, words, dictionaries, documents and figures stay as they were. What is derived is made by the code that builds:
    the tokens that words answer to, vectors of documents and of the passages that there were, by the stored pooling,
    their hubness, terms and probabilities. So texts of which former releases knew fewer words have new vectors, which
    queries have too. No former store has n-grams of its words; build it again for those. The old snapshot stays until it
    is collected. Writes. `progress` as `write_evidence`.

    Raises CorruptStoreError as `warehouse.verify`, BusyError `store.busy`, ResourceError `store.unwritable`. A newer store
    (`store.newer`) is refused before anything is written; whatever is raised, or kills, the old snapshot stands.
    """
    root = Path(root)
    path, found, dim = _look(root)
    if found < SCHEMA:
        with snapshot.writing(root):
            path, found, dim = _look(root)  # another may have published since
            if found < SCHEMA:
                check_snapshot(path)
                manifest = snapshot.publish(root, dim, lambda connection: _fill(connection, path, found, progress))
                return Upgraded(Path(manifest.file).stem, found, SCHEMA, True)
    return Upgraded(path.stem, found, SCHEMA, False)


def _look(root: Path) -> tuple[Path, int, int]:
    """The published snapshot, its schema, and the dimensions of its space."""
    path = snapshot.current(root)
    check_snapshot(path, digest=False)
    check_no_log(path)
    connection = read(path, oldest=1)
    try:
        found = connection.execute("SELECT max(version) FROM schema_migrations").fetchall()[0][0]
        spaces = connection.execute("SELECT dim FROM spaces").fetchall()
    except duckdb.Error as error:
        raise CorruptStoreError("store.unreadable", f"not a store of a space ({error})", path=path) from None
    finally:
        connection.close()
    if len(spaces) != 1:
        raise CorruptStoreError("store.broken_promise", f"not kept: one space ({len(spaces)} rows)", path=path)
    return path, found, spaces[0][0]


def _fill(connection: duckdb.DuckDBPyConnection, path: Path, found: int, progress: Progress | None) -> None:
    attach(connection, path, "earlier")
    try:
        _take_over(connection)
        check_promises(connection, path)
        table = select(
            connection, "SELECT doc_id, lang, title, text, metadata::VARCHAR AS metadata FROM earlier.documents"
        )
        frame = pl.DataFrame(pl.from_arrow(table))
        pooler = _pooler(connection, frame)
        _name_words(connection, pooler)
        space = StoredSpace(connection, stored_languages(connection), lambda lang: pooler.vectors[lang])
        indexed = index_documents(frame, pooler)
        write_documents(connection, space.space_id, indexed)
        _write_passages(connection, space, pooler, indexed)
        write_evidence(connection, space, pooler, indexed, progress)
        told = json.dumps({"upgraded": {"from": path.stem, "schema": found}})
        connection.execute("UPDATE runs SET notes = json_merge_patch(notes, ?::JSON)", [told])
        check_promises(connection, path)
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException):
        raise  # the disk or the memory, of which `publish` tells
    except duckdb.Error as error:
        what = f"cannot be taken over ({printable(str(error), 140)}); build it again"
        raise CorruptStoreError("store.unreadable", what, path=path) from None
    connection.execute("DETACH earlier")


def _take_over(connection: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "SELECT column_name FROM duckdb_columns() earlier JOIN duckdb_columns() now USING (table_name, column_name) "
        "WHERE earlier.database_name = 'earlier' AND now.database_name = current_database() AND table_name = ?"
    )
    for table in FITTED:
        columns = ", ".join(name for (name,) in connection.execute(sql, [table]).fetchall())
        if columns:
            connection.execute(f"INSERT INTO {table} BY NAME SELECT {columns} FROM earlier.{table}")


def _pooler(connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> Pooler:
    """The pooling of the store, under the identity that it has in this build."""
    for lang in stored_languages(connection):
        texts = frame.filter(pl.col("lang") == lang)["text"].to_list()
        # Before schema 6 neither was told of a pooling, which was fitted on all documents by the one constant.
        connection.execute(
            "UPDATE rotations SET pooling_digest = ?, pooling_a = if(weighting = 'sif', sif_a, 0) FROM spaces "
            "WHERE lang = ? AND pooling_digest IS NULL",
            [texts_digest(texts), lang],
        )
    pooler = read_pooler(connection)
    pooler = replace(pooler, pooling_id=pooler.identity())
    connection.execute("UPDATE spaces SET pooling_id = ?", [pooler.pooling_id])
    return pooler


def _name_words(connection: duckdb.DuckDBPyConnection, pooler: Pooler) -> None:
    for lang, vectors in pooler.vectors.items():
        names = pa.table({"rank": range(1, len(vectors) + 1), **word_names(vectors)})
        connection.register("names", names)
        connection.execute(
            "UPDATE words SET form = names.form, plain = names.plain FROM names WHERE lang = ? AND words.rank = names.rank",
            [lang],
        )
        connection.unregister("names")
        if vectors.ngrams is not None:
            know_ngrams(connection, vectors.dim)


def _write_passages(
    connection: duckdb.DuckDBPyConnection, space: StoredSpace, pooler: Pooler, indexed: list[IndexedDocuments]
) -> None:
    """Those of the earlier store, where it has any, cut as they were."""
    if not connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = 'earlier' AND table_name = 'passages'"
    ).fetchall():
        return
    sql = "SELECT lang, doc_id, start, stop FROM earlier.passages ORDER BY lang, doc_id, passage"
    cuts: dict[tuple[str, str], list[Passage]] = {}
    for lang, doc_id, start, stop in connection.execute(sql).fetchall():
        cuts.setdefault((lang, doc_id), []).append(Passage(start, stop))
    if cuts:
        passages = [
            pool_passages(part, pooler, [cuts.get((part.lang, doc_id), []) for doc_id in part.known_ids])
            for part in indexed
        ]
        write_passages(connection, space.space_id, indexed, passages, space.languages)
