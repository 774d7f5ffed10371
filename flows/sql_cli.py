"""`align sql`: one statement that reads, within bounds of time, rows and memory."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console

from align.errors import QueryError

out = Console()
err = Console(stderr=True)
DEFAULT = Path("warehouse/data")


def sql(
    statement: Annotated[str, typer.Argument(help="One statement that reads.")],
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds; 0 for no bound.")] = 60.0,
    max_rows: Annotated[int, typer.Option("--max-rows", help="Rows; 0 for no bound.")] = 1_000_000,
    memory: Annotated[int | None, typer.Option("--memory-mib", help="MiB; default half of the machine's.")] = None,
    warehouse: Annotated[Path, typer.Option("--warehouse", help="Folder of the warehouse.")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")] = False,
) -> None:
    """Ask the store in SQL.

    It is read-only and reaches no other file; a statement that takes too long or gives too much is refused, never cut short.

    Example: align sql "SELECT lang, count(*) AS documents FROM documents GROUP BY ALL"
    """
    import warehouse as store

    with store.open(warehouse, memory=None if memory is None else memory << 20) as wh:
        try:
            found = wh.sql(statement, timeout=timeout or None, max_rows=max_rows or None)
        except QueryError as error:
            if error.code not in ("query.timeout", "query.memory"):
                raise
            err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
            err.file.flush()
            os._exit(1)  # what cannot be interrupted ends with the process
    try:
        rows = found.to_dicts()
    except pl.exceptions.PanicException:
        what = "a value that Python does not have, such as a date at infinity; cast it to VARCHAR"
        raise QueryError("query.failed", what) from None
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, default=str) + "\n")
        return
    from flows.figures import print_rows

    print_rows(rows, out)
