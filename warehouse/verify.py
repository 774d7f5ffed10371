"""Does a warehouse keep its promises?"""

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from align.errors import AlignError, CorruptStoreError, ResourceError
from align.space import check_rotations
from warehouse import snapshot
from warehouse.connection import read
from warehouse.integrity import check_folder, check_no_log, check_snapshot
from warehouse.snapshot import Manifest
from warehouse.spaces import read_rotation, stored_languages

_FILES = ("pointer", "size", "SHA-256", "manifests", "no foreign files", "no files left behind")
# Each must count no row. The CHECKs of the schema hold while a store is written; these hold for the file as it lies there.
_NOTHING = {
    "one space": "SELECT count(*) - 1 FROM spaces",
    "word ranks run from 1 without gaps": (
        "SELECT count(*) FROM (SELECT lang, count(*) n, min(rank) a, max(rank) z, count(DISTINCT rank) d "
        "FROM words GROUP BY lang) WHERE a <> 1 OR z <> n OR d <> n"
    ),
    "words unique per language": "SELECT count(*) - count(DISTINCT (lang, word)) FROM words",
    "forms unique per language": "SELECT count(form) - count(DISTINCT (lang, form)) FILTER (form IS NOT NULL) FROM words",
    "plain forms unique per language": "SELECT count(plain) - count(DISTINCT (lang, plain)) FILTER (plain IS NOT NULL) FROM words",
    "known tokens by whose help": "SELECT count(*) FROM document_vectors WHERE variant_tokens + parts_tokens + subword_tokens > known_tokens OR known_tokens > tokens",
    "n-grams are whole, each of its language once": (
        "SELECT (SELECT count(*) - count(DISTINCT (lang, bucket)) FROM ngrams) + (SELECT count(*) FROM ngrams n LEFT JOIN rotations r USING (space_id, lang) "
        "WHERE ngram_buckets IS NULL OR NOT coalesce(bucket >= 0 AND bucket < ngram_buckets AND isfinite(array_inner_product(vector, vector)), false)) "
        "+ (SELECT count(*) FROM rotations r WHERE (ngram_buckets IS NULL) <> (ngram_steps IS NULL) OR (ngram_buckets IS NULL) <> (ngram_min IS NULL))"
    ),
    "tokens known by n-grams are of languages that have them": (
        "SELECT count(*) FROM document_vectors JOIN rotations USING (space_id, lang) WHERE subword_tokens > 0 AND ngram_buckets IS NULL"
    ),
    "word vectors of length 1": "SELECT count(*) FROM words WHERE NOT array_inner_product(vector, vector) BETWEEN 0.999 AND 1.001",
    "every word has a hubness for every other language": (
        "SELECT count(*) FROM words w JOIN rotations r ON r.lang <> w.lang "
        "ANTI JOIN word_hubness h ON h.lang = w.lang AND h.rank = w.rank AND h.source = r.lang AND isfinite(h.hubness) AND h.scale > 0"
    ),
    "word maps are whole": (
        "SELECT count(*) FROM (SELECT source, lang, count(*) n, count(DISTINCT axis) d, min(axis) a, max(axis) z "
        "FROM word_maps GROUP BY ALL), spaces WHERE n <> dim OR d <> dim OR a <> 1 OR z <> dim"
    ),
    "ids unique per language": (
        "SELECT (SELECT count(*) - count(DISTINCT (lang, doc_id)) FROM documents) "
        "+ (SELECT count(*) - count(DISTINCT (lang, doc_id)) FROM document_vectors)"
    ),
    "one hubness each": (
        "SELECT (SELECT count(*) - count(DISTINCT (query_lang, lang, doc_id)) FROM document_hubness) "
        "+ (SELECT count(*) - count(DISTINCT (source, lang, rank)) FROM word_hubness)"
    ),
    "every document has a row of vectors": (
        "SELECT count(*) FROM documents FULL JOIN document_vectors v USING (lang, doc_id) "
        "WHERE documents.text IS NULL OR v.tokens IS NULL"
    ),
    "document vectors of length 1, or NULL with a reason": (
        "SELECT count(*) FROM document_vectors WHERE (vector IS NULL) <> (reason IS NOT NULL) "
        "OR NOT coalesce(array_inner_product(vector, vector), 1) BETWEEN 0.999 AND 1.001"
    ),
    "every vector has a hubness for every language": (
        "SELECT count(*) FROM document_vectors v CROSS JOIN rotations r "
        "ANTI JOIN document_hubness h ON h.lang = v.lang AND h.doc_id = v.doc_id AND h.query_lang = r.lang "
        "AND isfinite(h.hubness) AND isfinite(h.lexical_hubness) AND isfinite(h.aligned_hubness) WHERE v.vector IS NOT NULL"
    ),
    "terms are numbered from 0 without gaps": "SELECT count(*) FROM (SELECT count(DISTINCT term) n, count(*) m, coalesce(max(term_id), -1) z FROM terms) WHERE n <> m OR z <> m - 1",
    "every vector has its terms": (
        "SELECT count(*) FROM (FROM document_vectors WHERE vector IS NOT NULL) v "
        "FULL JOIN document_terms t ON t.lang = v.lang AND t.doc_id = v.doc_id "
        "WHERE t.doc_id IS NULL OR v.doc_id IS NULL OR len(term_ids) <> len(counts) OR list_min(counts) < 1 "
        "OR list_min(term_ids) < 0 OR list_max(term_ids) >= (SELECT count(*) FROM terms)"
    ),
    "passages follow one another to the end of their text": (
        "SELECT count(*) FROM (SELECT *, count(*) OVER d AS n, lag(start) OVER p AS a, lag(stop) OVER p AS z, "
        "row_number() OVER p - 1 AS number, row_number() OVER p = n AS last "
        "FROM passages WINDOW d AS (PARTITION BY lang, doc_id), p AS (PARTITION BY lang, doc_id ORDER BY passage)) "
        "LEFT JOIN documents USING (lang, doc_id) "
        "WHERE text IS NULL OR n < 2 OR passage <> number OR start >= stop OR (last <> (stop = length(text))) "
        "OR CASE WHEN number = 0 THEN start <> 0 ELSE start <= a OR start > z OR stop <= z END"
    ),
    "passages of documents with a vector, in vectors of length 1": (
        "SELECT count(*) FROM (SELECT lang, doc_id, count(vector) AS n, bool_and("
        "known_tokens BETWEEN 0 AND tokens AND coalesce(array_inner_product(vector, vector), 1) BETWEEN 0.999 AND 1.001) AS good "
        "FROM passages GROUP BY ALL) LEFT JOIN document_vectors USING (lang, doc_id) WHERE vector IS NULL OR n = 0 OR NOT good"
    ),
    "every passage with a vector has one hubness for every language": (
        "SELECT count(*) FROM (SELECT p.lang, p.doc_id, p.passage, r.lang AS query_lang FROM passages p CROSS JOIN rotations r "
        "WHERE p.vector IS NOT NULL) FULL JOIN (SELECT query_lang, lang, doc_id, passage, count(*) AS n, any_value(hubness) AS hubness "
        "FROM passage_hubness GROUP BY ALL) h USING (query_lang, lang, doc_id, passage) WHERE n IS DISTINCT FROM 1 OR NOT isfinite(hubness) "
        "OR NOT EXISTS (FROM passages p WHERE (p.lang, p.doc_id, p.passage) = (h.lang, h.doc_id, h.passage) AND vector IS NOT NULL)"
    ),
    "one space_id everywhere": (
        "SELECT count(*) FROM (SELECT space_id FROM words UNION SELECT space_id FROM document_vectors "
        "UNION SELECT space_id FROM rotations UNION SELECT space_id FROM word_hubness UNION SELECT space_id FROM word_maps UNION SELECT space_id FROM spellings UNION SELECT space_id FROM document_hubness UNION SELECT space_id FROM document_terms UNION SELECT space_id FROM ngrams UNION SELECT space_id FROM passages UNION SELECT space_id FROM passage_hubness) "
        "WHERE space_id NOT IN (SELECT space_id FROM spaces)"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Contents:
    """What a snapshot that keeps its own rules holds: `words` and documents are counts."""

    schema: int
    languages: tuple[str, ...]
    words: int
    documents: int
    documents_without_vector: int


@dataclass(frozen=True)
class Verified(Contents):
    """A warehouse that kept every promise, named by `checks`, and what is in the snapshot that it serves.

    `others` are the snapshots beside that one to which one could go back. `notes` are not faults, but should be known.
    """

    snapshot: str
    size: int
    sha256: str
    checks: tuple[str, ...]
    others: tuple[str, ...]
    notes: tuple[str, ...]


def verify(root: str | Path) -> Verified:
    """Check a warehouse: the snapshot that is served, the others, and every file beside them. Does not write.

    Every snapshot must be what its manifest says, byte for byte, and every manifest what was written, which its checksum tells
    (`notes` name those of releases that wrote none); the rows that are served must keep their own rules; and no file may lie
    there that would change what is read.

    Raises CorruptStoreError, which names the file: `store.none`, `store.pointer`, `store.manifest`, `store.damaged` (size or
    SHA-256 differ), `store.link`, `store.foreign_wal`, `store.orphan` (left over a day ago), `store.unreadable`, `store.newer`,
    `store.older`, `store.broken_promise` (which one, and how many rows), `space.corrupt`; ResourceError
    `memory.short`.
    """
    root = Path(root)
    path, lease = snapshot.hold(root)
    try:
        manifest = check_snapshot(path)
        notes = check_folder(root)
        others = _check_others(root, path.name)
        contents = check_rows(path)
    finally:
        os.close(lease)
    if contents.schema != manifest.schema:
        what = f"says schema {manifest.schema}, the snapshot has {contents.schema}"
        raise CorruptStoreError("store.manifest", what, path=path.with_suffix(".json"))
    notes += tuple(
        f"{other.file}: published by a release that wrote no checksum into manifests"
        for other in (manifest, *others)
        if not other.checksum
    )
    names, checks = tuple(other.file for other in others), (*_FILES, *_NOTHING, "rotations orthogonal", "macros answer")
    return Verified(
        **vars(contents), snapshot=path.name, size=manifest.size, sha256=manifest.sha256,
        checks=checks, others=names, notes=notes,
    )  # fmt: skip


def check_rows(path: Path) -> Contents:
    """Check the rows of a snapshot against their own rules. Does not write.

    Raises CorruptStoreError `store.foreign_wal`, `store.unreadable`, `store.older`, `store.newer`, `store.broken_promise`,
    `space.corrupt`; ResourceError `memory.short`.
    """
    check_no_log(path)
    connection = read(path)
    try:
        schema = connection.execute("SELECT max(version) FROM schema_migrations").fetchall()[0][0]
        check_promises(connection, path)
        languages = stored_languages(connection)
        check_rotations({lang: read_rotation(connection, lang)[1] for lang in languages})
        _check_samples(connection, path)
        words, documents, without = connection.execute(
            "SELECT (SELECT count(*) FROM words), count(*), count(*) FILTER (vector IS NULL) FROM document_vectors"
        ).fetchall()[0]
    except duckdb.OutOfMemoryException:  # tells nothing of the snapshot
        raise ResourceError("memory.short", "not enough memory for the checks; free some", path=path) from None
    except duckdb.Error as error:
        raise CorruptStoreError("store.unreadable", f"a check could not be made ({error})", path=path) from None
    finally:
        connection.close()
    return Contents(schema, tuple(languages), words, documents, without)


def check_promises(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """The rows of a store keep its rules. Raises CorruptStoreError `store.broken_promise` (which one, and how many rows)."""
    for promise, sql in _NOTHING.items():
        broken = connection.execute(sql).fetchall()[0][0]
        if broken:
            raise CorruptStoreError("store.broken_promise", f"not kept: {promise} ({broken} rows)", path=path)


def _check_others(root: Path, served: str) -> list[Manifest]:
    """The manifests of the snapshots that are not served, newest first."""
    found = []
    for _, name in sorted(snapshot.published(root), reverse=True):
        try:
            if name != served:
                found.append(check_snapshot(root / name))
        except (AlignError, FileNotFoundError):
            if os.path.lexists(root / name):  # else it was collected meanwhile
                raise
    return found


def _check_samples(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """The macros answer: a stored word is its own nearest, a frequent word embeds to a finite vector."""
    for word, lang, vector in connection.execute("SELECT form, lang, vector FROM words WHERE rank = 1").fetchall():
        embedded = connection.execute("SELECT embed_text(?, ?)", [word, lang]).fetchall()[0][0]
        if not np.isfinite(vector).all() or (embedded is not None and not np.isfinite(embedded).all()):
            raise CorruptStoreError("store.broken_promise", f"embed_text({word!r}, {lang!r}) is not finite", path=path)
