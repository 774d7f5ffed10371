"""Statements of somebody who wants more than to read, and a process in which they are tried one after another."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from align.errors import AlignError
from warehouse.bounded import _resident
from warehouse.connection import read
from warehouse.search import Warehouse

TIMEOUT = 2.0  # seconds
MEMORY = 512 << 20  # bytes
DEEP = "(repeat('[', 200000) || repeat(']', 200000))"
_WRITES = (
    "INSERT INTO documents SELECT * FROM documents", "UPDATE documents SET text = ''", "DELETE FROM words", "TRUNCATE words",
    "DROP TABLE documents", "DROP SCHEMA main CASCADE", "ALTER TABLE documents ADD COLUMN x INTEGER", "CREATE TABLE t (n INTEGER)",
    "CREATE TEMP TABLE documents AS SELECT 1", "CREATE OR REPLACE VIEW documents AS SELECT 1", "CREATE MACRO similarity(a, b) AS 1",
    "CREATE TYPE t AS ENUM ('a')", "CREATE SEQUENCE s", "CREATE INDEX i ON words (word)", "MERGE INTO words USING words AS w ON true WHEN MATCHED THEN DELETE",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')", "COMMENT ON TABLE documents IS 'x'",
)  # fmt: skip
_REACHES = (
    "ATTACH '{new}'", "ATTACH '{other}' AS o", "DETACH store", "USE temp", "COPY documents TO '{new}'", "COPY documents FROM '{canary}'",
    "COPY (SELECT 1) TO '{new}' (FORMAT parquet)", "EXPORT DATABASE '{new}'", "IMPORT DATABASE '{canary}'", "INSTALL httpfs", "INSTALL '{new}'", "LOAD httpfs",
    "LOAD '{canary}'", "SET threads = 1", "SET enable_external_access = true", "SET lock_configuration = false", "SET temp_directory = '{new}'",
    "SET memory_limit = '1TB'", "SET VARIABLE v = 1", "RESET lock_configuration", "PRAGMA threads = 1", "PRAGMA enable_profiling", "PRAGMA profiling_output = '{new}'",
    "PRAGMA import_database('{canary}')", "CALL enable_logging()", "CALL pragma_version()", "CALL force_checkpoint('store')", "CHECKPOINT", "VACUUM", "ANALYZE",
    "BEGIN", "COMMIT", "ROLLBACK", "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "UPDATE EXTENSIONS",
)  # fmt: skip
_READERS = (
    "read_csv", "read_csv_auto", "read_text", "read_blob", "read_json", "read_json_auto", "read_json_objects", "read_ndjson", "read_ndjson_objects",
    "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema", "parquet_file_metadata", "parquet_kv_metadata", "sniff_csv", "glob", "read_duckdb",
    "sqlite_scan", "read_xlsx", "st_read", "iceberg_scan", "delta_scan", "postgres_scan",
)  # fmt: skip
_EFFECTS = (
    "SELECT * FROM enable_logging()", "SELECT * FROM enable_logging(storage := 'file', storage_path := '{new}')", "SELECT * FROM disable_logging()",
    "SELECT * FROM enable_logging(storage := 'stdout')", "SELECT * FROM truncate_duckdb_logs()", "SELECT write_log('x')", "SELECT * FROM enable_profiling()",
    "SELECT * FROM enable_profiling(format := 'json', save_location := '{new}')", "SELECT * FROM disable_profiling()", "SELECT * FROM checkpoint()",
    "SELECT * FROM force_checkpoint('store')", "SELECT * FROM duckdb_secrets()", "SELECT * FROM which_secret('s3://x', 's3')", "SELECT getenv('HOME')",
    "SELECT * FROM duckdb_logs()", "SELECT * FROM query('SELECT * FROM read_text(''{canary}'')')", "SELECT * FROM query_table('words')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT content FROM read_text(''{canary}'')'))", "SELECT * FROM '{canary}'",
    'SELECT * FROM "{canary}"', "FROM '{canary}'", "SELECT * FROM 'canary.csv'", "SELECT * FROM ['{canary}']", "SELECT (SELECT content FROM read_text('{canary}'))",
    "WITH x AS (DELETE FROM words RETURNING *) SELECT * FROM x", "WITH x AS (INSERT INTO words SELECT * FROM words RETURNING *) SELECT * FROM x",
    "SELECT * FROM words, LATERAL (SELECT content FROM read_text('{canary}'))", "SELECT * FROM read_text(['{canary}'])", "SELECT * FROM read_text(getvariable('x'))",
    "SELECT content FROM system.main.read_text('{canary}')", 'SELECT content FROM "READ_TEXT"(\'{canary}\')', "SELECT * FROM secret_of_python",
    "SELECT CASE WHEN EXISTS (FROM read_text('{canary}')) THEN 1 END", "SELECT 1 ORDER BY (SELECT content FROM read_text('{canary}'))",
    "SELECT * FROM read_text('file://{canary}')", "SELECT * FROM read_text('../canary.csv')", "SELECT * FROM read_text('.tmp/../canary.csv')",
    "SELECT * FROM read_csv('https://example.com/x.csv')", "SELECT * FROM read_blob('s3://bucket/x')", "SELECT * FROM read_text('/proc/self/environ')",
    "SUMMARIZE SELECT * FROM read_csv('{canary}')", "DESCRIBE SELECT * FROM read_csv('{canary}')", "EXPLAIN SELECT * FROM read_text('{canary}')",
    "EXPLAIN ANALYZE SELECT * FROM read_text('{canary}')", "SELECT * FROM words UNION ALL BY NAME SELECT * FROM read_text('{canary}')", "SHOW ALL TABLES; DROP TABLE words",
)  # fmt: skip
_CRASHES = (  # each ends a process, or leaves it without a usable connection, where DuckDB 1.5.5 alone is asked
    "SELECT * FROM pandas_scan(NULL)", "SELECT * FROM arrow_scan(NULL, NULL, NULL)", "SELECT * FROM seq_scan()", "SELECT * FROM python_map_function(NULL, NULL)",
    f"SELECT json_structure({DEEP})", f"SELECT json_contains({DEEP}, '1')", f"SELECT json_group_structure({DEEP}::JSON)", f"SELECT json_transform('1', {DEEP})",
    f"SELECT json_transform_strict({DEEP}, {DEEP})", f"SELECT from_json('1', {DEEP})", f"SELECT {DEEP}::JSON::VARIANT", f"SELECT TRY_CAST({DEEP}::JSON AS VARIANT)",
    f"SELECT system.main.json_structure({DEEP})", f"SELECT list_transform([1], x -> json_structure({DEEP}))", f"SELECT {DEEP}::JSON::STRUCT(a VARIANT)",
)  # fmt: skip
_BROKEN = (
    "", ";", "-- nothing", "/* open", "SELECT 'open", 'SELECT "open', "SELECT $$open", "SELECT (", "SELECT \0", "SELECT 1\0; DROP TABLE words", "\ufeffDROP TABLE words",
    "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE words", "SELECT 1;;DROP TABLE words;--", "SELECT 1 /*;*/; DELETE FROM words", "ＤＲＯＰ ＴＡＢＬＥ words", "DR/**/OP TABLE words",
    "SELECT '\udc80'", "SELECT 1 \u2028; DROP TABLE words", "select" + "(" * 50_000 + "1" + ")" * 50_000, "SELECT " + "-" + " - " * 20_000 + "1",
    "SELECT " + "not " * 20_000 + "true", "SELECT " + "+".join(["1"] * 20_000), "SELECT " + "[" * 5_000 + "1" + "]" * 5_000, "SELECT 1" + "::INT" * 5_000,
    "SELECT " + "CASE WHEN true THEN " * 3_000 + "1" + " END" * 3_000, "SELECT * FROM " + "(SELECT * FROM " * 5_000 + "words" + ")" * 5_000,
    "WITH " + "a AS (WITH " * 3_000 + "b AS (SELECT 1) FROM b" + ") FROM a" * 3_000, "SELECT 'x'::INT" + "[]" * 5_000, "SELECT ?", "SELECT $1, $name", "PIVOT words ON lang",
)  # fmt: skip
_HARMLESS = (
    "SELECT current_setting('temp_directory')", "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_databases()", "PRAGMA database_list", "SHOW DATABASES",
    "SELECT * FROM duckdb_logs", "SELECT * FROM duckdb_secrets", "SELECT * FROM pg_catalog.pg_tables", "FROM information_schema.tables", "SELECT error('x')",
    "SELECT 1/0", "SELECT 'a' || chr(0)", "SELECT '; DROP TABLE words; --'", "SELECT * FROM words WHERE word = '''; DROP TABLE words'", "SHOW TABLES", "DESCRIBE words",
    "SELECT 1 AS a, 2 AS a", "SELECT union_value(a := 1)", "SELECT INTERVAL 3 MONTH", "SELECT 1::BIGNUM, 1::UHUGEINT, '101'::BIT, MAP {1: 2}, [1]::INT[1]",
    "SELECT version(), current_user, pg_backend_pid()", "SELECT * FROM search_text('''; DROP TABLE words; --', 'en')", "SELECT E'\\x00'", "SELECT nextval('s')",
    f"SELECT json_keys({DEEP})", f"SELECT length({DEEP}::JSON->'$[0]')", f"SELECT {DEEP}::JSON::VARCHAR[]", f"SELECT json_merge_patch({DEEP}, {DEEP})",
)  # fmt: skip
_HOGS = (
    "SELECT * FROM range(1000000000000)", "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range < 0", "SELECT range x FROM range(1000000000) ORDER BY hash(x)",
    "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))", "SELECT list(x) FROM range(1000000000) t(x)", "SELECT repeat('a', 100000000) FROM range(1000)",
    "SELECT a.range FROM range(1000000) a, words, words, words", "SELECT string_agg(x::VARCHAR, ',') FROM range(1000000000) t(x)", "SELECT range(1000000000)",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) FROM t", "SELECT range(x) FROM range(1000000000) t(x)", "SELECT repeat('a', 2000000000)",
    "SELECT length(repeat('ab', 2000000000))", "SELECT printf('%1000000000d', 1)", "SELECT format('{:1000000000}', 1)", "SELECT lpad('a', 2000000000, 'b')",
    "SELECT bitstring('1', 2000000000)", "SELECT list_resize([1], 2000000000)", "SELECT unnest(range(1000000000)) LIMIT 1", "SELECT list_sort(range(100000000))[1]",
    "SELECT array_to_string(range(100000000), ',')", "SELECT sha256(repeat('a', 1000000000))", "SELECT strftime(current_date, repeat('%Y', 10000000))",
    "SELECT x, count(*) FROM range(1000000000) t(x) GROUP BY x", "SELECT sum(x) OVER (ORDER BY hash(x)) FROM range(1000000000) t(x)",
    "SELECT list_transform(range(1000000), x -> list_sum(range(100000)))", "SELECT list_reduce(range(100000000), (a, b) -> a + b)",
    "SELECT regexp_matches(repeat('a', 10000000), '(x+x+)+y')", "SELECT regexp_replace(repeat('a', 100000000), '(a|aa)+$', 'b', 'g')",
    "SELECT regexp_matches('a', repeat('(a*)*', 100000))", "SELECT damerau_levenshtein(repeat('a', 20000), repeat('b', 20000))", "SELECT jaccard(repeat('a', 100000000), repeat('b', 100000000))",
    "SELECT repeat('a', 100000) LIKE repeat('%a', 20000) || 'b'", "SELECT histogram(x) FROM range(1000000000) t(x)", "SELECT map_from_entries(list_zip(range(10000000), range(10000000)))",
    "SELECT list_distinct(range(100000000))", "SELECT json_group_array(x) FROM range(100000000) t(x)", f"SELECT * FROM json_tree({DEEP})", f"SELECT json_extract({DEEP}, '$..[0]')",
    "SELECT quantile(x, 0.5) FROM range(1000000000) t(x)", "SELECT generate_series(TIMESTAMP '0001-01-01', TIMESTAMP '9999-01-01', INTERVAL 1 SECOND)",
    "SELECT 1" + " UNION ALL SELECT 1" * 20_000, "SELECT * FROM " + ", ".join(["words"] * 200), "SELECT s.rank FROM range(100000000) r, search_text('en1', 'en') s",
    "SELECT repeat('x', 1000) || a.range FROM range(1000000) a, range(1000) b", "EXPLAIN ANALYZE SELECT count(*) FROM range(100000000000) t(x) WHERE hash(x) = 1",
    "SUMMARIZE SELECT hash(x) FROM range(10000000000) t(x)",
)  # fmt: skip


def refused() -> list[str]:
    """Statements of which none may be answered; `{canary}`, `{new}` and `{other}` stand for files."""
    verbs = [*_WRITES, *_REACHES]
    disguised = [
        shape.format(sql=sql.replace("{", "{{").replace("}", "}}")).replace("{{", "{").replace("}}", "}")
        for sql in _WRITES[:12]
        for shape in ("/* SELECT */ {sql}", "EXPLAIN ANALYZE {sql}", "explain\t(analyze)\n{sql}", "SELECT 1; {sql}")
    ]
    files = [f"SELECT * FROM {name}('{path}')" for name in _READERS for path in ("{canary}", "*")]
    return [*verbs, *disguised, *files, *_EFFECTS, *_CRASHES, *_BROKEN]


def refused_bare() -> list[str]:
    """Those of `refused` that leave DuckDB's own connection usable, which is not checked by anybody."""
    return [sql for sql in refused() if sql not in _CRASHES and "enable_" not in sql]


