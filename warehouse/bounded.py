"""SQL that anybody wrote: one statement that reads, by functions that only compute, within bounds of time, rows and memory."""

import os
import re
import threading
import time
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from align.errors import InputError, QueryError, printable
from warehouse.connection import EXPLAIN, one_select

SECONDS = 60.0
ROWS = 1_000_000
UNBOUNDED: dict[str, None] = {"timeout": None, "max_rows": None}  # for statements of this project's own
GRACE = 0.5  # seconds for DuckDB to notice that it was interrupted
# Of DuckDB's own table functions those that only compute or describe the store. Others read files, write logs, change
# settings, run SQL given as a text or take addresses: pandas_scan(NULL) ends the process.
_TABLES = {
    "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "duckdb_tables",
    "duckdb_columns", "duckdb_views", "duckdb_functions", "duckdb_types", "duckdb_schemas", "duckdb_databases",
    "duckdb_constraints", "duckdb_indexes", "duckdb_settings", "duckdb_keywords", "duckdb_sequences",
    "duckdb_dependencies", "duckdb_memory", "pragma_table_info", "pragma_storage_info", "pragma_database_size",
    "pragma_version", "pragma_platform", "pragma_show", "icu_calendar_names", "pg_timezone_names",
}  # fmt: skip
# Of its other functions those that overflow the stack, and so end the process, on JSON nested 200,000 deep, or run SQL.
_REFUSED = {
    "json_structure", "json_contains", "json_group_structure", "json_pretty", "json_transform",
    "json_transform_strict", "from_json", "from_json_strict", "json_serialize_plan", "json_deserialize_sql",
    "json_execute_serialized_sql", "write_log", "query", "query_table",
}  # fmt: skip
_NAME = r'"function_name":"((?:[^"\\]|\\.)*)"'
_FUNCTION = re.compile(_NAME)
_TABLE_FUNCTION = re.compile(r'"type":"TABLE_FUNCTION".*?' + _NAME, re.DOTALL)
# A cast of JSON to it overflows the stack, too.
_VARIANT = re.compile(r'"(?:id|name|type_name)":"VARIANT"', re.IGNORECASE)
_MACRO = re.compile(r"^CREATE (?:OR REPLACE )?MACRO (\w+)\(", re.MULTILINE)
_PAGE = os.sysconf("SC_PAGE_SIZE")
MEMORY = os.sysconf("SC_PHYS_PAGES") * _PAGE // 2  # bytes: half of the machine's


def run(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: list[Any],
    timeout: float | None = SECONDS,
    max_rows: int | None = ROWS,
    memory: int | None = None,
) -> pl.DataFrame:
    """The result of one statement that reads, or QueryError; None takes a bound away.

    `timeout` in seconds; `memory` in bytes, of what the process may grow by and of the result. A function that cannot be
    interrupted, such as `levenshtein` of texts of a megabyte, goes on in its thread after the answer that it took too
    long; then the connection is not to be used again, which `query.timeout` and `query.memory` mean to the caller.

    Raises QueryError `query.statements`, `query.read_only`, `query.syntax`, `query.function`, `query.failed`,
    `query.timeout`, `query.too_many_rows`, `query.memory`; InputError `api.bad_bound`, `api.bad_type`.
    """
    check_bounds(timeout=timeout, max_rows=max_rows)
    ended, found, failed = threading.Event(), list[pl.DataFrame](), list[BaseException]()

    def work() -> None:
        try:
            check_functions(connection, one_select(connection, sql))
            found.append(pl.DataFrame(_collect(connection, sql, parameters, max_rows, memory)))
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    before, until = _resident(), None if timeout is None else time.monotonic() + timeout
    threading.Thread(target=work, daemon=True, name="align sql").start()
    try:
        while not ended.wait(0.05):
            if until is not None and time.monotonic() > until:
                raise QueryError(
                    "query.timeout", f"cut off after {timeout:g} s; ask for less, or give a longer timeout"
                )
            if memory is not None and _resident() - before > memory:
                raise _too_large(memory)
    except BaseException:
        connection.interrupt()
        ended.wait(GRACE)
        raise
    if failed:
        raise _said(failed[0], memory) from None
    return found[0]


def check_bounds(**bounds: float | None) -> None:
    """Raises InputError `api.bad_bound` for what is neither a number above 0 nor None."""
    for name, bound in bounds.items():
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float) or not bound > 0):
            raise InputError(
                "api.bad_bound", f"{name} is {printable(repr(bound))}; a number above 0, or None for no bound"
            )


def check_functions(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raises QueryError `query.function` for a function that is not served, wherever in the statement it is used."""
    explained = EXPLAIN.sub("", sql, count=1)
    ((tree,),) = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [explained]).fetchall()
    if tree.startswith('{"error":true'):
        raise QueryError("query.syntax", f"not a statement whose functions can be checked ({printable(tree, 120)})")
    refused = {name.lower() for name in _FUNCTION.findall(tree)} & _REFUSED
    refused |= {name.lower() for name in _TABLE_FUNCTION.findall(tree)} - _TABLES - _MACROS
    if _VARIANT.search(tree):
        refused.add("VARIANT")
    if refused:
        names = printable(", ".join(sorted(refused)), 80)
        raise QueryError(
            "query.function", f"{names} is not served; use functions that only compute, and -> or ->> for JSON"
        )


def _collect(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any], max_rows: int | None, memory: int | None
) -> pa.Table:
    connection.execute(sql, parameters)
    if max_rows is None:
        return connection.to_arrow_table()
    with connection.to_arrow_reader(min(100_000, int(max_rows) + 1)) as reader:
        rows, size, batches = 0, 0, []
        for batch in reader:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows > max_rows:
                what = f"more than {max_rows:,} rows; add a LIMIT, or give a higher max_rows"
                raise QueryError("query.too_many_rows", what)
            if memory is not None and size > memory:
                raise _too_large(memory)
            batches.append(batch)
        return pa.Table.from_batches(batches, reader.schema)


def _said(error: BaseException, memory: int | None) -> BaseException:
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return _too_large(memory)
    if isinstance(error, duckdb.Error | OSError | pa.ArrowException | RuntimeError | UnicodeError):
        return QueryError("query.failed", printable(str(error), 200))
    if isinstance(error, pl.exceptions.PolarsError):
        what = "name columns apart and cast what is not found in Python to VARCHAR"
        return QueryError("query.failed", f"{printable(str(error), 140)}; {what}")
    return error


def _too_large(memory: int | None) -> QueryError:
    limit = "" if memory is None else f" than {memory / 2**20:,.0f} MiB"
    return QueryError("query.memory", f"needs more memory{limit}; ask for less, or open the warehouse with more memory")


def _resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0


_MACROS = frozenset(
    name.lower()
    for folder in ("macros", "ngram_macros")
    for file in (resources.files("warehouse") / folder).iterdir()
    if file.name.endswith(".sql")
    for name in _MACRO.findall(file.read_text(encoding="utf-8"))
)
