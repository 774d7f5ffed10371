"""What DuckDB says of a file that it cannot read, told as an error of ours."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import duckdb

from align.errors import CorruptStoreError, ResourceError, printable

P = ParamSpec("P")
R = TypeVar("R")


def typed_faults(method: Callable[P, R]) -> Callable[P, R]:
    """A method that reads a snapshot; raises CorruptStoreError `store.unreadable` and ResourceError `memory.short`.

    Blocks are read, and their checksums compared, when a query needs them: a damaged store may open well and fail later.
    """

    @wraps(method)
    def reading(*given: P.args, **named: P.kwargs) -> R:
        try:
            return method(*given, **named)
        except duckdb.OutOfMemoryException:
            raise ResourceError("memory.short", "not enough memory to read the store; ask for less") from None
        except (duckdb.OperationalError, duckdb.InternalError, duckdb.FatalException) as error:
            what = f"the store cannot be read ({printable(str(error), 160)}); `align verify` tells what is damaged"
            raise CorruptStoreError("store.unreadable", what) from None

    return reading