def harmless() -> list[str]:
    """Statements that may be answered or refused, and do nothing."""
    return list(_HARMLESS)


def hogs(full: bool) -> list[str]:
    """Statements that never end or give too much."""
    return list(_HOGS if full else _HOGS[:7])


def tried(root: Path, statements: list[str], names: dict[str, str], cwd: Path, how: str) -> Iterator[dict[str, Any]]:
    """What became of each statement in a process with `cwd`: a dict with `code` ("" where it was answered, "crash" where the
    process died), `said`, `shown` (the answer), `seconds`, `grown` (bytes).

    `how`: "sql" by `Warehouse.sql`, or "bare" on the locked connection itself.
    """
    left = [
        sql.replace("{canary}", names["canary"]).replace("{new}", names["new"]).replace("{other}", names["other"])
        for sql in statements
    ]
    while left:
        command = [sys.executable, "-m", "benchmarks.reliability.hostile_sql", str(root.resolve()), how]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            env=environment,
            text=True,
        ) as child:
            told, _ = child.communicate(json.dumps(left), timeout=1800)
        found = [json.loads(line[2:]) for line in told.split("\n") if line.startswith("@@")]
        yield from found
        left = left[len(found) :]
        if left:
            yield {"code": "crash", "said": "", "shown": "", "seconds": 0.0, "grown": 0, "sql": left.pop(0)[:200]}


