"""Laws of connections: a schema grows by numbered steps, and the reading side is locked."""

import duckdb
import pytest

from align.errors import AlignError, CorruptStoreError, QueryError
from warehouse import connection
from warehouse.connection import SCHEMA, create, migrate, one_select, read

TABLES = {
    "spaces", "rotations", "words", "word_hubness", "word_maps", "spellings", "dictionary_pairs", "documents", "document_vectors", "document_hubness", "passages", "passage_hubness", "terms", "document_terms", "lexical_weights", "calibrations", "ngrams", "runs",
    "evaluations", "schema_migrations",
}  # fmt: skip
MACROS = {
    "fold_text",
    "tokenize",
    "embed_text",
    "similarity",
    "documents_like",
    "search_text",
    "similar_documents",
    "nearest_words",
    "translate",
    "weighed_words",
    "text_words",
    "explain_match",
    "plain_form",
    "known_words",
    "vocabulary_words",
    "word_vector",
    "ngram_buckets",
    "ngram_vector",
    "match_probability",
}


def schema(connection):
    tables = connection.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL").fetchall()
    macros = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal AND function_type LIKE '%macro'"
    ).fetchall()
    return dict(tables), {name for (name,) in macros}


def test_a_new_store_has_every_table_and_macro(blank):
    tables, macros = schema(blank)
    assert set(tables) == TABLES
    assert macros == MACROS
    assert "FLOAT[3]" in tables["words"]
    assert blank.execute("SELECT version FROM schema_migrations ORDER BY ALL").fetchall() == [
        (n,) for n in range(1, SCHEMA + 1)
    ]


def test_F22_to_migrate_twice_changes_nothing(blank):
    before = schema(blank)
    assert migrate(blank, 3) == []
    assert schema(blank) == before


@pytest.mark.parametrize("older", range(SCHEMA))
def test_F22_migrations_lead_from_every_older_number_to_the_same_schema(blank, monkeypatch, older):
    scripts = connection._scripts("migrations")
    assert [int(name[:4]) for name, _ in scripts] == list(range(1, SCHEMA + 1))
    with duckdb.connect() as store:
        with monkeypatch.context() as patch:
            patch.setattr(connection, "_scripts", lambda folder: scripts[:older])
            assert len(migrate(store, 3)) == older
        assert migrate(store, 3) == [name for name, _ in scripts[older:]]
        assert schema(store)[0] == schema(blank)[0]


def test_F22_a_migration_that_fails_leaves_the_number_before_it(monkeypatch):
    scripts = [
        ("0001_good.sql", "CREATE TABLE a (n INTEGER)"),
        ("0002_bad.sql", "CREATE TABLE b (n INTEGER); SELECT error('no')"),
    ]
    with duckdb.connect() as store:
        monkeypatch.setattr(connection, "_scripts", lambda folder: scripts)
        with pytest.raises(duckdb.Error):
            migrate(store, 3)
        store.execute("ROLLBACK")
        assert store.execute("SELECT version FROM schema_migrations").fetchall() == [(1,)]
        assert "b" not in schema(store)[0]


@pytest.mark.parametrize(
    "row",
    [
        "('s', 'd', 'en', [0, 0, 0], 1, 1, NULL)",
        "('s', 'd', 'en', [2, 0, 0], 1, 1, NULL)",
        "('s', 'd', 'en', ['nan', 0, 0], 1, 1, NULL)",
        "('s', 'd', 'en', ['inf', 0, 0], 1, 1, NULL)",
        "('s', 'd', 'en', [1, 0], 1, 1, NULL)",
        "('s', 'd', 'en', NULL, 1, 0, NULL)",
        "('s', 'd', 'en', [1, 0, 0], 1, 1, 'no_tokens')",
    ],
)
def test_T01_only_unit_vectors_or_none_with_a_reason_can_be_stored(blank, row):
    columns = "(space_id, doc_id, lang, vector, tokens, known_tokens, reason)"
    blank.execute(
        f"INSERT INTO document_vectors {columns} VALUES ('s', 'a', 'en', [0, 0, 1], 1, 1, NULL), ('s', 'b', 'en', NULL, 0, 0, 'no_tokens')"
    )
    with pytest.raises(duckdb.Error):
        blank.execute(f"INSERT INTO document_vectors {columns} VALUES {row}")


def test_a_word_without_a_unit_vector_or_a_weight_cannot_be_stored(blank):
    for vector, weight in (("[0, 0, 0]", 1), ("[1, 1, 1]", 1), ("NULL", 1), ("[1, 0, 0]", -1)):
        with pytest.raises(duckdb.Error):
            blank.execute(
                f"INSERT INTO words (space_id, lang, word, form, rank, count, weight, vector) VALUES ('s', 'en', 'w', 'w', 1, NULL, {weight}, {vector})"
            )


