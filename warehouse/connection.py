"""DuckDB connections: one for building a snapshot, one, locked down, for reading it."""

import re
import shutil
from importlib import resources
from pathlib import Path

import duckdb

from align.arguments import expect
from align.errors import CorruptStoreError, QueryError, printable
from align.failpoints import reach

SCHEMA = max(
    int(file.name[:4]) for file in (resources.files("warehouse") / "migrations").iterdir() if file.name[:4].isdigit()
)

_WRITING = {
    "storage_compatibility_version": "v1.4.0",  # DuckDB 1.4.3 to 2.0.1 read it with our macros; a foreign WAL is refused
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_LOCKED = (
    "SET temp_directory = ''",  # before the next: a folder of temporary files would be one that SQL may read
    "SET allow_persistent_secrets = false",
    "SET enable_external_access = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET lock_configuration = true",
)
EXPLAIN = re.compile(r"\A\s*EXPLAIN\s+(ANALYZE\s+)?(\([\w\s,]*\)\s*)?", re.IGNORECASE)


def create(path: Path, dim: int, memory: int | None = None) -> duckdb.DuckDBPyConnection:
    """A new store at `path` for vectors of `dim` dimensions: schema migrated, macros there. Writes.

    `memory`: bytes that DuckDB may take for its own, by default what it chooses. What it spills goes to a folder beside the
    store, named as it with the ending `.spill`, and is at most as much as half of what the disk has free.
    """
    spill = path.with_suffix(".spill")
    config: dict[str, str | bool | int | float | list[str]] = {
        **_WRITING,
        "temp_directory": str(spill),
        "max_temp_directory_size": f"{shutil.disk_usage(path.parent).free // 2}B",
    }
    if memory is not None:
        config["memory_limit"] = f"{memory}B"
    connection = duckdb.connect(":memory:", config=config)
    # Without a log: nobody recovers a build that was killed, and DuckDB aborts the process where its log cannot be cut short.
    connection.execute(f"ATTACH {_quoted(path)} AS store (RECOVERY_MODE no_wal_writes)")
    connection.execute("USE store")
    # Float compression makes vectors larger and slower to read (PERFORMANCE, finding 7).
    connection.execute("PRAGMA force_compression = 'uncompressed'")
    migrate(connection, dim)
    for _, text in _scripts("macros"):
        connection.execute(text.replace("{dim}", str(int(dim))))
    return connection


def know_ngrams(connection: duckdb.DuckDBPyConnection, dim: int) -> None:
    """Give a store with n-grams the macros that use them. Writes."""
    for _, text in _scripts("ngram_macros"):
        connection.execute(text.replace("{dim}", str(int(dim))))


def migrate(connection: duckdb.DuckDBPyConnection, dim: int) -> list[str]:
    """Apply, each in one transaction with its record, the migrations that the store lacks; returns their names. Writes."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name VARCHAR NOT NULL)"
    )
    applied = {version for (version,) in connection.execute("SELECT version FROM schema_migrations").fetchall()}
    done = []
    for name, text in _scripts("migrations"):
        version = int(name[:4])
        if version in applied:
            continue
        connection.execute("BEGIN")
        connection.execute(text.replace("{dim}", str(int(dim))))
        connection.execute("INSERT INTO schema_migrations VALUES (?, ?)", [version, name])
        reach("store.migrating")
        connection.execute("COMMIT")
        done.append(name)
    return done


def read(path: Path, oldest: int = SCHEMA, memory: int | None = None) -> duckdb.DuckDBPyConnection:
    """A locked read-only connection to a snapshot: no other file, no extension, no setting can be reached from it.

    Its schema is `oldest` at least; macros and the rest of this project need that of this build. It writes nothing, not even
    temporary files: what does not fit into `memory` bytes, by default 80 % of the machine's, fails with
    `duckdb.OutOfMemoryException`.

    Raises CorruptStoreError `store.unreadable`, `store.newer` (made by a later release), `store.older`.
    """
    # Attached to a database of its own: DuckDB shares one instance per file and process, with the settings of whoever came
    # first, so a client of the same process that opens the file plainly would be refused, or get our locks.
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"ATTACH {_quoted(path)} AS store (READ_ONLY)")
        connection.execute("USE store")
        connection.execute("DETACH memory")  # or EXPLAIN ANALYZE could create tables in it
        if memory is not None:
            connection.execute(f"SET memory_limit = '{int(memory)}B'")
        for setting in _LOCKED:
            connection.execute(setting)
        rows = connection.execute("SELECT max(version) FROM schema_migrations").fetchall()
    except duckdb.Error as error:
        connection.close()
        raise CorruptStoreError("store.unreadable", f"not a readable store ({error})", path=path) from None
    number = rows[0][0] or 0
    if number > SCHEMA:
        connection.close()
        message = f"the store has schema {number}, this build reads up to {SCHEMA}; install a later release"
        raise CorruptStoreError("store.newer", message, path=path)
    if number < oldest:
        connection.close()
        message = f"the store has schema {number}, this build reads {SCHEMA}; run `align upgrade`"
        raise CorruptStoreError("store.older", message, path=path)
    return connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Let a connection read the tables of another store as `name.table`."""
    connection.execute(f"ATTACH {_quoted(path)} AS {name} (READ_ONLY)")


def one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """`sql` if it is one statement that reads, else QueryError `query.statements`, `query.read_only` or `query.syntax`."""
    expect(str, sql=sql)
    if "\0" in sql or any("\ud800" <= c <= "\udfff" for c in sql):
        raise QueryError("query.syntax", "holds NUL or half a surrogate pair; write text")
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError("query.syntax", printable(str(error), 200)) from None
    if len(statements) != 1:
        raise QueryError("query.statements", f"{len(statements)} statements; write exactly one")
    kind, explain = statements[0].type, EXPLAIN.match(sql)
    if kind == duckdb.StatementType.EXPLAIN and explain is not None:  # EXPLAIN ANALYZE runs what it explains
        one_select(connection, sql[explain.end() :])
    elif kind != duckdb.StatementType.SELECT:
        raise QueryError(
            "query.read_only", f"{kind.name} is not served; only SELECT, DESCRIBE and EXPLAIN of these are"
        )
    return sql


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _scripts(folder: str) -> list[tuple[str, str]]:
    files = [file for file in (resources.files("warehouse") / folder).iterdir() if file.name.endswith(".sql")]
    return [(file.name, file.read_text(encoding="utf-8")) for file in sorted(files, key=lambda file: file.name)]