def _one(ask: Any, sql: str) -> dict[str, Any]:
    started, before, shown, code, said = time.monotonic(), _resident(), "", "", ""
    try:
        shown = str(ask(sql))[:100_000]
    except AlignError as error:
        code, said = error.code, str(error)
    except Exception as error:  # what this is here to find
        code, said = "raw", repr(error)
    grown = max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)
    return {
        "code": code,
        "said": said,
        "shown": shown,
        "seconds": time.monotonic() - started,
        "grown": grown,
        "sql": sql[:200],
    }


def _child() -> None:
    root, how = Path(sys.argv[1]), sys.argv[2]
    secret_of_python = [1]  # noqa: F841  # a variable that SQL must not see
    statements = json.loads(sys.stdin.read())
    if how == "sql":
        wh = Warehouse(root, memory=MEMORY)
        wh.sql("SELECT 1")

        def ask(sql: str) -> Any:
            return wh.sql(sql, timeout=TIMEOUT, max_rows=100_000).rows()

    else:
        connection = read(root / "current.duckdb", memory=MEMORY)

        def ask(sql: str) -> Any:
            return connection.execute(sql).fetchmany(100)

    for sql in statements:
        sys.stdout.write("@@" + json.dumps(_one(ask, sql)) + "\n")
        sys.stdout.flush()
    os._exit(0)  # a statement that cannot be interrupted ends with the process


if __name__ == "__main__":
    _child()