@pytest.fixture
def reading(world):
    connection = read(world.root / "current.duckdb")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SET threads = 1", "SET enable_external_access = true", "RESET lock_configuration", "ATTACH '/tmp/never.duckdb'",
        "INSERT INTO documents SELECT * FROM documents", "CREATE TABLE t (n INTEGER)", "DROP TABLE documents", "INSTALL httpfs", "LOAD httpfs",
        "COPY documents TO '/tmp/never.csv'", "EXPORT DATABASE '/tmp/never'", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM glob('/etc/*')", "SELECT * FROM local_variable", "UPDATE documents SET text = ''",
    ],
)  # fmt: skip
def test_Q01_even_the_bare_connection_reaches_nothing_but_the_snapshot(reading, statement):
    local_variable = [1]
    with pytest.raises(duckdb.Error):
        reading.execute(statement).fetchall()
    assert local_variable == [1]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        *((sql, "query.read_only") for sql in (
            "INSERT INTO documents SELECT * FROM documents", "UPDATE documents SET text = ''", "DELETE FROM documents", "DROP TABLE documents",
            "CREATE TABLE t (n INTEGER)", "CREATE TEMP TABLE documents (n INTEGER)", "CREATE MACRO similarity(a, b) AS 1", "ATTACH 'x.duckdb'",
            "DETACH store", "COPY documents TO 'x.csv'", "COPY documents FROM 'x.csv'", "EXPORT DATABASE 'x'", "INSTALL httpfs", "LOAD httpfs",
            "SET threads = 1", "RESET threads", "USE temp", "PRAGMA threads = 1", "BEGIN", "CHECKPOINT", "VACUUM", "PREPARE p AS SELECT 1",
            "EXPLAIN ANALYZE CREATE TEMP TABLE documents AS SELECT 1", "EXPLAIN (ANALYZE) CREATE TEMP TABLE documents AS SELECT 1",
            "explain\nanalyze\nINSERT INTO documents SELECT * FROM documents", "EXPLAIN/**/ANALYZE CREATE TEMP TABLE documents AS SELECT 1",
        )),
        *((sql, "query.statements") for sql in ("SELECT 1; SELECT 2", "SELECT 1; DROP TABLE documents", "", " ;; ", "-- nothing")),
        *((sql, "query.syntax") for sql in ("SELECT 'open", "SELEC 1", "SELECT (", "SELECT \0 1")),
        *((sql, "query.function") for sql in ("SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')")),
        *((sql, "query.failed") for sql in (
            "SELECT * FROM '/etc/passwd'", "SELECT * FROM nowhere", "SELECT * FROM wh", "SELECT error('no')", "SELECT 1 / 'a'", "SELECT ?",
        )),
        *((sql, "api.bad_type") for sql in (None, 5, b"SELECT 1", ["SELECT 1"])),
    ],
)  # fmt: skip
def test_Q01_Q02_sql_refuses_what_does_not_only_read(wh, world, statement, code):
    with pytest.raises(AlignError) as refused:
        wh.sql(statement)
    assert refused.value.code == code
    assert str(refused.value).isprintable()
    assert wh.sql("SELECT count(*) FROM documents").item() == world.frame.height


def test_Q01_a_comment_hides_nothing_from_the_check_of_what_is_explained(wh, world):
    with pytest.raises(QueryError):
        wh.sql("EXPLAIN (ANALYZE /*) SELECT 1 --*/ ) CREATE TEMP TABLE documents AS SELECT 1")
    assert wh.sql("SELECT count(*) FROM documents").item() == world.frame.height


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT 1", 1), ("select 1;", 1), ("VALUES (1), (2)", 2), ("FROM spaces", 1), ("WITH x AS (SELECT 1) SELECT * FROM x", 1),
        ("DESCRIBE documents", 6), ("SHOW TABLES", len(TABLES)), ("EXPLAIN SELECT 1", 1), ("EXPLAIN ANALYZE SELECT 1", 1),
        ("SELECT 'a;b -- c'", 1), ("-- a comment\nSELECT 1", 1), ("SELECT 1 WHERE false", 0),
    ],
)  # fmt: skip
def test_sql_serves_what_reads(wh, statement, rows):
    assert wh.sql(statement).height == rows


def test_sql_takes_values_as_parameters(wh):
    hostile = "'; DROP TABLE documents; --"
    assert wh.sql("SELECT ? AS a, ? AS b", [hostile, None]).rows() == [(hostile, None)]


def test_one_select_returns_the_statement():
    with duckdb.connect() as anything:
        assert one_select(anything, "SELECT 1") == "SELECT 1"
        with pytest.raises(QueryError, match="DROP is not served"):
            one_select(anything, "DROP TABLE t")


@pytest.mark.parametrize("name", ["plain", "o'clock", "été 東京", 'a"b;--'])
def test_any_path_can_be_created_and_read(tmp_path, name):
    path = tmp_path / f"{name}.duckdb"
    create(path, 3).close()
    with read(path) as connection:
        assert connection.execute("SELECT count(*) FROM words").fetchall() == [(0,)]


def test_F22_a_store_of_another_schema_is_refused(tmp_path):
    for change, said in (
        (
            "INSERT INTO schema_migrations VALUES (99, 'later')",
            "99, this build reads up to {}; install a later .*store.newer",
        ),
        ("DELETE FROM schema_migrations WHERE version > 1", "1, this build reads {}; run `align upgrade`.*store.older"),
    ):
        path = tmp_path / f"{said[:2]}.duckdb"
        with create(path, 3) as store:
            store.execute(change)
        before = path.read_bytes()
        with pytest.raises(CorruptStoreError, match=said.format(SCHEMA)):
            read(path)
        assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000, None])
def test_what_is_no_store_is_refused(tmp_path, content):
    path = tmp_path / "x.duckdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CorruptStoreError, match="store.unreadable"):
        read(path)
    assert path.exists() == (content is not None)
